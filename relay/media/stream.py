"""A stream on its way in, and its place on the way out.

:class:`Stream` is one SSRC that a user sends, with its statistics; :class:`Outlet` is one SSRC on
which a user receives, whoever the partner is. Routes join the two while their users are paired.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from relay.media.meter import Meter
from relay.media.reception import Reception
from relay.media.vp8 import PictureNumbers
from relay.serial import distance

if TYPE_CHECKING:
    from relay.media.route import Route

CLOCK_RATE_HZ = {"audio": 48000, "video": 90000}

NEVER_FORWARDED = -(1 << 40)
"""Lower than the first number of any route."""

ANY_TIME = float("-inf"), float("inf")

MAX_PAUSE_S = 3600.0
"""After a longer pause an outlet's timestamps go on as after this one: half of their range, beyond
which forward is backward, is 6.6 hours."""

MIN_STEP_S = 0.02
"""Between the timestamps of two sources: what a packet of sound lasts."""


class Stream:
    """One SSRC that a user sends. Statistics follow RFC 3550 section 6.4 and appendix A."""

    __slots__ = (
        "_base",
        "_clock_rate_hz",
        "_jitter",
        "_transit",
        "bytes",
        "earliest",
        "fir_number",
        "firs",
        "frames",
        "highest",
        "keyframes",
        "kind",
        "last_at",
        "latest",
        "meter",
        "nacks",
        "packets",
        "plis",
        "route",
        "rtp_ts",
        "rtx",
        "size",
        "ssrc",
    )

    def __init__(self, ssrc: int, kind: str, *, rtx: bool, first: int = 0) -> None:
        """:param first: the sequence number of its first packet."""
        self.ssrc = ssrc
        self.kind = kind
        self.rtx = rtx
        self.route: Route | None = None
        """Where its packets go at present."""
        self.packets = 0
        self.bytes = 0
        self.frames = 0
        """Timestamps seen: of video, pictures that came at least in part."""
        self.keyframes = 0
        self.size: tuple[int, int] | None = None
        """Width and height, as the last key frame said."""
        self.nacks = 0
        """Requests of each kind that were sent to the user on account of this stream."""
        self.plis = 0
        self.firs = 0
        self.fir_number = 0
        """Of the last command to send a key frame (RFC 5104 section 4.3.1)."""
        self.meter = Meter()
        self.last_at = 0.0
        """When the last packet came, in seconds of the plane's clock."""
        self.highest = first
        """The highest sequence number so far, extended, and ``rtp_ts`` its timestamp."""
        self.rtp_ts = -1
        self._clock_rate_hz = CLOCK_RATE_HZ[kind]
        self.earliest, self.latest = ANY_TIME
        """Bounds of the difference of arrival and timestamp, in units of the timestamp, within
        which the route need not look."""
        self._base = first
        self._transit = float("inf")
        self._jitter = 0.0

    def arrived(self, number: int, rtp_ts: int, size: int, now: float) -> int:
        """Count one authenticated packet.

        :param number: its sequence number; ``rtp_ts`` its timestamp; ``size`` its bytes.
        :param now: seconds of the plane's clock.
        :returns: its sequence number, extended (RFC 3550 appendix A.1).
        """
        self.packets += 1
        self.bytes += size
        self.last_at = now
        ahead = (number - self.highest) & 0xFFFF
        if ahead >= 0x8000:
            route = self.route
            if route is not None and not route.takes_late(rtp_ts, now):
                return NEVER_FORWARDED
            return self.highest + ahead - 0x10000
        self.highest = extended = self.highest + ahead
        if rtp_ts != self.rtp_ts:
            self._frame_began(rtp_ts, now)
        return extended

    def _frame_began(self, rtp_ts: int, now: float) -> None:
        """Only the first packet of a picture tells of jitter: the others share its timestamp."""
        before, self.rtp_ts = self.rtp_ts, rtp_ts
        self.frames += 1
        transit = now * self._clock_rate_hz - rtp_ts
        if not self.earliest <= transit <= self.latest:
            self._strayed(before, now)
        change = transit - self._transit
        if change < 0:
            change = -change
        if change < 1e6:  # beyond: the first packet, a timestamp that wrapped, or one begun anew
            self._jitter += (change - self._jitter) / 16
        self._transit = transit

    def _strayed(self, before: int, now: float) -> None:
        """The timestamps are not where the clock is: the route knows what to do, if there is one.

        :param before: the last timestamp.
        """
        if self.route is None:
            self.earliest, self.latest = ANY_TIME
        else:
            self.route.hold_to_clock(self, before, now)

    @property
    def expected(self) -> int:
        """Packets that the user has sent, by their numbers."""
        return self.highest - self._base + 1 if self.packets else 0

    @property
    def lost(self) -> int:
        """Packets lost on the way up, retransmissions not counted apart (may be negative)."""
        return self.expected - self.packets

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter."""
        return 1000 * self._jitter / self._clock_rate_hz


class Progress(NamedTuple):
    """How far an outlet is."""

    last: int
    """The highest sequence number sent, extended: its low 16 bits are what was on the wire."""
    rtp_ts: int
    """The timestamp of the source's last packet, as the receiver would have it."""
    sent_at: float = 0.0
    """When that came, in seconds of the plane's clock; 0 for never."""
    packets: int = 0
    bytes: int = 0


