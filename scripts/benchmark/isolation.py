"""The measurement ``isolation``: what one user's floods do to the packets of others."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np
from rich.table import Table

from scripts.benchmark import load, servers, traffic, users
from scripts.benchmark.attacks import ATTACKS
from scripts.benchmark.bench import Bench
from scripts.benchmark.contenders import Contender
from scripts.benchmark.load import Outcome
from scripts.benchmark.servers import output_of
from scripts.benchmark.tables import number, table
from scripts.benchmark.targets import Target, judge
from scripts.benchmark.traffic import CLIP_S

PAIRS = 4
QUIET = "quiet"
MAX_P99_RATIO, MAX_LOSS_PERCENT = 2.0, 0.1
_STARTS_S, _LASTS_LONGER_S = 30.0, 0.6
"""How long an attack may take until it is ready, and how much longer than a run it lasts."""


@dataclass(frozen=True, slots=True)
class Isolation:
    """Others' packets during one attack: medians of several runs; loss of all runs together."""

    attack: str
    done: int
    """How often it was done, in all runs."""
    packets: int
    loss_percent: float
    p50_ms: float
    p99_ms: float
    p99_ratio: float
    """Over the quiet one of the same turns."""
    cpu_percent: float
    doubt: str


async def measure(bench: Bench, found: list[Isolation]) -> None:
    """Some calls on one relay, in turns while nobody does anything and under each attack."""
    bench.say("recording a call")
    plan = traffic.calls(traffic.settled(traffic.record(CLIP_S)))
    runs, seconds = bench.options.runs, bench.options.seconds
    names = [QUIET, *ATTACKS]
    outcomes: dict[str, list[Outcome]] = {name: [] for name in names}
    done = dict.fromkeys(names, 0)
    for turn in range(1, runs + 1):
        for name in names:
            bench.say(f"isolation, {name}, run {turn} of {runs}")
            # A relay of its own, as what an attack has left behind must not spoil the next
            async with servers.relay(**{"messages-per-s": "50"}) as server:
                crowd = Contender(server, users.joining(users.AS_CHROMIUM)[servers.RELAY])
                try:
                    await crowd.grow(PAIRS)
                    async with _attacked(name, server.url, seconds) as count:
                        outcome = await load.run(crowd.crowd, plan, seconds, server.cpu_s)
                finally:
                    await users.leave(crowd.crowd)
            outcomes[name].append(outcome)
            done[name] += count[0]
    quiet = median(_percentile(each, 99) for each in outcomes[QUIET])
    found += [_told(name, done[name], outcomes[name], quiet) for name in names]


@contextlib.asynccontextmanager
async def _attacked(name: str, url: str, seconds: float) -> AsyncIterator[list[int]]:
    """An attack that begins with the context; how often it was done is known at its end."""
    done = [0]
    if name == QUIET:
        yield done
        return
    lasts_s = load.WARM_UP_S + seconds + _LASTS_LONGER_S
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.benchmark.attacks", name, url, str(lasts_s)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await asyncio.wait_for(output_of(process).readline(), _STARTS_S)
        if process.stdin is not None:
            process.stdin.write(b"go\n")
            await process.stdin.drain()
        yield done
        said = await asyncio.wait_for(output_of(process).readline(), _STARTS_S)
        done[0] = int(said or 0)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _told(name: str, done: int, outcomes: list[Outcome], quiet_p99_ms: float) -> Isolation:
    sent = sum(outcome.sent for outcome in outcomes)
    received = sum(outcome.received for outcome in outcomes)
    p99_ms = median(_percentile(outcome, 99) for outcome in outcomes)
    return Isolation(
        attack=name,
        done=done,
        packets=sent,
        loss_percent=100 * (1 - received / sent),
        p50_ms=median(_percentile(outcome, 50) for outcome in outcomes),
        p99_ms=p99_ms,
        p99_ratio=p99_ms / quiet_p99_ms,
        cpu_percent=median(100 * outcome.cpu_s / outcome.seconds for outcome in outcomes),
        doubt=", ".join(sorted({doubt for outcome in outcomes for doubt in outcome.doubts})),
    )


def _percentile(outcome: Outcome, percent: float) -> float:
    """Of the latencies, in milliseconds; none when nothing came."""
    came = outcome.latencies_s
    return 1e3 * float(np.percentile(came, percent)) if len(came) else float("inf")


def as_dict(found: list[Isolation]) -> dict[str, Any]:
    """For JSON."""
    return {"isolation": [asdict(each) for each in found]}


def tables(found: list[Isolation]) -> list[Table]:
    """For people."""
    drawn = table(
        f"Isolation ({PAIRS} pairs in calls, while somebody else does this)",
        "of", "done", "packets", "loss %", "p50 ms", "p99 ms", "/ quiet", "CPU %", "in doubt",
    )  # fmt: skip
    drawn.caption = "done: how often, in all runs. in doubt: as for forwarding."
    for each in found:
        drawn.add_row(
            each.attack,
            f"{each.done:,}",
            f"{each.packets:,}",
            number(each.loss_percent, 3),
            number(each.p50_ms, 2),
            number(each.p99_ms, 2),
            number(each.p99_ratio, 2),
            number(each.cpu_percent, 1),
            each.doubt,
        )
    return [drawn]


def targets(found: list[Isolation]) -> list[Target]:
    """Of each attack."""
    by_name = {each.attack: each for each in found}
    judged = []
    for name in ATTACKS:
        each = by_name.get(name)
        doubt = " (in doubt)" if each is not None and each.doubt else ""
        ratio = None if each is None else each.p99_ratio
        loss = None if each is None else each.loss_percent
        judged += [
            judge(f"others' p99 during {name}, over quiet", ratio, MAX_P99_RATIO, "", doubt=doubt),
            judge(f"others' loss during {name}", loss, MAX_LOSS_PERCENT, " %", doubt=doubt),
        ]
    return judged
