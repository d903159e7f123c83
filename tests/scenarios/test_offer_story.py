"""A room is offered to another node: whatever happens meanwhile, both are in it, or neither."""

from __future__ import annotations

import asyncio

import pytest

from relay.cluster.messages import Accepted, Declined, Offer, Parted
from relay.matching import State
from relay.protocol.messages import FindPartner, NextPartner, StopChat
from relay.signaling.limits import Limits
from relay.store import Room
from tests.support.parties import Parties
from tests.support.party import User
from tests.support.queued import entry_of


class Network:
    """Stops the first request that comes to a step, and goes on after what a test does then."""

    def __init__(self, parties: Parties, when: str) -> None:
        self._parties, self._when = parties, when
        self.reached, self._opened = asyncio.Event(), asyncio.Event()
        self._is_lost = False
        parties.between.hop = self._hop

    def open(self, *, lost: bool = False) -> None:
        """Go on; or nothing comes of it, which the asking node notices at this moment."""
        self._is_lost = lost
        self._opened.set()

    async def _hop(self, when: str, message: object) -> None:
        if when != self._when or not isinstance(message, Offer | Accepted | Declined):
            return
        self._parties.between.hop = None
        self.reached.set()
        await self._opened.wait()
        if self._is_lost:
            raise TimeoutError


async def offering(when: str) -> tuple[Parties, User, User, Network, asyncio.Task[bool]]:
    """Ann waits at a, and bob's node b has offered her a room; it stands at a step."""
    parties = Parties("a", "b", "c", limits=Limits(rematch_after_s=0))
    ann = parties["a"].come("ann", can_resume=True)
    bob = parties["b"].come("bob", can_resume=True)
    await ann.find()
    ann.hear()
    network = Network(parties, when)
    bob.put(FindPartner())
    search = asyncio.create_task(parties["b"]._handle(bob))
    await network.reached.wait()
    assert bob.session.is_engaged
    return parties, ann, bob, network, search


async def finish(
    parties: Parties, network: Network, search: asyncio.Task[bool], *, lost: bool = False
) -> None:
    network.open(lost=lost)
    async with asyncio.timeout(5):
        await search
    await parties.settle()
    assert_in_step(parties)


def assert_in_step(parties: Parties) -> None:
    """The partner of each user, if it has one, has it; at both nodes in the same room."""
    sessions = {s.user_id: s for party in parties.nodes.values() for s in party.lobby.sessions()}
    for session in sessions.values():
        assert not session.is_engaged
        if session.call is not None:
            partner = sessions[session.call.partner_of(session).user_id]
            assert partner.call is not None
            assert partner.call.partner_of(partner).user_id == session.user_id
            assert partner.call.room.room_id == session.call.room.room_id
    for party in parties.nodes.values():
        assert party.lobby._meetings._abroad is not None
        assert not party.lobby._meetings._abroad._offered
        assert party.plane.pairs.keys() <= sessions.keys()


async def meets_others(parties: Parties, *users: User) -> None:
    """Whoever is free meets somebody new within a few seconds."""
    for number, user in enumerate(users):
        if user.state is State.CONNECTED:
            user.put(FindPartner())
        other = parties["c"].come(f"other {number}")
        other.put(FindPartner())
    await parties.settle()
    await parties.pass_time(8)
    assert all(user.partner is not None for user in users)
    assert_in_step(parties)


@pytest.mark.parametrize("when", ["asked", "answered"])
async def test_if_nothing_happens_they_meet(when: str) -> None:
    parties, ann, bob, network, search = await offering(when)
    await finish(parties, network, search)
    assert (ann.partner, bob.partner) == ("bob", "ann")
    assert ann.hear()[0] == "partner_found, not initiator"
    assert bob.hear()[0] == "partner_found, initiator"


async def test_she_is_told_at_once_when_her_node_takes_the_room() -> None:
    parties, ann, bob, network, search = await offering("answered")
    assert (ann.state, bob.state) == (State.MATCHED, State.WAITING)
    assert ann.hear()[0] == "partner_found, not initiator"
    await ann.chat("hello?")
    await ann.turn(audio=False, video=True)
    await finish(parties, network, search)
    assert bob.hear()[:3] == [
        "partner_found, initiator",
        "chat_message: hello?",
        "media_state: audio off, video on",
    ]


# she is not free any more


