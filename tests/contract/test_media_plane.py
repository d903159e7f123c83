"""What every media plane does, the real one and the one with which signalling is tested."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator

import pytest

from relay.errors import SdpError
from relay.plane import (
    Direction,
    LinkInterrupted,
    LinkLost,
    LinkResumed,
    LinkState,
    LinkUp,
    MediaEvent,
    MediaFlowing,
    PictureFlowing,
    TappedPacket,
)
from tests.contract.planes import Faked, InWorkers, OverTheBridge, Real, Staged
from tests.support.keyframe import key_frame
from tests.support.news import (
    Flowing,
    Interrupted,
    Lost,
    News,
    Over,
    Resumed,
    Showing,
    Up,
    news,
)

UP, DOWN = Direction.UP, Direction.DOWN
BOTH = frozenset({"audio", "video"})


@pytest.fixture(params=[Faked, Real, InWorkers, OverTheBridge])
async def staged(
    request: pytest.FixtureRequest, caplog: pytest.LogCaptureFixture
) -> AsyncIterator[Staged]:
    before = asyncio.all_tasks()
    made: Staged = request.param()
    await made.start()
    yield made
    unheard = made.events.qsize()
    await made.close()
    assert unheard == 0, "each test hears all that there is to hear"
    assert [r for r in caplog.records if r.levelno >= logging.WARNING] == []
    assert asyncio.all_tasks() - before - {asyncio.current_task()} == set()


class Onlooker:
    """A tap that writes down what it is told."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def take(self, packet: TappedPacket) -> None:
        self.seen.append(f"{packet.direction} {packet.kind}")

    def parted(self) -> None:
        self.seen.append("parted")

    def link_closed(self) -> None:
        self.seen.append("link closed")

    def told(self) -> list[str]:
        seen, self.seen = self.seen, []
        return seen


# a link's life


async def test_a_link_comes_up_after_the_users_offer(staged: Staged) -> None:
    plane = staged.plane
    assert await staged.state("ann") is LinkState.NONE
    answer = await staged.answer("ann", staged.offer("ann"))
    assert await staged.state("ann") is LinkState.CONNECTING
    await staged.come_up("ann", answer)
    await staged.hears(Up("ann"))
    assert await staged.state("ann") is LinkState.UP
    plane.close_link("ann")
    assert await staged.state("ann") is LinkState.NONE
    await staged.hears_nothing()


async def test_a_link_comes_up_after_an_answer_to_the_planes_offer(staged: Staged) -> None:
    plane = staged.plane
    reply = staged.reply("ann", await staged.offer_to("ann"))
    assert await staged.state("ann") is LinkState.CONNECTING
    await plane.accept("ann", reply)
    assert await staged.state("ann") is LinkState.CONNECTING
    await staged.come_up("ann")
    await staged.hears(Up("ann"))
    assert await staged.state("ann") is LinkState.UP


async def test_how_far_a_link_has_come_is_told_until_it_is_up(staged: Staged) -> None:
    plane = staged.plane
    assert await plane.trace("ann") is None
    await staged.offer_to("ann")
    assert await plane.trace("ann") is None, "the user has said nothing"
    answer = await staged.answer("ann", staged.offer("ann"))
    trace = await plane.trace("ann")
    assert trace is not None
    assert (trace.checked, trace.proven, trace.dtls) == ((), (), "none")
    await staged.come_up("ann", answer)
    await staged.hears(Up("ann"))
    assert await plane.trace("ann") is None
    plane.close_link("ann")
    assert await plane.trace("ann") is None


async def test_everybody_who_subscribed_hears_of_everything_in_order(staged: Staged) -> None:
    also: list[News] = []
    staged.plane.subscribe(lambda event: also.append(news(event)))
    await staged.couple()
    await staged.send("ann")
    staged.leave("ann")
    rest: list[News] = [Flowing("bob"), Lost("ann", "closed")]
    await staged.hears(*rest)
    assert also == [Up("ann"), Up("bob"), *rest]


async def test_closing_what_is_not_there_is_harmless(staged: Staged) -> None:
    staged.plane.close_link("nobody")
    await staged.offer_to("ann")
    for _ in range(2):
        staged.plane.close_link("ann")
        assert await staged.state("ann") is LinkState.NONE
    await staged.hears_nothing()


