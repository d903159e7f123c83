"""Two users on different nodes meet: all is as on one node. How offers go is another story."""

import asyncio
from dataclasses import replace

import pytest

from relay.cluster.messages import Accepted, Declined, Flowing, Linked, Offer, Parted
from relay.matching import State
from relay.plane import LinkState
from relay.protocol.messages import Block, Report, Shown, WaitingForPartner
from relay.records import Party as Who
from relay.safety import Identity
from relay.signaling.limits import Limits
from relay.signaling.mailbox import RoomEnded
from relay.signaling.outbox import CLOSE_RIGHT_BACK
from relay.signaling.sessions import MISSED_S
from tests.support.parties import Parties
from tests.support.party import Party, User, taken, until

AWAY, BACK = "partner_connection: interrupted", "partner_connection: back"


def room_of(user: User) -> str:
    assert user.session.call is not None
    return user.session.call.room.room_id


async def ready(party: Party, name: str, *interests: str) -> User:
    """One whose link is up, and who searches; nothing unheard."""
    user = party.come(name, identity=Identity(f"{name}'s"))
    await user.offer()
    await user.come_up()
    await user.find(*interests)
    return user


async def test_they_meet_and_their_links_are_joined() -> None:
    parties = Parties("a", "b")
    ann = parties["a"].come("ann")
    bob = parties["b"].come("bob")
    for user in (ann, bob):
        await user.offer()
        await user.come_up()
    assert await ann.find() == ["waiting_for_partner"]
    assert await bob.find() == ["partner_found, initiator"]
    assert ann.hear() == ["partner_found, not initiator"]
    assert parties.told(Offer) == [("b", "a")]
    assert room_of(ann) == room_of(bob)
    number = int(room_of(ann)[:12], 16)
    assert parties["a"].plane.across == {"ann": ("bob", "b", number)}
    assert parties["b"].plane.across == {"bob": ("ann", "a", number)}
    assert parties["a"].plane.told.keys() == {"bob"}
    assert parties["b"].plane.told.keys() == {"ann"}
    assert await parties["a"].waiting() == 0
    assert (await parties["a"].rooms(), await parties["b"].rooms()) == (1, 1)


async def test_who_waits_hears_how_many_there_are_at_all_nodes() -> None:
    parties = Parties("a", "b")
    for number in range(3):
        parties["b"].come(f"bob {number}")
    ann = parties["a"].come("ann")
    ann.put_find()
    await parties.settle()
    await parties["b"].users["bob 1"].vanish()
    await parties.pass_time(5)
    heard = taken(ann.session.outbox)
    assert [one.online for one in heard if isinstance(one, WaitingForPartner)] == [4, 3]


async def test_two_of_one_node_need_no_other() -> None:
    parties = Parties("a", "b")
    ann, cid = await ready(parties["a"], "ann"), await ready(parties["a"], "cid")
    assert (ann.partner, cid.partner) == ("cid", "ann")
    assert parties.between.said == []
    assert parties["a"].plane.across == {}


async def test_media_that_reaches_one_is_a_call_for_both() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    assert (ann.state, bob.state) == (State.MATCHED, State.MATCHED)
    parties["a"].plane.flow("ann")
    assert (ann.state, bob.state) == (State.IN_CALL, State.IN_CALL)
    parties["b"].plane.flow("bob")
    assert parties.told(Flowing) == [("a", "b")], "once is enough"


async def test_they_talk() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    assert await ann.chat("hello", "7") == []
    assert bob.hear() == ["chat_message: hello"]
    assert await bob.show("7") == []
    assert ann.hear() == ["chat_received: 7"]
    await bob.show("7")
    await bob.show("8")
    assert ann.hear() == [], "each that there was, once"
    await bob.type()
    assert ann.hear() == ["typing: on"]
    await ann.turn(audio=False, video=True)
    assert bob.hear() == ["media_state: audio off, video on"]
    await ann.say(Shown())
    assert bob.hear() == ["shown"]


async def test_what_one_says_before_it_has_a_partner_is_told_when_they_meet() -> None:
    parties = Parties("a", "b")
    ann = await ready(parties["a"], "ann")
    await ann.turn(audio=True, video=False)
    bob = parties["b"].come("bob")
    await bob.turn(audio=False, video=False)
    ann.hear()
    heard = await bob.find()
    assert heard[0] == "partner_found, initiator"
    assert "media_state: audio on, video off" in heard
    assert ann.hear() == [
        "partner_found, not initiator",
        "media_state: audio off, video off",
    ]


