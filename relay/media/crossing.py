"""Where a user's streams go while its partner's link is on another plane: over a bridge.

Packets cross as they came. The flow is at the other end, where the partner's numbering is: there
each arrives as if from an uplink (:class:`relay.media.far.Far`), and is rewritten, encrypted and
counted as sent. Here the packet is received, decrypted and counted as come, and who it is from is
decided: which of several streams is the current one of its kind.
"""

from __future__ import annotations

import struct
from typing import ClassVar, NamedTuple

from relay.media.downlink import Downlink
from relay.media.outlet import Outlet
from relay.media.packets.clocks import SenderClock
from relay.media.packets.history import History
from relay.media.packets.rtp import NUMBER, PAYLOAD_TYPE, find_extension
from relay.media.paths.bridge import Bridge, Cargo, head
from relay.media.paths.transport import SLOT_BYTES
from relay.media.route import KEYFRAME_REQUEST_INTERVAL_S
from relay.media.stream import (
    ANY_TIME,
    NOTHING_UNWRAPPED,
    Receiver,
    Stream,
    Unwrapped,
    Way,
)
from relay.media.tapped import TappedRoute
from relay.media.uplink import MAX_STREAMS, Uplink
from relay.media.verdict import Verdict

_CROSSED = Verdict.CROSSED

_NEWS = struct.Struct("!6sIIIIIHH?")
Heard = tuple[int, int, int, int]
"""NACKs, packets asked for, key frames, and packets repaired."""

_UNHEARD: Heard = 0, 0, 0, 0

SAME_REQUEST_S = 0.2
"""The other plane does not ask for a key frame so soon again, but when it has asked as the pair was
made, and then sees the first packet."""


class News(NamedTuple):
    """What is known of a user's stream where it ends, since the two are paired."""

    link_id: str
    """Of the user's link."""
    ssrc: int
    nacks: int
    asked: int
    """For how many packets."""
    repaired: int
    keyframes: int
    width: int
    """Of the last key frame; 0 before one has come."""
    height: int
    waits_for_keyframe: bool

    def written(self) -> bytes:
        """As it crosses a bridge."""
        return _NEWS.pack(bytes.fromhex(self.link_id), *self[1:])


def read_news(data: bytes) -> News | None:
    """What :meth:`News.written` wrote; None when it is nothing of the kind."""
    if len(data) != _NEWS.size:
        return None
    link_id, *figures = _NEWS.unpack(data)
    return News(link_id.hex(), *figures)


