"""What stands in for a partner whose link is on another plane.

To flows and to the forwarder it is a link: packets that come over the bridge are its uplink's, and
its downlink says how its plane names the relay to it. What is sent to the user crosses the bridge.
"""

from __future__ import annotations

import struct

from relay.media.card import Card
from relay.media.crossing import Crossing, Heard, News
from relay.media.downlink import Downlink
from relay.media.feedback.rtcp import PLI
from relay.media.link import Link
from relay.media.negotiation.sdp import KINDS, Terms
from relay.media.outlet import Outlet
from relay.media.paths.bridge import Bridge, Cargo, head
from relay.media.stream import Stream
from relay.media.uplink import Uplink

REQUEST = struct.Struct("!BxH")
"""For a key frame: its kind, and the number of the command for it, if it is one (FIR)."""


class FarUplink(Uplink):
    """What crosses: its plane has decrypted it, bounded the SSRCs, and said which are current."""

    __slots__ = ()

    def has_room(self, ssrc: int) -> bool:
        """See :class:`Uplink`; what its plane has forgotten makes room."""
        if not super().has_room(ssrc):
            self.strangers.clear()
            current = self.current.values()
            idle = [stream for stream in self.streams.values() if stream not in current]
            if idle:
                del self.streams[min(idle, key=lambda stream: stream.last_at).ssrc]
        return super().has_room(ssrc)

    def take_over(self, stream: Stream, now: float) -> bool:  # noqa: ARG002 - see Uplink
        """See :class:`Uplink`; only those cross that are current."""
        key = stream.kind, stream.rtx
        if self.current.get(key) is not stream:
            self.current[key] = stream
            if self.flow is not None:
                self.flow.attach(stream)
        return True


class FarDownlink(Downlink):
    """How its plane names the relay to the user, and the way there for RTCP."""

    __slots__ = ("_bridge", "_number")

    def __init__(self, card: Card, bridge: Bridge, number: int) -> None:
        def send_rtcp(packet: bytes) -> None:
            bridge.send(head(Cargo.FEEDBACK, number), packet)

        super().__init__(card.user_id, send_rtcp)
        self._bridge, self._number = bridge, number
        self.tx = bridge  # which is never None: whether its link is up is not known here
        self.cname, self.tells = card.cname, False
        self.follow(card)

    def follow(self, card: Card) -> None:
        """Take the terms, and the SSRCs of its outlets, from a first or a later card."""
        self.terms = card.terms
        for kind in KINDS:
            for rtx, ssrc in ((False, card.ssrcs[kind].media), (True, card.ssrcs[kind].rtx)):
                if self.outlets[kind, rtx].ssrc != ssrc:
                    self.outlets[kind, rtx] = Outlet(ssrc, kind, rtx=rtx)

    def ask(self, kind: int, command: int) -> None:
        """Have the user asked for a key frame, by PLI or FIR, on whatever stream has its picture.

        :param command: the number of the receiver's, where it was one.
        """
        asked = REQUEST.pack(kind, 0 if kind == PLI else command & 0xFFFF)
        self._bridge.send(head(Cargo.KEYFRAME, self._number), asked)


class Far:
    """One user elsewhere, and the user here that is its partner."""

    def __init__(self, card: Card, near_id: str, bridge: Bridge, number: int) -> None:
        """:param near_id: the partner here; ``number`` that of the pairing."""
        self.user_id, self.link_id = card.user_id, card.link_id
        self.near_id = near_id
        self.bridge, self.number = bridge, number
        self.uplink = FarUplink()
        self.downlink = FarDownlink(card, bridge, number)
        self.sampled_at = float("-inf")
        """When the counters of its streams were last read for their rates."""
        self.command = -1
        """The last one for a key frame that it gave to the user here."""
        self._heard: dict[int, Heard] = {}
        """What it has told of the streams of the user here: see :class:`Crossing`."""
        self._heard_of = ""
        """The link that they are of."""
        self._told: dict[int, News] = {}
        self.follow(card)

    def follow(self, card: Card) -> None:
        """Take a later card of the same link."""
        terms: Terms = card.terms
        self.uplink.agree(terms)
        self.downlink.follow(card)

    def cross(self, link: Link) -> None:
        """Have what the partner here sends with a link cross to the user."""
        if self._heard_of != link.link_id:
            self._heard, self._heard_of = {}, link.link_id
        Crossing(link.uplink, self.downlink, self.bridge, self.number, self._heard)

    def replace(self, former: Far) -> None:
        """Go on where the user's former link stopped."""
        self._heard, self._heard_of = former._heard, former._heard_of

    @property
    def terms(self) -> Terms:
        """What the user's description says."""
        return self.uplink.terms

    def tell(self, *, again: bool = False) -> None:
        """Tell its plane what its streams have come to here.

        :param again: also what has not changed, since what was told may have been lost.
        """
        streams = self.uplink.streams
        for ssrc in self._told.keys() - streams.keys():
            del self._told[ssrc]
        for stream in streams.values():
            if stream.rtx:
                continue
            width, height = stream.size or (0, 0)
            waits = stream.route is not None and stream.route.waits_for_keyframe
            news = News(
                self.link_id,
                stream.ssrc,
                stream.nacks,
                stream.asked,
                stream.repaired,
                stream.keyframes,
                width,
                height,
                waits,
            )
            if again or self._told.get(stream.ssrc) != news:
                self._told[stream.ssrc] = news
                self.bridge.send(head(Cargo.NEWS, self.number), news.written())
