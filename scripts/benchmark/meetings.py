"""How fast users of several nodes meet, and how many a second: the other half of ``cluster``.

Real nodes and a real Redis, which share the servers' core; users that only signal have the other.
Three things are measured:

- From ``find_partner`` to ``partner_found`` for two of different nodes, one pair after the other,
  while others wait who never meet anybody: each is interested in something else, and so are those
  who do meet.
- The same while pairs part at random moments, as often as 10,000 people do who talk for two
  minutes each.
- Matches a second when more always search than can be served: at one server without a cluster, at
  one node, and at three.

Where all share a core, three nodes have no more of it than one server, so what each match takes of
it is compared as well, and what a core for each of them would carry is worked out of that.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

from rich.table import Table

from relay.errors import BotError
from relay.protocol.messages import (
    Error,
    PartnerFound,
    PartnerLeft,
    ServerMessage,
    WaitingForPartner,
)
from scripts.benchmark import nodes, servers
from scripts.benchmark.bench import Bench, Options, Say
from scripts.benchmark.load import MAX_BUSY, MAX_OTHERS
from scripts.benchmark.nodes import NAMES, Store
from scripts.benchmark.servers import Server, core_busy_s, cores
from scripts.benchmark.signallers import Signaller, joined
from scripts.benchmark.tables import table
from scripts.benchmark.targets import Target, at_least, in_doubt, judge
from scripts.benchmark.times import Times
from scripts.benchmark.turnover import Turnover

ONE_BY_ONE, NATURAL = "one at a time", "42 pairs part a second"
ALONE, ONE, THREE = "one server, no cluster", "one node", "three nodes"
WAITING = 1000
PER_S = 42.0
"""10,000 users / 2 / 120 s."""
TALKERS, ROUNDS, NATURAL_S = 240, 300, 20.0
PAIRS_AT_ONCE = 32
MISSING = "needs Redis (scripts/need redis-server redis-server)"
MOST_P50_MS, MOST_P99_MS = 10.0, 50.0

_SETTINGS = {"interest-wait-s": "3600", "rematch-after-s": "0", "max-users": "20000"}
_PATIENCE_S = 30.0
_SETTLED_S = 0.5

T = TypeVar("T", bound=ServerMessage)


@dataclass(frozen=True, slots=True)
class Meeting:
    """How long those who met had searched."""

    how: str
    between: str
    """``two nodes``, or ``one node``."""
    waiting: int
    """Others, who never meet anybody."""
    latency: Times


@dataclass(frozen=True, slots=True)
class Rate:
    """Matches while more always search than can be served."""

    where: str
    users: int
    matches: int
    matches_per_s: float
    across_percent: float
    """Matches between two nodes."""
    servers_us: float
    """CPU of a match, of all servers in sum."""
    redis_us: float
    """Redis' own, likewise, and as a part of a core."""
    redis_percent: float
    load_percent: float
    """What the users took of their core."""
    others_percent: float
    """What others took of the servers' core."""

    @property
    def doubt(self) -> str:
        """Why it may say more of the load, or of the machine, than of the servers."""
        reasons = {
            "shared": self.others_percent > 100 * MAX_OTHERS,
            "busy": self.load_percent > 100 * MAX_BUSY,
        }
        return ", ".join(reason for reason, is_so in reasons.items() if is_so)

    @property
    def spread_per_s(self) -> float:
        """Matches a second, had each of the servers, and Redis, a core of its own."""
        own = 1e6 * (len(NAMES) if self.where == THREE else 1) / self.servers_us
        return min(own, 1e6 / self.redis_us) if self.redis_us else own


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    users: int
    waiting: int
    talkers: int
    rounds: int
    natural_s: float
    rate_s: float

    @classmethod
    def of(cls, options: Options) -> Size:
        """As it was asked for."""
        users = options.users // 2 * 2
        if options.quick:
            return cls(min(users, 100), 60, 30, 30, 1.0, 0.5)
        return cls(users, WAITING, TALKERS, ROUNDS, NATURAL_S, options.runs * options.seconds)

    @property
    def patience_s(self) -> float:
        """How long all of it may take."""
        return 240 + 10 * self.rate_s + self.natural_s + 0.1 * self.users


