"""Taps see packets as they came and as they go out, and leave no trace where they are not."""

from __future__ import annotations

import pytest

from relay.media.flow import Flow
from relay.media.link import Link
from relay.media.plane import RelayPlane
from relay.media.route import Route
from relay.media.stream import Way
from relay.media.tapped import TappedRoute
from relay.media.tapping import Tapping
from relay.media.verdict import Verdict
from relay.plane import Direction, TappedPacket
from relay.seam import LinkCertificate
from tests.support.fake_socket import FakeSocket
from tests.support.offers import CHROMIUM, FIREFOX, OUR_PAGE
from tests.support.onlooker import Onlooker
from tests.support.packets import DELTA, KEYFRAME, raw_extension, read_rtp, red, rtp, rtx
from tests.support.sides import Side

CERTIFICATE = LinkCertificate.generateCertificate()
UP, DOWN = Direction.UP, Direction.DOWN


class Pair:
    """Ann, who sends as Chromium does, and Bob, who takes it as Firefox does."""

    def __init__(self, sends: str = CHROMIUM, receives: str = FIREFOX) -> None:
        self.tapping = Tapping()
        self.ann, self.bob = Side(sends), Side(receives)
        self.links = {"ann": self._link("ann", self.ann), "bob": self._link("bob", self.bob)}
        self.meet()

    def _link(self, name: str, side: Side) -> Link:
        link = Link(name, FakeSocket(), CERTIFICATE, (), 0.0)
        link.uplink, link.downlink = side.uplink, side.downlink
        return link

    def meet(self) -> None:
        self.there = Flow(self.ann.uplink, self.bob.downlink)
        self.back = Flow(self.bob.uplink, self.ann.downlink)

    def tap(self, user: str, direction: Direction) -> Onlooker:
        onlooker = Onlooker()
        self.tapping.add(user, direction, onlooker)
        self.tapping.equip(self.links[user])
        return onlooker

    def untap(self, user: str, direction: Direction, onlooker: Onlooker) -> None:
        self.tapping.remove(user, direction, onlooker)
        self.tapping.equip(self.links[user])

    def route(self, ssrc: int = 2) -> Way | None:
        return self.ann.uplink.streams[ssrc].route


def video(number: int, payload: bytes = KEYFRAME, ssrc: int = 2) -> bytes:
    return rtp(ssrc, number, payload=payload)


def test_a_stream_that_nobody_looks_at_has_the_plain_route() -> None:
    pair = Pair()
    pair.ann.sent(video(1))
    assert type(pair.route()) is Route
    onlooker = pair.tap("ann", UP)
    assert type(pair.route()) is TappedRoute
    pair.untap("ann", UP, onlooker)
    assert pair.route() is pair.there.video
    assert type(pair.route()) is Route


def test_what_a_user_sends_is_seen_as_it_was_sent() -> None:
    pair = Pair()
    onlooker = pair.tap("ann", UP)
    pair.ann.sent(video(1), now=7.5)
    [seen] = onlooker.packets
    assert seen == TappedPacket(UP, "video", False, 7.5, video(1))


def test_what_a_user_receives_is_seen_as_it_goes_out() -> None:
    pair = Pair()
    onlooker = pair.tap("bob", DOWN)
    out = pair.ann.sent(video(1))
    [seen] = onlooker.packets
    assert (seen.direction, seen.kind) == (DOWN, "video")
    assert read_rtp(seen.data) == out


def test_repairs_are_told_apart() -> None:
    pair = Pair()
    onlooker = pair.tap("ann", UP)
    pair.ann.sent(video(1))
    pair.ann.sent(rtx(3, 9, 1))
    assert [seen.is_repair for seen in onlooker.packets] == [False, True]


@pytest.mark.parametrize("receives", [FIREFOX, OUR_PAGE])
def test_of_red_the_opus_in_it_is_seen(receives: str) -> None:
    pair = Pair(OUR_PAGE, receives)
    up, down = pair.tap("ann", UP), pair.tap("bob", DOWN)
    for number in (1, 2, 4):
        payload = red(b"sound %d" % number, (960, b"sound %d" % (number - 1)))
        pair.ann.sent(rtp(2, number, payload_type=63, rtp_ts=960 * number, payload=payload))
    pair.ann.sent(rtp(2, 5, payload_type=111, rtp_ts=960 * 5, payload=b"sound 5"))
    pair.ann.send(rtp(2, 6, payload_type=63, payload=b""))
    shown = [read_rtp(each.data) for each in up.packets]
    assert [each.payload for each in shown] == [b"sound %d" % n for n in (1, 2, 4, 5)]
    assert {each.payload_type for each in shown} == {111}
    filled = [] if receives == OUR_PAGE else [3]
    shown = [read_rtp(each.data) for each in down.packets]
    assert [each.payload for each in shown] == [b"sound %d" % n for n in [1, 2, *filled, 4, 5]]
    assert {each.payload_type for each in shown} == {111 if receives == OUR_PAGE else 109}


