"""When frames are to be shown, counted from the beginning of a recording."""

from relay.media.negotiation.sdp import CLOCK_RATE_HZ
from relay.serial import distance
from relay.taps.frames import Frame

MAX_DRIFT_S = 1.0
"""A sender whose timestamps and whose packets are further apart than this has set its clock."""


class Timeline:
    """One track's: the pace is that of the RTP timestamps, the beginning that of the arrival.

    :param kind: ``audio`` or ``video``.
    :param began_at: the recording's beginning, in seconds of the plane's clock.
    """

    def __init__(self, kind: str, began_at: float) -> None:
        self._clock_rate_hz = CLOCK_RATE_HZ[kind]
        self._began_at = began_at
        self._ssrc: int | None = None
        self._rtp_ts = 0
        self._at_s = began_at
        self._last_ms = -1

    def place(self, frame: Frame) -> int:
        """The frame's time in milliseconds; later than that of the frame before."""
        ahead = distance(self._rtp_ts, frame.rtp_ts)
        at_s = self._at_s + ahead / self._clock_rate_hz
        if frame.ssrc != self._ssrc or abs(at_s - frame.at_s) > MAX_DRIFT_S:
            at_s = frame.at_s
        self._ssrc, self._rtp_ts, self._at_s = frame.ssrc, frame.rtp_ts, at_s
        self._last_ms = max(round(1000 * (at_s - self._began_at)), self._last_ms + 1)
        return self._last_ms
