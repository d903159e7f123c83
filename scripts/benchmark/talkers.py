"""Users who react at once: with sound to a partner, with a key frame to being asked for one."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from relay.bots.client import Client
from relay.bots.load.user import asks_for_keyframe
from relay.protocol.messages import (
    FindPartner,
    PartnerFound,
    WaitingForPartner,
    WebrtcAnswer,
    WebrtcOffer,
)
from scripts.benchmark.traffic import AUDIO, KEYFRAME, VIDEO, Media, rtp
from scripts.benchmark.users import Peer

DELTA = b"\x10\x01" + bytes(20)
"""A VP8 payload that begins a frame which is no key frame."""

_TIMEOUT_S = 10.0


@dataclass(slots=True)
class Seen:
    """When things happened since the last ``clear``, on the clock of ``perf_counter``."""

    found_s: float = 0.0
    asked_s: float = 0.0
    sound_from: dict[bytes, float] = field(default_factory=dict)
    keyframe_from: dict[bytes, float] = field(default_factory=dict)


class Talker:
    """A user whose packets say whose they are."""

    def __init__(self, url: str, name: str) -> None:
        self.name = name.encode()
        self.client = Client(url)
        self.peer = Peer(on_rtp=self._on_rtp, on_rtcp=self._on_rtcp)
        self.seen = Seen()
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

    async def hears(self, other: Talker) -> None:
        """Wait for the other's sound."""
        await self.until(lambda: other.name in self.seen.sound_from)

    async def sees(self, other: Talker) -> None:
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
        if asks_for_keyframe(packet):
            self.seen.asked_s = self.seen.asked_s or time.perf_counter()
            self._send(VIDEO, KEYFRAME + self.name)
            self.changed.set()

    def _on_rtp(self, packet: bytes) -> None:
        now = time.perf_counter()
        is_sound = packet[1] & 0x7F == self.peer.numbering.opus
        came = self.seen.sound_from if is_sound else self.seen.keyframe_from
        came.setdefault(packet[-len(self.name) :], now)
        self.changed.set()


@contextlib.asynccontextmanager
async def talkers(url: str, *names: str) -> AsyncIterator[list[Talker]]:
    """Some with open links."""
    come: list[Talker] = []
    try:
        for name in names:
            talker = Talker(url, name)
            come.append(talker)
            await talker.connect()
            await talker.open_link()
        yield come
    finally:
        for talker in come:
            await talker.close()
