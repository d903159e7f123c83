"""The ``relay`` command as a process, the way a terminal or a script runs it."""

import asyncio
import contextlib
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

_RUN = "from relay.cli import main; main()"


class Ended(NamedTuple):
    """How a command ended."""

    code: int | None
    out: str
    err: str


@contextlib.asynccontextmanager
async def started(
    *arguments: str, env: Mapping[str, str], cwd: str | None = None, warnings: str = "error"
) -> AsyncIterator[Process]:
    """A command that runs; it is killed when it is still there at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", warnings, "-c", _RUN, *arguments),
        env=dict(env),
        cwd=cwd,
        stdout=PIPE,
        stderr=PIPE,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def run(
    *arguments: str, env: Mapping[str, str], cwd: str | None = None, warnings: str = "error"
) -> Ended:
    """Run a command to its end."""
    async with started(*arguments, env=env, cwd=cwd, warnings=warnings) as process:
        out, err = await process.communicate()
        return Ended(process.returncode, out.decode(), err.decode())