async def test_a_link_that_its_peer_closes_is_lost(staged: Staged) -> None:
    await staged.couple()
    staged.leave("ann")
    await staged.hears(Lost("ann", "closed"))
    assert await staged.state("ann") is LinkState.NONE
    assert await staged.state("bob") is LinkState.UP


async def test_a_link_without_consent_is_lost(staged: Staged) -> None:
    await staged.couple()
    await staged.fall_silent("ann")
    await staged.hears(Lost("ann", "silent"))
    assert await staged.state("ann") is LinkState.NONE
    assert await staged.state("bob") is LinkState.UP


async def test_a_link_that_does_not_come_up_is_lost(staged: Staged) -> None:
    await staged.connect("bob")
    answer = await staged.answer("ann", staged.offer("ann"))
    await staged.fail("ann", answer)
    await staged.hears(Lost("ann", "failed"))
    assert await staged.state("ann") is LinkState.NONE
    assert await staged.state("bob") is LinkState.UP


async def test_who_causes_too_much_for_long_is_told_of_and_keeps_the_link(staged: Staged) -> None:
    await staged.couple()
    await staged.repeat_checks("ann")
    await staged.hears(Over("ann", "checks"))
    assert await staged.state("ann") is LinkState.UP


async def test_a_user_of_whom_nothing_comes_is_interrupted_until_something_comes(
    staged: Staged,
) -> None:
    await staged.couple()
    for _ in range(2):
        await staged.be_interrupted("ann")
        await staged.hears(Interrupted("ann"))
        assert await staged.state("ann") is LinkState.UP
        await staged.resume("ann")
        await staged.hears(Resumed("ann"))


async def test_an_interrupted_link_ends_as_any_other_and_the_next_one_begins_anew(
    staged: Staged,
) -> None:
    await staged.couple()
    await staged.be_interrupted("ann")
    staged.leave("ann")
    await staged.hears(Interrupted("ann"), Lost("ann", "closed"))
    await staged.connect("ann")
    await staged.hears_nothing()


async def test_who_is_interrupted_may_come_with_another_link(staged: Staged) -> None:
    await staged.couple()
    await staged.be_interrupted("ann")
    await staged.hears(Interrupted("ann"))
    await staged.connect("ann")
    await staged.hears_nothing()


async def test_it_is_told_which_link_is_interrupted(staged: Staged) -> None:
    seen: list[MediaEvent] = []
    await staged.couple()
    staged.plane.subscribe(seen.append)
    await staged.be_interrupted("ann")
    await staged.resume("ann")
    await staged.hears(Interrupted("ann"), Resumed("ann"))
    link_id = staged.taken["ann"].link_id
    assert seen == [LinkInterrupted("ann", link_id), LinkResumed("ann", link_id)]


async def test_the_first_picture_is_told_once_for_each_partner(staged: Staged) -> None:
    seen: list[MediaEvent] = []
    staged.plane.subscribe(seen.append)
    await staged.couple()
    await staged.send("ann")
    await staged.hears(Flowing("bob"))
    for mark in (1, 2):
        await staged.show("ann", key_frame(mark))
    await staged.hears(Showing("bob"))
    await staged.connect("cid")
    staged.plane.pair("ann", "cid")
    await staged.show("ann", key_frame(3))
    await staged.hears(Flowing("cid"), Showing("cid"))
    told = [event for event in seen if isinstance(event, PictureFlowing)]
    assert told == [PictureFlowing("bob", "ann"), PictureFlowing("cid", "ann")]


async def test_events_tell_of_which_link_and_of_which_partner_they_are(staged: Staged) -> None:
    seen: list[MediaEvent] = []
    staged.plane.subscribe(seen.append)
    await staged.couple()
    await staged.send("ann")
    staged.leave("ann")
    await staged.hears(Flowing("bob"), Lost("ann", "closed"))
    anns, bobs = staged.taken["ann"].link_id, staged.taken["bob"].link_id
    assert seen == [
        LinkUp("ann", anns),
        LinkUp("bob", bobs),
        MediaFlowing("bob", "ann"),
        LinkLost("ann", anns, "closed"),
    ]


async def test_a_lost_link_may_be_followed_by_another(staged: Staged) -> None:
    await staged.connect("ann")
    staged.leave("ann")
    await staged.hears(Lost("ann", "closed"))
    await staged.connect("ann")
    assert await staged.state("ann") is LinkState.UP


