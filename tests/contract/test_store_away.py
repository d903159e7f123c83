"""A node's store while its Redis is stopped, frozen, slow, full, or has lost what it had."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from structlog.testing import capture_logs

from relay.cluster.lane import Lane
from relay.errors import StoreAway
from relay.store import Entered, Room, Waiter
from relay.store.redis import RedisStore
from relay.store.scripts import KEYS
from relay.store.shared import SharedStore
from tests.support.queued import entry_of
from tests.support.redis_server import NEEDS_REDIS, RedisServer, a_lane, a_redis, a_store

pytestmark = NEEDS_REDIS

PATIENCE_S = 0.5


@pytest.fixture(scope="module")
def own_server() -> Iterator[RedisServer]:
    """One that nobody else's tests need."""
    with a_redis() as server:
        yield server


@pytest.fixture
def server(own_server: RedisServer) -> RedisServer:
    own_server.ask("FLUSHALL")
    return own_server


@dataclass
class Node:
    lane: Lane
    redis: RedisStore
    store: SharedStore

    async def comes_back(self) -> None:
        """Look after it until it is there."""
        async with asyncio.timeout(60):
            while not self.store.is_there:
                await self.store.tend()
                await asyncio.sleep(0.01)

    async def goes(self) -> None:
        """Look after it until it is noticed that it is not there."""
        while self.store.is_there:
            await self.store.tend()

    async def enter(self, *users: str) -> None:
        for user in users:
            waiter = Waiter(user, time.monotonic(), node=self.redis._node)
            assert await self.store.enter(waiter) is Entered.WAITING

    async def names(self) -> list[str]:
        return [waiter.user_id for waiter in await self.store.waiting(100)]


@asynccontextmanager
async def a_node(server: RedisServer, name: str) -> AsyncIterator[Node]:
    async with a_lane(server, patience_s=PATIENCE_S) as lane:
        redis = RedisStore(lane.run, name, time.monotonic)
        node = Node(lane, redis, SharedStore(redis, time.monotonic))
        await node.comes_back()
        yield node


@pytest.fixture
async def node(server: RedisServer) -> AsyncIterator[Node]:
    async with a_node(server, "a") as node:
        yield node


async def test_frozen(server: RedisServer, node: Node) -> None:
    await node.enter("ann", "bob")
    server.pause()
    try:
        await node.enter("cid", "dan")
        assert not node.store.is_there
        assert await node.names() == ["ann", "bob", "cid", "dan"]
        room = Room("r", "ann", "bob", float(int(time.monotonic())), ("a", "a"))
        assert await node.store.claim_first([room])
        node.store.restates(lambda: [room])
        await node.store.tend()
        assert not node.store.is_there
    finally:
        server.go_on()
    with capture_logs() as logs:
        await node.comes_back()
    assert [each["event"] for each in logs] == ["store_back"]
    assert await node.names() == ["cid", "dan"]
    assert await node.store.room_of("bob") is not None
    assert await node.store.leave_room("ann") == room
    assert node.store.tally.times_away == 1


async def test_what_was_under_way_when_it_froze_comes_to_nothing(
    server: RedisServer, node: Node
) -> None:
    """Redis reads it when it goes on, before anything of another connection's."""
    await node.enter("ann", "bob")
    async with a_store(server, "b") as other:
        server.pause()
        try:
            with pytest.raises(StoreAway, match="does not answer"):
                await node.redis.claim_first(
                    [Room("late", "ann", "bob", time.monotonic(), ("a", "a"))]
                )
        finally:
            server.go_on()
        await _anew(node)
        assert await other.room_of("ann") is None
        assert await node.names() == ["ann", "bob"]


async def _anew(node: Node) -> None:
    await node.store._lose(node.store._changes, StoreAway("does not answer"))
    await node.comes_back()


async def test_stopped_and_started_with_nothing(server: RedisServer) -> None:
    async with a_node(server, "a") as a, a_node(server, "b") as b:
        await a.enter("ann", "amy")
        await b.enter("bob")
        room = Room("r", "amy", "bob", time.monotonic(), ("a", "b"))
        assert await a.store.claim_first([room])
        for node in (a, b):
            node.store.restates(lambda: [room])
        server.stop()
        try:
            for node in (a, b):
                await node.goes()
            await b.enter("bea")
            assert await b.names() == ["bob", "bea"]
        finally:
            server.start()
        for node in (a, b):
            await node.comes_back()
        for node in (a, b):
            assert await node.names() == ["ann", "bea"]
            assert (await node.store.room_of("amy")) is not None
            assert (await node.store.room_of("bob")) is not None
        await b.store.leave_room("bob")
        assert await a.store.room_of("amy") is None


