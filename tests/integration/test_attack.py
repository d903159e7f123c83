"""Hostile sockets from several addresses, which press Next at once, among people who stay."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from relay.app import Relay, running
from relay.safety.haste import ALLOWED, PAUSES_S
from tests.support.small import small

EACH = 6
MOST = ALLOWED + len(PAUSES_S)
"""So often one of them leaves people before each pause is a minute."""


class Somebody:
    """A user who only ever chats, and how it fares."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, *, is_hostile: bool) -> None:
        self._socket = socket
        self._is_hostile = is_hostile
        self.room: str | None = None
        self.was_left = 0
        self.nexts = 0

    async def live(self, changed: asyncio.Condition) -> None:
        await self._socket.send_json({"type": "find_partner", "mode": "text"})
        async for frame in self._socket:
            message = frame.json()
            if message["type"] == "partner_found":
                self.room = message["roomId"]
                if self._is_hostile:
                    self.nexts += 1
                    await self._socket.send_json({"type": "next_partner", "mode": "text"})
            elif message["type"] == "partner_left" and not self._is_hostile:
                self.room = None
                self.was_left += 1
                await self._socket.send_json({"type": "find_partner", "mode": "text"})
            async with changed:
                changed.notify_all()


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Relay]:
    settings = small(
        tmp_path,
        trusted_proxies="127.0.0.1",
        rematch_after_s=0,
        messages_per_s=100_000,
        metrics_public=True,
    )
    async with running(settings) as started:
        yield started


@asynccontextmanager
async def crowd(relay: Relay, changed: asyncio.Condition) -> AsyncIterator[list[Somebody]]:
    """They come by turns, a hostile one first."""
    async with (
        aiohttp.ClientSession(relay.url) as http,
        AsyncExitStack() as stack,
        asyncio.TaskGroup() as living,
    ):
        here = []
        for number in range(2 * EACH):
            headers = {"X-Forwarded-For": f"8.8.{number}.8"}
            socket = await stack.enter_async_context(http.ws_connect("/ws", headers=headers))
            here.append(Somebody(socket, is_hostile=number % 2 == 0))
        tasks = [living.create_task(somebody.live(changed)) for somebody in here]
        try:
            yield here
        finally:
            for task in tasks:
                task.cancel()


async def test_people_who_stay_are_soon_left_alone(relay: Relay) -> None:
    changed = asyncio.Condition()
    async with crowd(relay, changed) as here, asyncio.timeout(60), changed:
        hostile, honest = here[::2], here[1::2]

        def are_together() -> bool:
            rooms = [somebody.room for somebody in honest]
            return all(rooms.count(room) == 2 for room in rooms)

        def nexts() -> int:
            return sum(somebody.nexts for somebody in hostile)

        def left() -> int:
            return sum(somebody.was_left for somebody in honest)

        await changed.wait_for(lambda: nexts() > EACH * MOST and are_together())
        was_left = 0
        while was_left != left():  # among so many Nexts of the hostile ones
            was_left, so_far = left(), nexts()
            assert 0 < was_left <= EACH * MOST
            await changed.wait_for(lambda so_far=so_far: nexts() > so_far + 200)  # type: ignore[misc]
        assert are_together()
        async with (
            aiohttp.ClientSession(relay.url) as http,
            http.get("/metrics") as response,
        ):
            text = await response.text()
        apart = float(text.partition("\nrelay_users_apart ")[2].partition("\n")[0])
        assert apart >= EACH - 1  # a last one may wait, and leave nobody