async def measure(bench: Bench, found: list[Any]) -> None:
    """One server alone, then three nodes; nothing where there is no Redis."""
    if not nodes.has_redis():
        bench.missing["meetings over several nodes"] = MISSING
        bench.say(f"cluster: no meetings over several nodes: {MISSING}")
        return
    size = Size.of(bench.options)
    async with asyncio.timeout(size.patience_s):
        async with servers.relay(**_SETTINGS) as server:
            found.append(await _rate(bench.say, ALONE, [server], size, None))
        bench.say(f"cluster: {len(NAMES)} nodes start")
        async with nodes.a_redis() as store, nodes.nodes(store, **_SETTINGS) as running:
            found += await _latencies(bench.say, running, size)
            found.append(await _rate(bench.say, ONE, running[:1], size, store))
            found.append(await _rate(bench.say, THREE, running, size, store))


# how long it takes


async def _latencies(say: Say, running: Sequence[Server], size: Size) -> list[Meeting]:
    """While many wait in vain."""
    say(f"cluster: {size.waiting:,} come who will wait in vain")
    urls = [server.url for server in running]
    idle = [Signaller(number % len(urls), f"rarity {number}") for number in range(size.waiting)]
    talkers = [Signaller(number % len(urls), "music") for number in range(size.talkers)]
    async with joined(idle, urls), joined(talkers, urls):
        for user in idle:
            await user.search()
        await asyncio.sleep(_SETTLED_S)
        say(f"cluster: {size.rounds} meet, {ONE_BY_ONE}")
        took = await _one_by_one(talkers[: len(urls)], size.rounds)
        say(f"cluster: for {size.natural_s:g} s {NATURAL}")
        turnover = Turnover(talkers)
        await _in_time(turnover.all_met())
        turnover.forget()
        await turnover.natural(PER_S, size.natural_s)
        await _in_time(turnover.all_met())
    return [
        Meeting(ONE_BY_ONE, "two nodes", size.waiting, _times(took)),
        Meeting(NATURAL, "two nodes", size.waiting, _times(turnover.across_s)),
        Meeting(NATURAL, "one node", size.waiting, _times(turnover.within_s)),
    ]


def _times(took_s: list[float]) -> Times:
    if not took_s:
        raise BotError("nobody has met")
    return Times.of("find_partner to partner_found", took_s)


