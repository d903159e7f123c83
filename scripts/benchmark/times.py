"""The section ``times``: how long users wait for media.

Users are thin peers that answer at once: with a packet of sound when they are told of a partner,
and with a key frame when they are asked for one; a browser adds its encoder's time. What is seen
from the peers includes the WebSocket, the sockets and the peers' own event loop, which are one
process here.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import numpy as np
import servers
from forwarding import Say
from traffic import AUDIO, KEYFRAME, VIDEO, Media, rtp
from users import Peer

from relay.bots.bot import Bot
from relay.bots.client import Client
from relay.protocol.messages import (
    FindPartner,
    NextPartner,
    PartnerFound,
    WaitingForPartner,
    WebrtcAnswer,
    WebrtcOffer,
)

OFFERS, SWITCHES, BOT_SWITCHES = 30, 100, 15
ASKED = "next_partner to the new partner being asked for a key frame"
FIRST_PACKET = "next_partner to first packet of the new partner"
FIRST_KEYFRAME = "next_partner to first key frame of the new partner"
FIRST_FRAME = "next_partner to first decoded frame, in bots"

DELTA = b"\x10\x01" + bytes(20)
"""A VP8 payload that begins a frame which is no key frame."""

_TIMEOUT_S = 10.0
_SETTLED_S = 0.05
_PLI, _FIR = (206, 1), (206, 4)


@dataclass(frozen=True, slots=True)
class Times:
    """How long something took, in milliseconds."""

    what: str
    count: int
    p50_ms: float
    p99_ms: float
    max_ms: float

    @classmethod
    def of(cls, what: str, seconds: list[float]) -> Times:
        """From measurements in seconds."""
        ms = [1e3 * float(x) for x in np.percentile(seconds, (50, 99, 100))]
        return cls(what, len(seconds), *ms)


@dataclass(slots=True)
class _Seen:
    """When things happened since the last ``clear``, on the clock of ``perf_counter``."""

    found_s: float = 0.0
    asked_s: float = 0.0
    sound_from: dict[bytes, float] = field(default_factory=dict)
    keyframe_from: dict[bytes, float] = field(default_factory=dict)


class _Talker:
    """A user whose packets say whose they are."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name.encode()
        self.client = Client(url)
        self.peer = Peer(on_rtp=self._on_rtp, on_rtcp=self._on_rtcp)
        self.seen = _Seen()
        self.changed = asyncio.Event()
        self._numbers = [0, 0]
        self._connected = False
        self._follower: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def connect(self) -> None:
        """Open the WebSocket."""
        await self.client.connect()
        self._follower = asyncio.create_task(self._follow(), name=f"{self.name!r} listens")

    async def open_link(self, *, search: bool = False) -> None:
        """Offer, and connect; ``search`` also asks for a partner, at once."""
        await self.client.send(WebrtcOffer(sdp=self.peer.offer()))
        if search:
            await self.client.send(FindPartner())
        self.peer.take_answer(await asyncio.wait_for(self._answer, _TIMEOUT_S))
        await self.peer.connect()
        self._connected = True
        if self.seen.found_s:
            self._speak()

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait until something was seen."""
        async with asyncio.timeout(_TIMEOUT_S):
            while not condition():
                self.changed.clear()
                await self.changed.wait()

    async def hears(self, other: _Talker) -> None:
        """Wait for the other's sound."""
        await self.until(lambda: other.name in self.seen.sound_from)

    async def sees(self, other: _Talker) -> None:
        """Wait for the other's key frame."""
        await self.until(lambda: other.name in self.seen.keyframe_from)

    async def close(self) -> None:
        """Leave."""
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.gather(self._follower, return_exceptions=True)
        await self.peer.close()
        await self.client.close()

    async def _follow(self) -> None:
        async for message in self.client:
            match message:
                case PartnerFound():
                    self.seen.found_s = time.perf_counter()
                    if self._connected:
                        self._speak()
                case WebrtcAnswer():
                    self._answer.set_result(message.sdp)
                case WaitingForPartner():
                    self.seen.found_s = 0.0
            self.changed.set()

    def _speak(self) -> None:
        self._send(AUDIO, self.name)
        self._send(VIDEO, DELTA)  # by which the relay learns of the stream; only key frames count

    def _send(self, kind: int, payload: bytes) -> None:
        media = Media(0.0, kind, self._numbers[kind] * 960, True, payload)
        ssrc = self.peer.ssrcs.audio if kind == AUDIO else self.peer.ssrcs.video
        self.peer.send_rtp(
            rtp(media, ssrc, self._numbers[kind], 0, sum(self._numbers), self.peer.numbering)
        )
        self._numbers[kind] += 1

    def _on_rtcp(self, packet: bytes) -> None:
        at = 0
        while at + 4 <= len(packet):
            if (packet[at + 1], packet[at] & 0x1F) in (_PLI, _FIR):
                self.seen.asked_s = self.seen.asked_s or time.perf_counter()
                self._send(VIDEO, KEYFRAME + self.name)
                self.changed.set()
            at += 4 + 4 * int.from_bytes(packet[at + 2 : at + 4], "big")

    def _on_rtp(self, packet: bytes) -> None:
        now = time.perf_counter()
        is_sound = packet[1] & 0x7F == self.peer.numbering.opus
        came = self.seen.sound_from if is_sound else self.seen.keyframe_from
        came.setdefault(packet[-len(self.name) :], now)
        self.changed.set()