async def test_out_of_memory(server: RedisServer, node: Node) -> None:
    await node.enter("ann")
    server.ask("CONFIG", "SET", "maxmemory", "1")
    try:
        with capture_logs() as logs:
            await node.enter("bob")
            for _ in range(3):
                await node.store.tend()
        assert not node.store.is_there
        assert [each["event"] for each in logs] == ["store_away"]
        assert logs[0]["reason"] == "command not allowed when used memory > 'maxmemory'"
        assert await node.names() == ["ann", "bob"]
    finally:
        server.ask("CONFIG", "SET", "maxmemory", "0")
    await node.comes_back()
    assert await node.names() == ["ann", "bob"]


async def test_one_that_may_not_be_written(server: RedisServer, node: Node) -> None:
    """As a master that has become a replica."""
    await node.enter("ann")
    server.ask("REPLICAOF", "127.0.0.1", "1")
    try:
        await node.enter("bob")
        await node.store.tend()
        assert not node.store.is_there
    finally:
        server.ask("REPLICAOF", "NO", "ONE")
    await node.comes_back()
    assert await node.names() == ["ann", "bob"]


async def test_slow(server: RedisServer, node: Node) -> None:
    server.ask("CLIENT", "PAUSE", "2000", "ALL")
    await node.enter("ann")
    assert not node.store.is_there
    await node.comes_back()
    assert await node.names() == ["ann"]


async def test_scripts_that_have_been_forgotten(server: RedisServer, node: Node) -> None:
    await node.enter("ann")
    server.ask("SCRIPT", "FLUSH")
    await node.enter("bob")
    await node.comes_back()
    assert await node.names() == ["ann", "bob"]


async def test_somebody_else_takes_a_key(server: RedisServer, node: Node) -> None:
    await node.enter("ann")
    server.ask("SET", KEYS[1], "theirs")
    await node.enter("bob")
    for _ in range(3):
        await node.store.tend()
    assert not node.store.is_there
    assert await node.names() == ["ann", "bob"]
    assert server.ask("GET", KEYS[1]) == "theirs"
    server.ask("DEL", KEYS[1])
    await node.comes_back()
    assert await node.names() == ["ann", "bob"]


async def test_everything_is_lost_and_no_connection_is(server: RedisServer, node: Node) -> None:
    await node.enter("ann")
    server.ask("FLUSHALL")
    await node.goes()
    await node.comes_back()
    assert await node.names() == ["ann"]


async def test_restored_to_an_older_state_without_anybody_noticing(server: RedisServer) -> None:
    async with a_node(server, "a") as a, a_node(server, "b") as b:
        await a.enter("ann", "amy", "abe")
        await b.enter("bob", "bea")
        assert await a.store.claim_first([Room("r", "amy", "bea", time.monotonic(), ("a", "b"))])
        for key in KEYS:
            server.ask("COPY", key, f"{key}:then")
        for node, users in ((a, ("ann", "amy")), (b, ("bob", "bea"))):
            node.store.knows("abe".__eq__)
            for user in users:
                await node.store.leave(user)
        assert await a.names() == ["abe"]
        for key in KEYS:
            server.ask("COPY", f"{key}:then", key, "REPLACE")
        assert sorted(await a.names()) == ["abe", "ann", "bob"]
        assert await b.store.room_of("amy") is not None
        with capture_logs() as logs:
            for node in (a, b, a, b):
                await node.store.tend()
        assert await a.names() == await b.names() == ["abe"]
        assert await b.store.room_of("amy") is await a.store.room_of("bea") is None
        assert [(each["event"], each["users"]) for each in logs] == [
            ("store_forgotten", 2),
            ("store_forgotten", 1),
        ]
        assert server.ask("ZRANGE", KEYS[5], "0", "-1").replace("\0", "") == "aabe"


async def test_a_node_that_is_taken_for_dead_begins_anew(server: RedisServer, node: Node) -> None:
    await node.enter("ann")
    async with a_store(server, "b") as other:
        assert await other.sweep(await other.present()) == 1
        assert await other.waiting(9) == []
        await node.goes()
        await node.comes_back()
        assert [waiter.user_id for waiter in await other.waiting(9)] == ["ann"]


async def test_a_search_that_is_cancelled_leaves_no_answer_unread(node: Node) -> None:
    await node.enter("ann", "bob")
    for _ in range(200):
        asked = asyncio.create_task(node.store.waiting(9))
        await asyncio.sleep(0)
        asked.cancel()
        assert await entry_of(node.store, "bob") is not None
        assert await node.store.room_of("ann") is None
    assert node.store.tally.times_away == 0
