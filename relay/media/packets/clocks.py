"""Clocks: the relay's own, and what makes a sender's times the relay's.

A receiver must see one clock, whoever sends (RFC 3550 section 6.4.1: the reports of one SSRC have
one reference clock), and nobody is to be known again by the clock of its machine.
"""

from __future__ import annotations

import time

NTP_SECOND = 1 << 32
NTP_MASK = (1 << 64) - 1
SEND_TIME_MASK = 0xFFFFFF
"""abs-send-time counts 1/2**18 s in 24 bits."""
MAX_DISTANCE = NTP_SECOND
"""A sender's clock that has strayed from the relay's by more than this is set anew."""

_NTP_EPOCH_S = 2_208_988_800  # 1970 in NTP's era
_STARTED_S = time.time() - time.monotonic()


def ntp(now: float) -> int:
    """The relay's clock as an NTP timestamp of 64 bits (RFC 3550 section 4).

    Set once, when the process starts; from then on it only goes forward.

    :param now: seconds of the plane's clock.
    """
    return int((_NTP_EPOCH_S + _STARTED_S + now) * NTP_SECOND) & NTP_MASK


class SenderClock:
    """What is added to one sender's times while it has one partner."""

    __slots__ = ("_ntp_ahead", "send_time_ahead")

    def __init__(self) -> None:
        self._ntp_ahead: int | None = None
        self.send_time_ahead: int | None = None
        """Added to its abs-send-times; None before the first one."""

    def ntp(self, theirs: int, now: float) -> int:
        """The relay's NTP timestamp for a sender's; both of 64 bits.

        Distances stay as they are, for sound and picture are put together by them.

        :param now: seconds of the plane's clock.
        """
        ours = ntp(now)
        if self._ntp_ahead is not None:
            found = theirs + self._ntp_ahead & NTP_MASK
            distance = found - ours & NTP_MASK
            if distance <= MAX_DISTANCE or distance >= NTP_MASK - MAX_DISTANCE:
                return found
        self._ntp_ahead = ours - theirs
        return ours

    def set_send_time(self, theirs: int, now: float) -> None:
        """Make a sender's abs-send-time the relay's, with all those that follow.

        :param theirs: 24 bits; ``now`` in seconds of the plane's clock.
        """
        self.send_time_ahead = (ntp(now) >> 14) - theirs & SEND_TIME_MASK