# descriptions


async def test_an_offer_that_cannot_be_used_opens_no_link(staged: Staged) -> None:
    with pytest.raises(SdpError):
        await staged.answer("ann", "bad")
    assert await staged.state("ann") is LinkState.NONE


async def test_an_offer_that_cannot_be_used_leaves_a_link_as_it_was(staged: Staged) -> None:
    await staged.couple()
    with pytest.raises(SdpError):
        await staged.answer("ann", "bad")
    assert await staged.state("ann") is LinkState.UP
    await staged.send("ann")
    await staged.hears(Flowing("bob"))


async def test_an_answer_that_cannot_be_used_may_be_followed_by_a_better_one(
    staged: Staged,
) -> None:
    reply = staged.reply("ann", await staged.offer_to("ann"))
    with pytest.raises(SdpError):
        await staged.plane.accept("ann", "bad")
    assert await staged.state("ann") is LinkState.CONNECTING
    await staged.plane.accept("ann", reply)
    await staged.come_up("ann")
    await staged.hears(Up("ann"))


async def test_an_answer_needs_an_offer(staged: Staged) -> None:
    reply = staged.reply("ann", await staged.offer_to("bob"))
    with pytest.raises(SdpError):
        await staged.plane.accept("ann", reply)
    assert await staged.state("ann") is LinkState.NONE
    await staged.connect("ann")
    with pytest.raises(SdpError):
        await staged.plane.accept("ann", reply)
    assert await staged.state("ann") is LinkState.UP


async def test_an_offer_has_one_answer(staged: Staged) -> None:
    reply = staged.reply("ann", await staged.offer_to("ann"))
    await staged.plane.accept("ann", reply)
    with pytest.raises(SdpError):
        await staged.plane.accept("ann", reply)
    assert await staged.state("ann") is LinkState.CONNECTING


async def test_an_offer_of_the_users_takes_the_place_of_the_planes(staged: Staged) -> None:
    reply = staged.reply("ann", await staged.offer_to("ann"))
    await staged.connect("ann")
    with pytest.raises(SdpError):
        await staged.plane.accept("ann", reply)


async def test_another_offer_of_the_same_connection_leaves_the_link_up(staged: Staged) -> None:
    await staged.couple()
    await staged.send("ann")
    await staged.hears(Flowing("bob"))
    before = staged.taken["ann"]
    again = await staged.plane.answer("ann", staged.offer_again("ann", ["audio"]))
    assert await staged.state("ann") is LinkState.UP
    assert again.sends == frozenset({"audio"})
    assert again.link_id == before.link_id
    await staged.send("ann")
    await staged.hears_nothing()


async def test_an_offer_of_a_new_connection_replaces_the_link_and_not_the_partner(
    staged: Staged,
) -> None:
    await staged.couple()
    before = staged.taken["ann"]
    await staged.send("ann")
    await staged.hears(Flowing("bob"))
    answer = await staged.answer("ann", staged.offer("ann"))
    assert await staged.state("ann") is LinkState.CONNECTING
    await staged.come_up("ann", answer)
    await staged.hears(Up("ann"))
    assert staged.taken["ann"].link_id != before.link_id
    await staged.send("ann")
    await staged.hears(Flowing("bob"))


async def test_an_offer_of_the_planes_replaces_the_link(staged: Staged) -> None:
    await staged.connect("ann")
    before = staged.taken["ann"]
    await staged.offer_to("ann")
    assert await staged.state("ann") is LinkState.CONNECTING
    assert staged.taken["ann"].link_id != before.link_id
    await staged.hears_nothing()


@pytest.mark.parametrize("kinds", [["audio"], ["video"], ["audio", "video"]])
async def test_what_a_user_sends_is_what_its_description_says(
    staged: Staged, kinds: list[str]
) -> None:
    taken = await staged.plane.answer("ann", staged.offer("ann", kinds))
    assert taken.sends == frozenset(kinds)
    offered = await staged.plane.offer("bob")
    assert offered.sends == frozenset()
    accepted = await staged.plane.accept("bob", staged.reply("bob", offered.sdp))
    assert (accepted.link_id, accepted.sends) == (offered.link_id, BOTH)


