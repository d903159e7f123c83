"""The measurement ``loss``: what people see and hear of each other over bad lines.

Two real browsers, each behind an access of its own, meet on each server in turns; a call has one
line and is measured once. What the figures are to be is in ``verdict``.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import os
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from playwright.async_api import Browser, Error

from scripts.benchmark import janus, servers, visits
from scripts.benchmark.accesses import SERVER, Accesses, prompt
from scripts.benchmark.bench import Bench
from scripts.benchmark.lines import CLEAN
from scripts.benchmark.loss_rows import AFTER, FORMER, LINES, Call
from scripts.benchmark.revision import ROOT, files_of
from scripts.benchmark.seen import Look, back_s, side
from scripts.benchmark.servers import JANUS, RELAY, NotStarted, Server
from scripts.benchmark.visits import FRAMES_PER_S, PORT, WIDTH, Pair, Visit
from tests.browser.namespace import Place, why_no_namespaces

SETTLED_S = 10.0
"""From when the line is what it is until it is measured."""
LOSS_S, PATIENCE_S = 20.0, 30.0
"""How long a line is bad before it is clean, and how long the picture is waited for then."""
_RELAY = "from relay.cli import main; main()"
_SETTINGS = {
    "host": SERVER,
    "port": str(PORT),
    "udp-port": "0",
    "rematch-after-s": "0",
    "hasty-nexts": "0",
}


@dataclass(frozen=True, slots=True)
class Contender:
    """A server, and the page on which two meet there."""

    name: str
    serve: Callable[[Place], AbstractAsyncContextManager[Server]]
    meet: Callable[[Server, Pair], Awaitable[None]]


async def measure(bench: Bench, found: list[Call]) -> None:
    """Each line on each server, again and again; what fails is said, and the others go on.

    :raises NotStarted: when this machine cannot.
    """
    if (reason := why_no_namespaces()) is not None:
        raise NotStarted(reason)
    visits.need_chromium()
    async with AsyncExitStack() as stack:
        stack.enter_context(_on_all_cores())
        contenders = [*_contenders(bench, stack)]
        accesses = stack.enter_context(Accesses())
        browsers = await stack.enter_async_context(visits.browsers(accesses))
        wanted = bench.options.loss
        for run in range(wanted.runs):
            for name in wanted.lines:
                for each in contenders:
                    attempt = _Attempt(accesses, browsers, each, name, run, wanted.seconds)
                    await _take(bench, found, attempt)


async def _take(bench: Bench, found: list[Call], attempt: _Attempt) -> None:
    which_one = f"{attempt.name}, {attempt.contender.name}, run {attempt.run + 1}"
    bench.say(f"loss: {which_one}")
    try:
        found.append(await attempt.measure())
    except (Error, NotStarted, ValueError) as error:
        bench.missing[which_one] = str(error).partition("\n")[0]
        bench.say(bench.missing[which_one])


@contextlib.contextmanager
def _on_all_cores() -> Iterator[None]:
    """Browsers need both."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, before | set(servers.cores()))
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _contenders(bench: Bench, stack: AsyncExitStack) -> Iterator[Contender]:
    yield Contender(RELAY, functools.partial(_relay, RELAY, ROOT), visits.meet_on_page)
    before = bench.options.loss.before
    name = FORMER + before
    try:
        tree = stack.enter_context(files_of(before))
    except NotStarted as error:
        bench.missing[name] = str(error)
    else:
        yield Contender(name, functools.partial(_relay, name, tree), visits.meet_on_page)
    if JANUS in bench.passing and (path := which("janus")):
        yield Contender(JANUS, functools.partial(_janus, path), visits.meet_on_janus)


@contextlib.asynccontextmanager
async def _relay(name: str, tree: Path, place: Place) -> AsyncIterator[Server]:
    with tempfile.TemporaryDirectory(prefix="bench-loss-", ignore_cleanup_errors=True) as data:
        command = ["env", "-C", str(tree), f"PYTHONPATH={tree}", sys.executable, "-c", _RELAY]
        command += ["serve", "--metrics-public", "--data-dir", data]
        command += [word for key, value in _SETTINGS.items() for word in (f"--{key}", value)]
        async with AsyncExitStack() as stack:
            with prompt():
                starting = servers.running(name, [*place.prefix, *command])
                server = await stack.enter_async_context(starting)
            yield server


@contextlib.asynccontextmanager
async def _janus(path: str, place: Place) -> AsyncIterator[Server]:
    async with AsyncExitStack() as stack:
        with prompt():
            starting = janus.serve(path, SERVER, place.prefix)
            server = await stack.enter_async_context(starting)
        yield server


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One call, begun on a clean line and measured on another, by its name."""

    accesses: Accesses
    browsers: list[Browser]
    contender: Contender
    name: str
    run: int
    seconds: float

    async def measure(self) -> Call:
        """All of it."""
        self.accesses.become(CLEAN, 0)
        async with AsyncExitStack() as stack:
            server = await stack.enter_async_context(self.contender.serve(self.accesses.server))
            pair = await stack.enter_async_context(visits.visits(self.browsers))
            try:
                await self.contender.meet(server, pair)
                for visit in pair:
                    await visit.sees()
                return await (self._come_back(pair) if self.name == AFTER else self._last(pair))
            finally:
                self.accesses.become(CLEAN, 0)

    async def _last(self, pair: Pair) -> Call:
        self.accesses.become(LINES[self.name], self.run)
        await asyncio.sleep(SETTLED_S)
        for visit in pair:
            await visit.take()
        idle = Idle()
        await asyncio.sleep(self.seconds)
        sides = [side(await visit.take()) for visit in pair]
        return Call(self.name, self.contender.name, self.run, idle.percent(), sides, [])

    async def _come_back(self, pair: Pair) -> Call:
        await asyncio.sleep(SETTLED_S)
        for visit in pair:
            await visit.take()
        self.accesses.become(LINES[self.name], self.run)
        idle = Idle()
        await asyncio.sleep(LOSS_S)
        sides = [side(await visit.take()) for visit in pair]
        clean_s = [await visit.now_s() for visit in pair]
        self.accesses.become(CLEAN, 0)
        both = zip(pair, clean_s, strict=True)
        back = await asyncio.gather(*(_whole_after_s(*each) for each in both))
        return Call(self.name, self.contender.name, self.run, idle.percent(), sides, back)


async def _whole_after_s(visit: Visit, clean_s: float) -> float:
    """How long after a moment the picture is whole; as long as is waited for it at most."""
    seen: list[Look] = []
    while await visit.now_s() < clean_s + PATIENCE_S:
        await asyncio.sleep(1)
        seen += await visit.take()
        found = back_s(seen, clean_s, WIDTH, FRAMES_PER_S)
        if found is not None:
            return found
    return PATIENCE_S


class Idle:
    """How much of all cores' time has been nobody's since this was made."""

    def __init__(self) -> None:
        self._began_s, self._before_s = time.monotonic(), _busy_s()

    def percent(self) -> float:
        """So far."""
        passed_s = time.monotonic() - self._began_s
        return 100 * max(0.0, 1 - (_busy_s() - self._before_s) / passed_s)


def _busy_s() -> float:
    """The mean of all cores."""
    cores = sorted(os.sched_getaffinity(0))
    return sum(map(servers.core_busy_s, cores)) / len(cores)