class Outlet:
    """One SSRC on which the relay sends to a user.

    How far it is follows from its source, whose packets' numbers all differ from its own by the
    same constants, so nothing is kept here for a packet: only where it was when a source left.
    """

    __slots__ = (
        "_epoch",
        "_first",
        "clock_rate_hz",
        "keyframes",
        "kind",
        "left_at",
        "meter",
        "pictures",
        "reception",
        "route",
        "rtx",
        "size",
        "ssrc",
    )

    def __init__(self, ssrc: int, kind: str, *, rtx: bool) -> None:
        self.ssrc = ssrc
        self.kind = kind
        self.rtx = rtx
        self.clock_rate_hz = CLOCK_RATE_HZ[kind]
        self.route: Route | None = None
        """What feeds it, from its first packet on."""
        self.keyframes = 0
        self.size: tuple[int, int] | None = None
        """Width and height, as the last key frame said."""
        self.pictures = PictureNumbers()
        """The numberings inside the payload, of video."""
        self.reception = Reception()
        self.meter = Meter()
        self.resume(secrets.randbelow(0x7FFF), secrets.randbits(32))

    def resume(self, last: int, rtp_ts: int) -> None:
        """Begin behind ``last``, extended, with ``rtp_ts`` at the beginning of the plane's clock.

        A new outlet's are in the lower half, so that SRTP's roll-over count is not guessed wrong
        (RFC 3711 section 3.3.1).
        """
        self._epoch = rtp_ts
        self.left_at = Progress(last, rtp_ts)
        """How far it was when its last source left."""
        self._first = last + 1

    def clock(self, now: float) -> int:
        """The timestamp of something that is sent ``now``, whoever sends it."""
        return self._epoch + round(now * self.clock_rate_hz) & 0xFFFFFFFF

    def behind(self, before: Progress, now: float) -> int:
        """A timestamp for something sent ``now`` by another source than before.

        It is the clock's, so that no former source's timestamps delay what follows; but never
        behind what has been sent.
        """
        if before.sent_at:
            pause_s = now - before.sent_at
            self._epoch -= round(max(pause_s - MAX_PAUSE_S, 0.0) * self.clock_rate_hz)
            following = before.rtp_ts + round(MIN_STEP_S * self.clock_rate_hz) & 0xFFFFFFFF
            if distance(self.clock(now), following) > 0:
                return following
        return self.clock(now)

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        return self.left_at if self.route is None else self.route.progress

    def leave(self, route: Route) -> None:
        """Go on without the source of ``route``, if it is the one that feeds the outlet."""
        if self.route is route:
            self.left_at = route.progress
            self.route = None

    @property
    def expected(self) -> int:
        """Numbers used so far: those of packets that went out, and of packets lost before."""
        return self.progress.last + 1 - self._first

    @property
    def lost(self) -> int:
        """Packets lost on the way from the relay to the user alone, by its last report.

        A gap that was there on the way up is there on the way down too, since numbers are only
        shifted; so what did not reach the relay is taken off what the user misses.
        """
        return max(self.reception.lost - max(self.expected - self.progress.packets, 0), 0)

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter, by the user's last report."""
        return 1000 * self.reception.jitter_ts / self.clock_rate_hz
