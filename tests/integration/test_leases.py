"""Leases in a real Redis: who is there, who had a name first, and what becomes of trouble."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial

import pytest
from structlog.testing import capture_logs

from relay.cluster import Node
from relay.cluster.figures import Standing
from relay.cluster.lane import Lane, client
from relay.cluster.leases import KEYS, Lease, Leases
from relay.cluster.messages import VERSION
from relay.errors import StoreAway
from tests.support.redis_server import NEEDS_REDIS, RedisServer, a_redis

pytestmark = NEEDS_REDIS

BERLIN = Node("berlin", "1", "0.1.0", "192.0.2.1", 7900, 2)
MARK, OTHER_MARK = "0123456789abcdef", "fedcba9876543210"
NOWHERE = '{"name":"paris","incarnation":"2","version":"","host":"x","port":1,"workers":1}'
PARIS = Node("paris", "2", "0.1.0", "192.0.2.2", 7900, 1)


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    with a_redis() as server:
        yield server


@pytest.fixture(autouse=True)
def emptied(server: RedisServer) -> None:
    server.ask("FLUSHALL")


class Known:
    def __init__(self) -> None:
        self.nodes: list[Node] = []
        self.news = asyncio.Event()

    def __call__(self, nodes: Sequence[Node]) -> None:
        self.nodes = sorted(nodes, key=lambda node: node.name)
        self.news.set()


@asynccontextmanager
async def leases(
    server: RedisServer,
    node: Node,
    known: Known | None = None,
    patience_s: float = 10.0,
    mark: str = MARK,
    wall: Callable[[], float] = time.time,
) -> AsyncIterator[Leases]:
    lane = Lane(client(server.url, patience_s), patience_s=patience_s)
    made = Leases(lane.run, node, mark, known or Known(), wall=wall)
    made.open()
    try:
        yield made
    finally:
        await made.close()
        await lane.close()


async def test_nodes_learn_of_each_other(server: RedisServer) -> None:
    known = Known()
    async with leases(server, BERLIN, known) as berlin, leases(server, PARIS) as paris:
        paris.standing = lambda: Standing(0.5, draining=True)
        assert await berlin.claim()
        assert known.nodes == []
        assert await paris.claim()
        assert await berlin.renew()
        assert known.nodes == [PARIS]
        assert berlin.others == {"paris": Lease(PARIS, Standing(0.5, draining=True))}
        assert berlin.living == frozenset({"berlin", "paris"})


async def test_who_is_not_open_has_its_name_and_no_more(server: RedisServer) -> None:
    async with leases(server, BERLIN) as berlin, leases(server, PARIS) as paris:
        paris._is_open = False
        await paris.claim()
        await berlin.claim()
        assert not berlin.others
        assert berlin.living == frozenset({"berlin", "paris"})
        paris.open()
        await paris.renew()
        await berlin.renew()
        assert list(berlin.others) == ["paris"]


async def test_who_speaks_another_version_is_known_and_no_kin(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its name is taken, and what another version's store has of that name is swept out."""
    async with leases(server, BERLIN) as berlin, leases(server, PARIS) as paris:
        await paris.claim()
        await berlin.claim()
        assert berlin.kin == frozenset({"berlin", "paris"})
        monkeypatch.setattr("relay.cluster.leases.Lease", partial(Lease, protocol=VERSION + 1))
        await paris.renew()
        monkeypatch.undo()
        await berlin.renew()
        assert berlin.living == frozenset({"berlin", "paris"})
        assert berlin.kin == frozenset({"berlin"})
        assert list(berlin.others) == ["paris"]


async def test_a_clock_that_is_an_hour_off_is_told_once(server: RedisServer) -> None:
    off_s = [3600.0]
    async with leases(server, BERLIN, wall=lambda: time.time() + off_s[0]) as berlin:
        assert await berlin.claim()
        assert berlin.is_clock_wrong
        assert berlin.ahead_s == pytest.approx(3600, abs=30)
        with capture_logs() as logs:
            for off_s[0] in (3600, -3600, 0, 0):
                await berlin.renew()
                berlin._tell_clock()
    told = [(each["event"], each.get("ahead_s", 0) > 0) for each in logs]
    assert told == [("clock_differs", True), ("clock_agrees", False)]


async def test_a_clock_is_not_wrong_because_an_answer_was_read_late(server: RedisServer) -> None:
    """As by a process that has stood still meanwhile, before Redis was asked or after."""
    for before_s, after_s in ((0.0, 3600.0), (-3600.0, 0.0)):
        off_s = iter((before_s, after_s))
        async with leases(server, BERLIN, wall=lambda: time.time() + next(off_s)) as berlin:  # noqa: B023
            assert await berlin.claim()
            assert abs(berlin.ahead_s) < 30