@pytest.mark.parametrize("is_local", [True, False])
async def test_loopback_is_announced_to_those_on_this_machine(
    staged: Staged, is_local: bool
) -> None:
    answer = await staged.answer("ann", staged.offer("ann"), is_local=is_local)
    offer = await staged.offer_to("bob", is_local=is_local)
    assert staged.announces_loopback("ann", answer) is is_local
    assert staged.announces_loopback("bob", offer) is is_local


# pairs


async def test_media_flow_between_two_who_are_paired_when_their_links_are_up(
    staged: Staged,
) -> None:
    await staged.connect("ann")
    await staged.connect("bob")
    await staged.send("ann")
    staged.plane.pair("ann", "bob")
    await staged.hears_nothing()
    await staged.send("ann")
    await staged.hears(Flowing("bob"))
    await staged.send("bob")
    await staged.hears(Flowing("ann"))


async def test_media_flow_between_two_who_were_paired_before(staged: Staged) -> None:
    staged.plane.pair("ann", "bob")
    await staged.connect("ann")
    await staged.send("ann")
    await staged.connect("bob")
    await staged.send("ann")
    await staged.hears(Flowing("bob"))


async def test_a_flow_begins_once(staged: Staged) -> None:
    await staged.couple()
    for _ in range(3):
        await staged.send("ann")
    await staged.hears(Flowing("bob"))
    await staged.hears_nothing()


async def test_it_begins_anew_with_each_partner(staged: Staged) -> None:
    await staged.couple()
    await staged.connect("cid")
    await staged.send("ann")
    staged.plane.unpair("ann")
    staged.plane.pair("bob", "cid")
    await staged.send("cid")
    staged.plane.unpair("cid")
    staged.plane.pair("bob", "cid")
    await staged.send("cid")
    await staged.hears(Flowing("bob"), Flowing("bob"), Flowing("bob"))


async def test_pairing_anew_parts_both_from_those_they_had(staged: Staged) -> None:
    for user in ("ann", "bob", "cid", "dan"):
        await staged.connect(user)
    staged.plane.pair("ann", "bob")
    staged.plane.pair("cid", "dan")
    staged.plane.pair("bob", "cid")
    for alone in ("ann", "dan"):
        await staged.send(alone)
        staged.plane.unpair(alone)
    await staged.hears_nothing()
    await staged.send("bob")
    await staged.send("cid")
    await staged.hears(Flowing("cid"), Flowing("bob"))


async def test_the_same_two_may_be_paired_again(staged: Staged) -> None:
    await staged.couple()
    await staged.send("ann")
    staged.plane.pair("bob", "ann")
    await staged.send("ann")
    await staged.hears(Flowing("bob"), Flowing("bob"))


async def test_after_parting_nothing_flows(staged: Staged) -> None:
    await staged.couple()
    staged.plane.unpair("bob")
    await staged.send("ann")
    await staged.send("bob")
    await staged.hears_nothing()
    assert await staged.state("ann") is LinkState.UP
    assert await staged.state("bob") is LinkState.UP


async def test_parting_those_who_are_not_paired_is_harmless(staged: Staged) -> None:
    staged.plane.unpair("nobody")
    await staged.couple()
    staged.plane.unpair("ann")
    staged.plane.unpair("ann")
    staged.plane.unpair("bob")
    await staged.hears_nothing()


async def test_a_pair_outlives_a_link(staged: Staged) -> None:
    await staged.couple()
    await staged.send("bob")
    await staged.hears(Flowing("ann"))
    staged.leave("bob")
    await staged.hears(Lost("bob", "closed"))
    await staged.send("ann")
    await staged.connect("bob")
    await staged.send("ann")
    await staged.hears(Flowing("bob"))
    await staged.send("bob")
    await staged.hears(Flowing("ann"))


# with oneself


async def test_who_is_paired_with_itself_gets_what_it_sends(staged: Staged) -> None:
    await staged.connect("ann")
    await staged.connect("bob")
    staged.plane.pair("ann", "ann")
    await staged.send("ann")
    await staged.hears(Flowing("ann"))
    sounds = [t for t in (await staged.plane.look()).tracks if t.kind == "audio"]
    up, down = sorted(sounds, key=lambda track: track.direction != UP)
    assert (up.counterpart_id, down.counterpart_id) == (down.id, up.id)
    staged.plane.unpair("ann")
    await staged.send("ann")
    staged.plane.pair("ann", "bob")
    await staged.send("ann")
    await staged.hears(Flowing("bob"))


