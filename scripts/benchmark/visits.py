"""Two real browsers that meet: on the relay's page, or on one for Janus."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, Route, ViewportSize, async_playwright

from scripts.benchmark.accesses import SERVER, Accesses
from scripts.benchmark.scene import write_picture, write_speech
from scripts.benchmark.seen import Look, looks
from scripts.benchmark.servers import NotStarted, Server
from tests.browser.chromium import chromium_in

PORT = 8080
ORIGIN = f"http://{SERVER}:{PORT}"
WIDTH, HEIGHT, FRAMES_PER_S = 640, 360, 20
_WINDOW = ViewportSize(width=800, height=600)
_FLAGS = (
    f"--unsafely-treat-insecure-origin-as-secure={ORIGIN}",  # as if there were a certificate
    "--use-fake-device-for-media-stream=device-count=1",
)
_HERE = Path(__file__).parent
_PATIENCE_S = 60.0
_LOOK_S = 0.1
_MOVING = 10
"""Pictures after which a picture is there."""

Pair = tuple["Visit", "Visit"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One user's page."""

    page: Page

    async def now_s(self) -> float:
        """The page's clock, by which its looks are told."""
        return float(await self.page.evaluate("watching.now_s()"))

    async def take(self) -> list[Look]:
        """What was seen since this was asked last."""
        told: list[dict[str, Any]] = await self.page.evaluate("watching.take()")
        return looks(told)

    async def sees(self) -> None:
        """Wait until the other's picture is there.

        :raises NotStarted: when it does not come in time.
        """
        deadline_s = time.monotonic() + _PATIENCE_S
        while (await self.page.evaluate("watching.look()"))["frames"] < _MOVING:
            if time.monotonic() > deadline_s:
                raise NotStarted("the two do not see each other")
            await asyncio.sleep(_LOOK_S)


def need_chromium() -> None:
    """Make sure that there is one.

    :raises NotStarted: when there is none.
    """
    if not (shutil.which("chromium") or shutil.which("chromium-browser")):
        raise NotStarted("needs Chromium (scripts/need chromium chromium)")


@contextlib.asynccontextmanager
async def browsers(accesses: Accesses) -> AsyncIterator[list[Browser]]:
    """One for each user, where that user is."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-loss-")))
        speech, picture = folder / "speech.wav", folder / "picture.y4m"
        write_speech(speech)
        write_picture(picture, WIDTH, HEIGHT, FRAMES_PER_S)
        flags = (
            *_FLAGS,
            f"--use-file-for-fake-audio-capture={speech}",
            f"--use-file-for-fake-video-capture={picture}",
        )
        playwright = await stack.enter_async_context(async_playwright())
        yield [
            await stack.enter_async_context(chromium_in(place, playwright, folder, *flags))
            for place in accesses.users
        ]


@contextlib.asynccontextmanager
async def visits(pair: list[Browser]) -> AsyncIterator[Pair]:
    """A clean window of each, in which nothing is open yet."""
    sizes = f"const [WIDTH, HEIGHT, FRAMES_PER_S] = {[WIDTH, HEIGHT, FRAMES_PER_S]};"
    async with contextlib.AsyncExitStack() as stack:
        made = []
        for browser in pair:
            context = await browser.new_context(viewport=_WINDOW, locale="en-GB")
            stack.push_async_callback(context.close)
            await context.add_init_script(f"{{ {sizes} {(_HERE / 'watching.js').read_text()} }}")
            made.append(Visit(await context.new_page()))
        yield made[0], made[1]


async def meet_on_page(server: Server, pair: Pair) -> None:  # noqa: ARG001 - it is at the origin
    """As people do: agree, and press Start."""
    for visit in pair:
        await visit.page.goto(ORIGIN)
        await visit.page.click("#agree")
    for visit in pair:
        await visit.page.click("#start")


async def meet_on_janus(server: Server, pair: Pair) -> None:
    """One calls the other, on a page of our own with Janus' API alone."""
    for number, visit in enumerate(pair):
        await visit.page.route(ORIGIN, _serve_videocall)
        await visit.page.goto(ORIGIN)
        await visit.page.evaluate(f"videocall.open('{server.url}', 'user{number}')")
    await pair[0].page.evaluate("videocall.call('user1')")


async def _serve_videocall(route: Route) -> None:
    script = (_HERE / "videocall.js").read_text()
    page = f"<!doctype html><title>videocall</title><body><script>{script}</script>"
    await route.fulfill(body=page, content_type="text/html")
