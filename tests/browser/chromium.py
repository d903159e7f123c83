"""Starts Chromium, with devices that are none."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which

import pytest
from playwright.async_api import Browser, Playwright

from tests.browser.namespace import Place

# With the first five each window would load pages for its own buttons, which cost more than ours.
OFF = (
    *("InitialWebUI", "WebUIReloadButton", "WebUIToolbar", "WebUIOmniboxPopup"),
    *("WebUIOmniboxAimPopup", "MediaRouter", "HttpsUpgrades"),
)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    f"--disable-features={','.join(OFF)}",
    "--autoplay-policy=no-user-gesture-required",
)
# The second of the three gives a format that cannot be encoded.
FAKE_DEVICES = ("--use-fake-device-for-media-stream=device-count=3,fps=15",)
ALLOWED = ("--use-fake-ui-for-media-stream",)


def executable() -> str:
    found = which("chromium") or which("chromium-browser")
    if found is None:
        pytest.fail("chromium is missing (Debian and Ubuntu: apt-get install chromium)")
    return found


@asynccontextmanager
async def chromium_in(
    place: Place, playwright: Playwright, folder: Path, *flags: str
) -> AsyncIterator[Browser]:
    """A browser in a network of a test's own, with devices that anybody may use."""
    program = folder / f"chromium-{place.name}"
    program.write_text(f'#!/bin/sh\nexec {" ".join(place.prefix)} {executable()} "$@"\n')
    program.chmod(0o755)
    browser = await playwright.chromium.launch(
        executable_path=program, args=[*QUIET, *FAKE_DEVICES, *ALLOWED, *flags]
    )
    try:
        yield browser
    finally:
        await browser.close()
