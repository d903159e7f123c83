"""Users act at the same time, over a store that takes its time: there is one right outcome.

First the races that are known, one by one, then many users at random, seed by seed.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from relay.matching import State
from relay.plane import LinkState
from relay.protocol.messages import (
    ChatMessage,
    ChatReceived,
    FindPartner,
    IceCandidate,
    MediaState,
    NextPartner,
    StopChat,
    Typing,
    WebrtcAnswer,
    WebrtcOffer,
)
from relay.signaling.limits import Limits
from relay.signaling.mailbox import SessionEnded
from tests.support.party import Party, SlowStore, User, until
from tests.support.queued import entry_of

ACTIONS = (
    FindPartner(),
    FindPartner(interests=["tea"]),
    NextPartner(),
    NextPartner(),
    StopChat(),
    WebrtcOffer(sdp="mine"),
    WebrtcAnswer(sdp="mine"),
    IceCandidate(),
    ChatMessage(text="hello", id="7"),
    ChatReceived(id="7"),
    Typing(active=True),
    MediaState(audio=True, video=False),
)


class Gate:
    """Stops the first operation that comes to a place, until it is opened."""

    def __init__(self) -> None:
        self.place: tuple[str, str] | None = None
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self.fails = False

    def shut(self, when: str, name: str) -> None:
        self.place = (when, name)

    async def __call__(self, when: str, name: str) -> None:
        if self.place == (when, name):
            self.place = None
            self.reached.set()
            await self.opened.wait()
            if self.fails:
                raise ConnectionError("the store is gone")


class Crowd:
    """A party whose users are all worked for at the same time."""

    def __init__(self, party: Party) -> None:
        self.party = party
        self.workers: list[asyncio.Task[None]] = []
        self.everybody: list[User] = []  # also those who have gone

    def come(self, name: str, *, can_resume: bool = False) -> User:
        user = self.party.come(name, can_resume=can_resume)
        self.everybody.append(user)
        self.workers.append(asyncio.create_task(self.party.work(user)))
        return user


@asynccontextmanager
async def crowd(party: Party) -> AsyncIterator[Crowd]:
    people = Crowd(party)
    try:
        yield people
    finally:
        for user in list(party.users.values()):
            user.put(SessionEnded())
        async with asyncio.timeout(10):
            await asyncio.gather(*people.workers)


@asynccontextmanager
async def gated() -> AsyncIterator[tuple[Crowd, Gate]]:
    gate = Gate()
    party = Party(store=SlowStore(gate), limits=Limits(rematch_after_s=0))
    async with crowd(party) as people:
        yield people, gate


async def test_a_user_vanishes_between_being_chosen_and_being_told() -> None:
    async with gated() as (people, gate):
        ann, bob = people.come("ann"), people.come("bob")
        ann.put(FindPartner())
        await people.party.quiet()
        gate.shut("after", "claim")
        bob.put(FindPartner())
        await gate.reached.wait()
        ann.put(SessionEnded())
        await until(lambda: "ann" not in people.party.users)
        gate.opened.set()
        await people.party.quiet()
        assert bob.hear() == ["waiting_for_partner"]
        await assert_in_order(people.party)


async def test_a_user_stops_between_being_chosen_and_being_told() -> None:
    async with gated() as (people, gate):
        ann, bob = people.come("ann"), people.come("bob")
        ann.put(FindPartner())
        await people.party.quiet()
        gate.shut("after", "claim")
        bob.put(FindPartner())
        await gate.reached.wait()
        ann.put(StopChat())
        gate.opened.set()
        await people.party.quiet()
        assert ann.state is State.CONNECTED
        assert bob.state in {State.WAITING, State.CONNECTED}
        await assert_in_order(people.party)


async def test_a_user_stops_and_finds_again_between_being_chosen_and_being_told() -> None:
    async with gated() as (people, gate):
        ann, bob = people.come("ann"), people.come("bob")
        ann.put(FindPartner())
        await people.party.quiet()
        gate.shut("after", "claim")
        bob.put(FindPartner())
        await gate.reached.wait()
        ann.put(StopChat())
        ann.put(FindPartner())
        await until(lambda: ann.hear() == ["waiting_for_partner"])
        gate.opened.set()
        await people.party.quiet()
        await assert_in_order(people.party)
        assert ann.partner == "bob"


async def test_a_user_is_chosen_who_is_about_to_stop() -> None:
    async with gated() as (people, gate):
        ann, bob = people.come("ann"), people.come("bob")
        ann.put(FindPartner())
        await people.party.quiet()
        gate.shut("before", "leave_queue")
        ann.put(StopChat())
        await gate.reached.wait()
        bob.put(FindPartner())
        await until(lambda: bob.hear() == ["waiting_for_partner"])
        gate.opened.set()
        await people.party.quiet()
        assert ann.hear() == ["waiting_for_partner"]
        await assert_in_order(people.party)


async def test_a_user_is_paired_and_left_while_it_enters_the_queue_again() -> None:
    async with gated() as (people, gate):
        ann, bob = people.come("ann"), people.come("bob")
        ann.put(FindPartner())
        await people.party.quiet()
        gate.shut("before", "enter")
        ann.put(FindPartner())
        await gate.reached.wait()
        bob.put(FindPartner())
        bob.put(StopChat())
        await until(lambda: "partner_left" in ann.hear())
        gate.opened.set()
        await people.party.quiet()
        assert ann.state is State.CONNECTED
        await assert_in_order(people.party)


async def test_a_user_is_chosen_whose_offer_takes_it_out_of_the_queue() -> None:
    async with gated() as (people, gate):
        ann, bob = people.come("ann"), people.come("bob")
        ann.put(FindPartner())
        await people.party.quiet()
        gate.shut("before", "leave_queue")
        ann.put(WebrtcOffer(sdp="mine"))
        await gate.reached.wait()
        bob.put(FindPartner())
        await until(lambda: bob.partner is not None)
        gate.opened.set()
        await people.party.quiet()
        assert ann.partner == "bob"
        await assert_in_order(people.party)


async def test_a_search_fails_that_is_no_longer_needed() -> None:
    async with gated() as (people, gate):
        ann, bob = people.come("ann"), people.come("bob")
        ann.put(FindPartner())
        await people.party.quiet()
        gate.shut("after", "waiting")
        gate.fails = True
        ann.put(FindPartner())
        await gate.reached.wait()
        bob.put(FindPartner())
        await until(lambda: bob.partner is not None)
        gate.opened.set()
        await people.party.quiet()
        assert ann.hear()[:2] == ["waiting_for_partner", "partner_found, not initiator"]
        assert ann.partner == "bob"
        await assert_in_order(people.party)


async def test_the_seeker_vanishes_between_its_choice_and_the_news() -> None:
    async with gated() as (people, gate):
        ann, bob = people.come("ann"), people.come("bob")
        ann.put(FindPartner())
        await people.party.quiet()
        gate.shut("after", "claim")
        bob.put(FindPartner())
        await gate.reached.wait()
        bob.put(SessionEnded())
        gate.opened.set()
        await people.party.quiet()
        assert ann.hear() == [
            "waiting_for_partner",
            "partner_found, not initiator",
            "partner_disconnected",
        ]
        await assert_in_order(people.party)


async def test_a_user_who_is_chosen_finds_again_before_being_told() -> None:
    async with gated() as (people, gate):
        ann, bob = people.come("ann"), people.come("bob")
        ann.put(FindPartner())
        await people.party.quiet()
        gate.shut("after", "claim")
        bob.put(FindPartner())
        await gate.reached.wait()
        ann.put(FindPartner())
        for _ in range(20):
            await asyncio.sleep(0)
        gate.opened.set()
        await people.party.quiet()
        assert (ann.partner, bob.partner) == ("bob", "ann")
        await assert_in_order(people.party)


async def test_both_pick_the_same_third() -> None:
    async with gated() as (people, gate):
        ann, bob, cid = people.come("ann"), people.come("bob"), people.come("cid")
        bob.session.remember("cid", people.party.now)  # so that both prefer ann
        ann.put(FindPartner())
        await people.party.quiet()
        gate.shut("before", "claim")
        bob.put(FindPartner())
        await gate.reached.wait()
        cid.put(FindPartner())
        await until(lambda: ann.state is not State.WAITING)
        gate.opened.set()
        await people.party.quiet()
        assert ann.partner == "cid"
        assert bob.hear() == ["waiting_for_partner"]
        await assert_in_order(people.party)


@pytest.mark.parametrize("step", ["leave_queue", "leave_room"])
@pytest.mark.parametrize("when", ["before", "after"])
async def test_two_press_next_at_the_same_moment(when: str, step: str) -> None:
    async with gated() as (people, gate):
        ann, bob = people.come("ann"), people.come("bob")
        for user in (ann, bob):
            user.put(FindPartner())
        await people.party.quiet()
        assert ann.partner == "bob"
        for user in (ann, bob):
            user.hear()
        gate.shut(when, step)
        ann.put(NextPartner())
        await gate.reached.wait()
        bob.put(NextPartner())
        for _ in range(20):
            await asyncio.sleep(0)
        gate.opened.set()
        await people.party.quiet()
        # neither is told that the other left, since both did; with nobody else there they meet
        assert "partner_left" not in ann.hear() + bob.hear()
        assert (ann.partner, bob.partner) == ("bob", "ann")
        await assert_in_order(people.party)


@pytest.mark.parametrize("seed", range(60))
async def test_whatever_many_users_do_at_once_all_is_in_order(seed: int) -> None:
    random = Random(seed)

    async def hop(when: str, name: str) -> None:
        for _ in range(random.randrange(4)):
            await asyncio.sleep(0)

    party = Party(
        store=SlowStore(hop),
        limits=Limits(
            rematch_after_s=random.choice([0, 2]),
            interest_wait_s=random.choice([0, 2]),
            resume_s=4,
        ),
    )
    async with crowd(party) as people:
        for number in range(120):
            await act(random, people, number)
        await party.quiet()
        await assert_in_order(party)
        await assert_nobody_who_could_meet_waits(party)
        for user in people.everybody:
            assert {"error: find_failed", "error: internal"}.isdisjoint(user.hear())
    assert await party.waiting() == 0
    assert await party.rooms() == 0
    assert party.plane.pairs == {}
    assert party.plane.paired_anew == []
    assert party.plane.link_states == {}


async def act(random: Random, people: Crowd, number: int) -> None:
    """One of many things happens."""
    party = people.party
    if len(party.users) < 2 or random.random() < 0.08:
        people.come(f"user {number}", can_resume=random.random() < 0.7)
    user = random.choice(list(party.users.values()))
    chance = random.random()
    if chance < 0.05:
        user.put(SessionEnded())
    elif chance < 0.15:
        if party.plane.can_come_up(user.name):
            party.plane.come_up(user.name)
    elif chance < 0.2:
        if user.link is not LinkState.NONE:
            party.plane.lose(user.name, random.choice(["closed", "silent", "failed"]))
    elif chance < 0.25:
        party.now += 1
        party.tick()
    elif chance < 0.4 and user.token:
        lose_or_resume(user)
    else:
        for action in random.choices(ACTIONS, k=random.choice([1, 1, 2])):
            user.put(action)
    for _ in range(random.randrange(6)):
        await asyncio.sleep(0)


def lose_or_resume(user: User) -> None:
    sessions = user.party.sessions
    if not user.session.is_away:
        sessions.lose(user.session, None, user.party.now)
    elif user.session in sessions._away and user.session.outbox.closing is None:
        assert user.resume() is not None


async def assert_in_order(party: Party) -> None:
    """Each user is in one place at most, and all who know of it agree."""
    store = party.store.inner if isinstance(party.store, SlowStore) else party.store
    users = party.users
    for name, user in users.items():
        queued, room = await entry_of(store, name), await store.room_of(name)
        call = user.session.call
        expects_link = user.session.link.is_awaited
        can_meet = user.state is State.WAITING and not (expects_link or user.session.is_away)
        assert (queued is not None) == can_meet
        assert (room is not None) == (user.state in {State.MATCHED, State.IN_CALL})
        assert (call.room if call else None) == room
        if user.partner is not None:
            assert users[user.partner].session.call is call
        assert party.plane.pairs.get(name) == user.partner
    assert await party.waiting() <= len(users)
    assert await party.rooms() * 2 == sum(user.partner is not None for user in users.values())


async def assert_nobody_who_could_meet_waits(party: Party) -> None:
    """Once those who parted may meet again, one at most is left over."""
    for _ in range(3):
        party.now += 1
        party.tick()
        await party.quiet()
    await assert_in_order(party)
    assert await party.waiting() <= 1
