"""The measurement ``idle``: what a server takes with which nobody speaks."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from scripts.benchmark import servers
from scripts.benchmark.bench import Bench
from scripts.benchmark.tables import table
from scripts.benchmark.targets import Target, at_most

WORKERS = 2
_SETTLING_S, _LASTS_S, _QUICK_S = 10.0, 60.0, 1.0


@dataclass(frozen=True, slots=True)
class Idleness:
    """Of all of a server's processes."""

    workers: int
    cpu_percent: float
    """Of one core."""
    resident_mb: float
    wakeups_per_s: float


async def measure(bench: Bench, found: list[Idleness]) -> None:
    """A minute of a server with two media processes, from some seconds after its start on."""
    bench.say(f"a server with {WORKERS} media processes and no user")
    settling_s, lasts_s = (_QUICK_S,) * 2 if bench.options.quick else (_SETTLING_S, _LASTS_S)
    async with servers.relay(workers=str(WORKERS)) as server:
        await asyncio.sleep(settling_s)
        began, cpu_s, sleeps = time.monotonic(), server.cpu_s(), server.sleeps()
        await asyncio.sleep(lasts_s)
        took_s = time.monotonic() - began
        found.append(
            Idleness(
                WORKERS,
                100 * (server.cpu_s() - cpu_s) / took_s,
                server.resident_mb(),
                (server.sleeps() - sleeps) / took_s,
            )
        )


def as_dict(found: list[Idleness]) -> dict[str, Any]:
    """For JSON."""
    return {"idle": [asdict(each) for each in found]}


def tables(found: list[Idleness]) -> list[Table]:
    """For people."""
    drawn = table(
        "A server without users", "media processes", "CPU, % of a core", "MB", "wakeups/s"
    )
    for each in found:
        drawn.add_row(
            str(each.workers),
            f"{each.cpu_percent:.2f}",
            f"{each.resident_mb:.0f}",
            f"{each.wakeups_per_s:.0f}",
        )
    return [drawn]


def targets(found: list[Idleness]) -> list[Target]:
    """Of a whole server."""
    idle = found[0] if found else None
    return [
        at_most("CPU of an idle server", idle, "cpu_percent", 0.5, " %"),
        at_most("memory of an idle server", idle, "resident_mb", 150, " MB"),
    ]
