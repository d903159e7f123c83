"""A server with which nobody speaks sleeps: no clock is armed that has nothing to do."""

from __future__ import annotations

import asyncio
import contextlib

import aiohttp

from relay.app import running
from relay.config import Settings
from relay.ticking import Ticking
from tests.support.operating import TOKEN, OperatedServer

PATIENCE_S = 20


def clocks() -> set[str]:
    """Which are armed."""
    timers: list[asyncio.TimerHandle] = asyncio.get_running_loop()._scheduled  # type: ignore[attr-defined]
    calls = [timer._callback for timer in timers if not timer.cancelled()]  # type: ignore[attr-defined]
    owners = [getattr(call, "__self__", None) for call in calls]
    return {owner._name for owner in owners if isinstance(owner, Ticking)}


async def test_with_nobody_here_nothing_is_armed() -> None:
    chosen = {"host": "127.0.0.1", "port": 0, "udp_port": 0, "workers": 0, "operator_token": TOKEN}
    async with running(Settings.model_validate(chosen)) as relay:
        assert clocks() == set()
        async with contextlib.AsyncExitStack() as visit:
            headers = {"Authorization": f"Bearer {TOKEN}"}
            http = await visit.enter_async_context(
                aiohttp.ClientSession(relay.url, headers=headers)
            )
            server = OperatedServer(relay, http, visit)
            await server.come()
            assert clocks() == {"door", "lobby"}
            await server.pair()
            assert clocks() == {"door", "lobby", "media plane"}
        async with asyncio.timeout(PATIENCE_S):
            while clocks():  # noqa: ASYNC110 - the last tick of each sees that nobody is left
                await asyncio.sleep(0.05)


async def test_a_server_that_drains_lets_time_pass_though_nobody_is_here() -> None:
    chosen = {"host": "127.0.0.1", "port": 0, "media_mode": "direct"}
    async with running(Settings.model_validate(chosen)) as relay:
        assert relay.gateway.drain()
        assert clocks() == {"lobby"}