@pytest.mark.parametrize("what", ["stop", "vanish", "lose_socket"])
async def test_if_she_is_not_free_when_it_comes_he_searches_on(what: str) -> None:
    parties, ann, bob, network, search = await offering("asked")
    await getattr(ann, what)()
    await finish(parties, network, search)
    assert bob.state is State.WAITING
    assert bob.hear() == ["waiting_for_partner"]
    assert "partner_found, not initiator" not in ann.hear()
    await meets_others(parties, bob)


async def test_if_she_is_declined_somebody_else_is_met_at_once() -> None:
    parties, ann, bob, network, search = await offering("asked")
    cid = parties["c"].come("cid")
    await cid.find()
    await ann.stop()
    await finish(parties, network, search)
    assert (bob.partner, cid.partner) == ("cid", "bob")


async def test_nodes_that_decline_again_and_again_are_asked_no_more_than_a_few_times() -> None:
    parties = Parties("a", "b")
    everybody = [parties["a"].come(f"ann {number}", can_resume=True) for number in range(9)]
    for user in everybody:
        await parties.store.enter(
            parties["a"].lobby._meetings._waiter(user.session, parties["a"].now, 0)
        )  # none of them waits any more: what the store says of them is old
    bob = parties["b"].come("bob")
    await bob.find()
    assert parties.told(Offer) == [("b", "a")] * 3
    await parties.pass_time(1)
    assert parties.told(Offer) == [("b", "a")] * 6
    assert bob.state is State.WAITING


@pytest.mark.parametrize("goes", ["stop", "vanish"])
async def test_who_has_gone_before_the_answer_comes_is_not_met(goes: str) -> None:
    parties, ann, bob, network, search = await offering("answered")
    await getattr(ann, goes)()
    await finish(parties, network, search)
    assert bob.hear() == ["waiting_for_partner"], "of a room that is over he hears nothing"
    assert bob.state is State.WAITING
    await meets_others(parties, bob)


async def test_she_presses_next_before_the_answer_comes() -> None:
    parties, ann, bob, network, search = await offering("answered")
    cid = parties["c"].come("cid")
    ann.put(NextPartner())
    await parties["a"]._handle(ann)
    await finish(parties, network, search)
    await cid.find()
    await parties.pass_time(4)
    partners = {user.name: user.partner for user in (ann, bob, cid)}
    assert sum(partner is not None for partner in partners.values()) == 2
    assert_in_step(parties)


async def test_she_is_paired_with_another_meanwhile() -> None:
    """The store has lost her room, and has her in the queue: another node finds her there."""
    parties, ann, bob, network, search = await offering("asked")
    await parties.store.leave_room("ann")
    await ann.find()
    cid = parties["c"].come("cid")
    await cid.find()
    assert (ann.partner, cid.partner) == ("cid", "ann")
    await finish(parties, network, search)
    assert (ann.partner, cid.partner, bob.partner) == ("cid", "ann", None)
    assert "partner_left" not in ann.hear()
    await meets_others(parties, bob)


# he is not free any more


@pytest.mark.parametrize("when", ["asked", "answered"])
async def test_if_he_has_lost_his_socket_meanwhile_she_is_told_that_he_has_gone(when: str) -> None:
    parties, ann, bob, network, search = await offering(when)
    parties["b"].sessions.lose(bob.session, None, parties["b"].now)
    await finish(parties, network, search)
    assert ann.hear() == ["partner_found, not initiator", "partner_disconnected"]
    assert (ann.state, bob.state) == (State.CONNECTED, State.WAITING)
    await bob.come_back()
    await meets_others(parties, ann, bob)


@pytest.mark.parametrize("when", ["asked", "answered"])
@pytest.mark.parametrize("message", [StopChat(), NextPartner()])
async def test_what_he_says_meanwhile_is_about_the_room(
    when: str, message: StopChat | NextPartner
) -> None:
    parties, ann, bob, network, search = await offering(when)
    bob.put(message)
    await finish(parties, network, search)
    heard = [each for each in ann.hear() if not each.startswith("webrtc_offer")]
    assert heard == ["partner_found, not initiator", "partner_left"]
    assert bob.hear()[0] == "partner_found, initiator"
    await meets_others(parties, ann)