class CrossingWay:
    """What a stream's packets meet (:class:`relay.media.stream.Way`)."""

    __slots__ = (
        "_head",
        "_stage",
        "downlink",
        "outlet",
        "sealed",
        "source",
        "waits_for_keyframe",
    )

    unwrapped: Unwrapped = NOTHING_UNWRAPPED

    def __init__(self, crossing: Crossing, source: Stream) -> None:
        self.downlink: Receiver = crossing.downlink
        self.sealed: History | None = None
        self.outlet: Outlet = crossing.downlink.outlets[source.kind, source.rtx]
        self.source = source
        self.waits_for_keyframe = source.kind == "video" and not source.rtx
        """As the other end said last."""
        self._stage = crossing.bridge.stage
        self._head = head(Cargo.RTP, crossing.number)

    def rewrite(
        self,
        view: memoryview,  # noqa: ARG002 - it crosses as it is
        at: int,
        end: int,
        header: tuple[int, ...],  # noqa: ARG002
        extended: int,  # noqa: ARG002
        now: float,  # noqa: ARG002
    ) -> Verdict:
        """Have the packet cross with its batch."""
        self._stage(at // SLOT_BYTES, end - at, self._head)
        return _CROSSED

    def dropped(self, size: int, *, missed: bool = True, is_refused: bool = False) -> None:
        """The other end counts what goes out."""

    def takes_late(self, rtp_ts: int, now: float) -> bool:  # noqa: ARG002
        """The other end knows."""
        return True

    def hold_to_clock(self, source: Stream, before: int, now: float) -> None:  # noqa: ARG002
        """The other end does; so nobody needs to be told here."""
        source.earliest, source.latest = ANY_TIME


class _ReadingWay(CrossingWay):
    """One whose packets are shown, so that those that cannot be read go no further."""

    __slots__ = ("_payload_types",)

    def __init__(self, crossing: Crossing, source: Stream) -> None:
        super().__init__(crossing, source)
        terms = crossing.uplink.terms.sending[source.kind]
        self._payload_types = (
            (terms.rtx_payload_type,)
            if source.rtx
            else (terms.payload_type, terms.red_payload_type)
        )

    def rewrite(
        self,
        view: memoryview,
        at: int,
        end: int,
        header: tuple[int, ...],
        extended: int,
        now: float,
    ) -> Verdict:
        """See :class:`CrossingWay`."""
        if header[1] & PAYLOAD_TYPE not in self._payload_types:
            return Verdict.UNKNOWN_PAYLOAD_TYPE
        if find_extension(view, at, end, header[0])[2] > end:
            return Verdict.MALFORMED
        return super().rewrite(view, at, end, header, extended, now)


class Crossing:
    """What an uplink has in place of its flow.

    To whoever asks for the flow's routes there are none.
    """

    video: ClassVar[None] = None
    shown_numbers: ClassVar[None] = None
    has_bandwidth_caps = False

    def __init__(
        self,
        uplink: Uplink,
        downlink: Downlink,
        bridge: Bridge,
        number: int,
        heard: dict[int, Heard],
    ) -> None:
        """Have the streams cross from now on.

        A flow that the user had ends.

        :param downlink: what is known of the partner's.
        :param number: of the pairing.
        :param heard: what the other end has told of each of the link's SSRCs since the two are
            paired; kept here.
        """
        if uplink.flow is not None:
            uplink.flow.end()
        self.uplink, self.downlink = uplink, downlink
        self.bridge, self.number = bridge, number
        self.clock = SenderClock()
        self._asked_at = float("-inf")
        self._heard = heard
        self._ways: dict[tuple[str, bool], CrossingWay] = {}
        uplink.flow = self
        for stream in uplink.current.values():
            self.attach(stream)

    def attach(self, stream: Stream) -> None:
        """Have ``stream`` cross, in place of another one of its kind."""
        key = stream.kind, stream.rtx
        former = self._ways.pop(key, None)
        if former is not None and former.source is not stream:
            former.source.route = None
        if self._takes(stream.kind):
            way = self._ways[key] = self._way(stream)
            if former is not None and former.source is stream:
                way.waits_for_keyframe = former.waits_for_keyframe
            stream.route = self._shown(way)
        else:
            stream.route = None

    def renew(self) -> None:
        """Follow a renegotiation of either side."""
        for stream in self.uplink.current.values():
            self.attach(stream)
        for ssrc in self._heard.keys() - self.uplink.streams.keys():
            del self._heard[ssrc]

    show = renew
    """Follow a change of the taps."""

    def end(self) -> None:
        """Detach every stream."""
        self._ways.clear()
        if self.uplink.flow is self:
            self.uplink.flow = None
            for stream in self.uplink.streams.values():
                stream.route = None

    def note_arrival(self, number: int, now: float) -> None:  # noqa: ARG002 - it is not far
        """Tell the other end of a transport-wide number that does not cross with a packet."""
        self.bridge.send(head(Cargo.KEPT, self.number), NUMBER.pack(number))

    def report(self, reports: bytes) -> None:
        """Have the user's sender reports cross, if there are any."""
        if reports:
            self.bridge.send(head(Cargo.REPORTS, self.number), reports)

    def route_of(self, ssrc: int) -> None:
        """See :class:`relay.media.flow.Flow`."""

    def route_to(self, ssrc: int) -> None:
        """See :class:`relay.media.flow.Flow`."""

    def told(self, packet: bytes, now: float, ssrcs: tuple[int, int]) -> bytes:  # noqa: ARG002
        """See :class:`relay.media.flow.Flow`."""
        return b""

    def keyframe_due(self, now: float, interval_s: float = KEYFRAME_REQUEST_INTERVAL_S) -> bool:
        """Whether the user may be asked for a key frame now; a yes counts as asking."""
        is_due = now - self._asked_at >= interval_s
        if is_due:
            self._asked_at = now
        return is_due

    def heed(self, news: News) -> None:
        """Enter what the other end tells of a stream."""
        stream = self.uplink.streams.get(news.ssrc)
        if stream is None or (news.ssrc not in self._heard and len(self._heard) >= MAX_STREAMS):
            return
        before = self._heard.get(news.ssrc, _UNHEARD)
        now = news.nacks, news.asked, news.keyframes, news.repaired
        if now[:3] < before[:3]:  # it has begun to count anew
            before = _UNHEARD
        self._heard[news.ssrc] = now
        nacks, asked, keyframes = (
            max(new - old, 0) for new, old in zip(now[:3], before[:3], strict=True)
        )
        repaired = now[3] - before[3]  # fewer where what was repaired has come after all
        stream.nacks += nacks
        stream.asked += asked
        stream.repaired += repaired
        stream.keyframes += keyframes
        if news.width:
            stream.size = news.width, news.height
        way = self._ways.get((stream.kind, stream.rtx))
        if way is not None and way.source is stream:
            way.waits_for_keyframe = news.waits_for_keyframe

    def _takes(self, kind: str) -> bool:
        return kind in self.uplink.terms.sending and kind in self.downlink.terms.receiving

    def _way(self, stream: Stream) -> CrossingWay:
        return (_ReadingWay if self.uplink.taps else CrossingWay)(self, stream)

    def _shown(self, way: CrossingWay) -> Way:
        if not self.uplink.taps:
            return way
        terms = self.uplink.terms.sending[way.outlet.kind]
        return TappedRoute(way, self.uplink.taps, (), (terms, None))
