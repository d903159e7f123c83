"""What one user, or one machine, does to a server while the calls of others are measured.

A process of its own: it joins, says ``ready``, and when told to goes on for some seconds at a rate
that hurt before there were budgets. Nothing here goes faster than that, or on without end.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import struct
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine

import aiohttp

from relay.bots.checks import write_check
from relay.bots.client import Client
from relay.errors import BotError
from relay.protocol.messages import MAX_FRAME_BYTES, WebrtcOffer
from scripts.benchmark import users
from scripts.benchmark.servers import RELAY, Server
from scripts.benchmark.traffic import VIDEO, Media, rtp

PLIS = 110
OFFER_BYTES = 6000
_TICK_S, _GOODBYE_S = 0.002, 0.5
_FRAMES_AT_ONCE = 20
_TIE_BREAKER, _TRANSACTION = 7, b"the same one"
_RR, _PLI = struct.Struct("!BBHI"), struct.Struct("!BBHII")

Attack = Callable[[str, float], Coroutine[None, None, int]]
"""The server's URL, and for how many seconds; returns how often it was done."""


def _ready() -> None:
    """Say so, and wait until it is time."""
    print("ready", flush=True)
    sys.stdin.readline()


async def _pair(url: str) -> users.User:
    """One of two who are in a room."""
    both = await users.join_relay(Server(RELAY, url, 0), 1)
    for user in both:
        user.listen()
    return both[0]


async def _flood(send: Callable[[int], object], rate_per_s: float, seconds: float) -> int:
    """Call ``send`` with 0, 1, 2 and so on, so often a second."""
    began_s, done = time.monotonic(), 0
    while (passed_s := time.monotonic() - began_s) < seconds:
        while done < passed_s * rate_per_s:
            with contextlib.suppress(OSError):  # this machine's own buffer is full
                send(done)
            done += 1
        await asyncio.sleep(_TICK_S)
    return done


async def rtcp(url: str, seconds: float) -> int:
    """Compound packets of many requests for key frames."""
    user = await _pair(url)
    ssrc, peer = user.endpoint.ssrcs.video, user.endpoint
    compound = _RR.pack(0x80, 201, 1, ssrc) + PLIS * _PLI.pack(0x81, 206, 2, ssrc, 1)
    sock = peer.lend_socket()
    _ready()
    return await _flood(lambda _: sock.send(peer.protect_rtcp(compound)), 4000, seconds)


async def packets(url: str, seconds: float) -> int:
    """Short packets of video."""
    user = await _pair(url)
    peer = user.endpoint
    sock = peer.lend_socket()

    def send(number: int) -> None:
        media = Media(0.0, VIDEO, number, False, b"\x10\x00" + bytes(20))
        packet = rtp(media, peer.ssrcs.video, number, 0, number, peer.numbering)
        sock.send(peer.protect(packet))

    _ready()
    return await _flood(send, 17_700, seconds)


async def checks(url: str, seconds: float) -> int:
    """One valid connectivity check, again and again."""
    user = await _pair(url)
    peer = user.endpoint
    if not isinstance(peer, users.Peer):
        raise TypeError("no peer with ICE")
    check = write_check(peer.ice.credentials, _TRANSACTION, _TIE_BREAKER, controlling=True)
    sock = peer.lend_socket()
    _ready()
    return await _flood(lambda _: sock.send(check), 7700, seconds)


async def offers(url: str, seconds: float) -> int:
    """Long offers on three sockets, each as soon as the one before has its answer."""
    done = 0

    async def offer(client: Client, until_s: float) -> None:
        nonlocal done
        peer = users.Peer()
        sdp = peer.offer()
        sdp += "a=x-nothing:1\r\n" * ((OFFER_BYTES - len(sdp)) // 15)
        try:
            with contextlib.suppress(BotError, OSError):  # it may be sent away
                while time.monotonic() < until_s:
                    await client.send(WebrtcOffer(sdp=sdp))
                    done += 1
                    await client.receive(timeout_s=1)
        finally:
            await peer.close()

    async with Client(url) as a, Client(url) as b, Client(url) as c:
        _ready()
        until_s = time.monotonic() + seconds
        await asyncio.gather(*(offer(client, until_s) for client in (a, b, c)))
    return done


async def pings(url: str, seconds: float) -> int:
    """Pings of the WebSocket's own."""
    return await _frames(url, seconds, lambda socket: socket.ping(b"x" * 100))


async def field(url: str, seconds: float) -> int:
    """Messages with a field that nobody knows, as long as a frame may be."""
    frame = '{"type":"typing","active":true,"ignored":"%s"}' % ("x" * (MAX_FRAME_BYTES - 60))
    return await _frames(url, seconds, lambda socket: socket.send_str(frame))


async def _frames(
    url: str, seconds: float, send: Callable[[aiohttp.ClientWebSocketResponse], Awaitable[None]]
) -> int:
    done = 0
    async with aiohttp.ClientSession() as session, session.ws_connect(url) as socket:
        _ready()
        reader = asyncio.create_task(_read(socket), name="attacker reads")
        with contextlib.suppress(ConnectionError, aiohttp.ClientError, TimeoutError):
            async with asyncio.timeout(seconds):
                while not socket.closed:
                    await send(socket)
                    done += 1
                    if not done % _FRAMES_AT_ONCE:
                        await asyncio.sleep(0)
        reader.cancel()
        await asyncio.gather(reader, return_exceptions=True)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GOODBYE_S):
                await socket.close()
    return done


async def _read(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Take what comes: whoever reads nothing is soon read no more."""
    async for _ in socket:
        pass


async def joins(url: str, seconds: float) -> int:
    """A hundred users a second who open a link, and leave."""
    done = 0

    async def join() -> None:
        nonlocal done
        with contextlib.suppress(BotError, OSError, TimeoutError):
            user = await users.connect(url)
            done += 1
            await user.leave()

    _ready()
    tasks: set[asyncio.Task[None]] = set()
    began_s = time.monotonic()
    while (passed_s := time.monotonic() - began_s) < seconds:
        while done + len(tasks) < passed_s * 100:
            task = asyncio.create_task(join())
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.sleep(_TICK_S)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return done


ATTACKS: dict[str, Attack] = {
    "rtcp": rtcp,
    "packets": packets,
    "checks": checks,
    "offers": offers,
    "pings": pings,
    "field": field,
    "joins": joins,
}


if __name__ == "__main__":
    os.nice(5)  # whoever measures comes first
    name, where, how_long = sys.argv[1:]
    print(asyncio.run(ATTACKS[name](where, float(how_long))), flush=True)
