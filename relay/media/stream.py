"""One SSRC that a user sends, with its statistics, and what it knows of where its packets go."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from relay.media.budget import RepairBudget
from relay.media.meter import Meter
from relay.media.negotiation.sdp import CLOCK_RATE_HZ
from relay.media.outlet import Outlet
from relay.media.packets.history import History
from relay.media.verdict import Verdict

NEVER_FORWARDED = -(1 << 40)
"""Lower than the first number of any route."""

ANY_TIME = float("-inf"), float("inf")


class Unwrapped(NamedTuple):
    """What became of a packet with others in it: its own, which went out, is shorter."""

    cut: int
    """By so many bytes."""
    verdict: Verdict
    """On the packet itself."""
    fills: tuple[bytes, ...] = ()
    """Earlier packets that were in it and did not come by themselves, paid for, to be encrypted."""
    over_budget: int = 0
    """Further ones, for which too much has been sent again already."""


NOTHING_UNWRAPPED = Unwrapped(0, Verdict.FORWARD)


class Receiver(Protocol):
    """What a packet has to know of the user to whom it goes."""

    user_id: str
    tx: Any
    destination: Any
    plain: bool
    begins: bool
    flowing: bool
    shown: bool
    keeps_history: bool
    repairs: RepairBudget


class Way(Protocol):
    """What a stream's packets meet: a route, or one that is tapped."""

    downlink: Receiver
    outlet: Outlet
    sealed: History | None
    """Where packets are kept as they are encrypted."""

    @property
    def unwrapped(self) -> Unwrapped:
        """Of the last packet with the verdict UNWRAPPED."""

    @property
    def waits_for_keyframe(self) -> bool:
        """See :class:`relay.media.route.Route`, as for all the others."""

    def rewrite(
        self,
        view: memoryview,
        at: int,
        end: int,
        header: tuple[int, ...],
        extended: int,
        now: float,
    ) -> Verdict:
        """Rewrite a packet in place, or say why it is to be dropped."""

    def dropped(self, size: int, *, missed: bool = True, is_refused: bool = False) -> None:
        """Count a packet that did not go out."""

    def takes_late(self, rtp_ts: int, now: float) -> bool:
        """Whether a packet that others have overtaken has a timestamp that can be."""

    def hold_to_clock(self, source: Stream, before: int, now: float) -> None:
        """Follow timestamps that have left their bounds."""


class Stream:
    """One SSRC that a user sends. Statistics follow RFC 3550 section 6.4 and appendix A."""

    __slots__ = (
        "_base",
        "_clock_rate_hz",
        "_jitter",
        "_transit",
        "asked",
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
        "refused",
        "repaired",
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
        self.route: Way | None = None
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
        self.asked = 0
        """Packets that were asked for in these requests, each as often as that was done."""
        self.refused = 0
        """Packets that came and cannot be used, so that the receiver misses them."""
        self.repaired = 0
        """Packets that came as retransmissions, in place of ones that did not come."""
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
    def left(self) -> int:
        """Packets of the user's that nobody gets: neither they nor a repeat came, or of any use."""
        return self.lost - self.repaired + self.refused

    @property
    def jitter_ms(self) -> float:
        """Interarrival jitter."""
        return 1000 * self._jitter / self._clock_rate_hz
