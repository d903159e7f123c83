"""Operators at servers as users start them, over their real connection and a real store."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.node_process import node_process
from tests.support.ports import free_port
from tests.support.postgres import NEEDS_POSTGRES, Postgres
from tests.support.redis_server import NEEDS_REDIS, RedisServer
from tests.support.served import page_of

pytestmark = [NEEDS_REDIS, NEEDS_POSTGRES]

API = "/api/v1"
TOKEN = "the-token-of-all-nodes"

TOLD_ONLY = """
from relay.api import operators
from relay.safety import service
operators.REFRESH_S = service.RELOAD_S = 3600.0
"""
"""What another node has changed is not looked for: it has to be told."""


@pytest.fixture
def database() -> Iterator[str]:
    """The URL of one in a PostgreSQL of its own."""
    server = Postgres()
    try:
        server.start()
        yield server.database("cluster")
    finally:
        server.remove()


class Page:
    """A node's API, asked with the token or the cookie."""

    def __init__(self, url: str, http: aiohttp.ClientSession) -> None:
        self.url, self.http = url, http

    async def get(self, path: str) -> Any:
        async with self.http.get(f"{API}/{path}") as response:
            return await response.json()

    async def until(self, path: str, is_so: Callable[[Any], bool]) -> Any:
        async with asyncio.timeout(60):
            while not is_so(found := await self.get(path)):  # noqa: ASYNC110
                await asyncio.sleep(0.1)
        return found


async def hears(socket: aiohttp.ClientWebSocketResponse, kind: str) -> Any:
    """Skip to the next message of a type."""
    async with asyncio.timeout(30):
        while (message := await socket.receive_json())["type"] != kind:
            pass
    return message


async def stats(page: Page, name: str) -> Any:
    async with page.http.get("/stats") as response:
        return (await response.json())[name]


async def looks_and_kicks(athens: Page, berlin: Page) -> None:
    """Asks the one about the other."""
    async with berlin.http.ws_connect("/ws") as socket:
        user_id = (await socket.receive_json())["userId"]
        found = await athens.get("nodes")
        assert [(n["name"], n["here"], n["totals"]["connected"]) for n in found["nodes"]] == [
            ("athens", True, 0),
            ("berlin", False, 1),
        ]
        assert all(0 < node["leaseS"] <= 5 for node in found["nodes"])
        assert [user["node"] for user in (await athens.get("users"))["users"]] == ["berlin"]
        workers = (await athens.get("workers"))["workers"]
        assert [worker["node"] for worker in workers] == ["athens", "berlin"]
        async with athens.http.delete(f"{API}/users/{user_id}") as response:
            assert response.status == 204
        await ends_with(socket, 4001)


async def ends_a_room_between(athens: Page, berlin: Page) -> None:
    """Has two meet who are at the two nodes, and parts them."""
    here, there = athens.http.ws_connect("/ws"), berlin.http.ws_connect("/ws")
    async with here as ann, there as bob:
        for socket in (ann, bob):
            await socket.send_json({"type": "find_partner"})
        room_id = (await hears(ann, "partner_found"))["roomId"]
        assert (await hears(bob, "partner_found"))["roomId"] == room_id
        for page in (athens, berlin):
            found = await page.get("rooms")
            assert [(each["id"], sorted(each["nodes"])) for each in found["rooms"]] == [
                (room_id, ["athens", "berlin"])
            ]
            assert (found["total"], found["betweenNodes"]) == (1, 1)
            totals = await page.get("totals")
            assert (totals["rooms"], totals["roomsBetweenNodes"]) == (1, 1)
            async with page.http.get("/metrics") as response:
                assert 'relay_users{state="matched"} 1.0' in await response.text()
        assert await stats(athens, "rooms") + await stats(berlin, "rooms") == 1
        async with berlin.http.delete(f"{API}/rooms/{room_id}") as response:
            assert response.status == 204
        for socket in (ann, bob):
            await hears(socket, "partner_left")


