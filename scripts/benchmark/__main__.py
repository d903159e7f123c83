"""The command line: options in; tables, JSON or a plot out."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console

from scripts.benchmark import plot, report, rows
from scripts.benchmark.bench import Options
from scripts.benchmark.measurements import MEASUREMENTS
from scripts.benchmark.report import Results
from scripts.benchmark.run import CannotRun, measure, prepare

_WIDE = 400  # when nobody looks, tables are Markdown, whose lines cannot be broken
_TOLD_TO_END = 128 + signal.SIGTERM
_NAMES = [each.name for each in MEASUREMENTS]
_ALL = ",".join(_NAMES)
_SECTIONS = ", ".join(f"{m.name} ({m.what})" if m.what else m.name for m in MEASUREMENTS)
_HELP = f"""Measure the relay beside a bare loop, Janus and stock aiortc.

Servers share one core, and the load has another. Sections: {_SECTIONS}.
Progress goes to stderr, results to stdout (as Markdown when that is no terminal).
See docs/performance.md.
"""

Only = Annotated[
    str, typer.Option(metavar="LIST", help="Sections to measure, separated by commas.")
]
Rates = Annotated[str, typer.Option(metavar="LIST", help="Packets/s of the full-batch load.")]
Pairs = Annotated[
    str,
    typer.Option(
        metavar="LIST", help="Pairs of the real-call load; each server goes on until it breaks."
    ),
]
Seconds = Annotated[float, typer.Option(min=0.5, help="Length of a run.")]
Runs = Annotated[int, typer.Option(min=1, help="Runs of which the median is shown.")]
Quick = Annotated[
    bool, typer.Option("--quick", help="One run of 1.5 s of a few loads; takes a minute.")
]
Users = Annotated[
    int,
    typer.Option(
        min=8, metavar="COUNT", help="Users that only signal, for matches of nodes (cluster)."
    ),
]
Janus = Annotated[
    bool | None,
    typer.Option(
        "--janus/--no-janus",
        help="Measure Janus, and install Debian's package if it is missing (apt-get, as root"
        " or with sudo)."
        " [default: measure it where it is installed]",
    ),
]
Stock = Annotated[bool, typer.Option(help="Measure stock aiortc on one pair.")]
PollIdle = Annotated[
    bool,
    typer.Option(
        "--poll-idle",
        help="Keep the machine's idle cores awake, for all servers, as the relay's setting of"
        " that name does while there are calls (needs write access to /dev/cpu_dma_latency).",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
PlotFile = Annotated[
    Path | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        dir_okay=False,
        help="Draw CPU and p99 latency against load (PNG; needs matplotlib).",
    ),
]


def main(
    only: Only = _ALL,
    rates: Rates = "2000,10000,20000,40000",
    pairs: Pairs = "1,5,20,40,60,100,150,200,250",
    seconds: Seconds = 3.0,
    runs: Runs = 3,
    quick: Quick = False,
    users: Users = 2000,
    with_janus: Janus = None,
    stock: Stock = True,
    poll_idle: PollIdle = False,
    as_json: Json = False,
    plot_file: PlotFile = None,
) -> None:
    """Measure, and tell the results."""
    options = Options(
        sections=_sections(only),
        rates=_numbers("--rates", rates),
        pairs=_numbers("--pairs", pairs),
        runs=runs,
        seconds=seconds,
        janus=with_janus,
        stock=stock,
        poll_idle=poll_idle,
        quick=quick,
        users=users,
    )
    if quick:
        options = replace(options, rates=(2000, 20000), pairs=(1, 20), runs=1, seconds=1.5)
    try:
        if plot_file is not None:
            plot.require()
        prepare(poll_idle=poll_idle)
    except (CannotRun, plot.NoMatplotlib) as error:
        print(f"bench: {error}", file=sys.stderr)
        raise typer.Exit(2) from None
    try:
        results = asyncio.run(measure(options))
    except asyncio.CancelledError:
        print("bench: told to end", file=sys.stderr)
        raise typer.Exit(_TOLD_TO_END) from None
    if as_json:
        json.dump(report.as_dict(results), sys.stdout, indent=2)
        print()
    else:
        _print(results)
    if plot_file is not None:
        plot.draw(results.found[rows], plot_file)
    if results.failed:
        raise typer.Exit(1)


def _sections(text: str) -> tuple[str, ...]:
    chosen = tuple(filter(None, (part.strip() for part in text.split(","))))
    for name in chosen:
        if name not in _NAMES:
            raise typer.BadParameter(
                f"{name!r} is not one of {', '.join(_NAMES)}", None, None, "--only"
            )
    return chosen


def _numbers(option: str, text: str) -> tuple[int, ...]:
    try:
        found = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        found = ()
    if not found or found[0] < 1:
        raise typer.BadParameter(f"{text!r} is not a list of numbers", None, None, option)
    return found


def _print(results: Results) -> None:
    seen = sys.stdout.isatty()
    console = Console(width=None if seen else _WIDE, highlight=False)
    where = ", ".join(f"{key} {value}" for key, value in report.machine(results).items())
    console.print(f"On {where}.\n")
    for table in report.tables(results):
        if not seen:
            table.box = box.MARKDOWN
        console.print(table)
        console.print()
    for name, why in (results.missing | results.failed).items():
        console.print(f"{name}: {why}")


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command(help=_HELP)(main)
    app(prog_name="scripts/bench")
