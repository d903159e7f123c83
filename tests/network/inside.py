"""Browsers in a network that a test has made, and a server on port 443 for them."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which

import pytest
from playwright.async_api import Browser

from tests.browser.server import RELAY, ROOT, Server, running
from tests.browser.visitor import Visitor
from tests.network.routed import NAME, Routed
from tests.support.certificates import write_certificate

URL = f"https://{NAME}/"
"""Of a server with HTTPS on its usual port."""

WITHOUT_ICE_TCP = """
const Spied = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Spied {
  setRemoteDescription({ type, sdp }) {
    const left = sdp.replace(/a=candidate:\\S+ 1 tcp .*\\r\\n/g, "");
    return super.setRemoteDescription({ type, sdp: left });
  }
};
"""
"""As behind a firewall that passes on TLS alone: TURN is what is left."""


def trusting(*urls: str) -> tuple[str, ...]:
    """Chromium's flags to take these pages for safe ones, and to believe every certificate."""
    safe = ",".join(url.rstrip("/") for url in urls)
    return (
        f"--unsafely-treat-insecure-origin-as-secure={safe}",
        "--ignore-certificate-errors",
    )


async def arrive(browser: Browser, server: Server, spell: str = "") -> Visitor:
    """Open the page in a window of its own."""
    context = await browser.new_context(locale="en-GB", ignore_https_errors=True)
    return await Visitor.arrive(context, server.url, spell=spell)


async def way(visitor: Visitor) -> list[str]:
    """The protocol to the relay that is in use, and the type of the candidate."""
    kind, protocol, to_turn = await visitor.way()
    return [to_turn or protocol, kind]


@asynccontextmanager
async def attended(
    routed: Routed, folder: Path, *flags: str, port: int = 443
) -> AsyncIterator[Server]:
    """A server at :data:`URL`, or on another port; somebody waits there for whoever comes."""
    files = write_certificate(folder)
    tls = ("--tls-cert", str(files.cert), "--tls-key", str(files.key))
    prefix = routed.server.prefix
    made = Server(folder, *tls, *flags, "--rematch-after-s", "0", prefix=prefix, host="::")
    made.url = f":{port}"
    async with running(made) as server:
        bot = await asyncio.create_subprocess_exec(
            *(*prefix, sys.executable, *RELAY, "bot", "--count", "1"),
            *("--url", f"wss://127.0.0.1:{port}/ws", "--duration", "3600"),
            env={"PYTHONPATH": str(ROOT), "SSL_CERT_FILE": str(files.cert)},
            stdout=DEVNULL,
        )
        try:
            yield server
        finally:
            if bot.returncode is None:
                bot.kill()
            await bot.wait()


def firefox_program() -> str:
    """Skips the test where there is none."""
    program = which("firefox-esr") or which("firefox")
    if program is None:
        pytest.skip("firefox is missing (Debian: apt-get install firefox-esr)")
    return program
