"""Whose pictures a plane keeps, and for how long."""

from __future__ import annotations

import pytest

from relay.media.far import Far
from relay.media.flow import Flow
from relay.media.keeper import MAX_FORMER, PATIENCE_S, Picture
from relay.media.keeping import AFTER_S, ASK_EVERY_S, Keeping
from relay.media.link import Link
from relay.seam import LinkCertificate
from tests.support.cards import card
from tests.support.exchange import Exchange, until, video
from tests.support.fake_bridge import FakeBridge
from tests.support.fake_socket import FakeSocket
from tests.support.keyframe import VIDEO_SSRC, key_frame, payloads
from tests.support.offers import CHROMIUM, FIREFOX
from tests.support.packets import rtp
from tests.support.sides import Side

CERTIFICATE = LinkCertificate.generateCertificate()
PICTURE = Picture(5.0, 320, 240, b"frame", "bob")


def link(user_id: str, side: Side) -> Link:
    made = Link(user_id, FakeSocket(), CERTIFICATE, (), 0.0)
    made.uplink, made.downlink = side.uplink, side.downlink
    made.downlink.user_id = user_id
    return made


@pytest.fixture
def keeping() -> Keeping:
    made = Keeping()
    made.turn([], on=True)
    return made


def keep(keeping: Keeping, user_id: str, picture: Picture = PICTURE) -> None:
    """The user has a partner, and has shown something."""
    end = link(user_id, Side(CHROMIUM))
    keeping.equip(end, picture.partner_id)
    assert end.uplink.keeper is not None
    end.uplink.keeper.picture = picture


def test_nothing_is_kept_unless_it_is_on() -> None:
    ann = link("ann", Side(CHROMIUM))
    Keeping().equip(ann, "bob")
    assert ann.uplink.keeper is None


def test_a_picture_has_an_age(keeping: Keeping) -> None:
    keep(keeping, "ann")
    kept = keeping.kept("ann", "bob", None, 7.5)
    assert kept is not None
    assert (kept.age_s, kept.width, kept.height, kept.frame) == (2.5, 320, 240, b"frame")
    assert keeping.kept("ann", "bob", 2.5, 7.5) == kept
    assert keeping.kept("ann", "bob", 2.4, 7.5) is None


def test_it_outlives_the_pair_for_a_while(keeping: Keeping) -> None:
    keep(keeping, "ann")
    keeping.parted({"ann", "bob"}, 100.0)
    keeping.tick(100.0 + AFTER_S - 1)
    assert keeping.kept("ann", "bob", None, 150.0) is not None
    keeping.tick(100.0 + AFTER_S)
    assert keeping.kept("ann", "bob", None, 170.0) is None


def test_of_former_pairs_there_is_only_the_last(keeping: Keeping) -> None:
    for partner in ("bob", "cid"):
        keep(keeping, "ann", Picture(5.0, 320, 240, b"frame", partner))
        keeping.parted({"ann"}, 100.0)
    assert keeping.kept("ann", "bob", None, 101.0) is None
    assert keeping.kept("ann", "cid", None, 101.0) is not None


def test_who_shows_the_next_partner_nothing_keeps_the_former_ones(keeping: Keeping) -> None:
    keep(keeping, "ann")
    keeping.parted({"ann"}, 100.0)
    keeping.equip(link("ann", Side(CHROMIUM)), "cid")
    keeping.parted({"ann"}, 101.0)
    assert keeping.kept("ann", None, None, 102.0) is not None


def test_there_are_no_more_than_some(keeping: Keeping) -> None:
    for number in range(MAX_FORMER + 5):
        keep(keeping, f"user {number}")
        keeping.parted({f"user {number}"}, 100.0)
    left = [keeping.kept(f"user {n}", None, None, 101.0) is not None for n in range(7)]
    assert left == [False] * 5 + [True] * 2


def test_a_new_link_of_the_same_pair_has_what_was_kept(keeping: Keeping) -> None:
    keep(keeping, "ann")
    again = link("ann", Side(CHROMIUM))
    keeping.equip(again, "bob")
    assert again.uplink.keeper is not None
    assert again.uplink.keeper.picture is PICTURE


def test_whoever_is_there_when_it_begins_is_kept_and_forgotten_when_it_ends() -> None:
    keeping, ann, bob = Keeping(), link("ann", Side(CHROMIUM)), link("bob", Side(FIREFOX))
    Flow(ann.uplink, bob.downlink)
    keeping.turn([ann, bob], on=True)
    for number, (payload, is_last) in enumerate(payloads(key_frame(1))):
        packet = rtp(VIDEO_SSRC, number, payload=payload, marker=is_last)
        stream = ann.uplink.streams.get(VIDEO_SSRC) or ann.uplink.learn(VIDEO_SSRC, 96, number)
        assert stream is not None
        side = Side(CHROMIUM)
        side.uplink = ann.uplink
        side.sent(packet)
    assert keeping.kept("ann", "bob", None, 101.0) is not None
    keeping.turn([ann, bob], on=False)
    assert ann.uplink.keeper is None
    assert keeping.kept("ann", "bob", None, 101.0) is None


def test_those_whose_only_key_frame_was_torn_are_asked_for_another_now_and_then(
    keeping: Keeping,
) -> None:
    side = Side(CHROMIUM)
    ann, bob = link("ann", side), link("bob", Side(FIREFOX))
    keeping.equip(ann, "bob")
    Flow(ann.uplink, bob.downlink)
    payload, _ = next(payloads(key_frame(1)))
    side.sent(rtp(VIDEO_SSRC, 1, payload=payload), 100.0)
    assert keeping.tick(100.5) == []
    assert keeping.tick(100.1 + PATIENCE_S) == ["ann"]
    assert keeping.tick(100.2 + PATIENCE_S) == []
    assert keeping.tick(100.2 + PATIENCE_S + ASK_EVERY_S) == ["ann"]
    keeping.parted({"ann"}, 110.0)
    assert keeping.tick(120.0) == []


def test_of_who_is_elsewhere_it_is_kept_here(keeping: Keeping) -> None:
    far = Far(card(user_id="ann"), "bob", FakeBridge(), 7)
    keeping.equip(far, "bob")
    assert far.uplink.keeper is not None


async def test_a_plane_asks_for_a_key_frame_when_the_only_one_was_torn() -> None:
    exchange = Exchange()
    await exchange.plane.start()
    exchange.plane.keep(on=True)
    a, _ = await exchange.couple()
    exchange.stop_time()
    payload, _ = next(payloads(key_frame(1)))
    a.send_rtp(video(a, 1, payload))
    await until(lambda: exchange.stats().packets_forwarded == 1)
    before = exchange.stats().keyframe_requests["pli"]
    exchange.skew_s += PATIENCE_S + 0.1
    exchange.plane.tick()
    assert exchange.stats().keyframe_requests["pli"] == before + 1
    assert exchange.stats().keyframes_kept == {"kept": 0, "too_large": 0, "torn": 1}
    await exchange.close()
