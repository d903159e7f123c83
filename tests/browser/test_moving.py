"""A page whose server is about to go: to another one behind the same address, or nowhere."""

import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import Arrive, StartServer
from tests.browser.server import Server, running
from tests.browser.visitor import TURNED_AWAY, Visitor, heard, together, until
from tests.support.balancer import Balancer
from tests.support.operating import TOKEN

FLAGS = ("--operator-token", TOKEN, "--rematch-after-s", "0")


class Two(NamedTuple):
    """Two servers, and the address of both."""

    first: Server
    second: Server
    url: str


@pytest_asyncio.fixture(loop_scope="session")
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        servers = []
        for name in ("first", "second"):
            (tmp_path / name).mkdir()
            servers.append(
                await stack.enter_async_context(running(Server(tmp_path / name, *FLAGS)))
            )
        balancer = await stack.enter_async_context(Balancer(*(server.url for server in servers)))
        yield Two(servers[0], servers[1], balancer.url)


async def drain(server: Server, **body: float) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with aiohttp.ClientSession(headers=headers, raise_for_status=True) as operator:
        await operator.post(server.url + "/api/v1/drain", json=body)


async def has(server: Server, users: int) -> None:
    """Wait until so many are connected."""

    async def connected() -> int:
        async with (
            aiohttp.ClientSession() as http,
            http.get(server.url + "/stats") as response,
        ):
            return int((await response.json())["connected"])

    await until(connected, lambda count: count == users)


NOTED = """
(() => {
  window.order = [];
  window.asked = 0;
  const { mediaDevices } = navigator;
  const ask = mediaDevices.getUserMedia.bind(mediaDevices);
  mediaDevices.getUserMedia = (wanted) => { window.asked += 1; return ask(wanted); };
  let sockets = 0;
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(url) {
      super(url);
      this.number = sockets += 1;
      const greeted = () => window.order.push(`greets ${this.number}`);
      this.addEventListener("message", greeted, { once: true });
    }
    close(code) {
      window.order.push(`left ${this.number}`);
      super.close(code);
    }
  };
})();
"""
"""Notes how often devices are asked for, and when sockets are there and are left."""


async def noted(person: Visitor) -> tuple[int, list[str]]:
    found = await person.page.evaluate("() => [window.asked, window.order]")
    return found[0], found[1]


async def meet(two: Two, arrive: Arrive) -> tuple[Visitor, Visitor]:
    pair = [await arrive(two.first, url=two.url, spell=NOTED) for _ in range(2)]
    await together(*(person.press("Start") for person in pair))
    await together(*(person.sees_somebody() for person in pair))
    await has(two.first, 2)
    return pair[0], pair[1]


async def knows(person: Visitor) -> None:
    """Wait until somebody who does nothing has been told to move: then all are who may be."""

    async def told() -> int:
        return heard(person, "move")

    await until(told, lambda count: count == 1)


async def test_next_leads_to_the_other_server_with_the_camera_on(two: Two, arrive: Arrive) -> None:
    anna, berta = await meet(two, arrive)
    carla = await arrive(two.first, url=two.url)
    await drain(two.first)
    await knows(carla)
    await anna.says("Are you still there?")
    await berta.hears("Are you still there?")
    asked, order = await noted(anna)
    assert order == ["greets 1"]
    await anna.press("Next")
    await together(*(person.sees_somebody(60) for person in (anna, berta)))
    await has(two.second, 3)
    await has(two.first, 0)
    assert await noted(anna) == (asked, ["greets 1", "greets 2", "left 1"])


async def test_at_the_deadline_a_call_is_left_only_when_the_other_session_is_there(
    two: Two, arrive: Arrive
) -> None:
    anna, berta = await meet(two, arrive)
    await drain(two.first, deadline=0)
    await has(two.second, 2)
    await has(two.first, 0)
    for person in (anna, berta):
        # Who searches on, since the other one has left first, is told once more.
        assert heard(person, "move") in (1, 2)
        assert (await noted(person))[1] == ["greets 1", "greets 2", "left 1"]
    await together(*(person.sees_somebody(60) for person in (anna, berta)))


async def test_a_single_server_says_so_and_goes_on_until_the_deadline(
    start_server: StartServer, arrive: Arrive
) -> None:
    server = await start_server(*FLAGS)
    pair = [await arrive(server) for _ in range(2)]
    await together(*(person.press("Start") for person in pair))
    await together(*(person.sees_somebody() for person in pair))
    carla = await arrive(server)
    for person in (*pair, carla):
        person.expected_complaints = TURNED_AWAY
    await drain(server, deadline=600)
    await knows(carla)
    await pair[0].press("Next")
    news = pair[0].page.get_by_role("log", name="News")
    await expect(news).to_contain_text(
        "no other one takes you yet. You can go on here for 10 minutes"
    )
    await together(*(person.sees_somebody(60) for person in pair))
    await drain(server, deadline=0)
    await expect(news).to_contain_text(re.compile(r"You can go on here for (10|9) seconds"))
    await together(*(person.reads("The server is being updated", 30) for person in pair))
    await has(server, 0)
