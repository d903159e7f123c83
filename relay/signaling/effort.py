"""What users' descriptions cost, in CPU time: paid by the user, and by the source it comes from."""

from __future__ import annotations

from relay.pace import Paces, TokenBucket

OF_USER = 0.005, 0.1
"""Seconds of a core a second in the long run, and at once. A browser's offer takes 3 ms; one with
all that fits into it 7 ms. A page offers once, and again when a device or the network changes; a
plain client offers for each partner."""

OF_SOURCE = 0.01, 2.0
"""For all users of one source together: hundreds who come at one moment may sit behind one NAT."""

REFUSED_S = 0.005
"""What a description that cannot be used is taken to have cost."""

MAX_SOURCES = 4096
"""The one heard longest ago makes room for another."""


class Effort:
    """What one user may have others' work delayed by: its own, and a share of its source's."""

    def __init__(self, own: TokenBucket | None = None, shared: TokenBucket | None = None) -> None:
        self._own, self._shared = own, shared

    def move(self, to: Effort) -> None:
        """The user comes from where another has come from: that source pays from now on."""
        self._shared = to._shared

    @property
    def _buckets(self) -> list[TokenBucket]:
        return [bucket for bucket in (self._own, self._shared) if bucket is not None]

    def wait_s(self, now: float) -> float:
        """How long until another description is taken; 0 for at once. ``now`` in seconds."""
        return max((bucket.wait_s(now, 0) for bucket in self._buckets), default=0.0)

    def spend(self, cpu_s: float) -> None:
        """One was taken, which has cost so much."""
        for bucket in self._buckets:
            bucket.owe(cpu_s)


class Efforts:
    """A bounded table of sources."""

    def __init__(self) -> None:
        self._of_sources = Paces(MAX_SOURCES)

    def of(self, source: str) -> Effort:
        """What a user has who has just come.

        :param source: as :func:`relay.source.bounded_source_of` has it; empty for none.
        """
        own = TokenBucket(*OF_USER)
        if not source:
            return Effort(own)
        return Effort(own, self._of_sources.of(source, *OF_SOURCE))
