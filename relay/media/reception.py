"""How a user receives a stream, as its own reports say (RFC 3550 section 6.4).

The relay passes sender reports on with their NTP timestamps untouched, and a receiver's report
repeats the middle of the last one (LSR) and how long ago it came (DLSR). So the round trip between
the relay and the receiver is the time since that sender report passed *here*, less DLSR, whichever
partner's clock the timestamp is of.
"""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

_REMEMBERED = 8
"""Sender reports; a receiver's report is about the last one, or about one before it."""

_DLSR_HZ = 65536


class ReportBlock(NamedTuple):
    """A report block's numbers, without those that the relay translates."""

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
        "_passed",
        "firs",
        "jitter_ts",
        "lost",
        "measured_at",
        "nacks",
        "plis",
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
        self.plis = 0
        self.firs = 0
        self._passed: deque[tuple[int, float]] = deque(maxlen=_REMEMBERED)

    def sender_report_passed(self, ntp_middle: int, now: float) -> None:
        """Note that a sender report is on its way to the user.

        :param ntp_middle: the middle 32 bits of its NTP timestamp; ``now`` in seconds.
        """
        self._passed.append((ntp_middle, now))

    def reported(self, block: ReportBlock, now: float) -> None:
        """Take a report block; ``now`` in seconds."""
        self.lost, self.jitter_ts = block.lost, block.jitter_ts
        for ntp_middle, passed_at in self._passed:
            took_s = now - passed_at - block.dlsr / _DLSR_HZ
            if ntp_middle == block.lsr and took_s >= 0:  # below zero: DLSR is not honest
                self.round_trip_s = took_s
                self.measured_at = now
