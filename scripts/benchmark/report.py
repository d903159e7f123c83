"""What was measured, for machines and for people."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.table import Table

from scripts.benchmark.measurements import KINDS, Kind
from scripts.benchmark.tables import table
from scripts.benchmark.targets import Target


@dataclass(slots=True)
class Results:
    """Everything that a run found out."""

    poll_idle: bool = False
    """Whether the machine's idle cores polled all the time, for all servers."""
    found: dict[Kind, list[Any]] = field(default_factory=lambda: {kind: [] for kind in KINDS})
    missing: dict[str, str] = field(default_factory=dict)
    """Servers and loads that are not among them, and why."""
    failed: dict[str, str] = field(default_factory=dict)
    """Measurements that broke off, and why."""


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
    told: dict[str, Any] = {"machine": machine(results)}
    for kind, found in results.found.items():
        told |= kind.as_dict(found)
    return told | {
        "missing": results.missing,
        "failed": results.failed,
        "targets": [asdict(target) for target in _targets(results)],
    }


def tables(results: Results) -> list[Table]:
    """All tables that have something to say."""
    drawn = [each for kind, found in results.found.items() if found for each in kind.tables(found)]
    judged = [target for target in _targets(results) if target.measured]
    return [*drawn, _judged(judged)] if judged else drawn


def _targets(results: Results) -> list[Target]:
    return [target for kind, found in results.found.items() for target in kind.targets(found)]


def _judged(targets: list[Target]) -> Table:
    drawn = table("Targets", "figure", "target", "measured", "met")
    for each in targets:
        met = {True: "yes", False: "NO", None: "not tried"}[each.met]
        drawn.add_row(each.figure, each.target, each.measured, met)
    return drawn
