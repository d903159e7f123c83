"""One SSRC on which a user receives, whoever the partner is, and how far it is."""

from __future__ import annotations

import secrets
from typing import NamedTuple, Protocol

from relay.media.feedback.reception import Reception, ReportBlock
from relay.media.meter import Meter
from relay.media.negotiation.sdp import CLOCK_RATE_HZ
from relay.media.packets.vp8 import PictureNumbers
from relay.serial import distance

MAX_PAUSE_S = 3600.0
"""After a longer pause an outlet's timestamps go on as after this one: half of their range, beyond
which forward is backward, is 6.6 hours."""

MIN_STEP_S = 0.02
"""Between the timestamps of two sources: what a packet of sound lasts."""


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


class Feed(Protocol):
    """What an outlet knows of the route that feeds it."""

    @property
    def progress(self) -> Progress:
        """How far the outlet is."""


class Outlet:
    """One SSRC on which the relay sends to a user.

    How far it is follows from its source, whose packets' numbers all differ from its own by the
    same constants, so nothing is kept here for a packet: only where it was when a source left. That
    of retransmissions has no such source, as the relay makes some: it numbers them itself.
    """

    __slots__ = (
        "_epoch",
        "_first",
        "_retransmitted",
        "clock_rate_hz",
        "keyframes",
        "kind",
        "left",
        "left_at",
        "meter",
        "pictures",
        "reception",
        "repaired",
        "route",
        "rtx",
        "size",
        "ssrc",
        "withheld",
    )

    def __init__(self, ssrc: int, kind: str, *, rtx: bool) -> None:
        self.ssrc = ssrc
        self.kind = kind
        self.rtx = rtx
        self.clock_rate_hz = CLOCK_RATE_HZ[kind]
        self.route: Feed | None = None
        """What feeds it, from its first packet on."""
        self.keyframes = 0
        self.size: tuple[int, int] | None = None
        """Width and height, as the last key frame said."""
        self.pictures = PictureNumbers()
        """The numberings inside the payload, of video."""
        self.reception = Reception()
        self.repaired = 0
        """Packets that were sent again, each counted once."""
        self._retransmitted = 0
        """Those of them that went out as RTX: the user's reports go on to tell them as lost."""
        self.left = 0
        """Packets lost on the way to the user that were not sent again either, by its last report
        and as it was then: what was sent since would make up for losses yet to be reported."""
        self.withheld = 0
        """Packets that the relay has dropped itself, and the user misses."""
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

    def send_on(self, size: int, rtp_ts: int, now: float) -> int:
        """Count a packet with a number of the outlet's own, as retransmissions have it.

        :param size: of the packet, in bytes; ``rtp_ts`` its timestamp.
        :param now: seconds of the plane's clock.
        :returns: its number, 16 bits.
        """
        last, _, _, packets, total = self.left_at
        self.left_at = Progress(last + 1, rtp_ts, now, packets + 1, total + size)
        return last + 1 & 0xFFFF

    @property
    def progress(self) -> Progress:
        """How far it is now."""
        return self.left_at if self.route is None else self.route.progress

    def leave(self, route: Feed) -> None:
        """Go on without the source of ``route``, if it is the one that feeds the outlet."""
        if self.route is route:
            self.left_at = route.progress
            self.route = None

    def repeated(self, *, is_first: bool, is_rtx: bool) -> None:
        """Count a packet that is sent again.

        :param is_first: for the first time; ``is_rtx`` as a retransmission, not as it was.
        """
        self.repaired += is_first
        self._retransmitted += is_first and is_rtx

    def reported(self, block: ReportBlock, now: float) -> None:
        """Take a report block of the user's; ``now`` in seconds of the plane's clock."""
        self.reception.reported(block, now)
        self.left = self.lost - self._retransmitted

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
