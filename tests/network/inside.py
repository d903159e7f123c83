"""Browsers in a network that a test has made."""

from playwright.async_api import Browser

from tests.browser.server import Server
from tests.browser.visitor import Visitor

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
