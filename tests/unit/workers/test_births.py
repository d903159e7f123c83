"""Processes that are forked from one that ends, and what is told of how they end."""

from __future__ import annotations

import asyncio
import os
import signal
import sys

import pytest

from relay.errors import WorkerError
from relay.workers import births
from relay.workers.births import Born, bear
from tests.support.processes import runs

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="others do not tell")

FORKS = """
import os, sys, time
for code in map(int, sys.argv[1:]):
    pid = os.fork()
    if pid == 0:
        os.dup2(2, 1)
        if code < 0:
            time.sleep(600)
        os._exit(code)
    print(pid, flush=True)
"""
PATIENCE_S = 60.0


async def forked(program: str, *codes: int, patience_s: float = PATIENCE_S) -> list[Born]:
    """Processes that end with these codes, or do not end by themselves if they are negative."""
    command = [sys.executable, "-I", "-S", "-c", program, *map(str, codes)]
    return await bear(command, [2] * len(codes), {}, patience_s)


async def test_the_front_inherits_them_and_hears_how_they_end() -> None:
    first, second, third = await forked(FORKS, 0, 3, -1)
    assert [await first.wait(PATIENCE_S), await second.wait(PATIENCE_S)] == [0, 3]
    assert not third.has_ended()
    with pytest.raises(TimeoutError):
        await third.wait(0)
    third.kill()
    assert await third.wait(PATIENCE_S) == -signal.SIGKILL
    third.kill()
    assert births._heirs == 0


async def left_of(program: str, why: str, patience_s: float = PATIENCE_S) -> None:
    """Whoever was forked holds a pipe, which is at its end when nobody does any more."""
    reading, writing = os.pipe()
    command = [sys.executable, "-I", "-S", "-c", program, "-1"]
    try:
        with pytest.raises(WorkerError, match=why):
            await bear(command, [writing], {}, patience_s)
    finally:
        os.close(writing)
    assert await asyncio.to_thread(os.read, reading, 1) == b""
    os.close(reading)


async def test_of_one_that_says_nothing_nobody_is_left() -> None:
    await left_of(f"{FORKS}\ntime.sleep(600)", "says nothing", patience_s=0.5)


async def test_of_one_that_fails_nobody_is_left() -> None:
    await left_of(f"{FORKS}\nsys.stdout.close()\nos.close(1)\nos._exit(1)", "has gone")
    await left_of("pass", "has gone")


async def test_one_that_cannot_be_started() -> None:
    with pytest.raises(WorkerError, match="cannot be started: no such file"):
        await bear(["/no/such/python"], [], {}, PATIENCE_S)


async def test_of_somebody_elses_process_only_its_end_is_known() -> None:
    (here,) = await forked(FORKS, -1)
    stranger = Born(os.getppid())
    assert not stranger.has_ended()
    here.kill()
    await here.wait(PATIENCE_S)
    gone = Born(here.pid)
    assert gone.has_ended()
    assert gone.exit_code is None
    assert not runs(here.pid)
