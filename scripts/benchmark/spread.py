"""The measurement ``spread``: the same calls on one worker, and on two.

Three relays at once, which take turns run by run: one worker; two whose pairs meet within theirs;
and two whose pairs are all apart, so that each packet crosses the bridge. All their processes share
the servers' core, so what a packet costs can be compared, and delays suffer alike. What two cores
would forward together cannot be seen where the load needs one of them.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from dataclasses import asdict
from typing import Any

from rich.table import Table

from scripts.benchmark import servers, traffic, users
from scripts.benchmark.bench import Bench
from scripts.benchmark.contenders import Contender
from scripts.benchmark.forwarding import Level
from scripts.benchmark.rows import Row
from scripts.benchmark.tables import number, table
from scripts.benchmark.targets import Target, judge
from scripts.benchmark.traffic import CLIP_S

PAIRS = 40
ONE, WITHIN, ACROSS = "one worker", "two, pairs within", "two, pairs across"
MOST_CPU, MOST_P99_MS = 1.05, 0.5


async def measure(bench: Bench, found: list[Row]) -> None:
    """Calls on the three, in turns."""
    bench.say("recording a call")
    plan = traffic.calls(traffic.settled(traffic.record(CLIP_S)))
    pairs = min(PAIRS, max(bench.options.pairs))
    async with AsyncExitStack() as stack:
        running = [
            await _contender(stack, name, workers, join)
            for name, workers, join in (
                (ONE, 1, _join_in_turn),
                (WITHIN, 2, _join_in_turn),
                (ACROSS, 2, users.join_relay),  # all have links before anybody searches
            )
        ]
        level = Level("calls", plan, pairs, bench.options.runs, bench.options.seconds)
        await level.measure(bench, running, found)


async def _contender(stack: AsyncExitStack, name: str, workers: int, join: users.Join) -> Contender:
    server = await stack.enter_async_context(servers.relay(workers=str(workers)))
    server.name = name
    contender = Contender(server, users.encrypting(users.AS_CHROMIUM, join))
    stack.push_async_callback(lambda: users.leave(contender.crowd))
    return contender


async def _join_in_turn(server: servers.Server, pairs: int) -> list[users.User]:
    """Each newcomer finds the one before it waiting, and is put where that one is."""
    return [user for _ in range(pairs) for user in await users.join_one_by_one(server)]


def as_dict(found: list[Row]) -> dict[str, Any]:
    """For JSON."""
    return {"spread": [asdict(each) for each in found]}


def tables(found: list[Row]) -> list[Table]:
    """For people."""
    headings = "of", "pairs", "us", "p50 ms", "p99 ms", "loss %", "load busy %", "in doubt"
    drawn = table("Calls on one worker and on two, all on one core", *headings)
    for each in found:
        drawn.add_row(
            each.server,
            str(each.pairs),
            number(each.cpu_us_per_packet, 1),
            number(each.latency_p50_ms, 2),
            number(each.latency_p99_ms, 2),
            number(each.loss_percent, 3),
            number(each.load_busy_percent, 0),
            each.doubt,
        )
    return [drawn]


def targets(found: list[Row]) -> list[Target]:
    """What a second worker and the bridge may cost."""
    by_name = {each.server: each for each in found}
    one, within, across = (by_name.get(name) for name in (ONE, WITHIN, ACROSS))
    dearer = within.cpu_us_per_packet / one.cpu_us_per_packet if within and one else None
    later = None
    if across and within and across.latency_p99_ms and within.latency_p99_ms:
        later = across.latency_p99_ms - within.latency_p99_ms
    return [
        judge("CPU of a packet with two workers, over one", dearer, MOST_CPU, ""),
        judge("p99 of a packet over the bridge, over a direct one", later, MOST_P99_MS, " ms more"),
    ]