async def _one_by_one(users: Sequence[Signaller], rounds: int) -> list[float]:
    """Somebody waits; whoever comes later, at another node, is timed."""
    took = []
    said: dict[Signaller, asyncio.Queue[ServerMessage | None]] = {}
    for user in users:
        said[user] = asyncio.Queue()
        user.hears = _into(said[user])
    for number in range(rounds):
        host = users[number % len(users)]
        guest = users[(number + 1 + number // len(users) % 2) % len(users)]
        await host.search()
        await _hear(said[host], WaitingForPartner)
        await guest.search()
        await _hear(said[guest], PartnerFound)
        took.append(guest.took_s)
        await _hear(said[host], PartnerFound)
        await guest.stop()
        await _hear(said[host], PartnerLeft)
    return took


def _into(
    queue: asyncio.Queue[ServerMessage | None],
) -> Callable[[Signaller, ServerMessage | None], Awaitable[None]]:
    async def hears(_: Signaller, message: ServerMessage | None) -> None:
        queue.put_nowait(message)

    return hears


async def _hear(queue: asyncio.Queue[ServerMessage | None], kind: type[T]) -> T:
    async with asyncio.timeout(_PATIENCE_S):
        while not isinstance(message := await queue.get(), kind):
            if message is None or isinstance(message, Error):
                raise BotError(f"{message or 'the end'} came before {kind.__name__}")
    return message


# how many


async def _rate(
    say: Say, where: str, running: Sequence[Server], size: Size, store: Store | None
) -> Rate:
    """With as many users as are wanted, of whom some pairs always search."""
    say(f"cluster: {size.users:,} users meet for {size.rate_s:g} s, {where}")
    urls = [server.url for server in running]
    users = [Signaller(number % len(urls)) for number in range(size.users)]
    async with joined(users, urls):
        turnover = Turnover(users)
        await turnover.keep_searching(min(PAIRS_AT_ONCE, size.users // 4))
        await _in_time(turnover.all_met(), 0.1 * size.users)
        await asyncio.sleep(_SETTLED_S)
        turnover.forget()
        began = await _spent(running, store)
        await asyncio.sleep(size.rate_s)
        await _in_time(turnover.some_met())
        ended = await _spent(running, store)
        matches, across = turnover.meetings, len(turnover.across_s)
        turnover.check()
    seconds, cpu_s, redis_s, load_s, core_s = (b - a for a, b in zip(began, ended, strict=True))
    return Rate(
        where=where,
        users=size.users,
        matches=matches,
        matches_per_s=matches / seconds,
        across_percent=100 * across / matches,
        servers_us=1e6 * cpu_s / matches,
        redis_us=1e6 * redis_s / matches,
        redis_percent=100 * redis_s / seconds,
        load_percent=100 * load_s / seconds,
        others_percent=100 * max(core_s - cpu_s - redis_s, 0) / seconds,
    )


async def _spent(
    running: Sequence[Server], store: Store | None
) -> tuple[float, float, float, float, float]:
    """What has passed: time; CPU time of the servers, of Redis, of the load; the core's of all."""
    redis_s = 0.0 if store is None else await store.cpu_s()
    servers_s = sum(server.cpu_s() for server in running)
    core_s = core_busy_s(cores()[0])
    return time.perf_counter(), servers_s, redis_s, time.process_time(), core_s


async def _in_time(waited_for: Awaitable[None], more_s: float = 0.0) -> None:
    async with asyncio.timeout(_PATIENCE_S + more_s):
        await waited_for


# telling it


def as_dict(found: list[Meeting | Rate]) -> dict[str, Any]:
    """For JSON."""
    rates = [each for each in found if isinstance(each, Rate)]
    return {
        "meetings": [asdict(each) for each in found if isinstance(each, Meeting)],
        "matches": [
            asdict(each) | {"spread_per_s": each.spread_per_s, "doubt": each.doubt}
            for each in rates
        ],
    }


def tables(found: list[Meeting | Rate]) -> list[Table]:
    """For people; of what was measured."""
    met = [each for each in found if isinstance(each, Meeting)]
    rates = [each for each in found if isinstance(each, Rate)]
    return ([_of_meetings(met)] if met else []) + ([_of_rates(rates)] if rates else [])


def _of_meetings(found: list[Meeting]) -> Table:
    drawn = table(
        "From find_partner to partner_found over three nodes, all on one core",
        "how", "of", "others wait", "count", "p50 ms", "p99 ms", "max ms",
    )  # fmt: skip
    for each in found:
        drawn.add_row(each.how, each.between, f"{each.waiting:,}", *each.latency.cells)
    return drawn


def _of_rates(found: list[Rate]) -> Table:
    drawn = table(
        "Matches, all servers and Redis on one core",
        "of", "users", "matches/s", "of two nodes %", "servers us/match", "Redis us/match",
        "Redis % of a core", "load busy %", "a core each: matches/s", "in doubt",
    )  # fmt: skip
    drawn.caption = (
        "a core each: worked out of the CPU of a match. in doubt: as for forwarding. The target is"
        " for 10,000 users, who take minutes to come: --users 10000."
    )
    for each in found:
        drawn.add_row(
            each.where,
            f"{each.users:,}",
            f"{each.matches_per_s:,.0f}",
            f"{each.across_percent:.0f}",
            f"{each.servers_us:,.0f}",
            f"{each.redis_us:,.0f}",
            f"{each.redis_percent:.1f}",
            f"{each.load_percent:.0f}",
            f"{each.spread_per_s:,.0f}",
            each.doubt,
        )
    return drawn


def targets(found: list[Meeting | Rate]) -> list[Target]:
    """With 1,000 who wait, and of three nodes over one."""
    met = {
        each.how: each.latency
        for each in found
        if isinstance(each, Meeting) and each.between == "two nodes" and each.waiting == WAITING
    }
    judged = []
    for how in (ONE_BY_ONE, NATURAL):
        of, figure = met.get(how), f"find_partner to partner_found of two nodes, {how}"
        p50_ms, p99_ms = (None, None) if of is None else (of.p50_ms, of.p99_ms)
        judged.append(judge(f"{figure} (p50)", p50_ms, MOST_P50_MS, " ms"))
        judged.append(judge(f"{figure} (p99)", p99_ms, MOST_P99_MS, " ms"))
    rates = {each.where: each for each in found if isinstance(each, Rate)}
    alone, one, three = (rates.get(where) for where in (ALONE, ONE, THREE))
    measured = three.matches_per_s / one.matches_per_s if one and three else None
    worked_out = three.spread_per_s / one.spread_per_s if one and three else None
    over_alone = three.spread_per_s / alone.spread_per_s if alone and three else None
    with_users = f" with {three.users:,} users" if three else ""
    doubt = with_users + (in_doubt(one) or in_doubt(three))
    figure = "matches/s of three nodes"
    return [
        *judged,
        at_least(f"{figure}, to one node's: all on one core", measured, 1.0, "", doubt=doubt),
        at_least(
            f"{figure}, to one node's: a core each, worked out",
            worked_out,
            1.0,
            "",
            doubt=with_users,
        ),
        at_least(
            f"{figure}, to one server's without a cluster: the same",
            over_alone,
            1.0,
            "",
            doubt=with_users,
        ),
    ]