async def test_who_has_no_media_chats_with_one_who_has() -> None:
    parties = Parties("a", "b")
    await ready(parties["a"], "ann")
    bob = parties["b"].come("bob")
    assert await bob.offer("bad") == ["error: bad_sdp"]
    await bob.find()
    ann = parties["a"].users["ann"]
    assert ann.hear()[-1] == "media_state: audio off, video off"
    await bob.chat("I have no camera")
    assert ann.hear() == ["chat_message: I have no camera"]


async def test_interests_are_shared_and_each_hears_them_as_it_has_written_them() -> None:
    parties = Parties("a", "b")
    ann = parties["a"].come("ann")
    bob = parties["b"].come("bob")
    await ann.find("Tea", "Chess")
    assert await bob.find("TEA") == ["partner_found, initiator, TEA"]
    assert "partner_found, not initiator, Tea" in ann.hear()


async def test_next_leaves_and_both_meet_others() -> None:
    parties = Parties("a", "b", "c")
    ann, bob = await parties.pair()
    cid = await ready(parties["c"], "cid")
    assert await ann.next() == ["partner_found, initiator"]
    assert bob.hear() == ["partner_left"]
    assert (ann.partner, cid.partner, bob.state) == ("cid", "ann", State.CONNECTED)
    assert parties["b"].plane.pairs == {}
    assert parties["a"].plane.across["ann"][:2] == ("cid", "c")
    assert await bob.find() == ["waiting_for_partner"]


async def test_two_who_have_parted_are_kept_apart_for_a_while() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    await ann.next()
    await bob.find()
    assert (ann.partner, bob.partner) == (None, None)
    await parties.pass_time(5)
    assert (ann.partner, bob.partner) == ("bob", "ann")


@pytest.mark.parametrize("who", ["ann", "bob"])
@pytest.mark.parametrize(
    ("how", "farewell"), [("stop", "partner_left"), ("vanish", "partner_disconnected")]
)
async def test_whoever_goes_the_other_hears_why(who: str, how: str, farewell: str) -> None:
    parties = Parties("a", "b")
    users = dict(zip(("ann", "bob"), await parties.pair(), strict=True))
    goes = users.pop(who)
    (stays,) = users.values()
    await getattr(goes, how)()
    assert stays.hear() == [farewell]
    assert stays.state is State.CONNECTED
    assert [party.plane.pairs for party in parties.nodes.values()] == [{}, {}]
    assert await parties["a"].rooms() == await parties["b"].rooms() == 0
    assert [len(party.lobby.rooms(0)) for party in parties.nodes.values()] == [0, 0]


async def test_a_link_that_fails_ends_the_room_for_both() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    assert await ann.lose_link("silent") == ["error: media_failed"]
    assert bob.hear() == ["partner_disconnected"]


async def test_interruptions_of_a_link_are_told() -> None:
    parties = Parties("a", "b")
    _, bob = await parties.pair()
    parties["a"].plane.interrupt("ann")
    assert bob.hear() == [AWAY]
    parties["a"].plane.resume("ann")
    assert bob.hear() == [BACK]


async def test_media_that_is_lost_with_its_process_comes_back() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    former = parties["b"].plane.told["ann"]
    assert await ann.lose_link("restarted") == ["offer_again: media_restarted"]
    await ann.offer("another offer")
    await ann.come_up()
    assert parties["b"].plane.told["ann"] != former
    assert ("a", "b") in parties.told(Linked)
    assert bob.hear() == []
    assert ann.partner == "bob"


@pytest.mark.parametrize("node", ["a", "b"])
async def test_plain_clients_meet_as_on_one_node(node: str) -> None:
    """Who came first is invited, who came second offers, wherever that is."""
    parties = Parties("a", "b")
    first = parties[node].come("ann")
    second = parties["b" if node == "a" else "a"].come("bob")
    assert await first.find() == ["waiting_for_partner"]
    assert await second.find() == ["partner_found, initiator"]
    assert first.hear() == ["partner_found, not initiator", "webrtc_offer: offer to ann"]
    await first.answer()
    await second.offer()
    await first.come_up()
    await second.come_up()
    assert (first.link, second.link) == (LinkState.UP, LinkState.UP)
    assert [len(party.plane.told) for party in parties.nodes.values()] == [1, 1]
    first.party.plane.flow("ann")
    assert second.state is State.IN_CALL


# away