@pytest.mark.parametrize("when", ["asked", "answered"])
async def test_he_is_worked_for_no_longer_when_the_server_ends(when: str) -> None:
    parties, ann, bob, _, search = await offering(when)
    search.cancel()
    await asyncio.wait({search})
    await bob.vanish()
    assert_in_step(parties)
    assert ann.partner is None
    assert parties["a"].plane.pairs == {}


# no answer


@pytest.mark.parametrize("when", ["asked", "answered"])
async def test_without_an_answer_he_searches_on_and_she_is_in_no_room(when: str) -> None:
    parties, ann, bob, network, search = await offering(when)
    await finish(parties, network, search, lost=True)
    assert bob.hear() == ["waiting_for_partner"]
    told = ["partner_found, not initiator", "partner_disconnected"] if when == "answered" else []
    assert ann.hear() == told
    assert (ann.partner, bob.partner) == (None, None)
    await meets_others(parties, ann, bob)


async def test_an_offer_that_comes_after_it_was_taken_back_is_declined() -> None:
    parties, ann, _, network, search = await offering("asked")
    (late,) = [what for *_, what in parties.between.said if isinstance(what, Offer)]
    await finish(parties, network, search, lost=True)
    assert parties.told(Parted) == [("b", "a")]
    assert await parties.between.nodes["b"].ask("a", late) == Declined()
    assert ann.partner is None


@pytest.mark.parametrize("when", ["asked", "answered"])
@pytest.mark.parametrize("node", ["a", "b"])
async def test_a_node_is_lost_meanwhile(when: str, node: str) -> None:
    parties, ann, bob, network, search = await offering(when)
    await parties.lose(node)
    network.open()
    async with asyncio.timeout(5):
        await asyncio.wait({search})
    stays = bob if node == "a" else ann
    await parties.settle()
    assert_in_step(parties)
    assert stays.partner is None
    assert stays.party.plane.pairs == {}
    if node == "b":
        assert ann.hear() == (
            ["partner_found, not initiator", "partner_disconnected"] if when == "answered" else []
        )
    await meets_others(parties, stays)


@pytest.mark.parametrize("when", ["asked", "answered"])
async def test_the_two_nodes_lose_sight_of_each_other_meanwhile(when: str) -> None:
    parties, ann, bob, network, search = await offering(when)
    parties.between.part("a", "b")
    await finish(parties, network, search)
    assert (ann.partner, bob.partner) == (None, None)
    await meets_others(parties, ann, bob)


# two at once


async def test_both_nodes_offer_each_others_users_at_once() -> None:
    """What the store has lost lets each claim the other one; neither room comes about."""
    parties, ann, bob, network, search = await offering("asked")
    await parties.store.leave_room("ann")
    waiter = parties["b"].lobby._meetings._waiter(bob.session, parties["b"].now, 0)
    await parties.store.enter(waiter)
    await ann.find()
    assert parties.told(Offer) == [("b", "a"), ("a", "b")]
    assert ann.state is State.WAITING
    await finish(parties, network, search)
    await parties.pass_time(4)
    assert (ann.partner, bob.partner) == ("bob", "ann"), "one after the other they meet"
    assert_in_step(parties)


async def test_while_he_is_engaged_no_room_of_his_own_node_is_for_him() -> None:
    parties, ann, bob, network, search = await offering("asked")
    await parties.store.leave_room("ann")
    waiter = parties["b"].lobby._meetings._waiter(bob.session, parties["b"].now, 0)
    await parties.store.enter(waiter)
    dan = parties["b"].come("dan")
    dan.put(FindPartner())
    await parties["b"]._handle(dan)
    assert dan.partner is None
    await finish(parties, network, search)
    assert (ann.partner, bob.partner) == ("bob", "ann")


async def test_another_nodes_claim_is_left_alone_until_it_is_old() -> None:
    """It may be about to offer its room; when nothing comes of it, the user searches on."""
    parties = Parties("a", "b")
    ann = parties["a"].come("ann")
    await ann.find()
    meetings = parties["b"].lobby._meetings
    bob = parties["b"].come("bob")
    await parties.store.enter(meetings._waiter(bob.session, parties["b"].now, 0))
    room = Room("0" * 24, "ann", "bob", parties["b"].now, ("a", "b"))
    assert await parties.store.claim_first([room]), "and then nothing is heard of b any more"
    await parties.pass_time(2)
    assert await parties.store.room_of("ann") == room
    await parties.pass_time(2)
    assert await entry_of(parties.store, "ann") is not None
    assert ann.state is State.WAITING
