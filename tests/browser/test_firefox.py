"""The core journey in Firefox, and Firefox and Chromium in one room.

Firefox takes no loopback address for ICE, so all of it happens in a network of its own.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from shutil import which
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Playwright

from tests.browser.caller import Caller
from tests.browser.conftest import ALLOWED, FAKE_DEVICES, QUIET, executable
from tests.browser.firefox import Firefox
from tests.browser.guests import AiortcGuest, BrowserGuest, Seat, receives
from tests.browser.namespace import Namespace, why_not
from tests.browser.server import Server
from tests.browser.visitor import SPY, Visitor, together, until

WORDS = "document.getElementById('situation').innerText.replace(/\\s+/g, ' ')"
CHAT = "[...document.querySelectorAll('#log .text')].map((line) => line.textContent)"


@pytest.fixture(scope="module")
def namespace() -> Iterator[Namespace]:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    with Namespace() as made:
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def server(namespace: Namespace, tmp_path: Path) -> AsyncIterator[Server]:
    flags = ("--public-ip", namespace.address, "--rematch-after-s", "0")
    server = Server(tmp_path, *flags, prefix=namespace.prefix, host="0.0.0.0")
    await server.start()
    yield server
    await server.stop()
    assert "Traceback" not in server.log, server.log


@pytest_asyncio.fixture(loop_scope="session")
async def firefoxes(namespace: Namespace, tmp_path: Path) -> AsyncIterator[Any]:
    program = which("firefox-esr") or which("firefox")
    if program is None:
        pytest.skip("firefox is missing (Debian: apt-get install firefox-esr)")
    async with AsyncExitStack() as stack:

        async def start(name: str, url: str) -> Firefox:
            folder = tmp_path / name
            folder.mkdir()
            firefox = await stack.enter_async_context(Firefox(program, folder, namespace))
            await firefox.open(url)
            await firefox.run(f"(() => {{ {SPY} }})()")
            await firefox.press("agree")
            live = "spy.tracks.length"
            await until(lambda: firefox.run(live), lambda count: count == 2)
            await firefox.press("start")
            return firefox

        yield start


@pytest_asyncio.fixture(loop_scope="session")
async def firefox_window(
    namespace: Namespace, server: Server, tmp_path: Path
) -> AsyncIterator[Firefox]:
    """A Firefox at the server's page, which nobody has touched."""
    program = which("firefox-esr") or which("firefox")
    if program is None:
        pytest.skip("firefox is missing (Debian: apt-get install firefox-esr)")
    folder = tmp_path / "window"
    folder.mkdir()
    async with Firefox(program, folder, namespace) as firefox:
        await firefox.open(server.url)
        yield firefox


async def test_a_call_without_pictures_in_firefox(
    server: Server, namespace: Namespace, firefox_window: Firefox
) -> None:
    """It offers sound alone, its partner both."""
    url = server.url.replace("localhost", namespace.address)
    quiet = BrowserGuest(firefox_window.run, kinds=("audio",), device={"audio": True})
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
    namespace: Namespace, server: Server, firefoxes: Any, playwright: Playwright, tmp_path: Path
) -> None:
    anna = await firefoxes("anna", server.url)
    await until(lambda: anna.run(WORDS), lambda seen: "Looking for someone" in seen)
    berta = await firefoxes("berta", server.url)
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

    inside = tmp_path / "chromium"
    inside.write_text(f'#!/bin/sh\nexec {" ".join(namespace.prefix)} {executable()} "$@"\n')
    inside.chmod(0o755)
    args = [*QUIET, *FAKE_DEVICES, *ALLOWED]
    chromium = await playwright.chromium.launch(executable_path=inside, args=args)
    try:
        context = await chromium.new_context(locale="en-GB")
        clara = await Visitor.arrive(context, server.url)
        await clara.press("Start")
        await clara.sees_somebody()
        await sees_somebody(anna)
        await until(clara.look, lambda now: now.audioEnergy > 0)
        await until(lambda: anna.run("spy.look()"), lambda now: now["audioEnergy"] > 0)
        assert clara.unexpected_complaints() == []
    finally:
        await chromium.close()
    assert [text for text in anna.complaints + berta.complaints if "relay" in text] == []


@pytest.mark.parametrize("kind", ["audio", "video"])
async def test_a_call_survives_what_stops_in_firefox(
    namespace: Namespace, server: Server, tmp_path: Path, kind: str
) -> None:
    """It begins a new transport, too, but wants the answer to have the same credentials."""
    program = which("firefox-esr") or which("firefox")
    if program is None:
        pytest.skip("firefox is missing (Debian: apt-get install firefox-esr)")
    async with AsyncExitStack() as stack:
        callers = []
        for name in ("anna", "berta"):
            (tmp_path / name).mkdir()
            firefox = Firefox(program, tmp_path / name, namespace)
            await stack.enter_async_context(firefox)
            await firefox.open(server.url)
            caller = Caller(firefox.run)
            callers.append(caller)
            await caller.arrive(
                "link.addTransceiver(caller.sound())", "link.addTransceiver(caller.picture())"
            )
        anna = callers[0]
        await together(*(one.receives("audio", "video") for one in callers))
        add = "sound" if kind == "audio" else "picture"
        await anna.do(
            f"link.getTransceivers().find((each) => each.receiver.track.kind === '{kind}').stop()",
            f"link.addTransceiver(caller.{add}())",
        )
        await anna.offer()
        await together(*(one.receives("audio", "video") for one in callers))
        for one in callers:
            assert not {"error", "partner_disconnected"} & set((await one.look())["heard"])
