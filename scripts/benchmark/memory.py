"""The measurement ``memory``: what a pair and an idle user take.

Each figure is a slope between a few and more of them, so that what a server takes once is left out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from scripts.benchmark import load, servers, traffic, users
from scripts.benchmark.bench import Bench, Say
from scripts.benchmark.contenders import Contender, contenders, encodes
from scripts.benchmark.servers import FLOOR, RELAY, STOCK, Server
from scripts.benchmark.tables import table
from scripts.benchmark.targets import Target, at_most
from scripts.benchmark.traffic import CLIP_S

PAIRS = {STOCK: (1, 3)}
DEFAULT_PAIRS = (5, 25)
IDLE_USERS = (10, 60)
_FLOW_S = 1.0


@dataclass(frozen=True, slots=True)
class Footprint:
    """What one more of something takes; a pair is two users in a real call."""

    server: str
    of: str  # "pair" or "idle user"
    counted: str
    resident_mb: float
    descriptors: float
    threads: float
    server_mb: float  # the server's resident memory with all of them


@dataclass(frozen=True, slots=True)
class _Usage:
    resident_mb: float
    descriptors: int
    threads: int


async def measure(bench: Bench, found: list[Footprint]) -> None:
    """Pairs on every server, and idle users on the relay."""
    clip = traffic.record(CLIP_S)
    settled = traffic.settled(clip)
    serve = bench.own if bench.options.quick else bench.passing | bench.encoding
    for name, start in serve.items():
        if name == FLOOR:
            continue
        plan = traffic.calls(clip if encodes(name) else settled)
        async with contenders({name: start}, users.AS_CHROMIUM, bench.missing) as running:
            for contender in running:  # none, if it could not be started
                found += [await _pairs(bench, contender, plan)]
    found.append(await _idle(bench.say))


async def _pairs(bench: Bench, contender: Contender, plan: traffic.Plan) -> Footprint:
    server, usages = contender.server, []
    counts = PAIRS.get(server.name, DEFAULT_PAIRS)
    for pairs in counts:
        bench.say(f"memory of {pairs} pairs: {server.name}")
        await contender.grow(pairs)
        await load.run(contender.crowd, plan, _FLOW_S, server.cpu_s)
        usages.append(_usage(server))
    return _slope(server.name, "pair", counts, usages)


async def _idle(say: Say) -> Footprint:
    """Users with an open link who are in no room; nobody can wait while somebody else does."""
    say("memory of idle users: relay")
    async with servers.relay() as server:
        crowd: list[users.User] = []
        usages = []
        try:
            for count in IDLE_USERS:
                while len(crowd) < count:
                    crowd.append(await users.connect(server.url))
                usages.append(_usage(server))
        finally:
            await users.leave(crowd)
    return _slope(RELAY, "idle user", IDLE_USERS, usages)


def _usage(server: Server) -> _Usage:
    return _Usage(server.resident_mb(), server.descriptors(), server.threads())


def _slope(name: str, of: str, counts: tuple[int, int], usages: list[_Usage]) -> Footprint:
    few, many = usages
    more = counts[1] - counts[0]
    return Footprint(
        server=name,
        of=of,
        counted=f"{counts[0]} to {counts[1]}",
        resident_mb=(many.resident_mb - few.resident_mb) / more,
        descriptors=(many.descriptors - few.descriptors) / more,
        threads=(many.threads - few.threads) / more,
        server_mb=many.resident_mb,
    )


def as_dict(found: list[Footprint]) -> dict[str, Any]:
    """For JSON."""
    return {"memory": [asdict(each) for each in found]}


def tables(found: list[Footprint]) -> list[Table]:
    """For people."""
    drawn = table(
        "What one more takes",
        "of", "server", "counted", "MB", "descriptors", "threads", "server's MB with all",
    )  # fmt: skip
    for each in found:
        drawn.add_row(
            each.of,
            each.server,
            each.counted,
            f"{each.resident_mb:.3f}",
            f"{each.descriptors:g}",
            f"{each.threads:g}",
            f"{each.server_mb:.0f}",
        )
    return [drawn]


def targets(found: list[Footprint]) -> list[Target]:
    """Of the relay, a pair."""
    pair = next((each for each in found if (each.server, each.of) == (RELAY, "pair")), None)
    return [
        at_most("memory a pair", pair, "resident_mb", 0.4, " MB"),
        at_most("threads a pair", pair, "threads", 0, ""),
    ]