def test_what_is_held_back_is_seen_going_up_only() -> None:
    pair = Pair()
    up, down = pair.tap("ann", UP), pair.tap("bob", DOWN)
    assert pair.ann.send(video(1, DELTA)) is Verdict.HELD
    assert (len(up.packets), len(down.packets)) == (1, 0)


def test_what_cannot_be_read_is_not_shown() -> None:
    pair = Pair()
    pair.ann.sent(video(1))
    onlooker = pair.tap("ann", UP)
    lying = rtp(2, 2, payload=KEYFRAME, extension=raw_extension(b"\x1f\x00\x00\x00"))
    assert pair.ann.send(lying) is Verdict.MALFORMED
    assert pair.ann.send(rtp(2, 3, payload_type=111)) is Verdict.UNKNOWN_PAYLOAD_TYPE
    assert onlooker.packets == []


def test_the_others_streams_are_not_seen() -> None:
    pair = Pair()
    onlooker = pair.tap("ann", UP)
    pair.bob.sent(rtp(12, 1, payload_type=120, payload=KEYFRAME))
    assert onlooker.packets == []


def test_a_tap_changes_nothing_about_what_is_forwarded() -> None:
    pair = Pair()
    first = pair.ann.sent(video(1))
    for number in range(2, 20):
        if number == 5:
            onlooker = pair.tap("ann", UP)
        if number == 10:
            pair.untap("ann", UP, onlooker)
        out = pair.ann.sent(video(number))
        assert (out.number - first.number) & 0xFFFF == number - 1
        assert (out.ssrc, out.rtp_ts, out.payload) == (first.ssrc, first.rtp_ts, first.payload)
    assert len(onlooker.packets) == 5


def test_two_look_and_one_goes() -> None:
    pair = Pair()
    first, second = pair.tap("ann", UP), pair.tap("ann", UP)
    pair.ann.sent(video(1))
    pair.untap("ann", UP, first)
    pair.ann.sent(video(2))
    assert (len(first.packets), len(second.packets)) == (1, 2)


def test_another_camera_is_seen_too() -> None:
    pair = Pair()
    onlooker = pair.tap("ann", UP)
    pair.ann.sent(video(1), now=10)
    pair.ann.sent(video(7, ssrc=9), now=20)
    assert [read_rtp(seen.data).ssrc for seen in onlooker.packets] == [2, 9]


def test_a_tap_outlives_a_renegotiation() -> None:
    pair = Pair()
    onlooker = pair.tap("ann", UP)
    pair.ann.sent(video(1))
    pair.there.end()
    pair.back.end()
    assert pair.ann.send(video(2)) == "unpaired"
    pair.meet()
    pair.ann.sent(video(3))
    assert [read_rtp(seen.data).number for seen in onlooker.packets] == [1, 3]


def test_a_tap_can_come_before_the_link() -> None:
    tapping, onlooker = Tapping(), Onlooker()
    tapping.add("ann", UP, onlooker)
    link = Link("ann", FakeSocket(), CERTIFICATE, (), 0.0)
    tapping.equip(link)
    assert link.uplink.taps == (onlooker,)
    assert link.downlink.taps == ()


def test_taps_are_told_what_happens_to_their_user() -> None:
    tapping, ann, bob = Tapping(), Onlooker(), Onlooker()
    tapping.add("ann", UP, ann)
    tapping.add("bob", DOWN, bob)
    tapping.parted({"ann", "bob"})
    tapping.link_closed("bob")
    tapping.link_closed("eve")
    assert (ann.told, bob.told) == (["parted"], ["parted", "link_closed"])


def test_a_tap_learns_when_its_user_has_another_partner_already() -> None:
    plane = RelayPlane("127.0.0.1", 0)
    plane.pair("ann", "bob")
    right, late, whoever, alone = (Onlooker() for _ in range(4))
    plane.tap("ann", UP, right, partner="bob")
    plane.tap("ann", DOWN, late, partner="eve")
    plane.tap("ann", UP, whoever)
    plane.tap("eve", UP, alone, partner="ann")
    assert [tap.told for tap in (right, late, whoever, alone)] == [[], ["parted"], [], ["parted"]]
    plane.unpair("bob")
    assert [tap.told for tap in (right, whoever)] == [["parted"], ["parted"]]


def test_nothing_is_left_of_a_tap() -> None:
    tapping, onlooker = Tapping(), Onlooker()
    tapping.add("ann", UP, onlooker)
    tapping.remove("ann", UP, onlooker)
    tapping.remove("ann", UP, onlooker)  # harmless
    assert tapping._taps == {}
