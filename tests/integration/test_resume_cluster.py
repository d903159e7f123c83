"""Bots in a call whose sockets come back at another server, as operators start them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from relay.bots.client import with_query
from relay.bots.resuming import ResumingClient
from tests.support.bots import Bot
from tests.support.ports import free_ports
from tests.support.redis_server import NEEDS_REDIS, RedisServer
from tests.support.served import page_of, serving
from tests.support.watching import sees

pytestmark = [NEEDS_REDIS, pytest.mark.timeout(300)]


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    server = RedisServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@asynccontextmanager
async def node(folder: Path, redis: RedisServer, name: str, port: int) -> AsyncIterator[str]:
    """A server of the cluster; where it is."""
    (folder / name).mkdir()
    address = f"127.0.0.{1 + ('athens', 'berlin').index(name)}"
    options = {
        "cluster": redis.url,
        "cluster-secret": "one that all the nodes share",
        "cluster-port": str(port),
        "cluster-address": address,
        "node-name": name,
        "data-dir": str(folder / name / "data"),
        "runtime-dir": str(folder / name / "run"),
    }
    flags = [word for option, value in options.items() for word in (f"--{option}", value)]
    async with serving(folder / name, *flags, "--metrics-public") as process:
        yield await page_of(process)


async def lines_of(page: str) -> int:
    async with aiohttp.ClientSession() as http, http.get(f"{page}/metrics") as response:
        text = await response.text()
    return next(
        int(float(line.split()[1])) for line in text.splitlines() if line.startswith("relay_lines ")
    )


def comes_back_at(bot: Bot, page: str) -> None:
    """As a balancer would have it."""
    assert isinstance(bot._client, ResumingClient)
    bot._client._back_url = with_query(page.replace("http", "ws") + "/ws", "resume=back")


async def test_the_call_goes_on_while_its_sockets_go_from_node_to_node(
    tmp_path: Path, redis: RedisServer
) -> None:
    (port,) = free_ports()
    async with (
        node(tmp_path, redis, "athens", port) as athens,
        node(tmp_path, redis, "berlin", port) as berlin,
    ):
        url = athens.replace("http", "ws") + "/ws"
        async with Bot(url, 1, resumes=True) as one, Bot(url, 2, resumes=True) as two:
            for bot in (one, two):
                await bot.find_partner()
            for bot, partner in ((one, two), (two, one)):
                await sees(bot, partner, 3)
            room = one.room_id
            for times, page in enumerate((berlin, athens, berlin, berlin), 1):
                for bot in (one, two):
                    comes_back_at(bot, page)
                    bot.cut()
                for bot in (one, two):
                    await bot.say(f"{times} of {bot.room_id}")
                for bot in (one, two):
                    await bot.until(lambda: bot.report.resumes == times, 30, "return")  # noqa: B023
                    await bot.until(lambda: len(bot.chats) == times, 30, "chat")  # noqa: B023
                assert await lines_of(berlin) == await lines_of(athens) == 2 * (page == berlin)
            for bot, partner in ((one, two), (two, one)):
                await sees(bot, partner, 3)
            assert one.room_id == two.room_id == room