async def test_who_was_paired_with_itself_before_gets_it_when_the_link_is_up(
    staged: Staged,
) -> None:
    tap = Onlooker()
    staged.plane.pair("ann", "ann")
    await staged.connect("ann")
    staged.plane.tap("ann", UP, tap)
    await staged.send("ann")
    await staged.hears(Flowing("ann"))
    for direction in Direction:
        staged.plane.request_keyframe("ann", direction)
    await staged.connect("ann")
    await staged.send("ann")
    await staged.hears(Flowing("ann"))
    staged.plane.pair("ann", "ann")
    await staged.settle()
    assert tap.told() == ["up audio", "link closed", "up audio", "parted"]
    staged.plane.close_link("ann")
    staged.plane.unpair("ann")
    await staged.hears_nothing()


# what operators see


async def test_there_is_a_view_of_each_link(staged: Staged) -> None:
    assert (await staged.plane.look()).links == []
    await staged.couple()
    await staged.offer_to("cid")
    links = {link.user_id: link for link in (await staged.plane.look()).links}
    states = {user: link.state for user, link in links.items()}
    assert states == {"ann": LinkState.UP, "bob": LinkState.UP, "cid": LinkState.CONNECTING}
    assert len({link.link_id for link in links.values()}) == 3
    for user in links:
        staged.plane.close_link(user)
    assert (await staged.plane.look()).links == []


async def test_there_is_a_track_at_each_end_of_what_flows(staged: Staged) -> None:
    await staged.couple()
    expected = {(t.user_id, t.direction, t.kind) for t in (await staged.plane.look()).tracks}
    assert expected == {(u, DOWN, kind) for u in ("ann", "bob") for kind in ("audio", "video")}
    await staged.send("ann")
    await staged.hears(Flowing("bob"))
    tracks = {
        (t.user_id, Direction(t.direction), t.kind): t for t in (await staged.plane.look()).tracks
    }
    assert tracks.keys() == expected | {("ann", UP, "audio")}
    up, down = tracks["ann", UP, "audio"], tracks["bob", DOWN, "audio"]
    assert (up.counterpart_id, down.counterpart_id) == (down.id, up.id)
    assert tracks["ann", DOWN, "audio"].counterpart_id is None
    links = {link.user_id: link.link_id for link in (await staged.plane.look()).links}
    assert (up.link_id, down.link_id) == (links["ann"], links["bob"])


async def test_tracks_go_nowhere_after_parting_and_end_with_their_link(staged: Staged) -> None:
    await staged.couple()
    await staged.send("ann")
    await staged.hears(Flowing("bob"))
    staged.plane.unpair("ann")
    tracks = {
        (t.user_id, t.direction): t.counterpart_id for t in (await staged.plane.look()).tracks
    }
    assert tracks == {("ann", UP): None, ("bob", DOWN): None}
    staged.plane.close_link("ann")
    assert [track.user_id for track in (await staged.plane.look()).tracks] == ["bob"]
    staged.plane.close_link("bob")
    assert (await staged.plane.look()).tracks == []


async def test_links_packets_and_losses_are_counted(staged: Staged) -> None:
    stats = staged.plane.stats
    assert ((await stats()).listening, (await stats()).links) == (True, 0)
    assert (await stats()).link_losses == {"closed": 0, "silent": 0, "failed": 0}
    await staged.couple()
    assert (await stats()).links == 2
    before = await stats()
    await staged.send("ann")
    await staged.hears(Flowing("bob"))
    assert (await stats()).packets_forwarded == before.packets_forwarded + 1
    assert (await stats()).packets_received > before.packets_received
    staged.plane.close_link("bob")
    staged.leave("ann")
    await staged.hears(Lost("ann", "closed"))
    assert (await stats()).link_losses == {"closed": 1, "silent": 0, "failed": 0}
    assert (await stats()).links == 0


async def test_key_frames_are_asked_of_nobody_without_harm(staged: Staged) -> None:
    for direction in Direction:
        staged.plane.request_keyframe("nobody", direction)
    await staged.connect("ann")
    for direction in Direction:
        staged.plane.request_keyframe("ann", direction)
    await staged.connect("bob")
    staged.plane.pair("ann", "bob")
    for direction in Direction:
        staged.plane.request_keyframe("ann", direction)
    await staged.hears_nothing()


