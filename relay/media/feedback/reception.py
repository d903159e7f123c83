"""How a user receives a stream, as its own reports say (RFC 3550 section 6.4).

A receiver's report repeats the middle of the last sender report's NTP timestamp (LSR) and how long
ago it came (DLSR). So the round trip between the relay and the receiver is the time since that
sender report passed *here*, less DLSR; and the sender gets the LSR of its own report back.

What a report says of losses since the beginning holds for all sources that the stream has had; each
source is to be told of its own losses only.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_REMEMBERED = 8
"""Sender reports; a receiver's report is about the last one, or about one before it."""

_DLSR_HZ = 65536
_MAX_LOST = 0x7FFFFF  # what fits into a report


class ReportBlock(NamedTuple):
    """A report block's numbers, without those that the relay translates."""

    fraction: int
    """Lost of those expected since the last report, in 1/256."""
    lost: int
    """Cumulative; may be negative when packets came twice."""
    jitter_ts: int
    """In units of the timestamp."""
    lsr: int
    dlsr: int
    """In 1/65536 s."""


class Reception:
    """What one user has reported of one outlet."""

    __slots__ = (
        "_before",
        "_passed",
        "_told",
        "asked",
        "firs",
        "jitter_ts",
        "lost",
        "measured_at",
        "nacks",
        "plis",
        "reports",
        "round_trip_s",
    )

    def __init__(self) -> None:
        self.lost = 0
        """Packets missing since the beginning, on the way up and on the way down together."""
        self.jitter_ts = 0
        """In units of the timestamp."""
        self.round_trip_s: float | None = None
        self.measured_at = 0.0
        """When that was, in seconds of the plane's clock."""
        self.nacks = 0
        self.asked = 0
        """Packets that were asked for in these, each as often as that was done."""
        self.plis = 0
        self.firs = 0
        self.reports = 0
        """About the present source."""
        self._passed: deque[tuple[int, int, float]] = deque(maxlen=_REMEMBERED)
        self._before: int | None = None
        """How much of ``lost`` was other sources'; None before a report about the present one."""
        self._told = 0
        """Losses that the present source has been told of."""

    def source_began(self) -> None:
        """Another source feeds the outlet from now on."""
        self._passed.clear()
        self.reports = 0
        self._before = None
        self._told = 0

    def sender_report_passed(self, ours: int, theirs: int, now: float) -> None:
        """Note that a sender report is on its way to the user.

        :param ours: the middle 32 bits of its NTP timestamp as the user gets it; ``theirs`` as the
            sender wrote it; ``now`` in seconds.
        """
        self._passed.append((ours, theirs, now))

    def told(self, block: ReportBlock, expected: int, withheld: int) -> ReportBlock:
        """What the present source is to be told of a report block.

        :param expected: packets of this source that the report covers.
        :param withheld: those of them that the relay has dropped itself.
        """
        if self._before is None:  # the report covers the end of another source, too
            share = min(round(block.fraction * expected / 256), max(block.lost - self.lost, 0))
            self._before = block.lost - share
        lost = block.lost - self._before - withheld
        fraction = block.fraction if lost > self._told else 0
        self._told = min(max(lost, self._told), _MAX_LOST)
        lsr = next((theirs for ours, theirs, _ in self._passed if ours == block.lsr), 0)
        return ReportBlock(fraction, self._told, block.jitter_ts, lsr, block.dlsr if lsr else 0)

    def reported(self, block: ReportBlock, now: float) -> None:
        """Take a report block; ``now`` in seconds."""
        self.reports += 1
        self.lost, self.jitter_ts = block.lost, block.jitter_ts
        for ours, _, passed_at in self._passed:
            took_s = now - passed_at - block.dlsr / _DLSR_HZ
            if ours == block.lsr and took_s >= 0:  # below zero: DLSR is not honest
                self.round_trip_s = took_s
                self.measured_at = now