async def test_who_is_away_is_missed_and_comes_back() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair(can_resume=True)
    await ann.lose_socket()
    guest = bob.session.call.guest if bob.session.call is not None else None
    assert guest is not None
    assert guest.is_away
    await parties.pass_time(MISSED_S)
    assert bob.hear() == [AWAY]
    await bob.chat("are you there?")
    assert await ann.come_back() == ["chat_message: are you there?"]
    assert bob.hear() == [BACK]
    assert not guest.is_away


async def test_who_does_not_come_back_has_vanished() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair(can_resume=True)
    await ann.lose_socket(CLOSE_RIGHT_BACK)
    await parties.pass_time(60)
    assert bob.hear() == [AWAY, "partner_disconnected"]
    assert bob.state is State.CONNECTED


async def test_of_two_who_are_away_one_may_go_to_make_room() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair(can_resume=True)
    await ann.lose_socket()
    await parties.pass_time(MISSED_S)
    assert parties["a"].sessions.expendable() is None, "bob waits for her"
    await bob.lose_socket()
    assert parties["a"].sessions.expendable() is ann.session


# what is said to somebody slow


async def test_a_slow_partner_is_not_cut_off_and_who_speaks_hears_of_it() -> None:
    parties = Parties("a", "b", limits=Limits(max_unsent_remarks_bytes=20_000, max_faults=1))
    ann, bob = await parties.pair()
    said = [await ann.chat("🙂" * 2000, str(number)) for number in range(5)]
    assert said == [[], [], [], *[[f"error: rate_limited, chat {n}"] for n in (3, 4)]]
    assert bob.session.outbox.closing is None
    assert len(bob.hear()) == 3
    assert await ann.chat("are you there?") == []
    assert bob.hear() == ["chat_message: are you there?"]


# reports


@pytest.mark.parametrize("message", [Report(reason="spam", words="ads"), Block()])
async def test_whom_one_reports_or_blocks_is_left_and_never_met_again(
    message: Report | Block,
) -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    done = "report_received" if isinstance(message, Report) else "blocked"
    assert await ann.say(message) == [done]
    assert bob.hear() == ["partner_left"]
    await bob.find()
    await ann.find()
    await parties.pass_time(120)
    assert (ann.partner, bob.partner) == (None, None)
    await bob.vanish()
    again = parties["b"].come("bob, another time", identity=Identity("bob's"))
    await again.find()
    await parties.pass_time(10)
    assert again.partner is None
    other = await ready(parties["a"], "cid")
    assert other.partner == ann.name, "who has waited longest"


async def test_a_report_says_whom_it_is_about() -> None:
    parties = Parties("a", "b")
    ann, _ = await parties.pair()
    room_id = room_of(ann)
    await ann.say(Report(reason="threat"))
    (report,) = parties["a"].records.all_reports.values()
    assert (report.reporter, report.reported) == (Who("ann's"), Who("bob's"))
    assert report.room_id == room_id


async def test_it_can_be_made_after_the_partner_has_left() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    await bob.stop()
    assert ann.hear() == ["partner_left"]
    assert await ann.say(Report(reason="hate")) == ["report_received"]


async def test_nobody_reports_itself_from_another_node() -> None:
    parties = Parties("a", "b")
    same = Identity("one and the same")
    one, two = parties["a"].come("ann", identity=same), parties["b"].come("bob", identity=same)
    await one.find()
    await two.find()
    two.hear()
    assert await two.say(Report(reason="spam")) == ["error: cannot_report_yourself"]


async def test_a_report_freezes_what_both_have_written() -> None:
    parties = Parties("a", "b", keeps_evidence=True)
    ann, bob = await parties.pair()
    here = parties["a"]
    await bob.chat("look at me")
    await ann.chat("no")
    bob.session.limits = replace(bob.session.limits, max_unsent_remarks=0)  # it is slow
    assert await ann.chat("not heard", "7") == ["error: rate_limited, chat 7"]
    await ann.say(Report(reason="nudity"))
    await until(lambda: not here.freezer._tasks)
    package = here.evidence.opened
    assert [(said.by, said.text) for said in package.chat] == [
        ("reported", "look at me"),
        ("reporter", "no"),
    ]
    assert ("bob", "up") in here.plane.asked("request_keyframe")


async def test_a_suspect_is_blurred_at_the_partners_node() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    assert parties["a"].guard.suspect("ann", room_of(ann), 0.98765) is not None
    assert bob.hear() == ["partner_blurred"]


