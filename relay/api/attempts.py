"""How often a wrong token may be tried: decisions only, time passed in.

Each source (:mod:`relay.source`) may fail ``BURST`` times and then once per ``REFILL_S``.
"""

from relay.pace import TokenBucket
from relay.source import source_of

BURST = 5
REFILL_S = 5.0
MAX_SOURCES = 1000
"""How many sources that failed are remembered; the one that failed longest ago is forgotten."""


class Attempts:
    """Remembers who has failed, and for how long they have to wait."""

    def __init__(self) -> None:
        self._paces: dict[str, TokenBucket] = {}  # the latest failure is last

    def wait_s(self, address: str | None, now: float) -> float:
        """How long an address has to wait before it may try again; 0 when it may now."""
        pace = self._paces.get(source_of(address))
        return pace.wait_s(now) if pace is not None else 0.0

    def failed(self, address: str | None, now: float) -> None:
        """Take note that an address, which had not to wait, has shown a wrong token."""
        source = source_of(address)
        pace = self._paces.pop(source, None) or TokenBucket(1 / REFILL_S, BURST)
        pace.take(now)
        self._paces[source] = pace
        if len(self._paces) > MAX_SOURCES:
            del self._paces[next(iter(self._paces))]

    def succeeded(self, address: str | None) -> None:
        """Forgive an address that has shown the right one."""
        self._paces.pop(source_of(address), None)
