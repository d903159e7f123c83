"""What every store must do. A new one is added to ``STORES`` and has to pass all of this."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from relay.cluster.lane import Lane, client
from relay.store import Entered, MemoryStore, Room, Store, Tryst, Waiter
from relay.store.redis import RedisStore
from relay.store.shared import SharedStore
from tests.support.party import SlowStore
from tests.support.queued import entry_of
from tests.support.redis_server import NEEDS_REDIS, RedisServer, a_lane, a_store

STORES = (
    "memory",
    "slow",
    pytest.param("redis", marks=NEEDS_REDIS),
    pytest.param("shared", marks=NEEDS_REDIS),
    "shared, away",
)

MAX_WAITING = 100


def slow_store() -> Store:
    async def hop(when: str, name: str) -> None:
        await asyncio.sleep(0)

    store = SlowStore(hop)
    store.inner = MemoryStore(MAX_WAITING)
    return store


def shared_store(lane: Lane) -> SharedStore:
    redis = RedisStore(lane.run, "", time.monotonic, max_waiting=MAX_WAITING)
    return SharedStore(redis, time.monotonic, max_waiting=MAX_WAITING)


@pytest.fixture(params=STORES)
async def store(request: pytest.FixtureRequest) -> AsyncIterator[Store]:
    match request.param:
        case "memory":
            yield MemoryStore(MAX_WAITING)
        case "slow":
            yield slow_store()
        case "redis":
            async with a_store(_emptied(request), max_waiting=MAX_WAITING) as store:
                yield store
        case "shared":
            async with a_lane(_emptied(request)) as lane:
                shared = shared_store(lane)
                await shared.tend()
                assert shared.is_there
                yield shared
                assert shared.is_there
        case _:
            shared = shared_store(Lane(client("unix:///nowhere")))
            await shared.tend()
            assert not shared.is_there
            yield shared


def _emptied(request: pytest.FixtureRequest) -> RedisServer:
    server: RedisServer = request.getfixturevalue("redis_server")
    server.ask("FLUSHALL")
    return server


async def enter(store: Store, *names: str) -> None:
    for since_s, name in enumerate(names):
        assert await store.enter(Waiter(name, float(since_s))) is Entered.WAITING


async def names(store: Store, limit: int = MAX_WAITING) -> list[str]:
    return [waiter.user_id for waiter in await store.waiting(limit)]


async def test_an_empty_store(store: Store) -> None:
    assert await store.waiting(10) == []
    assert await entry_of(store, "ann") is None
    assert await store.room_of("ann") is None
    assert await store.leave_room("ann") is None
    await store.leave_queue("ann")


async def test_the_queue_is_in_the_order_of_coming(store: Store) -> None:
    await enter(store, "cid", "ann", "bob")
    assert await names(store) == ["cid", "ann", "bob"]
    assert await names(store, limit=2) == ["cid", "ann"]
    assert await names(store, limit=0) == []


async def test_all_that_is_known_of_a_waiter_comes_back(store: Store) -> None:
    ann = Waiter(
        "ann",
        12.5,
        frozenset({"tea", "chess"}),
        {"bob": 3.25},
        place="worker 1",
        names=frozenset({"visitor:a", "user:ann"}),
        avoids=frozenset({'visitor:\n\x00\x1f\u2028"é'}),
        apart_until_s=0.0,
        mode="voice",
        also="text",
        languages=frozenset({"en", "pt"}),
    )
    await store.enter(ann)
    assert await entry_of(store, "ann") == ann
    assert await store.waiting(1, mode="voice") == [ann]


async def test_those_who_talk_otherwise_wait_by_themselves(store: Store) -> None:
    for since_s, mode in enumerate(("video", "voice", "text", "text")):
        await store.enter(Waiter(f"{since_s}", float(since_s), mode=mode))
    for mode, users in (("video", ["0"]), ("voice", ["1"]), ("text", ["2", "3"])):
        assert [w.user_id for w in await store.waiting(10, mode=mode)] == users
        like = Waiter("somebody", 9.0, mode=mode)
        assert [w.user_id for w in await store.alike(like, 10)] == users
        assert await store.waiting(10, apart=True, mode=mode) == []
        looked = await store.look(Waiter(f"new {mode}", 9.0, mode=mode), 10)
        seen = {w.user_id for w in (*looked.oldest, *looked.alike)}
        assert seen - {f"new {mode}"} == {*users}


async def test_who_would_talk_in_two_ways_waits_in_one_and_looks_in_both(store: Store) -> None:
    await store.enter(Waiter("ann", 0.0))
    await store.enter(Waiter("bob", 1.0, mode="text"))
    await store.enter(Waiter("cid", 1.5, mode="voice"))
    looked = await store.look(Waiter("dan", 2.0, also="text"), 10)
    assert looked.seeker.modes == {"video", "text"}
    assert {w.user_id for w in (*looked.oldest, *looked.alike)} - {"dan"} == {"ann", "bob"}
    assert [w.user_id for w in await store.waiting(10)] == ["ann", "dan"]
    assert [w.user_id for w in await store.waiting(10, mode="text")] == ["bob"]


async def test_who_changes_the_way_to_talk_keeps_its_time(store: Store) -> None:
    await store.enter(Waiter("ann", 1.0))
    await store.enter(Waiter("bob", 2.0, mode="text"))
    await store.enter(Waiter("ann", 9.0, mode="text"))
    assert await store.waiting(10) == []
    assert [(w.user_id, w.since_s) for w in await store.waiting(10, mode="text")] == [
        ("ann", 1.0),
        ("bob", 2.0),
    ]
    room = Room("r", "ann", "bob", 9.0, mode="text")
    assert await store.claim_first([room]) == room
    assert await store.room_of("bob") == room
    assert await store.waiting(10, mode="text") == []


async def test_those_in_every_way_count_for_the_bound(store: Store) -> None:
    for number in range(MAX_WAITING):
        mode = ("video", "voice", "text")[number % 3]
        assert await store.enter(Waiter(f"{number}", 0.0, mode=mode)) is Entered.WAITING
    for mode in ("video", "voice", "text"):
        assert await store.enter(Waiter("new", 0.0, mode=mode)) is Entered.FULL


async def test_those_who_speak_the_same_are_found(store: Store) -> None:
    async def come(name: str, since_s: float, languages: str, interests: str = "") -> None:
        said = frozenset(interests.split()), frozenset(languages.split())
        await store.enter(Waiter(name, since_s, said[0], languages=said[1]))

    async def find(languages: str, interests: str = "") -> list[str]:
        said = frozenset(interests.split()), frozenset(languages.split())
        like = Waiter("somebody", 9.0, said[0], languages=said[1])
        return [w.user_id for w in await store.alike(like, 10)]

    await come("ann", 0.0, "en pt")
    await come("bob", 1.0, "pt", "tea")
    await come("cid", 2.0, "", "tea")
    await come("dan", 3.0, "de en", "chess tea")
    assert await find("pt") == ["ann"]
    assert await find("pt en", "tea golf") == ["bob", "dan"]
    assert await find("", "tea") == ["cid"]
    assert await find("xx") == []
    await come("dan", 3.0, "pt", "tea")
    assert await find("en", "tea") == []
    assert await find("pt", "tea") == ["bob", "dan"]


async def test_who_enters_again_keeps_its_place_but_not_its_interests(store: Store) -> None:
    await enter(store, "ann", "bob")
    again = Waiter("ann", 99.0, frozenset({"tea"}), {"cid": 50.0})
    assert await store.enter(again) is Entered.WAITING
    assert await names(store) == ["ann", "bob"]
    assert await entry_of(store, "ann") == Waiter("ann", 0.0, frozenset({"tea"}), {"cid": 50.0})


async def liking(store: Store, *interests: str, limit: int = MAX_WAITING) -> list[str]:
    like = Waiter("somebody", 0.0, frozenset(interests))
    return [w.user_id for w in await store.alike(like, limit)]


async def enter_liking(store: Store, **interests: str) -> None:
    for since_s, (name, said) in enumerate(interests.items()):
        await store.enter(Waiter(name, float(since_s), frozenset(said.split())))


async def test_those_who_like_the_same_are_found_oldest_first(store: Store) -> None:
    await enter_liking(store, ann="tea", bob="", cid="chess tea", dan="chess", eve="")
    assert await liking(store, "tea") == ["ann", "cid"]
    assert await liking(store, "chess", "tea", "golf") == ["ann", "cid", "dan"]
    assert await liking(store, "chess", "tea", limit=2) == ["ann", "cid"]
    assert await liking(store, "golf") == []
    assert await liking(store) == ["bob", "eve"]
    assert await liking(store, limit=1) == ["bob"]


async def test_who_likes_something_else_now_is_found_by_that(store: Store) -> None:
    await enter_liking(store, ann="tea chess", bob="golf", cid="golf")
    await store.enter(Waiter("ann", 9.0, frozenset({"golf", "chess"})))
    assert await liking(store, "tea") == []
    assert await liking(store, "golf") == ["ann", "bob", "cid"]
    await store.enter(Waiter("ann", 9.0))
    assert await liking(store, "golf", "chess") == ["bob", "cid"]
    assert await liking(store) == ["ann"]


async def test_who_does_not_wait_is_not_found_by_interests(store: Store) -> None:
    await enter_liking(store, ann="tea", bob="tea", cid="tea", dan="")
    await store.leave_queue("ann")
    await store.claim_first([Room("r", "bob", "dan", 1.0)])
    assert await liking(store, "tea") == ["cid"]
    assert await liking(store) == []
    await store.leave_room("bob")
    assert await liking(store, "tea") == ["cid"]


async def test_who_leaves_the_queue_and_enters_again_comes_last(store: Store) -> None:
    await enter(store, "ann", "bob")
    await store.leave_queue("ann")
    await store.leave_queue("ann")
    assert await entry_of(store, "ann") is None
    await store.enter(Waiter("ann", 2.0))
    assert await names(store) == ["bob", "ann"]


async def test_who_leaves_the_queue_and_comes_back_gets_its_place_again(store: Store) -> None:
    await enter(store, "ann", "bob", "cid", "dan")
    await store.leave_queue("bob")
    assert await store.claim_first([Room("r", "bob", "cid", 5.0)]) is None
    await store.enter(Waiter("bob", 1.0))
    assert await names(store) == ["ann", "bob", "cid", "dan"]
    await store.leave_queue("ann")
    await store.enter(Waiter("ann", 0.0))
    assert await names(store) == ["ann", "bob", "cid", "dan"]
    assert [
        waiter.user_id for waiter in await store.alike(Waiter("somebody", 0.0), 4)
    ] == await names(store)


async def test_the_queue_is_bounded(store: Store) -> None:
    await enter(store, *(f"user {n}" for n in range(MAX_WAITING)))
    assert await store.enter(Waiter("late", 0.0)) is Entered.FULL
    assert await entry_of(store, "late") is None
    assert await store.enter(Waiter("user 7", 0.0)) is Entered.WAITING
    await store.leave_queue("user 3")
    assert await store.enter(Waiter("late", 0.0)) is Entered.WAITING


async def test_a_claim_moves_both_into_a_room(store: Store) -> None:
    await enter(store, "ann", "bob", "cid")
    room = Room("r", "ann", "cid", 1.5)
    assert await store.claim_first([room]) is not None
    assert await names(store) == ["bob"]
    assert await store.room_of("ann") == room
    assert await store.room_of("cid") == room
    assert await store.room_of("bob") is None


@pytest.mark.parametrize(
    ("first", "second"),
    [("ann", "gone"), ("gone", "ann"), ("ann", "ann"), ("ann", "in a room"), ("gone", "lost")],
)
async def test_a_claim_that_fails_changes_nothing(store: Store, first: str, second: str) -> None:
    await enter(store, "in a room", "too", "ann")
    await store.claim_first([Room("r", "in a room", "too", 0.0)])
    assert await store.claim_first([Room("s", first, second, 1.0)]) is None
    assert await names(store) == ["ann"]
    assert await store.room_of("too") == Room("r", "in a room", "too", 0.0)
    assert await store.room_of("ann") is None


async def test_who_is_in_a_room_cannot_wait(store: Store) -> None:
    await enter(store, "ann", "bob")
    await store.claim_first([Room("r", "ann", "bob", 0.0)])
    assert await store.enter(Waiter("ann", 1.0)) is Entered.IN_ROOM
    assert await names(store) == []


@pytest.mark.parametrize(("leaver", "other"), [("ann", "bob"), ("bob", "ann")])
async def test_a_room_ends_for_both_and_only_the_first_gets_it(
    store: Store, leaver: str, other: str
) -> None:
    await enter(store, "ann", "bob")
    room = Room("r", "ann", "bob", 0.0)
    await store.claim_first([room])
    assert await store.leave_room(leaver) == room
    assert await store.leave_room(other) is None
    assert await store.room_of(other) is None
    assert await names(store) == []
    await enter(store, "bob", "ann")
    assert await names(store) == ["bob", "ann"]


async def test_leaving_the_queue_leaves_the_room_alone(store: Store) -> None:
    await enter(store, "ann", "bob")
    room = Room("r", "ann", "bob", 0.0)
    await store.claim_first([room])
    await store.leave_queue("ann")
    assert await store.room_of("ann") == room


async def test_leaving_a_room_leaves_the_queue_alone(store: Store) -> None:
    await enter(store, "ann")
    assert await store.leave_room("ann") is None
    assert await names(store) == ["ann"]


async def test_those_who_are_apart_wait_by_themselves(store: Store) -> None:
    tea = frozenset({"tea"})
    await enter(store, "ann", "bob", "cid")
    for since_s, name in enumerate(("dan", "eve"), 1):
        await store.enter(Waiter(name, since_s + 0.5, tea, apart_until_s=60.0))
    assert await names(store) == ["ann", "bob", "cid"]
    assert [w.user_id for w in await store.waiting(10, apart=True)] == ["dan", "eve"]
    like = Waiter("somebody", 0.0, tea)
    assert await store.alike(like, 10) == []
    like = replace(like, apart_until_s=60.0)
    assert [w.user_id for w in await store.alike(like, 10)] == ["dan", "eve"]


async def test_whose_pause_is_over_has_its_place_among_the_others(store: Store) -> None:
    tea = frozenset({"tea"})
    await store.enter(Waiter("eve", 1.5, tea, apart_until_s=60.0))
    await enter(store, "ann", "bob", "cid")
    await store.enter(Waiter("eve", 99.0, tea))
    assert await names(store) == ["ann", "bob", "eve", "cid"]
    assert await store.waiting(10, apart=True) == []
    assert await liking(store, "tea") == ["eve"]
    await store.enter(Waiter("ann", 99.0, tea, apart_until_s=60.0))
    assert [w.user_id for w in await store.waiting(10, apart=True)] == ["ann"]
    assert await liking(store, "tea") == ["eve"]
    assert await store.claim_first([Room("r", "ann", "eve", 1.0)])
    assert await names(store) == ["bob", "cid"]
    assert await store.waiting(10, apart=True) == []
    await store.leave_queue("bob")
    assert await names(store) == ["cid"]


async def test_all_who_wait_are_counted(store: Store) -> None:
    for number in range(MAX_WAITING):
        apart_until_s = 60.0 * (number % 2)
        await store.enter(Waiter(f"{number}", number, apart_until_s=apart_until_s))
    assert await store.enter(Waiter("ann", 1.0)) is Entered.FULL


async def test_interests_may_be_any_text(store: Store) -> None:
    odd = ["tea\x00", "tea", "te", "\x1f", "\n", '"', "\\", "\u2028", "café", "🎈", "\ud7ff", "01"]
    for since_s, interest in enumerate(odd):
        await store.enter(Waiter(f"user {since_s}", float(since_s), frozenset({interest})))
    for number, interest in enumerate(odd):
        assert await liking(store, interest) == [f"user {number}"]
    assert await liking(store) == []
    for number in range(len(odd)):
        await store.leave_queue(f"user {number}")
        assert await liking(store, *odd) == [f"user {n}" for n in range(number + 1, len(odd))]


async def test_moments_come_back_as_they_were(store: Store) -> None:
    parted = {f"user {n}": 1.0 + n / 1000 for n in range(8)}
    ann = Waiter("ann", 0.000001, recent=parted, apart_until_s=1e6)
    await store.enter(ann)
    for number in range(50):
        await store.enter(Waiter(f"{number}", 5.0))
        assert await entry_of(store, "ann") == ann
    await store.enter(Waiter("bob", 2.0))
    room = Room("r", "ann", "bob", 3.000001)
    assert await store.claim_first([room])
    assert await store.room_of("bob") == room


async def test_who_looks_enters_and_sees_who_else_waits(store: Store) -> None:
    await enter_liking(store, ann="tea", bob="", cid="chess tea", dan="golf")
    await store.enter(Waiter("eve", 4.0, frozenset({"tea"}), apart_until_s=60.0))
    fay = Waiter("fay", 5.0, frozenset({"tea", "golf"}))
    looked = await store.look(fay, 2)
    assert looked.entered is Entered.WAITING
    assert looked.seeker == fay
    assert [w.user_id for w in looked.oldest] == ["ann", "bob"]
    assert "cid" in {w.user_id for w in looked.alike} <= {"ann", "cid"}
    assert await entry_of(store, "fay") == fay
    again = await store.look(Waiter("fay", 9.0), 10)
    assert again.seeker == Waiter("fay", 5.0)
    seen = {w.user_id: w for w in (*again.oldest, *again.alike)}
    assert seen.keys() - {"fay"} == {"ann", "bob", "cid", "dan"}
    assert seen["ann"] == Waiter("ann", 0.0, frozenset({"tea"}))
    apart = await store.look(Waiter("gus", 6.0, apart_until_s=60.0), 10)
    assert [w.user_id for w in apart.oldest if w.user_id != "gus"] == ["eve"]


async def test_who_looks_from_a_room_or_into_a_full_queue_sees_nobody(store: Store) -> None:
    await enter(store, "ann", "bob", *(f"user {n}" for n in range(MAX_WAITING - 2)))
    looked = await store.look(Waiter("late", 9.0), 10)
    assert (looked.entered, looked.oldest, looked.alike) == (Entered.FULL, [], [])
    assert looked.seeker == Waiter("late", 9.0)
    await store.claim_first([Room("r", "ann", "bob", 1.0)])
    looked = await store.look(Waiter("ann", 9.0), 10)
    assert (looked.entered, looked.oldest, looked.alike) == (Entered.IN_ROOM, [], [])
    assert await entry_of(store, "ann") is None


async def test_who_leaves_is_neither_in_the_queue_nor_in_a_room(store: Store) -> None:
    await enter(store, "ann", "bob", "cid")
    assert await store.leave("ann") is None
    assert await names(store) == ["bob", "cid"]
    room = Room("r", "bob", "cid", 1.0)
    await store.claim_first([room])
    assert await store.leave("cid") == room
    assert await store.leave("bob") is None
    assert await store.room_of("bob") is None
    assert await store.leave("nobody") is None


async def test_the_first_room_that_can_be_made_is_made_and_no_other(store: Store) -> None:
    await enter(store, "ann", "bob", "cid", "dan")
    rooms = [
        Room("r", "ann", other, 1.0 + n) for n, other in enumerate(("gone", "ann", "cid", "dan"))
    ]
    assert await store.claim_first(rooms) == rooms[2]
    assert await store.room_of("cid") == rooms[2]
    assert await names(store) == ["bob", "dan"]
    assert await store.claim_first(rooms) is None
    assert await store.claim_first([]) is None
    assert await names(store) == ["bob", "dan"]


def party_to(name: str, side: int, since_s: float, *, is_single: bool = False) -> Waiter:
    tryst = Tryst(name, side, is_single)
    return Waiter(f"{name}{side}-{since_s:g}", since_s, frozenset({"tea"}), tryst=tryst)


def room_for(room_id: str, first: Waiter, second: Waiter) -> Room:
    return Room(room_id, first.user_id, second.user_id, 50.0)


async def alike_to(store: Store, waiter: Waiter) -> list[str]:
    looked = await store.look(waiter, MAX_WAITING)
    assert (looked.entered, looked.seeker, looked.oldest) == (Entered.WAITING, waiter, [])
    return [each.user_id for each in looked.alike if each.user_id != waiter.user_id]


async def test_who_has_a_tryst_sees_only_who_has_the_same(store: Store) -> None:
    await enter_liking(store, ann="tea", bob="")
    host, guest, other = (party_to(n, s, t) for n, s, t in [("x", 0, 1), ("x", 1, 2), ("y", 0, 3)])
    assert await alike_to(store, host) == []
    assert await alike_to(store, other) == []
    assert await alike_to(store, replace(guest, mode="text")) == [host.user_id]
    assert await alike_to(store, host) == [guest.user_id], "who wants to talk in another way, too"
    assert await names(store) == ["ann", "bob"]
    assert await liking(store, "tea") == ["ann"]
    assert [w.user_id for w in await store.waiting(10, apart=True)] == []


async def test_who_has_a_tryst_meets_nobody_else(store: Store) -> None:
    """However a room was found: the user may have got its tryst since then."""
    await enter(store, "ann")
    host, guest, other = (party_to(n, s, t) for n, s, t in [("x", 0, 1), ("x", 1, 2), ("y", 1, 3)])
    for waiter in (host, guest, other):
        await store.enter(waiter)
    wrong = [Room("r", "ann", host.user_id, 50.0), Room("s", host.user_id, "ann", 50.0)]
    assert await store.claim_first([*wrong, room_for("t", host, other)]) is None
    right = room_for("u", host, guest)
    assert await store.claim_first([*wrong, right]) == right
    assert await names(store) == ["ann"]


async def test_who_waits_may_take_a_tryst_and_give_it_up(store: Store) -> None:
    await enter(store, "ann", "bob")
    assert await alike_to(store, Waiter("ann", 0.0, tryst=Tryst("x", 0))) == []
    assert await names(store) == ["bob"]
    assert await alike_to(store, Waiter("cid", 5.0, tryst=Tryst("x", 1))) == ["ann"]
    assert await store.enter(Waiter("ann", 9.0)) is Entered.WAITING
    assert await names(store) == ["ann", "bob"]
    assert await alike_to(store, Waiter("cid", 5.0, tryst=Tryst("x", 1))) == []
    await store.leave_queue("cid")
    assert await alike_to(store, Waiter("dan", 6.0, tryst=Tryst("x", 0))) == []


async def test_a_tryst_that_serves_once_has_served_when_a_room_is_made(store: Store) -> None:
    host, guest, late = (
        party_to("x", side, t, is_single=True) for side, t in [(0, 1), (1, 2), (1, 3)]
    )
    for waiter in (host, guest, late):
        assert await store.enter(waiter) is Entered.WAITING
    assert await store.claim_first([room_for("r", host, guest)])
    assert (await store.look(late, 10)).entered is Entered.USED
    assert await store.leave_room(host.user_id)
    again = party_to("x", 0, 9, is_single=True)
    assert await store.enter(again) is Entered.USED
    assert await store.claim_first([room_for("s", again, late)]) is None
    other = party_to("z", 0, 9, is_single=True)
    assert await store.enter(other) is Entered.WAITING


async def test_a_tryst_has_served_for_all_who_wait_with_it(store: Store) -> None:
    both = [[party_to("x", side, t, is_single=True) for side in (0, 1)] for t in (1, 2)]
    for waiter in (*both[0], *both[1]):
        await store.enter(waiter)
    rooms = [room_for("r", *both[0]), room_for("s", *both[1])]
    assert await store.claim_first(rooms) == rooms[0]
    assert await store.claim_first(rooms) is None


async def test_another_tryst_serves_as_often_as_its_two_like(store: Store) -> None:
    host, guest = party_to("x", 0, 1), party_to("x", 1, 2)
    for room_id in ("r", "s"):
        await store.enter(host)
        await store.enter(guest)
        assert await store.claim_first([room_for(room_id, host, guest)])
        assert await store.leave_room(guest.user_id)


async def test_who_has_a_tryst_counts_among_those_who_wait(store: Store) -> None:
    await enter(store, *(f"user{number}" for number in range(MAX_WAITING)))
    assert await store.enter(party_to("x", 0, 500)) is Entered.FULL
