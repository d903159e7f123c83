"""Many users at several nodes act at once, and a node dies: there is one right outcome.

What nodes say takes its time, answers come late or too late, and the store takes its time, too, and
may forget all that it knows.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random

import pytest

from relay.matching import State
from relay.protocol.messages import (
    ChatMessage,
    ChatReceived,
    FindPartner,
    MediaState,
    NextPartner,
    StopChat,
    Typing,
    WebrtcOffer,
)
from relay.signaling.limits import Limits
from relay.signaling.mailbox import SessionEnded
from relay.store import MemoryStore
from tests.support.distance import Distance
from tests.support.party import Party, SlowStore, User, until

ACTIONS = (
    FindPartner(),
    FindPartner(),
    FindPartner(interests=["tea"]),
    NextPartner(),
    NextPartner(),
    NextPartner(),
    StopChat(),
    WebrtcOffer(sdp="mine"),
    ChatMessage(text="hello", id="7"),
    ChatReceived(id="7"),
    Typing(active=True),
    MediaState(audio=True, video=False),
)


class World:
    """Several nodes over one store, whose users are all worked for at the same time."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        self.distance = Distance(self.hop, self.patience)
        limits = Limits(
            rematch_after_s=self.random.choice([0, 2]),
            resume_s=4,
            nexts_per_minute=1000,
            hasty_nexts=0,
        )
        self.store = store = SlowStore(self._stored)
        self.nodes: dict[str, Party] = {}
        for name in ("a", "b", "c"):
            cluster = self.distance.node(name)
            self.nodes[name] = Party(store=store, limits=limits, cluster=cluster)
        self.work: dict[str, set[asyncio.Task[None]]] = {name: set() for name in self.nodes}

    async def hop(self) -> None:
        for _ in range(self.random.randrange(6)):
            await asyncio.sleep(0)

    async def patience(self) -> None:
        for _ in range(self.random.choice([8, 60, 500])):
            await asyncio.sleep(0)

    async def _stored(self, when: str, name: str) -> None:
        del when, name
        for _ in range(self.random.randrange(3)):
            await asyncio.sleep(0)

    def come(self, name: str) -> None:
        node = self.random.choice([*self.nodes])
        user = self.nodes[node].come(name, can_resume=True)
        self.work[node].add(asyncio.create_task(self.nodes[node].work(user)))

    @property
    def everybody(self) -> list[User]:
        return [user for party in self.nodes.values() for user in party.users.values()]

    async def pass_time(self, seconds: int) -> None:
        for _ in range(seconds):
            for party in self.nodes.values():
                party.now += 1
                party.tick()
            await self.quiet()

    async def quiet(self) -> None:
        await until(lambda: all(self._is_quiet(party) for party in self.nodes.values()))

    def _is_quiet(self, party: Party) -> bool:
        nothing_on_its_way = all(node.is_quiet for node in self.distance.nodes.values())
        return nothing_on_its_way and not party._busy and party._next() is None

    async def lose(self, name: str) -> None:
        """A node dies, with all its users, in the middle of whatever it does."""
        del self.nodes[name]
        tasks = self.work.pop(name)
        for task in tasks:
            task.cancel()
        await self.distance.lose(name)
        if tasks:
            await asyncio.wait(tasks)

    async def close(self) -> None:
        for user in self.everybody:
            user.put(SessionEnded())
        tasks = [task for tasks in self.work.values() for task in tasks]
        async with asyncio.timeout(20):
            await asyncio.gather(*tasks)
        await self.quiet()
        await self.distance.close()


@asynccontextmanager
async def world(seed: int) -> AsyncIterator[World]:
    made = World(seed)
    try:
        yield made
    finally:
        await made.close()


def act(there: World, number: int) -> None:
    """One of many things happens."""
    random, everybody = there.random, there.everybody
    if len(everybody) < 3 or random.random() < 0.1:
        there.come(f"user {number}")
        return
    user = random.choice(everybody)
    party = user.party
    match random.randrange(12):
        case 0:
            user.put(SessionEnded())
        case 1 if not user.session.is_away:
            party.sessions.lose(user.session, None, party.now)
        case 2 if user.session.is_away:
            user.resume()
        case 3 if party.plane.can_come_up(user.name):
            party.plane.come_up(user.name)
        case 4 if user.partner is not None:
            party.plane.flow(user.name)
        case 5 if random.random() < 0.1:
            there.store.inner = MemoryStore()  # it has lost all that it knew
        case 5:
            for each in there.nodes.values():
                each.now += 1
                each.tick()
        case _:
            user.put(random.choice(ACTIONS))


def assert_nobody_is_in_two_rooms(there: World) -> None:
    """At any moment: a node has a room only for those of its users who are in it."""
    for party in there.nodes.values():
        for room in party.lobby.standing():
            call = party.lobby.call(room.room_id)
            assert call is not None
            assert all(session.call is call for session in call.here)


def assert_in_order(there: World) -> None:
    """When nothing is on its way: both of each room are in it, and nobody is engaged."""
    here = {user.name: user for user in there.everybody}
    for user in here.values():
        assert not user.session.is_engaged
        if user.partner is not None:
            partner = here[user.partner]
            assert partner.partner == user.name
            mine, its = user.session.call, partner.session.call
            assert mine is not None
            assert its is not None
            assert mine.room.room_id == its.room.room_id
            assert user.party.plane.pairs.get(user.name) == user.partner
            is_far = user.party is not partner.party
            assert (user.name in user.party.plane.across) is is_far
            assert (user.state is State.IN_CALL) is (partner.state is State.IN_CALL)
        else:
            assert user.name not in user.party.plane.pairs
    for party in there.nodes.values():
        assert party.plane.paired_anew == []


def could_meet(there: World) -> list[User]:
    return [
        user
        for user in there.everybody
        if user.session.can_meet and not user.session.link.is_awaited
    ]


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("dies", [False, True], ids=["", "a node dies"])
async def test_whatever_many_users_do_at_once_all_is_in_order(seed: int, dies: bool) -> None:
    async with world(seed) as there:
        for number in range(150):
            act(there, number)
            for _ in range(there.random.randrange(8)):
                await asyncio.sleep(0)
            assert_nobody_is_in_two_rooms(there)
            if dies and number == 75:
                await there.lose("b")
        await there.quiet()
        assert_in_order(there)
        await there.pass_time(15)
        assert_in_order(there)
        assert len(could_meet(there)) <= 1, "nobody waits while somebody else does"
    for party in there.nodes.values():
        assert party.plane.pairs == {}
        assert party.lobby.standing() == []


async def test_a_story_can_go_wrong() -> None:
    """The test above notices a room of which only one side knows."""
    async with world(1) as there:
        for name in ("ann", "bob", "cid"):
            there.come(name)
        for user in there.everybody:
            user.put(FindPartner())
        await there.quiet()
        await there.pass_time(6)
        met = next(user for user in there.everybody if user.partner is not None)
        call = met.session.call
        assert call is not None
        met.session.call = None
        with pytest.raises(AssertionError):
            assert_in_order(there)
        met.session.call = call