# taps


async def test_a_tap_sees_what_the_user_sends_or_receives(staged: Staged) -> None:
    await staged.couple()
    taps = {direction: Onlooker() for direction in Direction}
    for direction, tap in taps.items():
        staged.plane.tap("ann", direction, tap)
    await staged.send("ann")
    await staged.settle()
    assert (taps[UP].told(), taps[DOWN].told()) == (["up audio"], [])
    await staged.send("bob")
    await staged.settle()
    assert (taps[UP].told(), taps[DOWN].told()) == ([], ["down audio"])
    await staged.hears(Flowing("bob"), Flowing("ann"))


async def test_a_tap_sees_nothing_after_its_end(staged: Staged) -> None:
    await staged.couple()
    ended, other = Onlooker(), Onlooker()
    for tap in (ended, other):
        staged.plane.tap("ann", UP, tap)
    staged.plane.untap("ann", UP, ended)
    await staged.send("ann")
    await staged.hears(Flowing("bob"))
    staged.plane.unpair("ann")
    staged.plane.close_link("ann")
    await staged.settle()
    assert ended.told() == []
    assert other.told() == ["up audio", "parted", "link closed"]


async def test_ending_what_is_no_tap_is_harmless(staged: Staged) -> None:
    tap = Onlooker()
    staged.plane.untap("nobody", UP, tap)
    staged.plane.tap("ann", UP, tap)
    staged.plane.untap("ann", DOWN, tap)
    staged.plane.untap("bob", UP, tap)
    staged.plane.untap("ann", UP, Onlooker())
    await staged.couple()
    await staged.send("ann")
    await staged.hears(Flowing("bob"))
    await staged.settle()
    assert tap.told() == ["up audio"], "it is one still"


async def test_a_tap_is_there_before_the_link_and_stays_for_the_next(staged: Staged) -> None:
    tap = Onlooker()
    staged.plane.tap("ann", UP, tap)
    await staged.couple()
    await staged.send("ann")
    await staged.hears(Flowing("bob"))
    await staged.settle()
    assert tap.told() == ["up audio"]
    await staged.connect("ann")
    await staged.settle()
    assert tap.told() == ["link closed"]
    await staged.send("ann")
    await staged.hears(Flowing("bob"))
    await staged.settle()
    assert tap.told() == ["up audio"]


async def test_taps_on_either_are_told_that_the_two_part(staged: Staged) -> None:
    of_ann, of_bob = Onlooker(), Onlooker()
    staged.plane.tap("ann", UP, of_ann)
    staged.plane.tap("bob", DOWN, of_bob)
    staged.plane.pair("ann", "bob")
    await staged.settle()
    assert (of_ann.told(), of_bob.told()) == ([], [])
    staged.plane.unpair("bob")
    await staged.settle()
    assert (of_ann.told(), of_bob.told()) == (["parted"], ["parted"])
    staged.plane.unpair("bob")
    await staged.settle()
    assert (of_ann.told(), of_bob.told()) == ([], [])


@pytest.mark.parametrize("pair", [("ann", "cid"), ("cid", "ann"), ("bob", "cid"), ("cid", "bob")])
async def test_a_tap_is_told_when_its_user_or_the_partner_is_paired_anew(
    staged: Staged, pair: tuple[str, str]
) -> None:
    tap = Onlooker()
    staged.plane.pair("ann", "bob")
    staged.plane.tap("ann", UP, tap)
    staged.plane.pair(*pair)
    await staged.settle()
    assert tap.told() == ["parted"]


async def test_a_tap_for_another_partner_is_told_at_once(staged: Staged) -> None:
    in_time, too_late, alone, any_partner = Onlooker(), Onlooker(), Onlooker(), Onlooker()
    staged.plane.pair("ann", "bob")
    staged.plane.tap("ann", UP, in_time, "bob")
    staged.plane.tap("ann", UP, too_late, "cid")
    staged.plane.tap("dan", UP, alone, "cid")
    staged.plane.tap("ann", UP, any_partner)
    await staged.settle()
    assert [tap.told() for tap in (in_time, too_late, alone, any_partner)] == [
        [],
        ["parted"],
        ["parted"],
        [],
    ]


