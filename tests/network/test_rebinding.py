"""A NAT that gives browsers other ports in a call: how long they hear nothing is printed.

The NAT is a program of the test's, between the address that the server announces and its own. The
page has no part in it: its connection stays, and no ICE restart comes.
"""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest_asyncio
from playwright.async_api import Playwright

from tests.browser.chromium import chromium_in
from tests.browser.conftest import OpenFirefox
from tests.browser.firefox import Firefox
from tests.browser.namespace import Namespace
from tests.browser.server import Server, running
from tests.browser.test_firefox import sees_somebody, start
from tests.browser.visitor import Sight, Visitor
from tests.support.nat import Nat

WATCHED_S = 8.0

Count = Callable[[], Awaitable[int]]
"""How many packets of sound somebody has received."""


@pytest_asyncio.fixture(loop_scope="session")
async def nat(namespace: Namespace) -> AsyncIterator[Nat]:
    made = Nat(("", 0), namespace.address, lambda: namespace.connection(socket.SOCK_DGRAM))
    yield made
    made.close()


@pytest_asyncio.fixture(loop_scope="session")
async def server(namespace: Namespace, nat: Nat, tmp_path: Path) -> AsyncIterator[Server]:
    host, port = nat.address
    flags = ("--public-ip", host, "--public-udp-port", str(port), "--rematch-after-s", "0")
    made = Server(tmp_path, *flags, prefix=namespace.prefix, host="0.0.0.0")
    async with running(made) as server:
        found = re.search(r"event=worker_started .*udp_port=(\d+)", server.log)
        assert found, server.log
        nat.target = (host, int(found[1]))
        yield server


async def silences(count_of: list[Count]) -> list[float]:
    """How long each of these hears nothing at most, in seconds."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    counts = [await count() for count in count_of]
    last, longest = [began] * len(counts), [0.0] * len(counts)
    while loop.time() - began < WATCHED_S:
        for index, count in enumerate(count_of):
            if (seen := await count()) > counts[index]:
                longest[index] = max(longest[index], loop.time() - last[index])
                counts[index], last[index] = seen, loop.time()
    return [max(*pair) for pair in zip(longest, [loop.time() - at for at in last], strict=True)]


def counted(look: Callable[[], Awaitable[Sight]]) -> Count:
    async def count() -> int:
        return (await look()).audioPackets

    return count


def in_firefox(person: Firefox) -> Count:
    async def count() -> int:
        return int((await person.run("spy.look()"))["audioPackets"])

    return count


def told(browser: str, seconds: list[float]) -> None:
    print(f"{browser}: nothing heard for {', '.join(f'{each:.2f} s' for each in seconds)}")


async def test_two_in_chromium(
    namespace: Namespace, server: Server, nat: Nat, playwright: Playwright, tmp_path: Path
) -> None:
    async with chromium_in(namespace, playwright, tmp_path) as chromium:
        people = []
        for _ in range(2):
            context = await chromium.new_context(locale="en-GB")
            people.append(await Visitor.arrive(context, server.url))
            await people[-1].press("Start")
        for person in people:
            await person.sees_somebody()
        assert nat.mapped, "they are behind it"
        nat.rebind()
        found = await silences([counted(person.look) for person in people])
        told("Chromium", found)
        for person in people:
            await person.sees_somebody()
        assert max(found) < WATCHED_S / 2
        assert "event=link_lost" not in server.log


async def test_two_in_firefox(nat: Nat, open_firefox: OpenFirefox) -> None:
    people = [await start(await open_firefox(name)) for name in ("anna", "berta")]
    for person in people:
        await sees_somebody(person)
    nat.rebind()
    found = await silences([in_firefox(person) for person in people])
    told("Firefox", found)
    for person in people:
        await sees_somebody(person)
    assert max(found) < WATCHED_S / 2
