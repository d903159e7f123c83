"""Clients at the relay that are no browsers: aiortc, those of Node.js, and our own."""

import asyncio
import base64
import itertools
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack

from relay.bots.description import Numbering
from relay.bots.thin import ThinPeer
from relay.bots.tracks import Gate, PictureTrack, ToneTrack
from relay.seam import gather_loopback_too
from tests.browser.seat import socket_url
from tests.browser.server import RELAY, ROOT
from tests.support.flashing import Flasher

_CLIENTS = ROOT / "tests" / "clients"
_PATIENCE_S = 20


class AiortcGuest:
    """A stock aiortc connection that sends a bot's picture and tone, and decodes what comes."""

    def __init__(self, number: int = 7) -> None:
        gate = Gate()
        gate.open()
        self._counts: Counter[str] = Counter()
        self._readers: list[asyncio.Task[None]] = []
        self._tracks = [ToneTrack(number, gate), PictureTrack(number, itertools.count(), gate)]
        self._connection = RTCPeerConnection()
        for track in self._tracks:
            self._connection.addTrack(track)
        self._connection.on("track", self._read)

    async def offer(self) -> str:
        gather_loopback_too(self._connection)
        await self._connection.setLocalDescription(await self._connection.createOffer())
        return self._connection.localDescription.sdp

    async def take(self, answer: str) -> None:
        await self._connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def received(self) -> dict[str, int]:
        return {"audio": self._counts["audio"], "video": self._counts["video"]}

    async def close(self) -> None:
        await self._connection.close()
        for track in self._tracks:
            track.stop()
        await asyncio.gather(*self._readers)

    def _read(self, track: MediaStreamTrack) -> None:
        self._readers.append(asyncio.create_task(self._count(track), name="aiortc-guest"))

    async def _count(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                await track.recv()
                self._counts[track.kind] += 1
        except MediaStreamError:
            return


class ThinGuest:
    """Sends what flashes and beeps, with a clock in its reports that may be wrong."""

    def __init__(self, clock_s: float = 0.0) -> None:
        self._clock_s = clock_s
        self._counts: Counter[str] = Counter()
        self._peer = ThinPeer(on_rtp=self._count, on_rtcp=lambda _: None)
        self._player: asyncio.Task[None] | None = None

    async def offer(self) -> str:
        return self._peer.offer()

    async def take(self, answer: str) -> None:
        self._peer.take_answer(answer)
        await self._peer.connect()
        send, ssrcs, numbering = self._peer.send_rtp, self._peer.ssrcs, Numbering()
        flasher = Flasher(
            lambda _, packet: send(packet),
            self._peer.send_rtcp,
            ssrcs=(ssrcs.audio, ssrcs.video),
            payload_types=(numbering.opus, numbering.vp8),
            clock_s=self._clock_s,
        )
        self._player = asyncio.create_task(flasher.play(), name="thin-player")

    async def received(self) -> dict[str, int]:
        return {"audio": self._counts["audio"], "video": self._counts["video"]}

    async def close(self) -> None:
        if self._player is not None:
            self._player.cancel()
            await asyncio.gather(self._player, return_exceptions=True)
        await self._peer.close()

    def _count(self, packet: bytes) -> None:
        self._counts["audio" if packet[1] & 0x7F == Numbering().opus else "video"] += 1


class NodeGuest:
    """A program of ``tests/clients``; pictures and sound are given to it as RTP packets."""

    def __init__(self, program: str) -> None:
        self._program = program
        self._process: Process | None = None
        self._player: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()

    async def offer(self) -> str:
        if self._process is None:
            self._process = await asyncio.create_subprocess_exec(
                "node",
                self._program,
                cwd=_CLIENTS,
                env={"PATH": os.environ["PATH"]},
                stdin=PIPE,
                stdout=PIPE,
            )
        offer: str = (await self._ask({"do": "offer"}))["sdp"]
        return offer

    async def take(self, answer: str) -> None:
        self._tell({"do": "take", "sdp": answer})
        flasher = Flasher(self._send, ssrcs=(1, 2), payload_types=(111, 96))
        self._player = asyncio.create_task(flasher.play(), name="node-player")

    async def received(self) -> dict[str, int]:
        counts: dict[str, int] = await self._ask({"do": "look"})
        return counts

    async def close(self) -> None:
        if self._player is not None:
            self._player.cancel()
            await asyncio.gather(self._player, return_exceptions=True)
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
            try:
                await asyncio.wait_for(self._process.communicate(), _PATIENCE_S)
            except TimeoutError:
                self._process.kill()
                await self._process.communicate()

    def _tell(self, what: dict[str, Any]) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(what).encode() + b"\n")

    async def _ask(self, what: dict[str, Any]) -> dict[str, Any]:
        async with self._lock:
            self._tell(what)
            assert self._process is not None
            assert self._process.stdout is not None
            line = await asyncio.wait_for(self._process.stdout.readline(), _PATIENCE_S)
        assert line, f"{self._program} ended early"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _send(self, kind: str, packet: bytes) -> None:
        text = base64.b64encode(packet).decode()
        self._tell({"do": "send", "kind": kind, "packet": text})


def node_guest(program: str) -> NodeGuest:
    """A client of ``tests/clients``; skips the test, and says why, when it cannot run here."""
    if which("node") is None:
        pytest.skip("node is missing (Debian and Ubuntu: apt-get install nodejs)")
    if not (_CLIENTS / "node_modules" / ".installed").exists():
        pytest.skip("the outside clients are not installed: scripts/outside-clients")
    return NodeGuest(program)


@asynccontextmanager
async def relay_bot(url: str, folder: Path, prefix: tuple[str, ...] = ()) -> AsyncIterator[None]:
    """``relay bot`` as a process of its own; it must have seen media in the end."""
    with (folder / "bot.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(*prefix, sys.executable, *RELAY, "bot", "--json"),
            *("--count", "1", "--duration", "300", "--url", socket_url(url)),
            env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"]},
            stdout=PIPE,
            stderr=log,
        )
    try:
        yield
    finally:
        process.send_signal(2)
        out, _ = await asyncio.wait_for(process.communicate(), _PATIENCE_S)
    report = json.loads(out)
    assert report["frames"] > 0, report
