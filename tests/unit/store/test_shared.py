"""A store that is always there, over one that is not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

import pytest
from structlog.testing import capture_logs

from relay.errors import StoreAway
from relay.store import Entered, MemoryStore, Room, Waiter
from relay.store.redis import COMING_AT_ONCE, Load
from relay.store.shared import SharedStore


class FakeRedisStore(MemoryStore):
    """As much of a RedisStore as is asked; ``why_away`` is what it says while it is not there."""

    def __init__(self) -> None:
        super().__init__()
        self.why_away = ""
        self.begun = 0
        self.restated: list[Room] = []
        self.stays: dict[str, str] = {"here": "1"}
        self.swept: list[Mapping[str, str]] = []
        self.answers = asyncio.Event()
        self.answers.set()

    async def hop(self) -> None:
        await self.answers.wait()
        if self.why_away:
            raise StoreAway(self.why_away)

    async def begin(self) -> None:
        await self.hop()
        self.begun += 1
        MemoryStore.__init__(self)

    async def restate(self, rooms: Iterable[Room]) -> None:
        await self.hop()
        self.restated = [*rooms]

    async def tend(self) -> Load:
        await self.hop()
        return Load(len(self._queues[0]), len(self._room_of), (*self._queues[0], *self._room_of))

    async def forget(self, users: Sequence[str]) -> None:
        await self.hop()
        for user_id in users:
            await MemoryStore.leave(self, user_id)

    async def present(self) -> dict[str, str]:
        await self.hop()
        return dict(self.stays)

    async def sweep(self, dead: Mapping[str, str]) -> int:
        await self.hop()
        self.swept.append(dead)
        for name in dead:
            del self.stays[name]
        return 3

    async def enter(self, waiter: Waiter) -> Entered:
        await self.hop()
        return await super().enter(waiter)

    async def enter_all(self, waiters: Iterable[Waiter]) -> None:
        for waiter in waiters:
            await self.enter(waiter)

    async def leave_queue(self, user_id: str) -> None:
        await self.hop()
        await super().leave_queue(user_id)

    async def claim_first(self, rooms: Sequence[Room]) -> Room | None:
        await self.hop()
        return await super().claim_first(rooms)

    async def waiting(self, limit: int, *, apart: bool = False) -> list[Waiter]:
        await self.hop()
        return await super().waiting(limit, apart=apart)


class Node:
    def __init__(self) -> None:
        self.now = 100.0
        self.redis = FakeRedisStore()
        self.store = SharedStore(self.redis, lambda: self.now)  # type: ignore[arg-type]

    async def names(self) -> list[str]:
        return [waiter.user_id for waiter in await self.store.waiting(100)]


@pytest.fixture
async def node() -> Node:
    made = Node()
    await made.store.tend()
    assert made.store.is_there
    return made


async def test_it_is_away_until_it_has_been_found() -> None:
    node = Node()
    assert not node.store.is_there
    node.redis.why_away = "connection refused"
    with capture_logs() as logs:
        for _ in range(3):
            await node.store.tend()
    assert [(each["event"], each["reason"]) for each in logs] == [
        ("store_away", "connection refused")
    ]
    assert await node.store.enter(Waiter("ann", 1.0)) is Entered.WAITING
    node.redis.why_away = ""
    await node.store.tend()
    assert node.store.is_there
    assert [w.user_id for w in await node.redis.waiting(9)] == ["ann"]
    assert node.store.tally.times_away == 0


async def test_who_waits_goes_on_waiting_here_while_it_is_away(node: Node) -> None:
    for name, since_s in (("bob", 2.0), ("ann", 1.0), ("cid", 3.0), ("dan", 4.0)):
        await node.store.enter(Waiter(name, since_s))
    await node.store.leave_queue("cid")
    node.redis.why_away = "gone"
    assert await node.names() == ["ann", "bob", "dan"]
    assert await node.store.claim_first([Room("r", "ann", "bob", 5.0)]) is not None
    assert await node.store.room_of("ann") == Room("r", "ann", "bob", 5.0)
    assert await node.names() == ["dan"]


async def test_a_node_that_has_lost_its_name_leaves_what_there_is_of_it_alone(node: Node) -> None:
    await node.store.enter(Waiter("ann", 1.0))
    with capture_logs() as logs:
        await node.store.withdraw("name_taken")
        await node.store.withdraw("name_taken")
    assert [each["event"] for each in logs] == ["store_away"]
    assert not node.store.is_there
    assert await node.names() == ["ann"]
    await node.store.enter(Waiter("bob", 2.0))
    assert [waiter.user_id for waiter in await node.redis.waiting(9)] == ["ann"]


async def test_it_is_said_once_that_it_is_away_and_once_that_it_is_back(node: Node) -> None:
    node.store.restates(lambda: [Room("r", "ann", "bob", 5.0)])
    await node.store.enter(Waiter("cid", 3.0))
    node.redis.why_away = "OOM"
    with capture_logs() as logs:
        for _ in range(5):
            await node.store.enter(Waiter("dan", 4.0))
            await node.store.tend()
            node.now += 1
        node.redis.why_away = ""
        await node.store.tend()
        await node.store.tend()
    assert [each["event"] for each in logs] == ["store_away", "store_back"]
    assert logs[0]["reason"] == "OOM"
    assert (logs[1]["away_s"], logs[1]["rooms"], logs[1]["waiting"]) == (5.0, 1, 2)
    assert node.store.tally.times_away == 1
    assert node.redis.begun == 2
    assert node.redis.restated == [Room("r", "ann", "bob", 5.0)]
    assert await node.names() == ["cid", "dan"]


async def test_who_has_met_or_left_meanwhile_does_not_enter_when_it_is_back(node: Node) -> None:
    for since_s, name in enumerate(("ann", "bob", "cid", "dan")):
        await node.store.enter(Waiter(name, float(since_s)))
    node.redis.why_away = "gone"
    await node.store.tend()
    await node.store.claim_first([Room("r", "ann", "bob", 5.0)])
    await node.store.leave_queue("cid")
    node.redis.why_away = ""
    await node.store.tend()
    assert await node.names() == ["dan"]


async def test_who_leaves_while_those_who_wait_enter_again_stays_out(node: Node) -> None:
    many = 2 * COMING_AT_ONCE
    for since_s in range(many):
        await node.store.enter(Waiter(f"user {since_s}", float(since_s)))
    node.redis.why_away = "gone"
    await node.store.tend()
    node.redis.why_away = ""

    left: list[str] = []
    enter_all = node.redis.enter_all

    async def entering(waiters: Iterable[Waiter]) -> None:
        await enter_all(waiters)
        if not left:
            left.extend(["user 0", f"user {many - 1}"])
            for name in left:
                await node.store.leave_queue(name)

    node.redis.enter_all = entering  # type: ignore[method-assign]
    await node.store.tend()
    waiting = [waiter.user_id for waiter in await node.store.waiting(many)]
    assert waiting == [f"user {n}" for n in range(1, many - 1)]


async def test_it_is_lost_again_while_those_who_wait_enter_again(node: Node) -> None:
    await node.store.enter(Waiter("ann", 1.0))
    node.redis.why_away = "gone"
    await node.store.tend()
    node.redis.why_away = ""

    async def fail(waiters: Iterable[Waiter]) -> None:
        raise StoreAway("gone again")

    node.redis.enter_all = fail  # type: ignore[method-assign]
    await node.store.tend()
    assert not node.store.is_there
    assert node.store.tally.times_away == 2
    assert await node.names() == ["ann"]


async def test_a_failure_of_before_does_not_take_away_what_is_back(node: Node) -> None:
    node.redis.answers.clear()
    late = asyncio.create_task(node.store.enter(Waiter("ann", 1.0)))
    await asyncio.sleep(0)
    changes = node.store._changes
    await node.store._lose(changes, StoreAway("gone"))
    node.redis.why_away = ""
    node.redis.answers.set()
    coming_back = asyncio.create_task(node.store.tend())
    await coming_back
    assert await late is Entered.WAITING
    await node.store._lose(changes, StoreAway("gone"))
    assert node.store.is_there
    assert node.store.tally.times_away == 1


async def test_who_is_not_taken_is_not_remembered(node: Node) -> None:
    for name in ("ann", "bob"):
        await node.store.enter(Waiter(name, 1.0))
    await node.store.claim_first([Room("r", "ann", "bob", 2.0)])
    assert await node.store.enter(Waiter("ann", 3.0)) is Entered.IN_ROOM
    node.redis.why_away = "gone"
    assert await node.names() == []


async def test_nodes_that_are_missing_for_a_while_are_swept(node: Node) -> None:
    node.redis.stays = {"here": "1", "there": "2", "dead": "3"}
    living = {"here", "there"}
    with capture_logs() as logs:
        await node.store.sweep(living)
        node.now += 1.9
        await node.store.sweep(living)
        assert node.redis.swept == []
        node.now += 0.1
        await node.store.sweep(living)
        await node.store.sweep(living)
    assert node.redis.swept == [{"dead": "3"}]
    assert node.store.tally.swept == 3
    assert [(each["event"], each["nodes"], each["users"]) for each in logs] == [
        ("store_swept", ["dead"], 3)
    ]


async def test_a_node_that_is_back_in_time_is_not_swept(node: Node) -> None:
    node.redis.stays = {"there": "2"}
    await node.store.sweep(set())
    node.now += 1.5
    await node.store.sweep({"there"})
    node.now += 1.5
    await node.store.sweep(set())
    node.now += 1.5
    node.redis.stays = {"there": "3"}  # it has begun anew
    await node.store.sweep(set())
    node.now += 1.5
    await node.store.sweep(set())
    assert node.redis.swept == []


async def test_nothing_is_swept_while_it_is_away(node: Node) -> None:
    node.redis.why_away = "gone"
    await node.store.sweep(set())
    assert not node.store.is_there
    await node.store.sweep(set())
    assert node.store.tally.times_away == 1


async def test_how_much_there_is(node: Node) -> None:
    await node.store.enter(Waiter("ann", 1.0))
    await node.store.tend()
    assert node.store.load == Load(1, 0, ("ann",))


async def test_who_is_not_here_any_more_is_taken_out(node: Node) -> None:
    for name in ("ann", "bob", "cid", "dan"):
        await node.store.enter(Waiter(name, 1.0))
    assert await node.store.claim_first([Room("r", "ann", "bob", 2.0)])
    await node.store.tend()
    assert await node.names() == ["cid", "dan"], "nobody has said who is here"
    node.store.knows(lambda user_id: user_id == "cid")
    with capture_logs() as logs:
        await node.store.tend()
        await node.store.tend()
    assert await node.names() == ["cid"]
    assert await node.store.room_of("ann") is None
    assert [(each["event"], each["users"]) for each in logs] == [("store_forgotten", 3)]
    assert node.store.tally.forgotten == 3
