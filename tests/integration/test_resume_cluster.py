"""Bots in a call whose sockets come back at another server, as operators start them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from relay.bots.client import with_query
from relay.bots.resuming import ResumingClient
from tests.support.bots import Bot
from tests.support.node_process import node_process, until
from tests.support.ports import free_port
from tests.support.redis_server import NEEDS_REDIS, RedisServer
from tests.support.served import page_of
from tests.support.watching import sees

pytestmark = [NEEDS_REDIS, pytest.mark.timeout(300)]


@asynccontextmanager
async def node(folder: Path, redis: RedisServer, name: str, port: int) -> AsyncIterator[str]:
    """A server of the cluster; where it is."""
    number = 1 + ("athens", "berlin").index(name)
    async with node_process(folder, redis, name, number, port) as process:
        yield await page_of(process)


def comes_back_at(bot: Bot, page: str) -> None:
    """As a balancer would have it."""
    assert isinstance(bot._client, ResumingClient)
    bot._client._back_url = with_query(page.replace("http", "ws") + "/ws", "resume=back")


async def test_the_call_goes_on_while_its_sockets_go_from_node_to_node(
    tmp_path: Path, redis: RedisServer
) -> None:
    port = free_port()
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
                for each in (berlin, athens):  # a former one ends a moment later
                    await until(each, "relay_lines", 2 * (page == berlin))
            for bot, partner in ((one, two), (two, one)):
                await sees(bot, partner, 3)
            assert one.room_id == two.room_id == room
