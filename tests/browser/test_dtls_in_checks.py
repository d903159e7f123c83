"""Chromium that puts its DTLS handshake into connectivity checks (draft-hancke-webrtc-sped)."""

import asyncio
import struct
from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser, Playwright

from relay.media.paths.ice import read_check
from relay.media.paths.transport import Address, PlainSocket
from relay.media.plane import RelayPlane
from tests.browser.chromium import ALLOWED, FAKE_DEVICES, QUIET, executable
from tests.browser.conftest import Arrive
from tests.browser.server import Server
from tests.browser.visitor import together, until
from tests.support.news import News, Up, news

OFFER = """async () => {
    window.connection = new RTCPeerConnection({bundlePolicy: "max-bundle"});
    for (const kind of ["audio", "video"]) connection.addTransceiver(kind);
    await connection.setLocalDescription();
    return connection.localDescription.sdp;
}"""
ANSWER = "(sdp) => connection.setRemoteDescription({type: 'answer', sdp})"
STATE = "connection.connectionState"
ACKNOWLEDGED = struct.pack("!H", 0xC071)


class NotingSocket(PlainSocket):
    """Keeps what comes and goes."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.heard: list[bytes] = []
        self.said: list[bytes] = []

    def receive(self) -> int:
        count = super().receive()
        self.heard += [bytes(self._targets[slot][: self.size(slot)]) for slot in range(count)]
        return count

    def send(self, data: bytes, address: Address) -> None:
        self.said.append(data)
        super().send(data, address)


@pytest_asyncio.fixture(loop_scope="session")
async def piggybacking(playwright: Playwright) -> AsyncIterator[Browser]:
    trial = "--force-fieldtrials=WebRTC-IceHandshakeDtls/Enabled/"
    browser = await playwright.chromium.launch(
        executable_path=executable(), args=[*QUIET, *FAKE_DEVICES, *ALLOWED, trial]
    )
    yield browser
    await browser.close()


async def test_its_checks_carry_dtls_and_are_acknowledged(
    piggybacking: Browser, server: Server
) -> None:
    sockets: list[NotingSocket] = []

    def bind(host: str, port: int) -> NotingSocket:
        sockets.append(NotingSocket(host, port))
        return sockets[-1]

    plane = RelayPlane("127.0.0.1", 0, bind=bind)
    events: asyncio.Queue[News] = asyncio.Queue()
    plane.subscribe(lambda event: events.put_nowait(news(event)))
    await plane.start()
    context = await piggybacking.new_context()
    try:
        page = await context.new_page()
        await page.goto(f"{server.url}/health")
        await page.evaluate(ANSWER, (await plane.answer("a", await page.evaluate(OFFER))).sdp)
        async with asyncio.timeout(30):
            assert await events.get() == Up("a")
        await until(lambda: page.evaluate(STATE), lambda state: state == "connected")
        (socket,) = sockets
        checks = [check for check in map(read_check, socket.heard) if check is not None]
        assert checks[0].dtls, "this Chromium does not"
        assert checks[0].dtls[13] == 1, "a ClientHello"
        assert len(checks[0].dtls) > 548
        answers = [answer for answer in socket.said if answer[:2] == b"\1\1"]
        assert ACKNOWLEDGED + b"\0\4" in answers[0]
        assert (await plane.stats()).drops.get("dtls_invalid", 0) == 0
    finally:
        await context.close()
        await plane.close()


async def test_a_call(server: Server, arrive: Arrive, piggybacking: Browser) -> None:
    anna = await arrive(server, piggybacking)
    berta = await arrive(server)
    await together(anna.press("Start"), berta.press("Start"))
    await together(anna.sees_somebody(), berta.sees_somebody())
    await until(anna.look, lambda now: now.audioEnergy > 0)
    (link,) = await anna.links()
    assert "sped" in link["local"]
    await berta.press("Next")
    await together(anna.sees_somebody(), berta.sees_somebody())
