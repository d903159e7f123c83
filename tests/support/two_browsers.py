"""Two people in browsers of their own, at a server that is known by its name."""

from __future__ import annotations

from typing import Any

from playwright.async_api import async_playwright

from tests.browser.chromium import ALLOWED, FAKE_DEVICES, QUIET, executable
from tests.browser.visitor import Visitor, together


async def call(name: str, address: str) -> list[list[Any]]:
    """Have two browsers meet and see each other; over what, of each."""
    leads = f"--host-resolver-rules=MAP {name} {address}"
    async with async_playwright() as playwright:
        flags = [*QUIET, *FAKE_DEVICES, *ALLOWED, leads]
        browsers = [
            await playwright.chromium.launch(executable_path=executable(), args=flags)
            for _ in range(2)
        ]
        try:
            people = []
            for browser in browsers:
                context = await browser.new_context(locale="en-GB", ignore_https_errors=True)
                people.append(await Visitor.arrive(context, f"https://{name}"))
            await together(*(person.press("Start") for person in people))
            await together(*(person.sees_somebody(60) for person in people))
            ways = [await person.way() for person in people]
            for person in people:
                await person.leaves()
                assert person.unexpected_complaints() == []
            return ways
        finally:
            for browser in browsers:
                await browser.close()
