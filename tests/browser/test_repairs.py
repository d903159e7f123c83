"""What gets lost between browsers and the relay is repaired by whatever the browsers know.

Firefox takes no loopback address for ICE, so all of it happens in a network of its own.
"""

import re
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Playwright

from tests.browser.chromium import chromium_in
from tests.browser.conftest import OpenFirefox
from tests.browser.guests import CAMERA, BrowserGuest, ChromiumGuest
from tests.browser.namespace import Namespace
from tests.browser.opening import open_page
from tests.browser.seat import Seat, receives, unchanged
from tests.browser.server import SERVE_LOSSY, Server, running
from tests.browser.visitor import together, until

REPAIRED = 10
"""Packets that the relay has sent again: what to wait for."""
ENOUGH = 3
"""The same of packets that were sent again to it: browsers send fewer where they are near."""


@pytest_asyncio.fixture(loop_scope="session")
async def server(namespace: Namespace, tmp_path: Path) -> AsyncIterator[Server]:
    """It loses one packet in twenty, each way of each user, when it is told to."""
    flags = ("--loss", "0.05", "--starts-clean", "--public-ip", namespace.address)
    made = Server(
        *(tmp_path, *flags, "--metrics-public"),
        program=SERVE_LOSSY,
        prefix=namespace.prefix,
        host="0.0.0.0",
    )
    async with running(made) as server:
        yield server


def without_rtx(offer: str) -> str:
    """As of a browser that does not know it."""
    rtx = re.findall(r"a=rtpmap:(\d+) rtx/", offer)
    lines = offer.splitlines(keepends=True)
    return "".join(
        line for line in lines if not re.match(rf"a=(rtpmap|fmtp):({'|'.join(rtx)}) ", line)
    )


@pytest.mark.parametrize("change", [unchanged, without_rtx], ids=["rtx", "no rtx"])
async def test_lost_packets_are_repaired_between_firefox_and_chromium(
    server: Server,
    namespace: Namespace,
    open_firefox: OpenFirefox,
    playwright: Playwright,
    tmp_path: Path,
    change: Callable[[str], str],
) -> None:
    url = server.url.replace("localhost", namespace.address)
    async with chromium_in(namespace, playwright, tmp_path) as chromium:
        page = await chromium.new_page()
        await open_page(page, server.url)
        guests = [
            BrowserGuest((await open_firefox("anna")).run, device=CAMERA),
            ChromiumGuest(page, device=CAMERA),
        ]
        async with (
            Seat(url, guests[0], change) as one,
            Seat(url, guests[1], change) as two,
        ):
            for seat in (one, two):
                await seat.find()
                assert ("rtx/90000" in seat.answer) is (change is unchanged)
            await together(*(receives(guest, "audio", "video") for guest in guests))
            before = await seen(*guests)
            server.signal(signal.SIGUSR1)
            counts = await until(
                lambda: repairs(url), lambda now: now[0] >= REPAIRED and now[1] >= ENOUGH, 60
            )
            await together(*(receives(guest, "video") for guest in guests))
            after = await seen(*guests)
            print(f"\nrepeated, restored, given up: {counts}; {before} -> {after}")
            await together(*(asks(guest, change is unchanged) for guest in guests))


async def asks(guest: BrowserGuest, has_rtx: bool) -> None:
    """Wait until it has asked for what it missed, and got it where it counts that."""

    async def look() -> tuple[int, int]:
        report = await guest.stat("inbound-rtp", kind="video")
        got = report.get("retransmittedPacketsReceived", 1) if has_rtx else 1
        return report["nackCount"], got

    await until(look, lambda counts: min(counts) > 0, 60)


async def seen(*guests: BrowserGuest) -> list[tuple[int, int, float]]:
    """Of each: pictures, freezes and how long those were, as far as the browser counts them."""
    found = [await guest.stat("inbound-rtp", kind="video") for guest in guests]
    return [
        (one["framesDecoded"], one.get("freezeCount", 0), one.get("totalFreezesDuration", 0))
        for one in found
    ]


async def repairs(url: str) -> list[int]:
    """Packets that the relay sent again, had sent again, and gave up."""
    async with aiohttp.ClientSession(url) as http, http.get("/metrics") as response:
        text = await response.text()
    results = ("repeated", "restored", "given_up")
    found = [re.search(rf'relay_repairs_total{{result="{each}"}} (\d+)', text) for each in results]
    return [int(match[1]) if match else 0 for match in found]