async def bans_and_lifts(athens: Page, berlin: Page) -> None:
    """Bans at the one who is connected to the other, and lets in again at that one."""
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(cookie_jar=jar) as visitor:
        async with visitor.get(berlin.url):
            pass
        async with came(visitor, berlin) as socket:
            user_id = (await socket.receive_json())["userId"]
            order = {"user": user_id, "minutes": 60, "reason": "spam"}
            async with athens.http.post(f"{API}/bans", json=order) as response:
                assert response.status == 200
                ban = await response.json()
            await ends_with(socket, 4004)
        for page in (athens, berlin):
            await comes(visitor, page, 403)
        async with berlin.http.delete(f"{API}/bans/{ban['id']}") as response:
            assert response.status == 200
        for page in (athens, berlin):
            await comes(visitor, page, 101)


def came(visitor: aiohttp.ClientSession, page: Page) -> Any:
    return visitor.ws_connect(f"{page.url}/ws", origin=page.url)


async def ends_with(socket: aiohttp.ClientWebSocketResponse, code: int) -> None:
    async with asyncio.timeout(30):
        while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    assert socket.close_code == code


async def comes(visitor: aiohttp.ClientSession, page: Page, status: int) -> None:
    """Wait until a visitor's WebSocket is answered so."""
    async with asyncio.timeout(30):
        while True:
            try:
                async with came(visitor, page):
                    found = 101
            except aiohttp.WSServerHandshakeError as error:
                found = error.status
            if found == status:
                return


async def names_and_removes(athens: Page, berlin: Page) -> None:
    """Names an operator at the one, who is one at the other until that one removes it."""
    who = {"name": "vera", "role": "viewer"}
    async with athens.http.post(f"{API}/operators", json=who) as response:
        assert response.status == 200
        named = await response.json()
    headers = {"Authorization": f"Bearer {named['token']}"}
    async with aiohttp.ClientSession(headers=headers) as vera:
        await is_answered(vera, berlin, 200)
        async with berlin.http.delete(f"{API}/operators/vera") as response:
            assert response.status == 204
        await is_answered(vera, athens, 401)


async def is_answered(operator: aiohttp.ClientSession, page: Page, status: int) -> None:
    async with asyncio.timeout(30):
        while True:
            async with operator.get(f"{page.url}{API}/totals") as response:
                if response.status == status:
                    return


@pytest.mark.timeout(300)
async def test_any_node_answers_for_all_over_their_real_connection(
    tmp_path: Path, redis: RedisServer, database: str
) -> None:
    port = free_port()
    async with AsyncExitStack() as stack:
        processes, pages = [], []
        jar = aiohttp.CookieJar(unsafe=True)
        for number, name in enumerate(("athens", "berlin"), 1):
            shared = ("--operator-token", TOKEN, "--database-url", database)
            started = node_process(tmp_path, redis, name, number, port, *shared, before=TOLD_ONLY)
            processes.append(await stack.enter_async_context(started))
            url = await page_of(processes[-1])
            http = aiohttp.ClientSession(url, cookie_jar=jar, headers={"Origin": url})
            pages.append(Page(url, await stack.enter_async_context(http)))
        athens, berlin = pages

        async with athens.http.post("/admin/login", json={"token": TOKEN}) as response:
            assert response.status == 204
        for page in pages:  # one login is for both
            await page.until("totals", lambda found: found["nodes"] == 2)
        await looks_and_kicks(athens, berlin)
        await ends_a_room_between(athens, berlin)
        await bans_and_lifts(athens, berlin)
        await names_and_removes(berlin, athens)

        redis.stop()
        found = await athens.until("nodes", lambda found: found["storeAway"])
        assert [node["leaseS"] for node in found["nodes"]] == [None, None]
        assert (await athens.get("totals"))["nodes"] == 2
        await bans_and_lifts(athens, berlin)  # nodes tell each other themselves
        await names_and_removes(berlin, athens)
        redis.start()
        await athens.until("nodes", lambda found: not found["storeAway"])

        processes[1].send_signal(signal.SIGSTOP)
        try:
            found = await athens.get("totals")  # before it is noticed that it has stopped
            assert (found["nodes"], found["silentNodes"]) in ((1, ["berlin"]), (1, []))
            found = await athens.until("nodes", lambda found: len(found["nodes"]) == 1)
            assert found["silentNodes"] == []
        finally:
            processes[1].send_signal(signal.SIGCONT)
        await athens.until("totals", lambda found: found["nodes"] == 2)
        async with athens.http.post("/admin/logout") as response:
            assert response.status == 204
        await berlin.until("totals", lambda found: "error" in found)  # it is told a moment later
