"""The operator looks at the users and ends a room."""

import asyncio

from relay.matching import State
from relay.protocol.messages import FindPartner, NextPartner
from relay.signaling.mailbox import RoomEnded
from relay.signaling.session import Call
from tests.support.party import Party, User


def order(user: User, call: Call) -> asyncio.Event:
    """Put the operator's order where it is put for the room's first user."""
    done = asyncio.Event()
    user.put(RoomEnded(call.room.room_id, done))
    return done


async def test_both_are_told_that_the_partner_left_and_can_search_again() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    call = ann.session.call
    assert call is not None
    done = order(ann, call)
    await party.settle()
    assert done.is_set()
    assert ann.hear() == bob.hear() == ["partner_left"]
    assert ann.state is bob.state is State.CONNECTED
    assert party.plane.pairs == {}
    assert await ann.find() == ["waiting_for_partner"]


async def test_a_room_that_has_ended_meanwhile_is_not_ended_twice() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    call = ann.session.call
    assert call is not None
    bob.put(NextPartner())
    await party.settle()
    assert ann.hear() == ["partner_left"]
    done = order(ann, call)
    await party.settle()
    assert done.is_set()
    assert ann.hear() == []


async def test_the_next_room_of_a_user_is_not_the_one_that_was_meant() -> None:
    party = Party()
    ann, bob = await party.pair("ann", "bob")
    former = ann.session.call
    assert former is not None
    await bob.next()
    await ann.find()
    await party.pass_time(10)
    assert ann.partner == "bob"
    ann.hear()
    bob.hear()
    order(ann, former)
    await party.settle()
    assert ann.partner == "bob"
    assert ann.hear() == bob.hear() == []


async def test_users_and_rooms_as_they_are_seen() -> None:
    party = Party()
    await party.pair("ann", "bob")
    await party.come("eve").find()
    await party.pass_time(7)
    users = {user.user_id: user for user in party.lobby.users(party.now)}
    assert users["ann"].partner_id == "bob"
    assert users["bob"].partner_id == "ann"
    assert users["ann"].room_id == users["bob"].room_id is not None
    assert (users["eve"].state, users["eve"].room_id) == (State.WAITING, None)
    [room] = party.lobby.rooms(party.now)
    assert room.users == ("ann", "bob")
    assert (room.room_id, room.state, room.age_s) == (users["ann"].room_id, State.MATCHED, 7)


async def test_rooms_are_seen_oldest_first_also_after_some_have_ended() -> None:
    party = Party()
    for pair in ("ab", "cd", "ef"):
        await party.pair(*pair)
        await party.pass_time(1)
    assert [room.users for room in party.lobby.rooms(party.now)] == [
        *map(tuple, ("ab", "cd", "ef"))
    ]
    await party.users["c"].stop()
    await party.pair("g", "h")
    assert [(room.users, room.age_s) for room in party.lobby.rooms(party.now)] == [
        (("a", "b"), 3),
        (("e", "f"), 1),
        (("g", "h"), 0),
    ]


async def test_matches_and_how_long_they_took_are_counted() -> None:
    party = Party()
    ann, bob = party.come("ann"), party.come("bob")
    await ann.find()
    await party.pass_time(4)
    ann.put(FindPartner())  # harmless: the wait goes on
    await party.pass_time(3)
    await bob.find()
    tally = party.lobby.tally
    assert tally.matches == 1
    assert (tally.match_wait.count, tally.match_wait.sum_s) == (2, 7)


async def test_errors_are_counted_by_their_code() -> None:
    party = Party()
    ann = party.come("ann")
    assert await ann.chat("hello?") == ["error: wrong_state"]
    assert await ann.offer("bad") == ["error: bad_sdp"]
    assert +party.lobby.tally.errors == {"wrong_state": 1, "bad_sdp": 1}