async def test_a_lease_that_is_too_long_leaves_nothing(server: RedisServer) -> None:
    server.ask("HSET", KEYS[1], "evil", "words")
    server.ask("ZADD", KEYS[0], "99999999999999", "evil")
    async with leases(server, BERLIN) as berlin:
        assert await berlin.claim()
        assert berlin.living == frozenset({"berlin"})
        assert server.ask("HKEYS", KEYS[1]).split() == ["berlin"]


async def test_a_lease_that_is_given_back_is_nobody_s(server: RedisServer) -> None:
    async with leases(server, BERLIN) as berlin:
        async with leases(server, PARIS) as paris:
            await paris.claim()
        await berlin.claim()
        assert berlin.living == frozenset({"berlin"})
        async with leases(server, replace(PARIS, incarnation="3")) as again:
            assert await again.renew()


async def test_a_second_one_of_a_name_waits_until_the_first_lease_has_ended(
    server: RedisServer,
) -> None:
    async with leases(server, BERLIN) as first:
        await first.claim()
        first._is_renewed = False  # it ends without a word
    async with leases(server, replace(BERLIN, incarnation="2")) as second:
        assert not await second.renew()
        assert await second.claim()
        assert second.living == frozenset({"berlin"})


async def test_a_name_that_is_in_use_is_not_given_away(server: RedisServer) -> None:
    async with (
        leases(server, BERLIN) as first,
        leases(server, replace(BERLIN, incarnation="2")) as second,
    ):
        await first.claim()
        first.start()
        assert not await second.claim()
        assert second.living is None
        assert await first.renew()


async def test_who_has_lost_its_name_for_longer_than_a_lease_lasts_has_to_go(
    server: RedisServer,
) -> None:
    now = 100.0
    async with (
        leases(server, BERLIN) as first,
        leases(server, replace(BERLIN, incarnation="2")) as two,
    ):
        two._clock = lambda: now
        await first.claim()
        for seconds in (0.0, 1.0, 5.5):
            now = 100.0 + seconds
            assert not await two.renew()
            assert two.refusal == "name_taken"
            assert not two.expulsion.why
        now = 107.0
        assert not await two.renew()
        assert two.expulsion.why == "name_taken"


async def test_a_name_that_comes_back_in_time_is_kept(server: RedisServer) -> None:
    """As after a failover to a Redis that knows the node's former run."""
    now = 100.0
    async with leases(server, replace(BERLIN, incarnation="2")) as here:
        here._clock = lambda: now
        async with leases(server, BERLIN) as former:
            await former.claim()
            assert not await here.renew()
        now = 105.0
        assert await here.renew()
        assert not here.refusal
        now = 110.0
        assert await here.renew()
        assert not here.expulsion.why


async def test_while_nodes_with_another_secret_are_there_no_lease_is_to_be_had(
    server: RedisServer,
) -> None:
    now = 100.0
    known = Known()
    async with leases(server, PARIS, known, mark=OTHER_MARK) as paris:
        paris._clock = lambda: now
        async with leases(server, BERLIN) as berlin:
            berlin._is_open = False  # it has its lease, and has told nothing yet
            assert await berlin.renew()
            for seconds in (0.0, 5.5):
                now = 100.0 + seconds
                assert not await paris.renew()
                assert (paris.refusal, paris.expulsion.why) == ("wrong_secret", "")
            now = 107.0
            assert not await paris.renew()
            assert paris.expulsion.why == "wrong_secret"
            assert paris.living is None
            assert await berlin.renew()
            assert berlin.living == frozenset({"berlin"})
        assert known.nodes == []
        assert await paris.renew(), "the others have gone"


async def test_a_redis_that_has_lost_everything_is_whose_who_comes_first(
    server: RedisServer,
) -> None:
    async with leases(server, BERLIN) as berlin, leases(server, PARIS, mark=OTHER_MARK) as paris:
        assert await berlin.renew()
        server.ask("FLUSHALL")
        assert await paris.renew()
        assert not await berlin.renew()
        assert berlin.refusal == "wrong_secret"


async def test_who_has_come_while_redis_was_away_lets_the_others_go_first(
    server: RedisServer,
) -> None:
    now = 100.0
    other = replace(BERLIN, name="athens")
    async with (
        leases(server, BERLIN, patience_s=0.2) as berlin,
        leases(server, other, patience_s=0.2) as athens,
        leases(server, PARIS) as paris,
    ):
        for each in (berlin, athens):
            each._clock = lambda: now
        server.pause()
        try:
            for each in (berlin, athens):
                with pytest.raises(StoreAway):
                    await each.claim()
        finally:
            server.go_on()
        server.ask("FLUSHALL")
        for now in (100.0, 102.9):  # noqa: B007 - it is the clock
            with pytest.raises(StoreAway, match="knew it before"):
                await berlin.renew()
            assert berlin.living is None
        now = 103.1
        assert await berlin.renew(), "there are no others"
        now = 100.0
        assert await athens.renew(), "where somebody is, it may come at once"
        assert await paris.renew()


