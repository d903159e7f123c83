"""A user's streams cross to the partner's plane, which tells what became of them."""

from __future__ import annotations

from relay.media.crossing import SAME_REQUEST_S, Crossing, Heard, News, read_news
from relay.media.far import FarDownlink
from relay.media.flow import Flow
from relay.media.paths.bridge import Cargo, head
from relay.media.stream import ANY_TIME, Stream
from relay.media.tapped import TappedRoute
from relay.media.uplink import TAKEOVER_S
from relay.media.verdict import Verdict
from tests.support.cards import card
from tests.support.fake_bridge import FakeBridge
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.onlooker import Onlooker
from tests.support.packets import KEYFRAME, read_rtp, red, rtp, rtx
from tests.support.sides import Side

LINK = "0123456789ab"


class Crossed:
    """One user here, whose partner is elsewhere."""

    def __init__(self, theirs: str = FIREFOX) -> None:
        self.side, self.bridge = Side(CHROMIUM), FakeBridge()
        self.heard: dict[int, Heard] = {}
        self.theirs = FarDownlink(card(theirs), self.bridge, 7)
        self.cross()

    def cross(self) -> None:
        self.crossing = Crossing(self.side.uplink, self.theirs, self.bridge, 7, self.heard)

    def stream(self, ssrc: int) -> Stream:
        return self.side.uplink.streams[ssrc]


def picture(number: int, ssrc: int = 2) -> bytes:
    return rtp(ssrc, number, payload=KEYFRAME, elements=((3, number.to_bytes(2)),))


def news(**fields: int) -> News:
    return News(LINK, 2, 0, 0, 0, 0, 0, 0, False)._replace(**fields)  # type: ignore[arg-type]


def test_packets_are_staged_as_they_came() -> None:
    user = Crossed()
    packet = picture(1)
    assert user.side.send(packet) is Verdict.CROSSED
    assert user.bridge.staged == [(0, len(packet), head(Cargo.RTP, 7))]
    assert user.side.send(rtx(3, 1, 1)) is Verdict.CROSSED
    assert user.stream(2).packets == 1
    assert user.bridge.sent == []


def test_streams_that_run_cross_from_now_on_and_no_more_in_the_end() -> None:
    user = Crossed()
    user.crossing.end()
    assert user.side.send(picture(1)) == "unpaired"
    user.cross()
    assert user.side.send(picture(2)) is Verdict.CROSSED
    other = Side(FIREFOX)
    Flow(user.side.uplink, other.downlink)
    assert user.side.uplink.flow is not user.crossing
    user.cross()
    assert other.downlink.flow is None
    user.crossing.end()
    assert user.stream(2).route is None


def test_what_does_not_cross_is_told_of() -> None:
    user = Crossed()
    user.side.send(picture(1))
    assert user.side.send(picture(2, ssrc=9)) == "superseded"
    assert user.bridge.taken() == [(Cargo.KEPT, 7, b"\0\2")]
    assert user.side.send(picture(3, ssrc=9), now=100 + TAKEOVER_S) is Verdict.CROSSED
    assert user.stream(2).route is None
    assert user.bridge.taken() == []


def test_a_kind_that_the_partner_does_not_take() -> None:
    user = Crossed(FIREFOX.replace("a=sendrecv", "a=sendonly"))
    assert user.side.send(picture(1)) == "unpaired"
    assert user.bridge.taken() == [(Cargo.KEPT, 7, b"\0\1")]
    user.theirs.follow(card(FIREFOX))
    user.crossing.renew()
    assert user.side.send(picture(2)) is Verdict.CROSSED


def test_what_is_shown_must_be_readable() -> None:
    user, onlooker = Crossed(), Onlooker()
    user.side.uplink.taps = (onlooker,)
    user.crossing.show()
    assert user.side.send(picture(1)) is Verdict.CROSSED
    route = user.stream(2).route
    assert isinstance(route, TappedRoute)
    assert route.waits_for_keyframe
    user.crossing.heed(news())
    assert not route.waits_for_keyframe
    assert user.side.send(rtp(2, 2, payload_type=55)) is Verdict.UNKNOWN_PAYLOAD_TYPE
    cut = bytearray(picture(3)[:18])
    assert user.side.send(bytes(cut)) is Verdict.MALFORMED
    assert [each.data for each in onlooker.packets] == [picture(1)]
    user.side.uplink.taps = ()
    user.crossing.show()
    assert not isinstance(user.stream(2).route, TappedRoute)
    assert not user.stream(2).route.waits_for_keyframe