async def test_a_tap_is_told_when_the_link_closes_and_not_that_the_two_part(
    staged: Staged,
) -> None:
    of_ann, of_bob = Onlooker(), Onlooker()
    await staged.couple()
    staged.plane.tap("ann", DOWN, of_ann)
    staged.plane.tap("bob", DOWN, of_bob)
    staged.plane.close_link("ann")
    staged.plane.close_link("ann")
    await staged.settle()
    assert (of_ann.told(), of_bob.told()) == (["link closed"], [])


async def test_a_tap_is_told_of_a_lost_link_before_anybody_else(staged: Staged) -> None:
    tap = Onlooker()
    await staged.connect("ann")
    staged.plane.tap("ann", UP, tap)
    staged.plane.subscribe(lambda event: tap.seen.append(type(event).__name__))
    staged.leave("ann")
    await staged.hears(Lost("ann", "closed"))
    await staged.settle()
    assert tap.told() == ["link closed", "LinkLost"]


# pictures that are kept


async def test_nothing_is_kept_while_nobody_has_asked_for_it(staged: Staged) -> None:
    await staged.couple()
    await staged.show("ann", key_frame(1))
    await staged.hears(Flowing("bob"), Showing("bob"))
    assert await staged.plane.kept("ann") is None


async def test_the_last_picture_of_each_user_is_kept(staged: Staged) -> None:
    staged.plane.keep(on=True)
    await staged.couple()
    for mark in (1, 2):
        await staged.show("ann", key_frame(mark))
    await staged.show("bob", key_frame(3, size=5000))
    await staged.hears(Flowing("bob"), Showing("bob"), Flowing("ann"), Showing("ann"))
    of_ann, of_bob = await staged.plane.kept("ann"), await staged.plane.kept("bob")
    assert of_ann is not None
    assert of_bob is not None
    assert (of_ann.frame, of_bob.frame) == (key_frame(2), key_frame(3, size=5000))
    assert (of_ann.width, of_ann.height, of_ann.partner_id) == (320, 240, "bob")
    assert 0 <= of_ann.age_s < 60
    assert (await staged.plane.kept("ann", None, 60.0)) is not None
    assert (await staged.plane.kept("ann", "bob", -1.0)) is None
    assert await staged.plane.kept("cid") is None


async def test_it_is_kept_after_the_two_have_parted(staged: Staged) -> None:
    staged.plane.keep(on=True)
    await staged.couple()
    await staged.connect("cid")
    await staged.show("ann", key_frame(1))
    staged.plane.unpair("bob")
    assert (kept := await staged.plane.kept("ann", "bob")) is not None
    assert kept.frame == key_frame(1)
    assert await staged.plane.kept("ann", "cid") is None
    staged.plane.pair("ann", "cid")
    await staged.show("ann", key_frame(2))
    await staged.hears(Flowing("bob"), Showing("bob"), Flowing("cid"), Showing("cid"))
    for partner, mark in (("bob", 1), ("cid", 2), (None, 2)):
        assert (kept := await staged.plane.kept("ann", partner)) is not None
        assert kept.frame == key_frame(mark), partner


async def test_it_is_kept_from_when_it_is_asked_for_until_it_is_no_longer(staged: Staged) -> None:
    await staged.couple()
    await staged.show("ann", key_frame(1))
    await staged.hears(Flowing("bob"), Showing("bob"))
    staged.plane.keep(on=True)
    assert await staged.plane.kept("ann") is None
    await staged.show("ann", key_frame(2))
    assert (kept := await staged.plane.kept("ann")) is not None
    assert kept.frame == key_frame(2)
    staged.plane.keep(on=True)
    assert await staged.plane.kept("ann") is not None, "it was asked for already"
    staged.plane.keep(on=False)
    assert await staged.plane.kept("ann") is None
    await staged.show("ann", key_frame(3))
    assert await staged.plane.kept("ann") is None


async def test_what_comes_back_to_its_sender_is_not_kept(staged: Staged) -> None:
    staged.plane.keep(on=True)
    await staged.connect("ann")
    staged.plane.pair("ann", "ann")
    await staged.show("ann", key_frame(1))
    await staged.hears(Flowing("ann"), Showing("ann"))
    assert await staged.plane.kept("ann") is None
