"""Measures what forwarding costs. Compare ratios of one run, not numbers of two machines."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
import os
import resource
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import anatomy
import forwarding
import janus
import matching
import memory
import plot
import report
import servers
import structlog
import taps
import times
import typer
from forwarding import Serve
from load import NoMedia
from results import Results
from rich import box
from rich.console import Console
from servers import NotStarted
from users import CannotJoin

from relay.errors import BotError
from relay.media.paths.idle import IdleCores

_FAILURES = (BotError, CannotJoin, NoMedia, NotStarted, OSError, TimeoutError)
_QUIET = 0.7  # load average; a bench that has just ended leaves about as much
_WIDE = 400  # when nobody looks, tables are Markdown, whose lines cannot be broken
SECTIONS = ("batches", "calls", "memory", "times", "matching", "taps", "anatomy")


@dataclass(frozen=True, slots=True)
class Options:
    """What to measure."""

    sections: tuple[str, ...]
    rates: tuple[int, ...]
    pairs: tuple[int, ...]
    runs: int
    seconds: float
    janus: bool | None  # None: where it is installed
    stock: bool
    poll_idle: bool
    quick: bool


class Progress:
    """Says on stderr what is being done, and when that began."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._began_s = time.monotonic()

    def __call__(self, text: str) -> None:
        """Say it."""
        minutes, seconds = divmod(int(time.monotonic() - self._began_s), 60)
        self._console.print(f"{minutes:2}:{seconds:02}  {text}", style="dim")


def main(
    only: Annotated[
        str, typer.Option(metavar="LIST", help="Sections to measure, separated by commas.")
    ] = ",".join(SECTIONS),
    rates: Annotated[
        str, typer.Option(metavar="LIST", help="Packets/s of the full-batch load.")
    ] = "2000,10000,20000,40000",
    pairs: Annotated[
        str,
        typer.Option(
            metavar="LIST",
            help="Pairs of the real-call load; each server goes on until it breaks.",
        ),
    ] = "1,5,20,40,60,100,150,200,250",
    seconds: Annotated[float, typer.Option(min=0.5, help="Length of a run.")] = 3.0,
    runs: Annotated[int, typer.Option(min=1, help="Runs of which the median is shown.")] = 3,
    quick: Annotated[
        bool, typer.Option("--quick", help="One run of 1.5 s of a few loads; takes a minute.")
    ] = False,
    with_janus: Annotated[
        bool | None,
        typer.Option(
            "--janus/--no-janus",
            help="Measure Janus, and install Debian's package if it is missing (apt-get, as root"
            " or with sudo)."
            " [default: measure it where it is installed]",
        ),
    ] = None,
    stock: Annotated[bool, typer.Option(help="Measure stock aiortc on one pair.")] = True,
    poll_idle: Annotated[
        bool,
        typer.Option(
            "--poll-idle",
            help="Keep the machine's idle cores awake, for all servers, as the relay's setting of"
            " that name does while there are calls (needs write access to /dev/cpu_dma_latency).",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    plot_file: Annotated[
        Path | None,
        typer.Option(
            "--plot",
            metavar="FILE",
            dir_okay=False,
            help="Draw CPU and p99 latency against load (PNG; needs matplotlib).",
        ),
    ] = None,
) -> None:
    """Measure the relay beside a bare loop, Janus and stock aiortc.

    Servers share one core, and the load has another. Sections:
    batches (CPU of a packet in full batches), calls (real calls, up to where a server breaks),
    memory (of a pair and of an idle user), times (until media, from an offer and from Next),
    matching, taps (what recording some calls does to all), anatomy (where a packet's time goes).
    Progress goes to stderr, results to stdout (as Markdown when that is no terminal).
    See docs/performance.md.
    """
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
    )
    if quick:
        options = replace(options, rates=(2000, 20000), pairs=(1, 20), runs=1, seconds=1.5)
    if plot_file is not None:
        _require_plot()
    _prepare()
    if poll_idle:
        _keep_awake()
    results = asyncio.run(_measure(options, Progress()))
    if as_json:
        json.dump(report.as_dict(results), sys.stdout, indent=2)
        print()
    else:
        _print(results)
    if plot_file is not None:
        plot.draw(results.forwarding.rows, plot_file)
    if results.failed:
        raise typer.Exit(1)


def _sections(text: str) -> tuple[str, ...]:
    chosen = tuple(filter(None, (part.strip() for part in text.split(","))))
    for name in chosen:
        if name not in SECTIONS:
            raise typer.BadParameter(
                f"{name!r} is not one of {', '.join(SECTIONS)}", None, None, "--only"
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


def _require_plot() -> None:
    try:
        plot.require()
    except plot.NoMatplotlib as error:
        print(f"bench: {error}", file=sys.stderr)
        raise typer.Exit(2) from None


def _prepare() -> None:
    if sys.platform != "linux":
        print("bench: needs Linux (sendmmsg, /proc, kernel timestamps)", file=sys.stderr)
        raise typer.Exit(2)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with contextlib.suppress(OSError):
        servers.pin_load()


def _keep_awake() -> None:
    """Until this process ends."""
    try:
        IdleCores().poll(on=True)
    except OSError as error:
        print(f"bench: --poll-idle: {error}", file=sys.stderr)
        raise typer.Exit(2) from None


async def _measure(options: Options, say: Progress) -> Results:
    results = Results(poll_idle=options.poll_idle)
    if (average := os.getloadavg()[0]) > _QUIET:
        say(f"the machine is busy (load average {average:.1f}): expect rows in doubt")
    passing, all_servers = await _servers(options, results)
    ours = {name: passing[name] for name in (servers.RELAY, servers.FLOOR)}
    sections: dict[str, Callable[[], Awaitable[object]]] = {
        "batches": lambda: forwarding.batches(
            results.forwarding,
            ours if options.quick else passing,
            options.rates,
            options.runs,
            options.seconds,
            say,
        ),
        "calls": lambda: forwarding.calls(
            results.forwarding, all_servers, options.pairs, options.runs, options.seconds, say
        ),
        "memory": lambda: memory.memory(
            ours if options.quick else all_servers, results.forwarding.missing, say
        ),
        "times": lambda: times.times(say, 0.3 if options.quick else 1),
        "matching": lambda: matching.matching(say),
        "taps": lambda: taps.taps(results.forwarding, options.runs, options.seconds, say),
        "anatomy": lambda: anatomy.anatomy(say),
    }
    for name in options.sections:
        try:
            found = await sections[name]()
        except _FAILURES as error:  # the other sections' results are not to be lost
            results.failed[name] = f"{type(error).__name__}: {error}"
            say(f"section {name} failed: {results.failed[name]}")
        else:
            if found is not None:
                setattr(results, name, found)
    return results


async def _servers(options: Options, results: Results) -> tuple[dict[str, Serve], dict[str, Serve]]:
    """Those that pass packets on, and all."""
    passing: dict[str, Serve] = {servers.RELAY: servers.relay, servers.FLOOR: servers.floor}
    if options.janus is False:
        results.forwarding.missing[servers.JANUS] = "not wanted (--no-janus)"
    else:
        try:
            path = await janus.find(install=bool(options.janus))
            passing[servers.JANUS] = functools.partial(janus.serve, path)
        except janus.Missing as error:
            results.forwarding.missing[servers.JANUS] = str(error)
    stock = {servers.STOCK: servers.stock_aiortc} if options.stock else {}
    return passing, passing | stock


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
    for name, why in (results.forwarding.missing | results.failed).items():
        console.print(f"{name}: {why}")


if __name__ == "__main__":
    app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    app.command()(main)
    app(prog_name="scripts/bench")