@contextlib.asynccontextmanager
async def _talkers(url: str, *names: str) -> AsyncIterator[list[_Talker]]:
    talkers: list[_Talker] = []
    try:
        for name in names:
            talker = _Talker(url, name)
            talkers.append(talker)
            await talker.connect()
            await talker.open_link()
        yield talkers
    finally:
        for talker in talkers:
            await talker.close()


async def times(say: Say, part: float = 1.0) -> list[Times]:
    """Measure on a relay where nobody else is.

    :param part: do so many of the usual repetitions.
    """
    async with servers.relay(**{"rematch-after-s": "0"}) as server:
        say("from webrtc_offer to media")
        found = await _offers(server.url, round(OFFERS * part))
        say("from next_partner to media")
        found += await _switches(server.url, round(SWITCHES * part))
        say("from next_partner to a decoded frame, in bots")
        return [*found, await _bot_switches(server.url, round(BOT_SWITCHES * part))]


async def _offers(url: str, count: int) -> list[Times]:
    """Somebody waits with an open link; a newcomer asks for a link and for a partner at once."""
    linked, heard, hears = [], [], []
    async with _talkers(url, "host") as (host,):
        for number in range(count):
            await host.client.send(FindPartner())
            guest = _Talker(url, f"g{number:03}")
            await guest.connect()
            try:
                host.seen = _Seen()
                began_s = time.perf_counter()
                await guest.open_link(search=True)
                linked.append(time.perf_counter() - began_s)
                await host.hears(guest)
                heard.append(host.seen.sound_from[guest.name] - began_s)
                await guest.hears(host)
                hears.append(guest.seen.sound_from[host.name] - began_s)
            finally:
                await guest.close()
            await asyncio.sleep(_SETTLED_S)
    return [
        Times.of("webrtc_offer to open link", linked),
        Times.of("webrtc_offer to first packet at the partner", heard),
        Times.of("webrtc_offer to first packet from the partner", hears),
    ]


async def _switches(url: str, count: int) -> list[Times]:
    """One of a pair presses Next while a third user waits, again and again."""
    asked, packets, keyframes = [], [], []
    async with _talkers(url, "mover", "first", "other") as (mover, *others):
        waiting, partner = others
        for each in (mover, partner):
            await each.client.send(FindPartner())
        await mover.hears(partner)
        await partner.sees(mover)
        for _ in range(count):
            await waiting.client.send(FindPartner())
            await asyncio.sleep(_SETTLED_S)
            for each in (mover, waiting, partner):
                each.seen = _Seen()
            began_s = time.perf_counter()
            await mover.client.send(NextPartner())
            await mover.hears(waiting)
            await mover.sees(waiting)
            asked.append(waiting.seen.asked_s - began_s)
            keyframe_s = mover.seen.keyframe_from[waiting.name]
            packets.append(min(mover.seen.sound_from[waiting.name], keyframe_s) - began_s)
            keyframes.append(keyframe_s - began_s)
            waiting, partner = partner, waiting
    return [
        Times.of(ASKED, asked),
        Times.of(FIRST_PACKET, packets),
        Times.of(FIRST_KEYFRAME, keyframes),
    ]


async def _bot_switches(url: str, count: int) -> Times:
    """The same with bots, which encode and decode 640x480 on the load's core."""
    took = []
    async with Bot(url, 1) as mover, Bot(url, 2) as first, Bot(url, 3) as second:
        waiting, partner = first, second
        await mover.find_partner()
        await partner.find_partner()
        await _sees(mover, partner)
        await waiting.find_partner()
        for _ in range(count):
            await asyncio.sleep(1.0)
            before = _frames(mover, waiting)
            began_s = time.perf_counter()
            await mover.next_partner()
            await _sees(mover, waiting, before)
            took.append(time.perf_counter() - began_s)
            waiting, partner = partner, waiting
    return Times.of(FIRST_FRAME, took)


async def _sees(bot: Bot, source: Bot, more_than: int = 0) -> None:
    await bot.until(lambda: _frames(bot, source) > more_than)


def _frames(bot: Bot, source: Bot) -> int:
    return len(bot.report.numbers_from(source.report.number))
