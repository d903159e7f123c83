"""A server that is about to go, and bots, loads and clients that move to another one, for real."""

from __future__ import annotations

import asyncio
import math
import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from relay.api import load
from relay.app import Relay, running
from relay.bots.load.clip import encode
from relay.bots.load.tally import Tally
from relay.bots.load.user import LoadUser
from relay.config import Settings
from relay.ops.client import Client as Operator
from relay.signaling import moving
from tests.support.balancer import Balancer
from tests.support.bots import Bot
from tests.support.served import ended, page_of, serving
from tests.support.watching import sees

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(autouse=True)
def noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The balancer asks before each connection, and needs no time to notice.

    It goes by who drains alone, and not by how much the machine has to do.
    """
    monkeypatch.setattr(moving, "NOTICE_S", 0.0)
    monkeypatch.setattr(load, "PATIENCE_S", math.inf)


def settings() -> Settings:
    return Settings(host="127.0.0.1", port=0, udp_port=0, workers=0, rematch_after_s=0)


@asynccontextmanager
async def two_servers() -> AsyncIterator[tuple[Relay, Relay, str]]:
    """Two, and the address of what stands before them; who comes first comes to the first one."""
    async with (
        running(settings()) as first,
        running(settings()) as second,
        Balancer(first.url, second.url) as balancer,
    ):
        yield first, second, balancer.url.replace("http", "ws") + "/ws"


def operator(server: Relay) -> Operator:
    return Operator(server.url, server.operator_token.get_secret_value())


async def until_users(server: Relay, count: int) -> None:
    async with operator(server) as relay, asyncio.timeout(30):
        while (await relay.totals()).connected != count:  # noqa: ASYNC110 - as operators see it
            await asyncio.sleep(0.05)


@asynccontextmanager
async def call(url: str) -> AsyncIterator[tuple[Bot, Bot]]:
    async with Bot(url, 1, resumes=True) as one, Bot(url, 2, resumes=True) as two:
        for bot in (one, two):
            await bot.find_partner()
        await see_each_other(one, two)
        yield one, two


async def see_each_other(one: Bot, two: Bot) -> None:
    await sees(one, two, 3)
    await sees(two, one, 3)


async def test_a_call_goes_on_until_next_and_then_both_meet_at_the_other_server() -> None:
    async with two_servers() as (first, second, url), call(url) as (one, two):
        async with operator(first) as relay:
            await relay.drain()
        await see_each_other(one, two)
        assert (one.report.moves, two.report.moves) == (0, 0)
        await one.next_partner()
        for bot in (one, two):
            await bot.until(lambda: bot.report.partners == 2, 30, "partner")  # noqa: B023
        await see_each_other(one, two)
        assert [(bot.report.moves, list(bot.report.errors)) for bot in (one, two)] == [(1, [])] * 2
        await until_users(first, 0)
        await until_users(second, 2)


async def test_at_the_deadline_those_who_talk_are_moved_and_the_server_is_empty() -> None:
    async with two_servers() as (first, second, url), call(url) as (one, two):
        async with operator(first) as relay:
            await relay.drain(deadline_s=0)
        for bot in (one, two):
            await bot.until(lambda: bot.report.moves == 1, 30, "move")  # noqa: B023
        await until_users(first, 0)
        await see_each_other(one, two)
        assert [list(bot.report.errors) for bot in (one, two)] == [[], []]
        assert first.gateway.tally.moves == 2
        await until_users(second, 2)


async def test_where_there_is_no_other_server_they_stay_and_go_on() -> None:
    async with (
        running(settings()) as server,
        call(server.url.replace("http", "ws") + "/ws") as (one, two),
    ):
        async with operator(server) as relay:
            await relay.drain()
        await one.next_partner()
        for bot in (one, two):
            await bot.until(lambda: bot.report.partners == 2, 30, "partner")  # noqa: B023
        await see_each_other(one, two)
        for bot in (one, two):
            assert (bot.report.moves, list(bot.report.errors)) == (0, [])


async def test_a_load_moves_and_sends_on() -> None:
    clip, tally = encode(0.5, settled=False), Tally()
    async with two_servers() as (first, second, url):
        users = [LoadUser(url, clip, tally) for _ in range(4)]
        playing = asyncio.create_task(_play(users))
        try:
            for user in users:
                await user.join()
                await user.search()
            async with asyncio.timeout(30):
                while tally.matches < 4:  # noqa: ASYNC110 - it is told nowhere
                    await asyncio.sleep(0.01)
            async with operator(first) as relay:
                await relay.drain(deadline_s=0)
            await until_users(first, 0)
            await until_users(second, 4)
            received = tally.received_bytes
            async with asyncio.timeout(30):
                while tally.received_bytes < received + 100_000:  # noqa: ASYNC110 - the same
                    await asyncio.sleep(0.01)
        finally:
            playing.cancel()
            for user in users:
                await user.leave()
    assert (tally.moves, tally.errors) == (4, {})


async def _play(users: list[LoadUser]) -> None:
    while True:
        for user in users:
            user.play(time.monotonic())
        await asyncio.sleep(0.005)


async def test_the_call_is_in_the_address_and_whoever_did_not_say_it_is_let_go() -> None:
    async with running(settings()) as server, aiohttp.ClientSession(server.url) as http:
        mover, plain = await http.ws_connect("/ws?move=1"), await http.ws_connect("/ws?move=0")
        for socket in (mover, plain):
            assert (await socket.receive_json())["type"] == "connected"
        async with operator(server) as relay:
            await relay.drain(deadline_s=0)
        told = await mover.receive_json()
        assert told["type"] == "move"
        assert 8 <= told["within"] <= 10
        assert (await plain.receive()).type is aiohttp.WSMsgType.CLOSE
        assert plain.close_code == 1012
        assert (await mover.receive()).type is aiohttp.WSMsgType.CLOSE, "it has not gone"
        assert mover.close_code == 1012
        await until_users(server, 0)


# the signal

DRAINS = ("--workers", "0", "--drain-s", "60")


async def told_to_move(http: aiohttp.ClientSession, page: str) -> aiohttp.ClientWebSocketResponse:
    socket = await http.ws_connect(page + "/ws?move=1")
    assert (await socket.receive_json())["type"] == "connected"
    return socket


async def test_sigterm_moves_users_and_ends_when_none_is_left(tmp_path: Path) -> None:
    async with serving(tmp_path, *DRAINS) as process, aiohttp.ClientSession() as http:
        page = await page_of(process)
        user = await told_to_move(http, page)
        process.send_signal(signal.SIGTERM)
        told = await user.receive_json()
        assert told["type"] == "move"
        assert 60 < told["within"] <= 70
        async with http.get(page + "/ready") as answer:
            assert answer.status == 503
        await user.close()
        code, _, log = await ended(process)
        assert code == 0
        (changed,) = [line for line in log.splitlines() if "event=drain_changed" in line]
        for field in ("draining=true", "deadline_s=60.0", "by=SIGTERM"):
            assert field in changed
        assert "event=server_stopped" in log


async def test_a_second_signal_ends_the_draining(tmp_path: Path) -> None:
    async with serving(tmp_path, *DRAINS) as process, aiohttp.ClientSession() as http:
        user = await told_to_move(http, await page_of(process))
        process.send_signal(signal.SIGTERM)
        await user.receive_json()
        process.send_signal(signal.SIGTERM)
        assert (await user.receive()).type is aiohttp.WSMsgType.CLOSE
        assert user.close_code == aiohttp.WSCloseCode.GOING_AWAY
        code, _, log = await ended(process)
        assert code == 0
        assert "event=server_stopped" in log


async def test_ctrl_c_does_not_drain(tmp_path: Path) -> None:
    async with serving(tmp_path, *DRAINS) as process, aiohttp.ClientSession() as http:
        user = await told_to_move(http, await page_of(process))
        process.send_signal(signal.SIGINT)
        assert (await user.receive()).type is aiohttp.WSMsgType.CLOSE
        assert user.close_code == aiohttp.WSCloseCode.GOING_AWAY
        assert (await ended(process))[0] == 0
