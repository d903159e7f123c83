#!/usr/bin/env python3
"""How many round trips a real Chromium needs from its first check to its first media packet.

A media plane and a proxy that delays every datagram run in this process; Chromium (Debian and
Ubuntu: apt-get install chromium) comes through the proxy. usage:

    .venv/bin/python scripts/round_trips.py [--round-trip-ms 10 50] [--runs 9] [--dtls-in-checks]
"""

import argparse
import asyncio
import shutil
import statistics
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from aiohttp import web
from playwright.async_api import Browser, async_playwright

from relay import logs
from relay.media.plane import RelayPlane
from relay.plane import LinkUp, MediaEvent

HOST = "127.0.0.1"
PATIENCE_S = 60
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)
IN_CHECKS = "--force-fieldtrials=WebRTC-IceHandshakeDtls/Enabled/"

OFFER = """async () => {
    window.connection = new RTCPeerConnection({bundlePolicy: "max-bundle"});
    const stream = await navigator.mediaDevices.getUserMedia({audio: true, video: true});
    for (const track of stream.getTracks()) connection.addTrack(track, stream);
    await connection.setLocalDescription();
    return connection.localDescription.sdp;
}"""
ANSWER = "(sdp) => connection.setRemoteDescription({type: 'answer', sdp})"


@dataclass
class Moments:
    """When it happened, in seconds of the event loop's clock."""

    first_check: float | None = None
    link_up: asyncio.Future[float] = field(default_factory=asyncio.Future)
    first_media: asyncio.Future[float] = field(default_factory=asyncio.Future)

    def see(self, datagram: bytes, now: float) -> None:
        """Note a datagram that the browser sends."""
        if self.first_check is None:
            self.first_check = now
        if (
            128 <= datagram[0] < 192
            and not 192 <= datagram[1] < 224
            and not self.first_media.done()
        ):
            self.first_media.set_result(now)


def send(
    transport: asyncio.DatagramTransport, data: bytes, address: tuple[str, int] | None = None
) -> None:
    """Send a datagram whose time has come, unless all is over."""
    if not transport.is_closing():
        transport.sendto(data, address)


class Outside(asyncio.DatagramProtocol):
    """The proxy's side to the browser; each of its addresses has a socket to the relay."""

    transport: asyncio.DatagramTransport

    def __init__(self, relay_port: int, delay_s: float, moments: Moments) -> None:
        self._relay_port, self.delay_s, self._moments = relay_port, delay_s, moments
        self._loop = asyncio.get_running_loop()
        self._inside: dict[tuple[str, int], asyncio.Task[asyncio.DatagramTransport]] = {}

    def connection_made(self, transport: asyncio.DatagramTransport) -> None:  # type: ignore[override]
        """See :class:`asyncio.DatagramProtocol`."""
        self.transport = transport

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Pass it on later."""
        self._moments.see(data, self._loop.time())
        if addr not in self._inside:
            self._inside[addr] = self._loop.create_task(self._open(addr))
        inside = self._inside[addr]
        self._loop.call_later(self.delay_s, lambda: send(inside.result(), data))

    async def _open(self, browser: tuple[str, int]) -> asyncio.DatagramTransport:
        target = (HOST, self._relay_port)
        transport, _ = await self._loop.create_datagram_endpoint(
            lambda: Inside(self, browser), remote_addr=target
        )
        return transport

    def close(self) -> None:
        """Close all sockets."""
        for task in self._inside.values():
            task.result().close()
        self.transport.close()


class Inside(asyncio.DatagramProtocol):
    """The proxy's side to the relay, for one address of the browser."""

    def __init__(self, outside: Outside, browser: tuple[str, int]) -> None:
        self._outside, self._browser = outside, browser

    def datagram_received(self, data: bytes, _: tuple[str, int]) -> None:
        """Pass it on later."""
        outside = self._outside
        asyncio.get_running_loop().call_later(
            outside.delay_s, send, outside.transport, data, self._browser
        )


async def start_once(browser: Browser, page_url: str, round_trip_s: float) -> tuple[float, float]:
    """Connect once; returns round trips to the link and to the first media packet."""
    moments = Moments()
    plane = RelayPlane(HOST, 0)

    def note(event: MediaEvent) -> None:
        if isinstance(event, LinkUp):
            moments.link_up.set_result(asyncio.get_running_loop().time())

    plane.subscribe(note)
    async with AsyncExitStack() as stack:
        await plane.start()
        stack.push_async_callback(plane.close)
        _, proxy = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: Outside(plane.udp_port, round_trip_s / 2, moments), local_addr=(HOST, 0)
        )
        stack.callback(proxy.close)
        context = await browser.new_context()
        stack.push_async_callback(context.close)
        page = await context.new_page()
        await page.goto(page_url)
        answer = (await plane.answer("user", await page.evaluate(OFFER))).sdp
        port = proxy.transport.get_extra_info("sockname")[1]
        await page.evaluate(ANSWER, answer.replace(f" {plane.udp_port} typ", f" {port} typ"))
        async with asyncio.timeout(PATIENCE_S):
            ends = await moments.link_up, await moments.first_media
    begin = moments.first_check or 0.0
    return (ends[0] - begin) / round_trip_s, (ends[1] - begin) / round_trip_s


async def measure(round_trips_ms: list[int], runs: int, *, in_checks: bool) -> None:
    """Print a row for each round trip time."""
    page = web.Application()
    page.router.add_get("/", lambda _: _empty())
    runner = web.AppRunner(page)
    await runner.setup()
    await web.TCPSite(runner, HOST, 0).start()
    url = f"http://{HOST}:{runner.addresses[0][1]}/"
    flags = [*FLAGS, IN_CHECKS] if in_checks else FLAGS
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(flags)
        )
        for round_trip_ms in round_trips_ms:
            found = [await start_once(browser, url, round_trip_ms / 1000) for _ in range(runs)]
            columns = zip(*found, strict=True)
            cells = [f"{statistics.median(n):.1f} ({min(n):.1f} to {max(n):.1f})" for n in columns]
            print(f"| {round_trip_ms} ms | {cells[0]} | {cells[1]} |", flush=True)
        await browser.close()
    await runner.cleanup()


async def _empty() -> web.Response:
    return web.Response(text="<!doctype html>", content_type="text/html")


def main() -> None:
    """Read the flags and measure."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--round-trip-ms", type=int, nargs="+", default=[10, 50, 100, 200])
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--dtls-in-checks", action="store_true", help="a field trial of Chromium")
    flags = parser.parse_args()
    logs.configure("warning")
    print("| round trip | to the link | to the first media packet |\n| --- | --- | --- |")
    asyncio.run(measure(flags.round_trip_ms, flags.runs, in_checks=flags.dtls_in_checks))


if __name__ == "__main__":
    main()