async def test_it_is_renewed_every_second_and_what_else_there_is_to_do_is_done(
    server: RedisServer,
) -> None:
    known = Known()
    tended = asyncio.Event()

    async def tend() -> None:
        tended.set()

    async with leases(server, BERLIN, known) as berlin, leases(server, PARIS) as paris:
        berlin.tend = tend
        berlin.start()
        await paris.claim()
        async with asyncio.timeout(20):
            while not known.nodes:
                known.news.clear()
                await known.news.wait()
            await tended.wait()


async def test_what_is_known_stays_known_while_redis_is_away(server: RedisServer) -> None:
    other = RedisServer()
    other.start()
    known = Known()
    try:
        async with leases(other, BERLIN, known) as berlin, leases(other, PARIS) as paris:
            await paris.claim()
            await berlin.claim()
            other.stop()
            with capture_logs() as logged:
                berlin.start()
                away = asyncio.Event()

                async def note() -> None:
                    away.set()

                berlin.tend = note
                async with asyncio.timeout(20):
                    await away.wait()
                    assert berlin.living is None
                    assert known.nodes == [PARIS]
                    assert list(berlin.others) == ["paris"]
                    other.start()  # it has lost everything
                    known.news.clear()
                    await known.news.wait()
                    assert berlin.living == frozenset({"berlin"})
                    await paris.renew()
                    while known.nodes != [PARIS]:
                        known.news.clear()
                        await known.news.wait()
                    while len(logged) < 2:  # noqa: ASYNC110 - it is logged after that
                        await asyncio.sleep(0.01)
        assert [each["event"] for each in logged] == ["lease_not_renewed", "lease_renewed"]
    finally:
        other.remove()


async def test_a_redis_that_does_not_answer_holds_nobody_up(server: RedisServer) -> None:
    async with leases(server, BERLIN, patience_s=1.0) as berlin:
        await berlin.claim()
        server.pause()
        try:
            with pytest.raises(StoreAway):
                await berlin.renew()
        finally:
            server.go_on()
        assert berlin.living is None
        assert await berlin.renew()


@pytest.mark.parametrize("key", ["{relay}:leases", "{relay}:nodes"])
async def test_somebody_else_s_keys_are_left_alone(server: RedisServer, key: str) -> None:
    server.ask("SET", key, "something")
    async with leases(server, BERLIN) as berlin:
        with pytest.raises(StoreAway, match="WRONGTYPE"):
            await berlin.claim()
    assert server.ask("GET", key) == "something"


async def test_a_full_redis_holds_leases_all_the_same() -> None:
    full = RedisServer("--maxmemory", "1")
    full.start()
    try:
        async with leases(full, BERLIN) as berlin:
            assert await berlin.claim()
            assert await berlin.renew()
    finally:
        full.remove()


@pytest.mark.parametrize(
    "told",
    [
        "",
        "2",
        "2 {",
        "2 {} {}",
        f"2 {MARK} {{}}",
        f'2 {MARK} {{"node": 1, "standing": {{}}}}',
        json.dumps({"node": {"name": "PARIS"}}),
        f'2 {MARK} {{"node":{NOWHERE},"standing":{{}}}}',
        "\u20ac",
    ],
)
async def test_a_lease_that_cannot_be_read_is_left_out(server: RedisServer, told: str) -> None:
    async with leases(server, BERLIN) as berlin, leases(server, PARIS) as paris:
        await paris.claim()
        server.ask("HSET", "{relay}:nodes", "paris", told)
        assert await berlin.claim()
        assert not berlin.others
        assert berlin.living == frozenset({"berlin", "paris"})


async def test_others_may_write_without_end(server: RedisServer) -> None:
    script = """
    local soon = redis.call('TIME')[1] * 1000 + 5000
    for i = 1, 5000 do
      redis.call('ZADD', KEYS[1], soon, 'soon' .. i)
      redis.call('ZADD', KEYS[1], 1e15, 'never' .. i)
    end"""
    server.ask("EVAL", script, "1", "{relay}:leases")
    async with leases(server, BERLIN) as berlin:
        assert await berlin.claim()
        assert berlin.living is not None
        assert len(berlin.living) <= 256
        assert not any(name.startswith("never") for name in berlin.living), "no lease lasts as long"


async def test_what_is_kept_has_an_end(server: RedisServer) -> None:
    async with leases(server, BERLIN) as berlin:
        await berlin.claim()
        for key in ("{relay}:leases", "{relay}:nodes"):
            assert int(server.ask("TTL", key)) > 0
