"""The server as a process, started as users start it."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tests.support.processes import runs

ROOT = Path(__file__).parents[2]
NEVER_FULL = "from relay.api import load; load.PATIENCE_S = float('inf')"
"""A statement: balancers find the server ready, whatever else the machine has to do."""


@asynccontextmanager
async def serving(
    directory: Path, *flags: str, before: str = "", descriptors: Sequence[int] = ()
) -> AsyncIterator[Process]:
    """:param before: statements that the process begins with.

    :param descriptors: that it gets, by the same numbers.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", f"{before}\nfrom relay.cli import main; main()"),
        *("serve", "--host", "127.0.0.1", "--port", "0", "--udp-port", "0", *flags),
        cwd=directory,
        env={name: os.environ[name] for name in ("PATH", "XDG_STATE_HOME")}
        | {"PYTHONPATH": str(ROOT)},
        stdout=PIPE,
        stderr=PIPE,
        pass_fds=descriptors,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.terminate()  # killed, it would leave a worker that holds the pipes for a minute
        await process.communicate()


async def page_of(process: Process) -> str:
    """The page's address, as soon as it is told."""
    assert process.stdout
    while line := (await process.stdout.readline()).decode():
        if found := re.search(r"page +(https?://\S+)", line):
            return found[1]
    raise AssertionError("the server ended early")


def workers_of(log: str) -> list[int]:
    """The processes that carried media, as the log tells."""
    return [int(found) for found in re.findall(r"event=worker_started .*?process=(\d+)", log)]


async def all_ended(processes: list[int]) -> None:
    assert processes
    async with asyncio.timeout(60):
        while any(map(runs, processes)):  # noqa: ASYNC110 - nobody's children any more
            await asyncio.sleep(0.01)


async def ended(process: Process) -> tuple[int | None, str, str]:
    stdout, stderr = await process.communicate()
    return process.returncode, stdout.decode(), stderr.decode()
