"""The core journey in Firefox, and Firefox and Chromium in one room.

Firefox takes no loopback address for ICE, so all of it happens in a network of its own.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Playwright

from relay.protocol.messages import Error, PartnerDisconnected
from tests.browser.chromium import chromium_in
from tests.browser.conftest import OpenFirefox
from tests.browser.firefox import Firefox
from tests.browser.guests import CAMERA, MICROPHONE, PICTURE, SOUND, BrowserGuest, ChromiumGuest
from tests.browser.namespace import Namespace
from tests.browser.outside import AiortcGuest
from tests.browser.seat import Seat, receives
from tests.browser.server import Server, running
from tests.browser.test_sound import hears, red_first
from tests.browser.visitor import SPY, Visitor, together, until

WORDS = "document.getElementById('situation').innerText.replace(/\\s+/g, ' ')"
LINES = "document.querySelectorAll('#log .line:not([data-former]) .text')"
CHAT = f"[...{LINES}].map((line) => line.textContent)"


@pytest_asyncio.fixture(loop_scope="session")
async def server(namespace: Namespace, tmp_path: Path) -> AsyncIterator[Server]:
    flags = ("--public-ip", namespace.address, "--rematch-after-s", "0")
    made = Server(tmp_path, *flags, prefix=namespace.prefix, host="0.0.0.0")
    async with running(made) as server:
        yield server


async def start(firefox: Firefox) -> Firefox:
    """Agree to the rules, and press Start when the devices are there."""
    await firefox.run(f"(() => {{ {SPY} }})()")
    await firefox.press("agree")
    live = "spy.tracks.length"
    await until(lambda: firefox.run(live), lambda count: count == 2)
    await firefox.press("start")
    return firefox


async def test_a_call_without_pictures_in_firefox(
    server: Server, namespace: Namespace, open_firefox: OpenFirefox
) -> None:
    """It offers sound alone, its partner both."""
    url = server.url.replace("localhost", namespace.address)
    quiet = BrowserGuest((await open_firefox("anna")).run, kinds=("audio",), device=MICROPHONE)
    other = AiortcGuest()
    async with Seat(url, quiet) as one, Seat(url, other) as two:
        for seat in (one, two):
            await seat.find()
        await receives(quiet, "audio")
        await receives(other, "audio")


async def sees_somebody(firefox: Firefox) -> None:
    before = await firefox.run("spy.look()")

    def moves(now: dict[str, Any]) -> bool:
        return bool(
            now["visible"]
            and now["width"] > 0
            and now["decoded"] >= before["decoded"] + 10
            and now["audioPackets"] >= before["audioPackets"] + 10
        )

    await until(lambda: firefox.run("spy.look()"), moves)


async def test_the_journey_in_firefox_and_with_chromium(
    namespace: Namespace,
    server: Server,
    open_firefox: OpenFirefox,
    playwright: Playwright,
    tmp_path: Path,
) -> None:
    anna = await start(await open_firefox("anna"))
    await until(lambda: anna.run(WORDS), lambda seen: "Looking for someone" in seen)
    berta = await start(await open_firefox("berta"))
    for person in (anna, berta):
        await sees_somebody(person)
    await until(lambda: anna.run(WORDS), lambda seen: "Connected" in seen)
    await anna.run("document.getElementById('text').value = 'hello'")
    await anna.press("send")
    await until(lambda: berta.run(CHAT), lambda seen: seen == ["hello"])
    delivered = "document.querySelector('.tick').getAttribute('aria-label')"
    await until(lambda: anna.run(delivered), lambda seen: seen == "Delivered")
    await anna.press("microphone")
    marks = "document.getElementById('marks').innerText"
    await until(lambda: berta.run(marks), lambda seen: seen == "Their microphone is muted")
    await anna.press("microphone")
    await berta.press("next")
    await until(lambda: anna.run(CHAT), lambda seen: seen == [])
    for person in (anna, berta):
        await sees_somebody(person)
    await berta.press("stop")
    await until(lambda: anna.run(WORDS), lambda seen: "Your partner left." in seen)

    async with chromium_in(namespace, playwright, tmp_path) as chromium:
        context = await chromium.new_context(locale="en-GB")
        clara = await Visitor.arrive(context, server.url)
        await clara.press("Start")
        await clara.sees_somebody()
        await sees_somebody(anna)
        await until(clara.look, lambda now: now.audioEnergy > 0)
        await until(lambda: anna.run("spy.look()"), lambda now: now["audioEnergy"] > 0)
        assert clara.unexpected_complaints() == []
    assert [text for text in anna.complaints + berta.complaints if "relay" in text] == []


async def test_firefox_hears_a_chromium_that_sends_red(
    namespace: Namespace,
    server: Server,
    open_firefox: OpenFirefox,
    playwright: Playwright,
    tmp_path: Path,
) -> None:
    url = server.url.replace("localhost", namespace.address)
    firefox = BrowserGuest((await open_firefox("anna")).run, device=MICROPHONE)
    async with chromium_in(namespace, playwright, tmp_path) as chromium:
        page = await (await chromium.new_context()).new_page()
        await page.goto(server.url)
        guest = ChromiumGuest(page, device=MICROPHONE)
        async with Seat(url, firefox) as anna, Seat(url, guest, red_first) as berta:
            assert "SAVPF 63 111\r\n" in berta.answer
            for seat in (anna, berta):
                await seat.find()
            await hears(firefox)
            await receives(guest, "audio")


BOTH = ("audio", "video")


@pytest.mark.parametrize(
    ("steps", "sent"),
    [
        (("stop('audio')", SOUND), ("audio",)),
        (("stop('video')", PICTURE), BOTH),
        (("stop('audio')", "stop('video')", SOUND, PICTURE), BOTH),
        (("rest('audio')", SOUND), BOTH),
    ],
    ids=["sound stops", "the picture stops", "both stop", "sound rests"],
)
async def test_a_call_survives_what_stops_in_firefox(
    namespace: Namespace,
    server: Server,
    open_firefox: OpenFirefox,
    steps: tuple[str, ...],
    sent: tuple[str, ...],
) -> None:
    """It begins a new transport, too, when sound stops, but wants the same credentials then.

    The picture that it goes on sending over the new one is its own to lose: it closes the former
    while it tells its senders of the new, and one that hears of the former first sends nothing any
    more. That is so without a relay, too; so nobody waits for that picture.
    """
    url = server.url.replace("localhost", namespace.address)
    options: dict[str, Any] = {"kinds": (), "device": CAMERA, "bundle_policy": "balanced"}
    guests = [
        BrowserGuest((await open_firefox(name)).run, steps=(SOUND, PICTURE), **options)
        for name in ("anna", "berta")
    ]
    async with Seat(url, guests[0]) as anna, Seat(url, guests[1]) as berta:
        for seat in (anna, berta):
            await seat.find()
        await together(*(receives(guest, *BOTH) for guest in guests))
        await guests[0].do(*steps)
        await anna.renegotiate()
        await together(receives(guests[0], *BOTH), receives(guests[1], *sent))
        for seat in (anna, berta):
            assert not seat.count(Error) + seat.count(PartnerDisconnected)
