"""The server's own process is killed at each stage of a call of real bots; another takes over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.bots import Bot
from tests.support.ports import free_ports
from tests.support.served import all_ended, page_of, serving, workers_of
from tests.support.watching import sees

pytestmark = pytest.mark.timeout(180)

Enter = Callable[[int], Awaitable[Bot]]


async def see_each_other(one: Bot, two: Bot) -> None:
    await sees(one, two, 5)
    await sees(two, one, 5)


async def nobody_is_there(_: Enter) -> list[Bot]:
    return []


async def a_link_is_up(enter: Enter) -> list[Bot]:
    one = await enter(1)
    await one.until(lambda: one.link_state == "connected", 30)
    return [one]


async def one_waits(enter: Enter) -> list[Bot]:
    one = await enter(1)
    await one.find_partner()
    return [one]


async def two_have_just_met(enter: Enter) -> list[Bot]:
    bots = [await enter(number) for number in (1, 2)]
    for bot in bots:
        await bot.find_partner()
    for bot in bots:
        await bot.until(lambda: bot.room_id is not None, 30)  # noqa: B023
    return bots


async def two_talk(enter: Enter) -> list[Bot]:
    one, two = await two_have_just_met(enter)
    await see_each_other(one, two)
    return [one, two]


async def one_has_pressed_next(enter: Enter) -> list[Bot]:
    one, two = await two_talk(enter)
    await one.next_partner()
    return [one, two]


@pytest.mark.parametrize(
    "stage",
    [
        nobody_is_there,
        a_link_is_up,
        one_waits,
        two_have_just_met,
        two_talk,
        one_has_pressed_next,
    ],
)
async def test_the_next_server_takes_over(
    tmp_path: Path, stage: Callable[[Enter], Awaitable[list[Bot]]]
) -> None:
    port, udp_port = free_ports(2)
    flags = (
        "--port",
        str(port),
        "--udp-port",
        str(udp_port),
        "--runtime-dir",
        str(tmp_path / "run"),
    )
    async with AsyncExitStack() as stack:

        async def enter(number: int) -> Bot:
            url = f"ws://127.0.0.1:{port}/ws"
            return await stack.enter_async_context(Bot(url, number, resumes=stage is two_talk))

        server = await stack.enter_async_context(serving(tmp_path, *flags))
        await page_of(server)
        assert server.stderr
        (worker,) = workers_of((await server.stderr.readline()).decode())
        bots = await stage(enter)
        server.kill()
        await all_ended([server.pid])
        if stage is two_talk:
            await see_each_other(*bots)  # media needs no server but its worker
        successor = await stack.enter_async_context(serving(tmp_path, *flags))
        await page_of(successor)
        for bot in bots:
            if stage is two_talk:  # whose session is not known any more: they are new users
                await bot.until(lambda: bot.report.moves == 1, 60)  # noqa: B023
                await bot.leave()
                continue
            async with asyncio.timeout(60):
                await bot.lost()
        three, four = await two_talk(enter)
        for bot in (three, four):
            await bot.leave()
        successor.terminate()
        await all_ended([successor.pid, worker])
