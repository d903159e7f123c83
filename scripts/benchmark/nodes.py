"""The nodes of a cluster as server processes, with a Redis of their own, on the servers' core."""

from __future__ import annotations

import asyncio
import contextlib
import re
import secrets
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from relay.cluster.lane import client
from scripts.benchmark import servers
from scripts.benchmark.servers import STARTUP_S, NotStarted, Server

if TYPE_CHECKING:
    from redis.asyncio import Redis

NAMES = "athens", "berlin", "paris"
REDIS = "redis-server"
_LOOK_S = 0.1


@dataclass(frozen=True, slots=True)
class Store:
    """A Redis that runs, and keeps nothing."""

    url: str
    asked: Redis

    async def cpu_s(self) -> float:
        """CPU time so far, in seconds, as Redis tells it."""
        told = await self.asked.info("cpu")
        return float(told["used_cpu_user"]) + float(told["used_cpu_sys"])


def has_redis() -> bool:
    """Whether there is a Redis to measure with."""
    return shutil.which(REDIS) is not None


@contextlib.asynccontextmanager
async def a_redis() -> AsyncIterator[Store]:
    """A Redis on loopback for as long as the context lasts.

    :raises NotStarted: when it does not answer in time.
    """
    from redis.exceptions import RedisError  # noqa: PLC0415 - nothing else here needs it

    with tempfile.TemporaryDirectory(prefix="relay-redis-") as folder:
        place = ("--bind", "127.0.0.1", "--port", str(_free_port()), "--dir", folder)
        command = [REDIS, *place, "--save", "", "--appendonly", "no"]
        async with servers.running("Redis", command, r"port=(\d+)") as server:
            url = f"redis://127.0.0.1:{command[4]}"
            asked = client(url, STARTUP_S)
            try:
                async with asyncio.timeout(STARTUP_S):
                    while not await _answers(asked):  # noqa: ASYNC110 - it tells nobody
                        await asyncio.sleep(_LOOK_S)
                yield Store(url, asked)
            except (RedisError, TimeoutError) as error:
                raise NotStarted(f"Redis: {error}; it said: {''.join(server.said)}") from error
            finally:
                await asked.aclose()


async def _answers(asked: Redis) -> bool:
    from redis.exceptions import RedisError  # noqa: PLC0415

    try:
        await asked.info("cpu")
    except RedisError:
        return False
    return True


@contextlib.asynccontextmanager
async def nodes(store: Store, **settings: str) -> AsyncIterator[list[Server]]:
    """One of each name, who all know each other, for as long as the context lasts.

    :param settings: more of each server's.
    :raises NotStarted: when one does not start, or they do not find each other in time.
    """
    shared = {
        "cluster": store.url,
        "cluster-secret": secrets.token_hex(16),
        "cluster-port": str(_free_port()),
        "workers": "1",
    } | settings
    async with contextlib.AsyncExitStack() as stack:
        temporary = tempfile.TemporaryDirectory(prefix="relay-nodes-", ignore_cleanup_errors=True)
        folder = Path(stack.enter_context(temporary))
        running = []
        for number, name in enumerate(NAMES, 1):
            own = {
                "node-name": name,
                "cluster-address": f"127.0.0.{number}",
                "data-dir": str(folder / name / "data"),
                "runtime-dir": str(folder / name / "run"),
            }
            (folder / name).mkdir()
            server = servers.relay("--metrics-public", **shared, **own)
            running.append(await stack.enter_async_context(server))
        await _find_each_other(running)
        yield running


async def _find_each_other(running: list[Server]) -> None:
    try:
        async with asyncio.timeout(STARTUP_S), aiohttp.ClientSession() as http:
            for server in running:
                page = server.url.replace("ws://", "http://").removesuffix("/ws")
                while not await _knows(http, page, len(running) - 1):  # noqa: ASYNC110
                    await asyncio.sleep(_LOOK_S)
    except (TimeoutError, aiohttp.ClientError) as error:
        said = "".join(line for server in running for line in server.said)
        raise NotStarted(f"the nodes do not find each other:\n{said[-4000:]}") from error


async def _knows(http: aiohttp.ClientSession, page: str, others: int) -> bool:
    async with http.get(f"{page}/metrics") as response:
        text = await response.text()
    found = dict(re.findall(r"(?m)^relay_cluster_(nodes|store_up) (\S+)$", text))
    return {name: float(value) for name, value in found.items()} == {"nodes": others, "store_up": 1}


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port
