"""The test of the connection, before anybody is met and after a link has failed."""

import re

import aiohttp
from playwright.async_api import expect

from tests.browser.axe import violations
from tests.browser.conftest import Arrive, StartServer
from tests.browser.server import Server
from tests.browser.visitor import Visitor, until

THROUGH = re.compile(r"Gets through in .* s, .*% lost there and back, at least .* Mbit/s each way$")
# While it is cut off, the relay's descriptions have no candidates.
CUT_OFF = """
window.isCutOff = false;
const Spied = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Spied {
  setRemoteDescription({ type, sdp }) {
    const left = window.isCutOff ? sdp.replace(/a=candidate:.*\\r\\n/g, "") : sdp;
    return super.setRemoteDescription({ type, sdp: left });
  }
};
"""
# What the page has made for tests, and whether anything of it lives.
ALIVE = """() => spy.links.flatMap((link) => [
    link.connectionState === "closed" ? null : link.connectionState,
    ...link.getSenders().map(({ track }) => track?.readyState === "live" ? track.kind : null),
]).filter(Boolean)"""


async def outcomes(person: Visitor) -> list[str]:
    """Wait for the end of the test; returns what stands beside each thing."""
    await expect(person.page.locator("#trial-rows")).to_have_attribute(
        "aria-busy", "false", timeout=60_000
    )
    return await person.page.locator("#trial-rows dd").all_inner_texts()


async def nothing_is_left(person: Visitor, server: Server) -> None:
    """Neither here nor at the server."""

    async def links() -> int:
        async with aiohttp.ClientSession(server.url) as http, http.get("/stats") as response:
            return int((await response.json())["links"])

    # Esc hides the dialog by itself; the page hears of it a moment later.
    await until(lambda: person.page.evaluate(ALIVE), lambda alive: alive == [])
    await until(links, lambda count: count == 0)


async def test_every_way_is_tested_and_nothing_is_left(server: Server, arrive: Arrive) -> None:
    anna = await arrive(server)
    await anna.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await expect(anna.page.locator("#preview-off")).to_be_empty()
    await anna.press("Test my connection")
    dialog = anna.page.get_by_role("dialog", name="Test my connection")
    await expect(dialog.get_by_role("heading")).to_be_focused()
    socket, *ways, camera, microphone = await outcomes(anna)
    assert socket.startswith("Answers in ")
    assert [way for way in ways if not THROUGH.match(way)] == []
    assert (camera, microphone) == ("The picture moves", "It hears you")
    await nothing_is_left(anna, server)
    await anna.press("Copy details")
    await expect(dialog.get_by_role("button", name="Copied")).to_be_visible()
    copied = await anna.page.evaluate("navigator.clipboard.readText()")
    assert "turn: connected, ice connected, dtls connected, relay/tcp" in copied
    assert "127.0.0.1" not in copied

    await anna.press("Test again")  # and leave in the middle
    await expect(dialog.get_by_text("Being tested…")).to_be_visible()
    measuring = "spy.links.at(-1).getSenders()[1]?.getParameters().encodings[0]?.active"
    await until(lambda: anna.page.evaluate(measuring), lambda active: active)
    await anna.key("Escape")
    await expect(dialog).to_be_hidden()
    await nothing_is_left(anna, server)
    await anna.press("Start")
    await anna.reads("Looking for someone…")


async def test_after_a_failure_it_begins_by_itself(
    start_server: StartServer, arrive: Arrive
) -> None:
    server = await start_server("--link-timeout-s", "1", "--no-tcp-media")
    anna = await arrive(server, spell=CUT_OFF)
    await anna.press("Test my connection")
    _, udp, tcp, turn, _, _ = await outcomes(anna)
    assert THROUGH.match(udp)
    assert tcp == turn == "This server does not offer it"
    await anna.press("Close")

    await anna.page.evaluate("window.isCutOff = true")
    await anna.press("Start")
    await anna.reads("Video connection failed. Trying again.")
    await anna.reads("Testing your connection…")
    assert await violations(anna.page) == []
    await anna.page.evaluate("window.isCutOff = false")
    await anna.reads("Looking for someone…", 60)
    await anna.press("Details")
    _, udp, tcp, turn, _, _ = await outcomes(anna)
    assert udp != "Not tested"
    assert tcp == turn == "This server does not offer it"
    await anna.press("Close")
    await anna.reads("Looking for someone…")
