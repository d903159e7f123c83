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

from scripts.benchmark import loss_rows, plot, report, rows
from scripts.benchmark.bench import Loss, Options
from scripts.benchmark.measurements import MEASUREMENTS
from scripts.benchmark.report import Results
from scripts.benchmark.run import CannotRun, measure, prepare

_WIDE = 400  # when nobody looks, tables are Markdown, whose lines cannot be broken
_TOLD_TO_END = 128 + signal.SIGTERM
_NAMES = [each.name for each in MEASUREMENTS]
_ALL = ",".join(each.name for each in MEASUREMENTS if each.by_default)
_ALL_LINES = ",".join(loss_rows.LINES)
_SECTIONS = ", ".join(f"{m.name} ({m.what})" if m.what else m.name for m in MEASUREMENTS)
_HELP = f"""Measure the relay beside a bare loop, Janus and stock aiortc.

Servers share one core, and the load has another. Sections: {_SECTIONS}.
All but loss are measured by default: it takes hours, and needs root and Chromium.
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
Seconds = Annotated[
    float | None, typer.Option(min=0.5, help="Length of a run. [default: 3; loss: 30]")
]
Runs = Annotated[
    int | None,
    typer.Option(min=1, help="Runs of which the median is shown. [default: 3; loss: 5]"),
]
Quick = Annotated[
    bool, typer.Option("--quick", help="One run of 1.5 s of a few loads; takes a minute.")
]
Users = Annotated[
    int,
    typer.Option(
        min=8, metavar="COUNT", help="Users that only signal, for matches of nodes (cluster)."
    ),
]
Lines = Annotated[str, typer.Option(metavar="LIST", help="Lines to measure (loss).")]
Before = Annotated[
    str,
    typer.Option(metavar="REVISION", help="Git revision to measure beside this tree (loss)."),
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
        help="Draw CPU and p99 latency against load; or, of loss alone, what people had"
        " (PNG; needs matplotlib).",
    ),
]


def main(
    only: Only = _ALL,
    rates: Rates = "2000,10000,20000,40000",
    pairs: Pairs = "1,5,20,40,60,100,150,200,250",
    seconds: Seconds = None,
    runs: Runs = None,
    quick: Quick = False,
    users: Users = 2000,
    lines: Lines = _ALL_LINES,
    before: Before = loss_rows.BEFORE,
    with_janus: Janus = None,
    stock: Stock = True,
    poll_idle: PollIdle = False,
    as_json: Json = False,
    plot_file: PlotFile = None,
) -> None:
    """Measure, and tell the results."""
    options = Options(
        sections=_chosen("--only", only, _NAMES),
        rates=_numbers("--rates", rates),
        pairs=_numbers("--pairs", pairs),
        runs=runs or 3,
        seconds=seconds or 3.0,
        janus=with_janus,
        stock=stock,
        poll_idle=poll_idle,
        quick=quick,
        users=users,
        loss=Loss(
            _chosen("--lines", lines, [*loss_rows.LINES]), before, runs or 5, seconds or 30.0
        ),
    )
    if quick:
        options = replace(options, rates=(2000, 20000), pairs=(1, 20), runs=1, seconds=1.5)
        options = replace(options, loss=replace(options.loss, runs=1, seconds=10.0))
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
        if options.sections == ("loss",):
            plot.draw_loss(loss_rows.rows(results.found[loss_rows]), plot_file)
        else:
            plot.draw(results.found[rows], plot_file)
    if results.failed:
        raise typer.Exit(1)


def _chosen(option: str, text: str, names: list[str]) -> tuple[str, ...]:
    chosen = tuple(filter(None, (part.strip() for part in text.split(","))))
    for name in chosen:
        if name not in names:
            raise typer.BadParameter(
                f"{name!r} is not one of {', '.join(names)}", None, None, option
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
