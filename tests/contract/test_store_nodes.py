"""One Redis, which several nodes have for a store: what each does to what the others have there."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import count

import pytest

from relay.cluster.messages import VERSION
from relay.errors import StoreAway
from relay.matching import Matchmaker
from relay.matching.matchmaker import LOOKAHEAD
from relay.store import Entered, Room, Tryst, Waiter
from relay.store.interface import USED_S
from relay.store.redis import COMING_AT_ONCE, LOOKED_AT_ONCE, RedisStore
from relay.store.scripts import KEEP_S, KEYS
from tests.support.queued import entry_of
from tests.support.redis_server import NEEDS_REDIS, RedisServer, a_lane, a_store

pytestmark = NEEDS_REDIS

Stores = dict[str, RedisStore]


@pytest.fixture
async def stores(redis_server: RedisServer) -> AsyncIterator[Stores]:
    """Two nodes, whose clocks are hours apart."""
    redis_server.ask("FLUSHALL")
    async with AsyncExitStack() as stack:
        yield {
            "a": await stack.enter_async_context(a_store(redis_server, "a")),
            "b": await stack.enter_async_context(
                a_store(redis_server, "b", clock=lambda: time.monotonic() + 10_000)
            ),
        }


async def names(store: RedisStore) -> list[str]:
    return [waiter.user_id for waiter in await store.waiting(100)]


async def enter(store: RedisStore, node: str, *users: str) -> None:
    for user in users:
        await store.enter(Waiter(user, store._clock(), node=node))


def assert_empty(server: RedisServer) -> None:
    """Nothing is left of anybody."""
    assert [key for key in KEYS if server.ask("EXISTS", key) == "1"] == [KEYS[-1]]


async def test_each_sees_the_others_users_at_its_own_clocks_times(stores: Stores) -> None:
    await enter(stores["a"], "a", "ann")
    await enter(stores["b"], "b", "bob")
    assert await names(stores["a"]) == await names(stores["b"]) == ["ann", "bob"]
    for name, store in stores.items():
        for waiter in await store.waiting(2):
            assert abs(waiter.since_s - store._clock()) < 60
            assert waiter.node == {"ann": "a", "bob": "b"}[waiter.user_id]
        room = Room("r", "ann", "bob", store._clock(), ("a", "b"))
        assert (await store.claim_first([room]) is not None) is (name == "a")
    seen = await stores["b"].room_of("ann")
    assert seen is not None
    assert seen.nodes == ("a", "b")
    assert abs(seen.since_s - stores["b"]._clock()) < 60


async def test_places_of_whom_nothing_is_known_are_in_nobody_s_way(
    stores: Stores, redis_server: RedisServer
) -> None:
    """Redis has lost a key, or somebody writes there: more than anybody looks at."""
    junk = [each for n in range(100) for each in ("0", f"junk {n}")]
    redis_server.ask("ZADD", KEYS[1], *junk)
    likes = [each for n in range(100) for each in ("0", f"0\0{n:016}\0junk {n}")]
    await stores["a"]._run("ZADD", KEYS[3], *likes)
    await enter(stores["a"], "a", "ann")
    for _ in range(3):
        looked = await stores["b"].look(Waiter("bob", stores["b"]._clock(), node="b"), 64)
    assert [waiter.user_id for waiter in looked.oldest] == ["ann"]
    assert redis_server.ask("ZCARD", KEYS[1]) == redis_server.ask("ZCARD", KEYS[3]) == "2"


@pytest.mark.parametrize("key", [KEYS[1], KEYS[3]])
async def test_whose_place_is_lost_gets_it_again(
    stores: Stores, redis_server: RedisServer, key: str
) -> None:
    await enter(stores["a"], "a", "ann")
    redis_server.ask("DEL", key)
    await enter(stores["a"], "a", "ann")
    assert redis_server.ask("ZCARD", key) == "1"


async def test_of_many_who_claim_at_once_each_user_is_in_one_room(stores: Stores) -> None:
    users = [f"user {n}" for n in range(20)]
    await enter(stores["a"], "a", *users)
    rooms = [
        Room(f"{first} {second}", users[first], users[second], 1.0)
        for first in range(20)
        for second in range(first)
    ]
    tried = [stores["ab"[n % 2]].claim_first([room]) for n, room in enumerate(rooms)]
    made = [room for room in await asyncio.gather(*tried) if room is not None]
    taken = [user for room in made for user in (room.first, room.second)]
    assert sorted(taken) == sorted(users)


async def test_who_searches_at_once_with_others_gets_somebody_at_once(
    redis_server: RedisServer,
) -> None:
    redis_server.ask("FLUSHALL")
    async with a_lane(redis_server) as lane:
        store = RedisStore(lane.run, "a", time.monotonic)
        await store.begin()
        await enter(store, "a", *(f"user {n}" for n in range(40)))
        rooms = count()
        matchmaker = Matchmaker(store, rematch_after_s=5.0, new_room_id=lambda: f"{next(rooms)}")
        sent = lane.sent
        found = await asyncio.gather(
            *(
                matchmaker.search(Waiter(f"new {n}", now, node="a"), now, wanted=lambda: True)
                for n in range(16)
                for now in [time.monotonic()]
            )
        )
        users = {user for room in found if room is not None for user in (room.first, room.second)}
        assert users >= {f"new {n}" for n in range(16)}
        assert lane.sent - sent <= 3 * 16


async def test_a_new_stay_takes_out_what_is_of_this_node_and_nothing_else(
    stores: Stores, redis_server: RedisServer
) -> None:
    await enter(stores["a"], "a", "ann", "amy", "abe")
    await enter(stores["b"], "b", "bob", "bea", "ben")
    await stores["a"].claim_first([Room("r", "amy", "bea", 1.0, ("a", "b"))])
    await stores["b"].begin()
    assert await names(stores["a"]) == ["ann", "abe"]
    assert await stores["a"].room_of("amy") is None
    await stores["a"].begin()
    assert_empty(redis_server)


async def test_what_comes_of_a_former_stay_is_refused(redis_server: RedisServer) -> None:
    redis_server.ask("FLUSHALL")
    async with a_store(redis_server, "a") as former, a_store(redis_server, "a") as store:
        await enter(store, "a", "ann", "bob")
        for late in (
            former.enter(Waiter("cid", 1.0)),
            former.leave_queue("ann"),
            former.claim_first([Room("r", "ann", "bob", 1.0)]),
            former.leave_room("ann"),
            former.tend(),
            former.restate([Room("r", "ann", "bob", 1.0)]),
            former.sweep({"x": "1"}),
        ):
            with pytest.raises(StoreAway, match="taken out"):
                await late
        assert await names(store) == ["ann", "bob"]


async def test_a_redis_that_has_lost_everything_refuses_until_a_new_stay(
    stores: Stores, redis_server: RedisServer
) -> None:
    redis_server.ask("FLUSHALL")
    with pytest.raises(StoreAway, match="taken out"):
        await stores["a"].tend()
    await stores["a"].begin()
    await stores["a"].tend()


async def test_rooms_are_put_back(stores: Stores, redis_server: RedisServer) -> None:
    ours = Room("ours", "ann", "amy", 1.0, ("a", "a"))
    both = Room("both", "abe", "bob", 1.0, ("a", "b"))
    await stores["a"].restate([ours, both])
    for user in ("ann", "amy"):
        assert await stores["a"].room_of(user) == ours
    for user in ("abe", "bob"):
        assert await stores["a"].room_of(user) == both
        assert (await stores["b"].room_of(user)) is not None
    await stores["a"].restate([ours, both])
    assert await stores["a"].leave_room("bob") == both
    assert await stores["a"].leave_room("amy") == ours
    assert_empty(redis_server)


async def test_what_a_node_says_of_its_own_users_is_so(stores: Stores) -> None:
    await enter(stores["a"], "a", "ann", "amy")
    await enter(stores["b"], "b", "bob", "bea")
    await stores["a"].claim_first([Room("stale", "amy", "bea", 1.0, ("a", "b"))])
    await stores["a"].restate([Room("r", "ann", "bob", 1.0, ("a", "b"))])
    assert await names(stores["b"]) == ["bob"]  # its own node knows whether it waits
    assert await stores["a"].room_of("bob") is None
    await stores["a"].restate([Room("s", "amy", "eve", 1.0, ("a", "b"))])
    found = await stores["a"].room_of("amy")
    assert found is not None
    assert found.room_id == "s"
    assert await stores["a"].room_of("bea") is None
    assert await stores["b"].enter(Waiter("bea", 1.0)) is Entered.WAITING


async def test_more_rooms_than_go_at_once_are_put_back_and_taken_out(
    stores: Stores, redis_server: RedisServer
) -> None:
    rooms = [Room(f"r{n}", f"u{n}", f"v{n}", 1.0, ("a", "a")) for n in range(350)]
    await stores["a"].restate(rooms)
    assert (await stores["a"].tend()).in_rooms == 700
    await stores["a"].begin()
    assert_empty(redis_server)


async def test_many_enter_at_once(stores: Stores, redis_server: RedisServer) -> None:
    many = [Waiter(f"user {n}", float(n), frozenset({f"{n % 3}"})) for n in range(250)]
    for first in range(0, 250, COMING_AT_ONCE):
        await stores["a"].enter_all(many[first : first + COMING_AT_ONCE])
    await stores["a"].enter_all([])
    assert await stores["a"].waiting(1000) == [replace(w, node="a") for w in many]
    assert len(await stores["b"].alike(Waiter("x", 0.0, frozenset({"1"})), 1000)) == 83
    await stores["a"].begin()
    assert_empty(redis_server)


async def test_a_node_is_told_whom_the_store_has_of_it_one_after_the_other(stores: Stores) -> None:
    many = [f"user {n:03}" for n in range(LOOKED_AT_ONCE + 20)]
    await stores["a"].restate([Room("r", "amy", "bea", 1.0, ("a", "b"))])
    await enter(stores["b"], "b", "bob")
    for first in (0, COMING_AT_ONCE):
        some = [Waiter(name, 1.0) for name in many[first : first + COMING_AT_ONCE]]
        await stores["a"].enter_all(some)
    told = [(await stores["a"].tend()).some for _ in range(3)]
    assert [len(some) for some in told] == [LOOKED_AT_ONCE, 21, LOOKED_AT_ONCE]
    assert [*told[0], *told[1]] == ["amy", *many]
    await stores["a"].forget(told[1])
    assert await names(stores["b"]) == [*many[: LOOKED_AT_ONCE - 1], "bob"]
    await stores["a"].forget(["amy", "nobody"])
    assert await stores["b"].room_of("bea") is None
    assert (await stores["a"].tend()).some == ()
    assert (await stores["a"].tend()).some == tuple(many[: LOOKED_AT_ONCE - 1])


async def test_nodes_that_are_gone_are_swept(stores: Stores, redis_server: RedisServer) -> None:
    await enter(stores["a"], "a", "ann", "amy")
    await enter(stores["b"], "b", "bob", "bea", "ben", "bud")
    await stores["a"].claim_first([Room("r", "amy", "bea", 1.0, ("a", "b"))])
    await stores["b"].claim_first([Room("s", "ben", "bud", 1.0, ("b", "b"))])
    stays = await stores["a"].present()
    assert set(stays) == {"a", "b"}
    assert await stores["a"].sweep({"a": stays["a"], "b": "another stay"}) == 0
    assert await stores["a"].sweep({"b": stays["b"]}) == 4
    assert await names(stores["a"]) == ["ann"]
    assert await stores["a"].room_of("amy") is None
    assert set(await stores["a"].present()) == {"a"}
    with pytest.raises(StoreAway, match="taken out"):
        await stores["b"].enter(Waiter("bob", 1.0))
    await stores["a"].leave_queue("ann")
    assert_empty(redis_server)


async def test_nodes_with_names_that_begin_alike_are_told_apart(redis_server: RedisServer) -> None:
    redis_server.ask("FLUSHALL")
    async with a_store(redis_server, "n") as short, a_store(redis_server, "n-1") as long:
        await enter(short, "n", "ann")
        await enter(long, "n-1", "bob")
        await short.begin()
        assert await names(long) == ["bob"]


async def test_every_key_has_an_end_which_is_renewed(
    stores: Stores, redis_server: RedisServer
) -> None:
    await enter(stores["a"], "a", "ann", "amy", "abe")
    await stores["a"].enter(Waiter("aki", 1.0, apart_until_s=1e9))
    for mode in ("voice", "text"):
        await stores["a"].enter(Waiter(mode, 1.0, mode=mode))
        await stores["a"].enter(Waiter(f"{mode} apart", 1.0, mode=mode, apart_until_s=1e9))
    await stores["a"].claim_first([Room("r", "ann", "amy", 1.0)])
    for side, once in ((0, True), (1, True), (0, False)):
        tryst = Tryst(f"x{once:d}", side, once)
        await stores["a"].enter(Waiter(f"{tryst.name}{side}", 1.0, tryst=tryst))
    assert await stores["a"].claim_first([Room("s", "x10", "x11", 1.0)])
    used = next(key for key in KEYS if key.endswith(":used"))
    assert KEEP_S < int(redis_server.ask("TTL", used)) <= USED_S
    redis_server.ask("EXPIRE", used, "100")
    renewed = set(KEYS) - {used}
    for key in renewed:
        assert 0 < int(redis_server.ask("TTL", key)) <= KEEP_S
        redis_server.ask("EXPIRE", key, "100")
    await enter(stores["a"], "a", "ada")
    assert {int(redis_server.ask("TTL", key)) <= 100 for key in KEYS} == {True}
    await stores["a"].tend()
    assert {int(redis_server.ask("TTL", key)) > 100 for key in renewed} == {True}
    assert int(redis_server.ask("TTL", used)) <= 100, "what has served need not be known for ever"


async def test_everything_is_named_and_in_one_slot(redis_server: RedisServer) -> None:
    assert all(key.startswith("{relay}:") for key in KEYS)
    assert redis_server.ask("KEYS", "*") == "" or all(
        key in KEYS for key in redis_server.ask("KEYS", "*").splitlines()
    )


async def test_who_cannot_be_met_since_its_node_is_of_another_version_is_in_nobody_s_way(
    stores: Stores, redis_server: RedisServer
) -> None:
    """Each version has a queue of its own: as many as a search looks at may wait in the other."""
    async with a_lane(redis_server) as lane:

        async def of_later(*command: str | int) -> object:
            ours, theirs = f"{{relay}}:{VERSION}:", f"{{relay}}:{VERSION + 1}:"
            return await lane.run(
                *(each.replace(ours, theirs) if each in KEYS else each for each in command)
            )

        later = RedisStore(of_later, "c", time.monotonic)
        await later.begin()
        await enter(later, "c", *(f"c{number}" for number in range(2 * LOOKAHEAD)))
        await enter(stores["b"], "b", "bob")
        search = Matchmaker(
            stores["a"],
            rematch_after_s=0,
            new_room_id=lambda: "r",
            reaches=lambda node: node == "b",
        )
        ann = Waiter("ann", time.monotonic(), node="a")
        room = await search.search(ann, ann.since_s, wanted=lambda: True)
        assert room is not None
        assert {room.first, room.second} == {"ann", "bob"}
        assert await names(stores["a"]) == []
        assert len(await names(later)) == 100  # so many as were asked for


@pytest.mark.parametrize("key", KEYS)
async def test_keys_of_somebody_else_are_left_alone(key: str, redis_server: RedisServer) -> None:
    redis_server.ask("FLUSHALL")
    redis_server.ask("SET", key, "theirs")
    with pytest.raises(StoreAway, match=f"FOREIGN {key} is a string"):
        async with a_store(redis_server, "a"):
            pass
    assert redis_server.ask("KEYS", "*") == key
    assert redis_server.ask("GET", key) == "theirs"


async def test_entries_that_nobody_understands_are_left_out(
    stores: Stores, redis_server: RedisServer
) -> None:
    store = stores["a"]
    await enter(store, "a", "ann", "bob", "cid")
    waiters, rooms = KEYS[0], KEYS[4]
    for text in ("", "x", "01\na\n\n{"):
        redis_server.ask("HSET", waiters, "ann", text)
        assert await names(store) == ["bob", "cid"]
        assert await entry_of(store, "ann") is None
    assert store.unread == 6
    await enter(store, "a", "ann")
    assert sorted(await names(store)) == ["ann", "bob", "cid"]
    for text in ("", "3", "[1]", json.dumps(["r", "dan"])):
        redis_server.ask("HSET", rooms, "dan", text)
        assert await store.enter(Waiter("dan", 1.0)) is Entered.IN_ROOM
        assert await store.room_of("dan") is None
        assert await store.enter(Waiter("dan", 1.0)) is Entered.WAITING
        await store.leave_queue("dan")
