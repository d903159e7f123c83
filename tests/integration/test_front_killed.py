"""The server's own process is killed at each stage of a call of real bots; another takes over."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.bots import Bot
from tests.support.ports import free_ports
from tests.support.served import all_ended, page_of, serving, workers_of
from tests.support.watching import sees

pytestmark = pytest.mark.timeout(300)

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


STAGES = (
    nobody_is_there,
    a_link_is_up,
    one_waits,
    two_have_just_met,
    two_talk,
    one_has_pressed_next,
)


async def test_at_each_stage_the_next_server_takes_over(tmp_path: Path) -> None:
    """One server after the other, each killed at a stage of its own; one worker serves them all."""
    port, udp_port = free_ports(2)
    at = ("--port", str(port), "--udp-port", str(udp_port))
    async with AsyncExitStack() as servers:

        async def start() -> Process:
            flags = (*at, "--runtime-dir", str(tmp_path / "run"))
            started = await servers.enter_async_context(serving(tmp_path, *flags))
            await page_of(started)
            return started

        server = await start()
        assert server.stderr
        (worker,) = workers_of((await server.stderr.readline()).decode())
        for stage in STAGES:
            print(stage.__name__)
            async with AsyncExitStack() as present:

                async def enter(number: int) -> Bot:
                    bot = Bot(f"ws://127.0.0.1:{port}/ws", number, resumes=stage is two_talk)  # noqa: B023
                    return await present.enter_async_context(bot)

                bots = await stage(enter)
                server.kill()
                await all_ended([server.pid])
                if stage is two_talk:
                    await see_each_other(*bots)  # media needs no server but its worker
                server = await start()
                await let_go(bots, are_new=stage is two_talk)
                for bot in await two_talk(enter):
                    await bot.leave()
        server.terminate()
        await all_ended([server.pid, worker])


async def let_go(bots: list[Bot], *, are_new: bool) -> None:
    """Wait until they know that their server has gone.

    :param are_new: whether they have come back, to a server that does not know their sessions.
    """
    for bot in bots:
        if are_new:
            await bot.until(lambda: bot.report.moves == 1, 60)  # noqa: B023
            await bot.leave()
        else:
            async with asyncio.timeout(60):
                await bot.lost()