def test_sound_in_sound_crosses_as_it_is_and_is_shown_without() -> None:
    user, onlooker = Crossed(), Onlooker()
    user.side.uplink.taps = (onlooker,)
    packet = rtp(1, 1, payload_type=63, payload=red(b"own", (960, b"earlier")))
    user.crossing.show()
    assert user.side.send(packet) is Verdict.CROSSED
    assert user.side.send(rtp(1, 2, payload_type=111, payload=b"own")) is Verdict.CROSSED
    assert [read_rtp(each.data).payload for each in onlooker.packets] == [b"own", b"own"]
    assert user.bridge.staged[0] == (0, len(packet), head(Cargo.RTP, 7))


def test_no_clock_is_held_here() -> None:
    user = Crossed()
    user.side.send(picture(1))
    stream = user.stream(2)
    stream.earliest, stream.latest = 0.0, 0.0  # as a former partner's route had it
    user.side.send(rtp(2, 2, rtp_ts=77_000_000))
    assert (stream.earliest, stream.latest) == ANY_TIME
    assert user.side.send(rtp(2, 1, rtp_ts=5)) is Verdict.CROSSED, "late, the other end knows"


def test_news_cross_as_they_are() -> None:
    told = News(LINK, 0xFFFFFFFF, 3, 5, 2, 4, 640, 360, True)
    assert read_news(told.written()) == told
    assert read_news(told.written() + b"\0") is None


def test_what_the_other_end_tells_is_added_once() -> None:
    user = Crossed()
    user.side.send(picture(1))
    stream = user.stream(2)
    stream.nacks, stream.keyframes = 10, 20  # of former partners
    for told in (news(nacks=1), news(nacks=1, keyframes=2, width=640, height=360), news(nacks=3)):
        user.crossing.heed(told)
    assert (stream.nacks, stream.keyframes, stream.size) == (13, 22, (640, 360))
    user.crossing.heed(news(nacks=3, asked=9, repaired=4))
    user.crossing.heed(news(nacks=3, asked=10, repaired=6))
    assert (stream.nacks, stream.asked, stream.repaired) == (13, 10, 6)
    user.crossing.heed(news(nacks=3, asked=10, repaired=5))
    assert (stream.nacks, stream.asked, stream.repaired) == (13, 10, 5), "one was only late"
    user.crossing.heed(news(nacks=1))
    assert stream.nacks == 14, "it has begun to count anew"
    user.cross()
    user.crossing.heed(news(nacks=1))
    assert stream.nacks == 14, "and is the same for a crossing made anew"
    user.crossing.heed(news(ssrc=1234, nacks=5))
    assert set(user.heard) == {2}


def test_what_was_told_of_forgotten_streams_is_forgotten() -> None:
    user = Crossed()
    user.side.send(picture(1))
    user.crossing.heed(news(nacks=1))
    del user.side.uplink.streams[2]
    user.crossing.renew()
    assert user.heard == {}


def test_requests_for_key_frames_that_are_one() -> None:
    crossing = Crossed().crossing
    asked = [crossing.keyframe_due(now, SAME_REQUEST_S) for now in (1.0, 1.1, 1.25, 1.3)]
    assert asked == [True, False, True, False]
    assert not crossing.keyframe_due(1.5)
    assert crossing.keyframe_due(1.6)


def test_of_its_routes_nothing_is_known() -> None:
    crossing = Crossed().crossing
    assert crossing.video is crossing.shown_numbers is None
    assert not crossing.has_bandwidth_caps
    assert crossing.told(b"", 0.0, (0, 0)) == b""
    crossing.report(b"")
    crossing.report(b"reports")
    assert crossing.bridge.sent == [(Cargo.REPORTS, 7, b"reports")]  # type: ignore[attr-defined]
