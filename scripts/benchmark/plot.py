"""Pictures: CPU per packet and p99 latency against load; what people had over bad lines."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scripts.benchmark.loss_rows import Row as LossRow
from scripts.benchmark.rows import MAX_P99_S, Row

PEOPLE = {
    "frozen_s": "picture frozen, s",
    "made_up_percent": "sound made up, %",
    "pictures_per_s": "pictures a second",
}
TITLES = {"full batches": "full batches", "calls": "real calls"}


class NoMatplotlib(Exception):
    """The plot needs a package that is not there."""


def require() -> Any:
    """Import matplotlib, which nothing else needs.

    :raises NoMatplotlib: when it is not installed.
    """
    try:
        import matplotlib as mpl  # noqa: PLC0415

        mpl.use("Agg")
        from matplotlib import pyplot as plt  # noqa: PLC0415
    except ImportError as error:
        raise NoMatplotlib("--plot needs matplotlib: .venv/bin/pip install matplotlib") from error
    return plt


def draw(rows: list[Row], path: Path) -> None:
    """Write the picture; its format follows from the file's name."""
    plt = require()
    measured = [load for load in TITLES if any(row.load == load for row in rows)] or list(TITLES)
    size = (5.5 * len(measured), 7)
    figure, axes = plt.subplots(2, len(measured), figsize=size, sharex="col", squeeze=False)
    for column, load in enumerate(measured):
        cpu, latency = axes[0][column], axes[1][column]
        for server in dict.fromkeys(row.server for row in rows):
            mine = sorted(
                (row for row in rows if (row.server, row.load) == (server, load)),
                key=lambda row: row.packets_per_s,
            )
            matched = [row for row in mine if row.latency_p99_ms is not None]
            if matched:  # frames encoded anew have no packets to compare
                at = [row.packets_per_s / 1000 for row in matched]
                cpu.plot(at, [row.cpu_us_per_packet for row in matched], "o-", label=server)
                latency.plot(at, [row.latency_p99_ms for row in matched], "o-", label=server)
        cpu.set_title(TITLES[load])
        cpu.set_ylim(bottom=0)
        cpu.grid(alpha=0.3)
        latency.set_yscale("log")
        latency.axhline(1e3 * MAX_P99_S, color="grey", linestyle="--", linewidth=1)
        latency.grid(alpha=0.3)
        latency.set_xlabel("thousand packets/s")
    axes[0][0].set_ylabel("CPU, us a packet")
    axes[1][0].set_ylabel("added latency p99, ms")
    if rows:
        axes[0][-1].legend(loc="upper right")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def draw_loss(rows: list[LossRow], path: Path) -> None:
    """Write a picture with a bar for each server at each line; its format follows from the name."""
    plt = require()
    lines = list(dict.fromkeys(row.line for row in rows))
    names = list(dict.fromkeys(row.server for row in rows))
    figure, axes = plt.subplots(len(PEOPLE), 1, figsize=(11, 8), sharex=True)
    thick = 0.8 / max(1, len(names))
    for drawn, (field, title) in zip(axes, PEOPLE.items(), strict=True):
        for number, name in enumerate(names):
            mine = {row.line: getattr(row, field) for row in rows if row.server == name}
            at = [lines.index(line) - 0.4 + (number + 0.5) * thick for line in mine]
            drawn.bar(at, list(mine.values()), thick, label=name)
        drawn.set_ylabel(title)
        drawn.set_ylim(bottom=0)
        drawn.grid(axis="y", alpha=0.3)
    axes[-1].set_xticks(range(len(lines)), lines)
    if rows:
        axes[0].legend(loc="upper left")
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
