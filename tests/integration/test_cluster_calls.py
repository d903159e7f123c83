"""Real nodes with real workers and a real Redis: bots of different nodes in calls with each other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest

from relay.app import Relay, running
from relay.config import Settings
from tests.support.bots import Bot
from tests.support.ports import free_ports
from tests.support.redis_server import NEEDS_REDIS, RedisServer
from tests.support.watching import sees

pytestmark = [pytest.mark.timeout(240), NEEDS_REDIS]
SECRET = "one that all the nodes share"


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    server = RedisServer()
    server.start()
    yield server
    server.remove()


@asynccontextmanager
async def node(redis: RedisServer, number: int, **more: object) -> AsyncIterator[Relay]:
    """A node at an address of its own on loopback."""
    settings = {
        "host": "127.0.0.1",
        "port": 0,
        "udp_port": 0,
        "workers": 1,
        "rematch_after_s": 0,
        "metrics_public": True,
        "operator_token": "t" * 32,
        "cluster": redis.url,
        "cluster_secret": SECRET,
        "cluster_address": f"127.0.0.{number}",
        "cluster_port": free_ports()[0],
        "node_name": f"node-{number}",
    }
    async with running(Settings.model_validate(settings | more)) as relay:
        yield relay


def url_of(relay: Relay) -> str:
    return relay.url.replace("http", "ws") + "/ws"


async def see_each_other(one: Bot, two: Bot, count: int = 5) -> None:
    await sees(one, two, count)
    await sees(two, one, count)


async def until_there(relays: list[Relay]) -> None:
    """Wait until each node can speak to all others."""
    async with asyncio.timeout(60), aiohttp.ClientSession() as http:
        for relay in relays:
            while True:
                async with http.get(f"{relay.url}/metrics") as response:
                    text = await response.text()
                if (
                    f"relay_cluster_nodes {len(relays) - 1}.0" in text
                    and "relay_cluster_store_up 1.0" in text
                ):
                    break
                await asyncio.sleep(0.1)


async def test_users_of_two_nodes_meet_talk_and_press_next(redis: RedisServer) -> None:
    async with AsyncExitStack() as stack:
        relays = [await stack.enter_async_context(node(redis, number)) for number in (1, 2)]
        await until_there(relays)
        one, two = [
            await stack.enter_async_context(Bot(url_of(relay), number))
            for number, relay in enumerate(relays, 1)
        ]
        for bot in (one, two):
            await bot.find_partner()
        await see_each_other(one, two)
        assert one.room_id == two.room_id
        room = one.room_id
        await one.next_partner()
        await one.until(lambda: one.room_id not in (None, room), 30)
        await see_each_other(one, two)
        assert [list(bot.report.errors) for bot in (one, two)] == [[], []]