async def test_the_node_that_sees_somebody_finds_it_suspect() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    room_id, guard = room_of(ann), parties["a"].guard
    assert guard.suspect("bob", room_id, 0.98765) == Identity("bob's")
    assert (ann.hear(), bob.hear()) == (["partner_blurred"], [])
    await bob.next()
    ann.hear()
    assert guard.suspect("bob", room_id, 0.98765) == Identity("bob's"), "who leaves is known, too"
    assert ann.hear() == []
    assert guard.suspect("eve", room_id, 0.98765) is None


# operators


async def test_operators_see_where_the_partner_is() -> None:
    parties = Parties("a", "b")
    ann, _ = await parties.pair()
    await ready(parties["a"], "cid")  # who waits
    lobby = parties["a"].lobby
    (room,) = lobby.rooms(parties["a"].now)
    assert (room.users, room.nodes) == (("ann", "bob"), ("a", "b"))
    assert [user.partner_node for user in lobby.users(0)] == ["b", ""]
    counts = lobby.counts()
    assert (counts.rooms, counts.across) == (1, 1)
    assert [parties[node].lobby.counts().led for node in "ab"] == [1, 0], "in sum it is one room"
    assert parties["b"].lobby.rooms(parties["b"].now)[0].nodes == ("a", "b")
    assert [room.room_id for room in lobby.standing()] == [room_of(ann)]


async def test_a_room_is_counted_once_and_each_wait_where_it_was() -> None:
    parties = Parties("a", "b")
    await parties.pair()
    tallies = [party.lobby.tally for party in parties.nodes.values()]
    assert [tally.matches for tally in tallies] == [0, 1], "bob has found it"
    assert [tally.match_wait.count for tally in tallies] == [1, 1]


@pytest.mark.parametrize("node", ["a", "b"])
async def test_an_operator_ends_a_room_at_either_node(node: str) -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair()
    call = parties[node].lobby.call(room_of(ann))
    assert call is not None
    done = asyncio.Event()
    call.here[0].inbox.put(RoomEnded(call.room.room_id, done))
    await parties.settle()
    assert done.is_set()
    assert ann.hear() == bob.hear() == ["partner_left"]
    assert ann.state is bob.state is State.CONNECTED


# nodes go


async def test_when_a_node_is_lost_its_users_have_vanished_and_others_talk_on() -> None:
    parties = Parties("a", "b", "c")
    ann, _ = await parties.pair()
    dan, eve = await ready(parties["a"], "dan"), await ready(parties["c"], "eve")
    assert (dan.partner, eve.partner) == ("eve", "dan")
    dan.hear()
    eve.hear()
    await parties.pass_time(5)
    await parties.lose("b")
    assert ann.hear() == ["partner_disconnected"]
    assert parties["a"].plane.across.keys() == {"dan"}
    assert (dan.hear(), eve.hear()) == ([], [])
    fay = await ready(parties["c"], "fay")
    await ann.find()
    assert (ann.partner, fay.partner) == ("fay", "ann")


async def test_nobody_is_sent_to_who_waits_at_a_node_that_is_lost() -> None:
    parties = Parties("a", "b", "c")
    await ready(parties["b"], "bob")
    await parties.lose("b")
    ann = await ready(parties["a"], "ann")
    cid = await ready(parties["c"], "cid")
    assert (ann.partner, cid.partner) == ("cid", "ann")
    assert parties["a"].lobby.tally.matches + parties["c"].lobby.tally.matches == 1


async def test_two_nodes_that_cannot_reach_each_other_have_no_rooms_together() -> None:
    parties = Parties("a", "b", "c")
    ann, bob = await parties.pair()
    await parties.pass_time(5)
    parties.between.part("a", "b")
    assert ann.hear() == bob.hear() == ["partner_disconnected"]
    await ann.find()
    await bob.find()
    await parties.pass_time(20)
    assert (ann.partner, bob.partner) == (None, None)
    cid = await ready(parties["c"], "cid")
    assert cid.partner == "ann"
    assert bob.partner is None
    dan = await ready(parties["c"], "dan")
    assert dan.partner == "bob"


async def test_a_node_that_ends_takes_leave() -> None:
    parties = Parties("a", "b")
    ann, bob = await parties.pair(can_resume=True)
    parties["b"].sessions.end(bob.session)
    await parties.settle()
    assert ann.hear() == ["partner_disconnected"]
    assert parties.told(Parted) == [("b", "a")]
    assert parties.told(Accepted) == parties.told(Declined) == []
