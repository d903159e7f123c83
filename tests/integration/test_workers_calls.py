"""Calls of real bots while the processes that carry their media die, one after the other."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import aiohttp
import pytest
from structlog.testing import capture_logs

from relay.app import Relay, running
from relay.config import Settings
from tests.support.bots import Bot
from tests.support.watching import sees

pytestmark = pytest.mark.timeout(240)


@asynccontextmanager
async def serving(workers: int) -> AsyncIterator[Relay]:
    settings = Settings(
        host="127.0.0.1",
        port=0,
        udp_port=0,
        workers=workers,
        rematch_after_s=0,
        metrics_public=True,
    )
    async with running(settings) as relay:
        yield relay


def url_of(relay: Relay) -> str:
    return relay.url.replace("http", "ws") + "/ws"


async def workers_of(relay: Relay) -> list[int]:
    """The processes that carry media."""
    headers = {"Authorization": f"Bearer {relay.operator_token.get_secret_value()}"}
    async with (
        aiohttp.ClientSession(relay.url, headers=headers) as http,
        http.get("/api/v1/workers") as response,
    ):
        return [worker["processId"] for worker in (await response.json())["workers"]]


async def crossed(relay: Relay) -> list[float]:
    """How many packets have crossed the bridge, out and in."""
    async with aiohttp.ClientSession(relay.url) as http, http.get("/metrics") as response:
        lines = (await response.text()).splitlines()
    found = [line for line in lines if line.startswith("relay_bridged_packets_total{")]
    assert len(found) == 2
    return [float(line.split()[1]) for line in found]


async def see_each_other(one: Bot, two: Bot, count: int = 5) -> None:
    await sees(one, two, count)
    await sees(two, one, count)


@pytest.mark.parametrize("early_link", [True, False], ids=["keeping their links", "plain"])
async def test_a_call_goes_on_in_the_same_room_when_its_worker_is_killed(early_link: bool) -> None:
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(serving(1))
        one, two = [
            await stack.enter_async_context(Bot(url_of(relay), number, early_link=early_link))
            for number in (1, 2)
        ]
        for bot in (one, two):
            await bot.find_partner()
        await see_each_other(one, two)
        room = one.room_id
        for time in (1, 2):
            (worker,) = await workers_of(relay)
            with capture_logs() as logged:
                os.kill(worker, signal.SIGKILL)
                for bot in (one, two):
                    await bot.until(lambda: bot.report.links > time, 60)  # noqa: B023
                await see_each_other(one, two)
            assert [each["exit_code"] for each in logged if each["event"] == "worker_lost"] == [-9]
        assert (one.room_id, two.room_id) == (room, room)
        assert [list(bot.report.errors) for bot in (one, two)] == [[], []]


async def test_a_worker_that_is_killed_before_anybody_is_in_a_call() -> None:
    """While one waits, and while the other's link is being opened."""
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(serving(1))
        one = await stack.enter_async_context(Bot(url_of(relay), 1))
        await one.find_partner()
        await one.until(lambda: one.link_state == "connected", 30)
        (worker,) = await workers_of(relay)
        os.kill(worker, signal.SIGKILL)
        two = await stack.enter_async_context(Bot(url_of(relay), 2))
        await two.find_partner()
        await see_each_other(one, two)


async def test_of_two_workers_one_dies_and_all_calls_go_on() -> None:
    """Four bots: whoever is on the worker that dies comes back, wherever its partner is."""
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(serving(2))
        bots = [
            await stack.enter_async_context(Bot(url_of(relay), number)) for number in range(1, 5)
        ]
        for bot in bots:
            await bot.until(lambda: bot.link_state == "connected", 30)  # noqa: B023
        for bot in bots:
            await bot.find_partner()
        for bot in bots:
            await bot.until(lambda: bot.room_id is not None, 30)  # noqa: B023
        partner_of = {
            bot: next(other for other in bots if other is not bot and other.room_id == bot.room_id)
            for bot in bots
        }
        rooms = [bot.room_id for bot in bots]
        for bot, partner in partner_of.items():
            await sees(bot, partner, 5)
        for worker in await workers_of(relay):
            os.kill(worker, signal.SIGKILL)
            for bot, partner in partner_of.items():
                await sees(bot, partner, 10)
        assert [bot.room_id for bot in bots] == rooms
        assert [list(bot.report.errors) for bot in bots] == [[]] * 4


async def test_bots_of_two_workers_meet_over_the_bridge_and_press_next() -> None:
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(serving(2))
        one, two = [
            await stack.enter_async_context(Bot(url_of(relay), number)) for number in (1, 2)
        ]
        for bot in (one, two):
            await bot.until(lambda: bot.link_state == "connected", 30)  # noqa: B023
        for bot in (one, two):
            await bot.find_partner()
        await see_each_other(one, two, 20)
        async with asyncio.timeout(30):  # a worker may tell of it late
            while not all(await crossed(relay)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        room = one.room_id
        await one.next_partner()
        await two.find_partner()
        await one.until(lambda: one.room_id not in {None, room}, 30)
        await see_each_other(one, two, 10)
