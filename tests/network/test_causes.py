"""Links that do not come up, in networks that are why: all who look see the same cause.

What the page says, the server's ``error``, its metric and its log are compared. One server and one
browser serve all cases, since each takes as long as a link may.
"""

import json
import re
import sys
from asyncio import create_subprocess_exec
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright

from tests.browser.chromium import chromium_in
from tests.browser.server import RELAY, ROOT, Server, running
from tests.browser.visitor import Visitor, heard, until
from tests.network.inside import WITHOUT_ICE_TCP, arrive, trusting
from tests.network.routed import SERVER, SERVER_IPV6, UDP, Routed

pytestmark = pytest.mark.timeout(300)

MEDIA_TCP = 3479
TCP = ("ipproto", "tcp", "dport", str(MEDIA_TCP))
LINK_TIMEOUT_S = 8
"""The page reports after 7 s."""
PATIENCE_S = 30.0
"""For a link's time, and what is left to a server on which some have failed."""
UDP_LINKS = 'relay_link_paths{protocol="udp"}'

WORDS = {
    "server_unreachable": "No video gets through to this server:",
    "tcp_blocked": "This network lets only web pages through.",
    "udp_blocked": "This network does not let video through.",
    "turn_refused": "The server has refused the detour that this network needs.",
    "ipv6_only": "Your network has only IPv6, and the server has none.",
}

EXPIRED = """
const Trusted = window.RTCPeerConnection;
const expired = (config) => ({ ...config,
  iceServers: config.iceServers.map((server) => ({ ...server, credential: "of yesterday" })) });
window.RTCPeerConnection = class extends Trusted {
  constructor(config) { super(expired(config)); }
  setConfiguration(config) { super.setConfiguration(expired(config)); }
};
"""

WITHOUT_TURN = """
const Tunnelled = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Tunnelled {
  constructor(config) { super({ ...config, iceServers: [] }); }
  setConfiguration(config) { super.setConfiguration({ ...config, iceServers: [] }); }
};
"""
"""As where the relay has no TCP for media: its own TURN is reached over IPv6, too."""


@pytest_asyncio.fixture(loop_scope="session")
async def server(routed: Routed, tmp_path: Path) -> AsyncIterator[Server]:
    ways = ("--tcp-port", str(MEDIA_TCP), "--public-ip", SERVER, "--allowed-hosts", "*")
    flags = (*ways, "--metrics-public", "--link-timeout-s", str(LINK_TIMEOUT_S))
    made = Server(tmp_path, *flags, prefix=routed.server.prefix, host="::")
    made.url = f"http://{SERVER}:8080"  # one port for both families
    async with running(made) as server:
        server.url = f"http://{SERVER}:8080"
        yield server


@asynccontextmanager
async def somebody_else(routed: Routed, server: Server) -> AsyncIterator[None]:
    """A visitor whose media comes over UDP."""
    url = server.url.replace("http", "ws", 1).rstrip("/") + "/ws"
    words = (*routed.server.prefix, sys.executable, *RELAY, "bot", "--url", url, "--count", "1")
    bot = await create_subprocess_exec(
        *words, "--duration", "300", cwd=ROOT, stdout=DEVNULL, stderr=DEVNULL
    )
    try:
        yield
    finally:
        if bot.returncode is None:
            bot.kill()
        await bot.wait()


async def fails(person: Visitor, server: Server, cause: str) -> None:
    """Wait for a failure, the one that comes next, and find the cause wherever it is told."""
    before = heard(person, "error")
    failures = f'relay_link_failures_total{{cause="{cause}"}}'
    counted = await count(person, failures)

    async def errors() -> int:
        return heard(person, "error")

    await until(errors, lambda seen: seen > before, PATIENCE_S)
    error = json.loads(next(f for f in reversed(person.received) if '"error"' in f))
    assert (error["code"], error["cause"]) == ("media_failed", cause)
    await until(lambda: count(person, failures), lambda now: now == counted + 1)

    async def last_logged() -> list[str]:
        return re.findall(r"event=media_failed .*cause=(\w+)", server.log)[-1:]

    await until(last_logged, lambda logged: logged == [cause])
    await person.reads(WORDS[cause])


async def count(person: Visitor, metric: str) -> int:
    """What a metric says."""
    text = await person.page.evaluate("async () => (await fetch('/metrics')).text()")
    found = re.search(rf"^{re.escape(metric)} (\d+)", text, re.MULTILINE)
    assert found, text
    return int(found[1])


async def test_each_cause_is_told_alike_and_text_is_there_meanwhile(
    routed: Routed, server: Server, playwright: Playwright, tmp_path: Path
) -> None:
    flags = trusting(server.url, over_ipv6(server))

    def browser() -> AbstractAsyncContextManager[Browser]:
        return chromium_in(routed.client, playwright, tmp_path, *flags)

    async with browser() as chromium:
        person = await arrive(chromium, server)
        routed.block(*UDP)
        routed.block(*TCP)
        await person.press("Start")
        await fails(person, server, "server_unreachable")
        async with somebody_else(routed, server):
            await until(lambda: count(person, UDP_LINKS), bool)
            await fails(person, server, "tcp_blocked")
            routed.block("iif", "core", *UDP)  # what it answers is lost
            routed.unblock(*UDP)
            await fails(person, server, "udp_blocked")
            await person.press("Chat by text")
            await person.reads("There is no picture and no sound for now.")
            routed.unblock("iif", "core", *UDP)
            await person.reads("You can write to each other.")
            await person.press("Try now")
            await person.sees_somebody()
            await person.reads("You can see and hear each other.")
            await person.press("Stop")
            await refused_by_turn(chromium, routed, server)
            routed.have_ipv6()
            routed.lose_ipv4()
            async with browser() as another:  # which hears of no change while it loads the page
                await with_ipv6_alone(another, server)


async def refused_by_turn(chromium: Browser, routed: Routed, server: Server) -> None:
    person = await arrive(chromium, server, WITHOUT_ICE_TCP + EXPIRED)
    routed.block(*UDP)
    routed.unblock(*TCP)
    await person.press("Start")
    await fails(person, server, "turn_refused")
    await person.press("Stop")
    routed.unblock(*UDP)


async def with_ipv6_alone(chromium: Browser, server: Server) -> None:
    """Its page is found by IPv6; of media it has announced IPv4 alone."""
    context = await chromium.new_context(locale="en-GB")
    person = await Visitor.arrive(context, over_ipv6(server), spell=WITHOUT_TURN)
    await person.press("Start")
    await fails(person, server, "ipv6_only")
    await person.press("Stop")


def over_ipv6(server: Server) -> str:
    return server.url.replace(SERVER, f"[{SERVER_IPV6}]")
