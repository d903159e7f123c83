"""One run: the machine is made ready, servers are found, and each measurement has its turn."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import logging
import os
import resource
import signal
import sys
import time

import structlog
from rich.console import Console

from relay.errors import BotError
from relay.media.paths.idle import IdleCores
from scripts.benchmark import janus, servers
from scripts.benchmark.bench import Bench, Options
from scripts.benchmark.load import NoMedia
from scripts.benchmark.measurements import MEASUREMENTS
from scripts.benchmark.report import Results
from scripts.benchmark.servers import NotStarted
from scripts.benchmark.users import CannotJoin

_FAILURES = (BotError, CannotJoin, NoMedia, NotStarted, OSError, TimeoutError)
_QUIET = 0.7  # load average; a bench that has just ended leaves about as much


class CannotRun(Exception):
    """This machine is not fit for it; the message says why."""


class Progress:
    """Says on stderr what is being done, and when that began."""

    def __init__(self) -> None:
        self._console = Console(stderr=True, highlight=False)
        self._began_s = time.monotonic()

    def __call__(self, text: str) -> None:
        """Say it."""
        minutes, seconds = divmod(int(time.monotonic() - self._began_s), 60)
        self._console.print(f"{minutes:2}:{seconds:02}  {text}", style="dim")


def prepare(*, poll_idle: bool) -> None:
    """Take this process to the load's core, and keep idle cores awake until it ends if wanted.

    :raises CannotRun: when that cannot be done.
    """
    if sys.platform != "linux":
        raise CannotRun("needs Linux (sendmmsg, /proc, kernel timestamps)")
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with contextlib.suppress(OSError):
        servers.pin_load()
    if poll_idle:
        try:
            IdleCores().poll(on=True)
        except OSError as error:
            raise CannotRun(f"--poll-idle: {error}") from error


async def measure(options: Options) -> Results:
    """What was chosen; a measurement that breaks off leaves what it has found, and the others.

    SIGTERM cancels it, so that no server is left.
    """
    if (task := asyncio.current_task()) is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    bench = Bench(options, Progress())
    if (average := os.getloadavg()[0]) > _QUIET:
        bench.say(f"the machine is busy (load average {average:.1f}): expect rows in doubt")
    await _find_servers(bench)
    results = Results(poll_idle=options.poll_idle, missing=bench.missing)
    measurements = {each.name: each for each in MEASUREMENTS}
    for name in options.sections:
        each = measurements[name]
        try:
            await each.measure(bench, results.found[each.kind])
        except _FAILURES as error:
            results.failed[name] = f"{type(error).__name__}: {error}"
            bench.say(f"section {name} failed: {results.failed[name]}")
    return results


async def _find_servers(bench: Bench) -> None:
    bench.passing.update({servers.RELAY: servers.relay, servers.FLOOR: servers.floor})
    if bench.options.janus is False:
        bench.missing[servers.JANUS] = "not wanted (--no-janus)"
    else:
        try:
            path = await janus.find(install=bool(bench.options.janus))
            bench.passing[servers.JANUS] = functools.partial(janus.serve, path)
        except janus.Missing as error:
            bench.missing[servers.JANUS] = str(error)
    if bench.options.stock:
        bench.encoding[servers.STOCK] = servers.stock_aiortc
