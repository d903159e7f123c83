"""What was measured, for machines and for people."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from forwarding import MAX_LOSS, MAX_P99_S, row_of
from results import Results
from rich.table import Table
from servers import FLOOR, JANUS
from targets import targets
from times import Times


def machine(results: Results) -> dict[str, str | int]:
    """Where this was measured."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return {
        "cpu": models[0] if models else platform.machine(),
        "cores": os.cpu_count() or 1,
        "kernel": platform.release(),
        "python": platform.python_version(),
        "rmem_max": int(Path("/proc/sys/net/core/rmem_max").read_text()),
        "load_average": f"{os.getloadavg()[0]:.2f}",
        "idle_cores": "poll" if results.poll_idle else "sleep",
    }


def as_dict(results: Results) -> dict[str, Any]:
    """Everything, for JSON."""
    rows = [asdict(row) | {"holds": row.holds} for row in results.forwarding.rows]
    for row, ratios in zip(rows, map(results.ratios, results.forwarding.rows), strict=True):
        row["cpu_ratio"] = ratios
    return {
        "machine": machine(results),
        "forwarding": rows,
        "pairs_per_core": {name: results.pairs_per_core(name) for name in results.servers()},
        "memory": [asdict(footprint) for footprint in results.memory],
        "times": [asdict(each) for each in results.times],
        "matching": [asdict(each) for each in results.matching],
        "anatomy": [asdict(each) for each in results.anatomy],
        "missing": results.forwarding.missing,
        "failed": results.failed,
        "targets": [asdict(target) for target in targets(results)],
    }


def tables(results: Results) -> list[Table]:
    """All tables that have something to say."""
    makers: list[tuple[Iterable[Any], Callable[[Results], Table]]] = [
        (results.forwarding.rows, _forwarding),
        (results.servers(), _capacity),
        (results.memory, _memory),
        (results.times, _times),
        (results.matching, _matching),
        (results.anatomy, _anatomy),
        ([target for target in targets(results) if target.measured], _targets),
    ]
    return [make(results) for things, make in makers if things]


def _forwarding(results: Results) -> Table:
    drawn = _table(
        "Forwarding (medians; latency is added by the server, one way)",
        "load", "server", "SRTP", "pairs", "packets/s", "loss %", "CPU %", "us/packet", "spread %",
        "/ floor", "/ Janus", "p50 ms", "p99 ms", "max ms", "per sleep", "late ms", "in doubt",
    )  # fmt: skip
    drawn.caption = (
        "per sleep: packets for each time that the server slept. late ms: the load's own (p99).\n"
        "in doubt, in so many runs: the load was late, lost packets itself or was too busy; or"
        " other processes shared the server's core."
    )
    for row in results.forwarding.rows:
        ratios = results.ratios(row)
        drawn.add_row(
            row.load,
            row.server,
            row.srtp,
            str(row.pairs),
            f"{row.packets_per_s:,.0f}",
            _number(row.loss_percent, 3),
            _number(row.cpu_percent, 1),
            _number(row.cpu_us_per_packet, 1),
            _number(row.spread_percent, 0),
            _number(ratios.get(FLOOR), 2),
            _number(ratios.get(JANUS), 2),
            _number(row.latency_p50_ms, 2),
            _number(row.latency_p99_ms, 2),
            _number(row.latency_max_ms, 1),
            _number(row.packets_per_sleep, 1),
            _number(row.load_late_p99_ms, 2),
            row.doubt,
        )
    return drawn


def _capacity(results: Results) -> Table:
    rule = f"loss at most {100 * MAX_LOSS:g} %, p99 at most {1e3 * MAX_P99_S:g} ms"
    drawn = _table(f"Pairs on one core ({rule})", "server", "pairs", "CPU % a pair, one pair alone")
    for name in results.servers():
        alone = row_of(results.forwarding.rows, name, "calls", 1)
        one = "" if alone is None else f"{alone.cpu_percent:.2f}"
        drawn.add_row(name, results.pairs_per_core(name), one)
    return drawn


def _memory(results: Results) -> Table:
    drawn = _table(
        "What one more takes",
        "of", "server", "counted", "MB", "descriptors", "threads", "server's MB with all",
    )  # fmt: skip
    for each in results.memory:
        drawn.add_row(
            each.of,
            each.server,
            each.counted,
            f"{each.resident_mb:.3f}",
            f"{each.descriptors:g}",
            f"{each.threads:g}",
            f"{each.server_mb:.0f}",
        )
    return drawn


def _times(results: Results) -> Table:
    drawn = _table(
        "Until media, seen from the peers", "from", "count", "p50 ms", "p99 ms", "max ms"
    )
    for each in results.times:
        drawn.add_row(each.what, str(each.count), *_three(each))
    return drawn


def _matching(results: Results) -> Table:
    drawn = _table(
        "Matching (search to match)",
        "how", "waiting", "users paired/s", "count", "p50 ms", "p99 ms", "max ms",
    )  # fmt: skip
    for each in results.matching:
        drawn.add_row(
            each.how,
            f"{each.waiting:,}",
            f"{each.users_per_s:,.0f}",
            str(each.latency.count),
            *_three(each.latency),
        )
    return drawn


def _anatomy(results: Results) -> Table:
    drawn = _table("Where the time of a packet goes (full batches)", "part", "us", "%")
    for part in results.anatomy:
        drawn.add_row(part.name, f"{part.us:.2f}", f"{part.share_percent:.0f}")
    return drawn


def _targets(results: Results) -> Table:
    drawn = _table("Targets", "figure", "target", "measured", "met")
    for each in targets(results):
        if each.measured:
            met = {True: "yes", False: "NO", None: "not tried"}[each.met]
            drawn.add_row(each.figure, each.target, each.measured, met)
    return drawn


def _three(each: Times) -> list[str]:
    return [f"{value:.2f}" for value in (each.p50_ms, each.p99_ms, each.max_ms)]


def _number(value: float | None, digits: int) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _table(title: str, *headings: str) -> Table:
    drawn = Table(title=title, title_justify="left", caption_justify="left")
    words = {"load", "server", "in doubt", "of", "from", "how", "figure", "target", "counted"}
    for heading in headings:
        is_word = heading in words
        drawn.add_column(heading, justify="left" if is_word else "right", no_wrap=is_word)
    return drawn
