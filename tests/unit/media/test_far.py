"""What stands in for a user elsewhere is what its plane would have of it."""

from __future__ import annotations

from dataclasses import replace

from pydantic import TypeAdapter

from relay.media.card import Card, card_of
from relay.media.crossing import read_news
from relay.media.far import REQUEST, Far
from relay.media.feedback.rtcp import FIR, PLI
from relay.media.flow import Flow
from relay.media.link import Link
from relay.media.negotiation.description import Ssrcs
from relay.media.negotiation.sdp import read
from relay.media.paths.bridge import Cargo
from relay.media.uplink import MAX_STREAMS
from relay.seam import LinkCertificate
from tests.support.cards import card
from tests.support.fake_bridge import FakeBridge
from tests.support.fake_socket import FakeSocket
from tests.support.offers import CHROMIUM, FIREFOX, without
from tests.support.packets import KEYFRAME, rtp
from tests.support.sides import Side


class Visitor:
    """Somebody elsewhere, whose packets arrive here."""

    def __init__(self) -> None:
        self.bridge = FakeBridge()
        self.far = Far(card(CHROMIUM), "ann", self.bridge, 7)
        self.side = Side(CHROMIUM)
        self.side.uplink = self.far.uplink


def test_a_card_crosses_as_json() -> None:
    for offer in (CHROMIUM, FIREFOX, without(FIREFOX, "a=rtcp-fb")):
        link = Link("ann", FakeSocket(), LinkCertificate.generateCertificate(), (), 0.0)
        assert card_of(link) is None
        link.agree(read(offer))
        made, json = card_of(link), TypeAdapter(Card)
        assert made is not None
        assert json.validate_json(json.dump_json(made)) == made
        assert made.terms.wishes == read(offer).wishes
        assert made.ssrcs["video"] == link.downlink.ssrcs("video")


def test_its_packets_are_taken_as_an_uplinks_are() -> None:
    visitor, ann = Visitor(), Side(FIREFOX)
    flow = Flow(visitor.far.uplink, ann.downlink)
    heard = visitor.side.sent(rtp(2, 7, payload=KEYFRAME))
    assert (heard.ssrc, heard.payload_type) == (ann.outlet(("video", False)).ssrc, 120)
    assert flow.video is not None
    visitor.side.sent(rtp(9, 7, payload=KEYFRAME))
    assert flow.video.source is visitor.far.uplink.streams[9], "its plane has said which it is"
    assert visitor.far.uplink.streams[2].route is None


def test_ssrcs_that_its_plane_has_forgotten_make_room() -> None:
    visitor = Visitor()
    for ssrc in range(100):
        visitor.side.send(rtp(ssrc, 1), now=100.0 + ssrc)
    assert len(visitor.far.uplink.streams) == MAX_STREAMS
    assert min(visitor.far.uplink.streams) == 100 - MAX_STREAMS
    for ssrc in range(200, 300):
        visitor.side.send(rtp(ssrc, 1, payload_type=55))
    assert len(visitor.far.uplink.strangers) < MAX_STREAMS


def test_its_plane_names_the_relay_to_it() -> None:
    far = Visitor().far
    downlink = far.downlink
    assert (downlink.reporter, downlink.cname, downlink.tells) == (21, "cname", False)
    kept = downlink.outlets["audio", False]
    later = replace(card(FIREFOX), ssrcs={"audio": Ssrcs(11, 12), "video": Ssrcs(31, 32)})
    far.follow(later)
    assert (downlink.reporter, downlink.outlets["video", True].ssrc) == (31, 32)
    assert downlink.outlets["audio", False] is kept
    assert far.terms == later.terms


def test_what_it_is_told_crosses() -> None:
    visitor = Visitor()
    visitor.far.downlink.send_rtcp(b"compound")
    visitor.far.downlink.ask(PLI, 5)
    visitor.far.downlink.ask(FIR, 5)
    visitor.far.downlink.ask(FIR, -1)
    assert visitor.bridge.taken() == [
        (Cargo.FEEDBACK, 7, b"compound"),
        (Cargo.KEYFRAME, 7, REQUEST.pack(PLI, 0)),
        (Cargo.KEYFRAME, 7, REQUEST.pack(FIR, 5)),
        (Cargo.KEYFRAME, 7, REQUEST.pack(FIR, 0xFFFF)),
    ]


def test_its_plane_hears_of_each_change_once() -> None:
    visitor, ann = Visitor(), Side(FIREFOX)
    Flow(visitor.far.uplink, ann.downlink)
    visitor.side.sent(rtp(2, 7, payload=KEYFRAME))
    visitor.far.tell()
    ((cargo, number, data),) = visitor.bridge.taken()
    told = read_news(data)
    assert told is not None
    assert (cargo, number, told.link_id, told.ssrc) == (Cargo.NEWS, 7, "0123456789ab", 2)
    assert (told.keyframes, told.waits_for_keyframe) == (1, False)
    visitor.far.tell()
    assert visitor.bridge.taken() == []
    visitor.far.uplink.streams[2].nacks += 1
    visitor.far.tell()
    visitor.far.tell(again=True)
    assert len(visitor.bridge.taken()) == 2
    visitor.far.uplink.streams.clear()
    visitor.far.tell(again=True)
    assert visitor.bridge.taken() == []
