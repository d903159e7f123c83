"""A node of a cluster as a process, started as users start it."""

from __future__ import annotations

import asyncio
import os
import re
import signal
from asyncio.subprocess import Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp

from tests.support.redis_server import RedisServer
from tests.support.served import NEVER_FULL, serving

SECRET = "one that all the nodes share"


def flags(redis: RedisServer, name: str, number: int, port: int, secret: str = SECRET) -> list[str]:
    cluster = ["--cluster", redis.url, "--cluster-secret", secret, "--cluster-port", str(port)]
    address = f"127.0.0.{number}"
    return [*cluster, "--node-name", name, "--cluster-address", address, "--metrics-public"]


@asynccontextmanager
async def node_process(
    directory: Path,
    redis: RedisServer,
    name: str,
    number: int,
    port: int,
    *more: str,
    secret: str = SECRET,
    before: str = "",
) -> AsyncIterator[Process]:
    """It is ready for balancers however busy the machine is.

    :param before: statements that the process begins with.
    """
    folder = directory / name
    folder.mkdir(exist_ok=True)
    own = ("--data-dir", str(folder / "data"), "--runtime-dir", str(folder / "run"))
    given = *flags(redis, name, number, port, secret), *own, *more
    async with serving(folder, *given, before=f"{NEVER_FULL}\n{before}") as process:
        yield process


async def figure(page: str, name: str) -> float:
    async with aiohttp.ClientSession() as http, http.get(f"{page}/metrics") as response:
        text = await response.text()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    assert found, f"there is no {name}"
    return float(found[1])


async def until(page: str, name: str, wanted: float) -> None:
    async with asyncio.timeout(60):
        while await figure(page, name) != wanted:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.1)


def kill_all(process: Process) -> None:
    """Have a server die, and all of its processes, as with its machine."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    for each in (process.pid, *map(int, children)):
        os.kill(each, signal.SIGKILL)
