"""Everybody's WebRTC clients at the relay: who offers, takes the answer, and says what came."""

import asyncio
import base64
import itertools
import json
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which
from types import TracebackType
from typing import Any, Protocol, Self

import pytest
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from playwright.async_api import Page

from relay.bots.client import Client
from relay.bots.description import Numbering
from relay.bots.thin import ThinPeer
from relay.bots.tracks import Gate, PictureTrack, ToneTrack
from relay.protocol.messages import (
    Connected,
    Error,
    FindPartner,
    NextPartner,
    PartnerFound,
    ServerMessage,
    WebrtcAnswer,
    WebrtcOffer,
)
from relay.seam import gather_loopback_too
from tests.browser.server import ROOT
from tests.browser.visitor import until
from tests.support.flashing import Flasher

TRANSPORT_CC = ("transport-cc", "transport-wide-cc")
REMB = ("goog-remb", "abs-send-time")
_CLIENTS = ROOT / "tests" / "clients"
_PATIENCE_S = 20


class Guest(Protocol):
    """A WebRTC client without signalling."""

    async def offer(self) -> str:
        """Its offer, complete with candidates."""
        ...

    async def take(self, answer: str) -> None:
        """Take the relay's answer."""
        ...

    async def received(self) -> dict[str, int]:
        """How many packets (or frames) of ``audio`` and of ``video`` have come."""
        ...

    async def close(self) -> None:
        """Let go of everything."""
        ...


def _socket_url(url: str) -> str:
    return url.replace("http", "ws", 1).rstrip("/") + "/ws"


def unchanged(offer: str) -> str:
    return offer


class Seat:
    """A guest's place at the relay: the WebSocket, and the link that is opened over it.

    :param url: of the server's page.
    :param change: what becomes of the offer on its way to the relay.
    """

    def __init__(self, url: str, guest: Guest, change: Callable[[str], str] = unchanged) -> None:
        self.guest = guest
        self.answer = ""
        self.heard: list[ServerMessage] = []
        self._change = change
        self._client = Client(_socket_url(url))
        self._news = asyncio.Condition()
        self._follower: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._client.connect()
        try:
            self._follower = asyncio.create_task(self._follow(), name="seat")
            await self.hears(Connected)
            await self.renegotiate()
        except BaseException:
            await self._leave()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._leave()

    async def renegotiate(self) -> None:
        """Offer, and take the answer."""
        already = self.count(WebrtcAnswer)
        await self._client.send(WebrtcOffer(sdp=self._change(await self.guest.offer())))
        await self.hears(WebrtcAnswer, already + 1)
        self.answer = [m.sdp for m in self.heard if isinstance(m, WebrtcAnswer)][-1]
        await self.guest.take(self.answer)

    async def find(self) -> None:
        """Look for a partner."""
        await self._client.send(FindPartner())

    async def next(self) -> None:
        """Leave this partner for another, and wait for that one."""
        already = self.count(PartnerFound)
        await self._client.send(NextPartner())
        await self.hears(PartnerFound, already + 1)

    def count(self, kind: type[ServerMessage]) -> int:
        """How many messages of a kind have come."""
        return sum(isinstance(message, kind) for message in self.heard)

    async def hears(self, kind: type[ServerMessage], count: int = 1) -> None:
        """Wait until so many messages of a kind have come; an error ends the wait."""

        def has() -> bool:
            errors = [message for message in self.heard if isinstance(message, Error)]
            assert not errors, errors
            return self.count(kind) >= count

        async with asyncio.timeout(_PATIENCE_S), self._news:
            await self._news.wait_for(has)

    async def _follow(self) -> None:
        async for message in self._client:
            async with self._news:
                self.heard.append(message)
                self._news.notify_all()

    async def _leave(self) -> None:
        if self._follower is not None:
            self._follower.cancel()
            await asyncio.gather(self._follower, return_exceptions=True)
        await self.guest.close()
        await self._client.close()


async def receives(guest: Guest, *kinds: str) -> None:
    """Wait until more of each kind comes, from now on."""
    before = await guest.received()
    await until(guest.received, lambda now: all(now[kind] >= before[kind] + 10 for kind in kinds))


def without(*words: str) -> Callable[[str], str]:
    """A change that takes the lines with any of these words out of an offer."""

    def change(offer: str) -> str:
        lines = offer.splitlines(keepends=True)
        return "".join(line for line in lines if not any(word in line for word in words))

    return change


# browsers

_SCRIPT = (Path(__file__).parent / "guest.js").read_text()


Run = Callable[[str], Awaitable[Any]]
"""Evaluates an expression in a window, and waits for what it promises."""


class BrowserGuest:
    """A plain RTCPeerConnection in a browser's window of its own.

    :param kinds: the kinds of its sections, in order.
    :param device: what getUserMedia is asked for, if anything.
    :param scrambled: encrypt whole frames, and decrypt what comes.
    """

    def __init__(
        self,
        run: Run,
        *,
        kinds: Iterable[str] = ("audio", "video"),
        device: dict[str, Any] | None = None,
        scrambled: bool = False,
    ) -> None:
        self.run = run
        self._options = {"kinds": list(kinds), "device": device, "scrambled": scrambled}
        self._is_open = False

    async def offer(self) -> str:
        if not self._is_open:
            await self.run(_SCRIPT)
            await self.run(f"guest.open({json.dumps(self._options)})")
            self._is_open = True
        offer: str = await self.run("guest.offer()")
        return offer

    async def take(self, answer: str) -> None:
        await self.run(f"guest.take({json.dumps(answer)})")

    async def stop_and_add(self, kind: str) -> None:
        """Stop the transceiver of a kind, and add another; to be offered then."""
        await self.run(f"guest.stopAndAdd({json.dumps(kind)})")

    async def received(self) -> dict[str, int]:
        audio = await self.stat("inbound-rtp", kind="audio")
        video = await self.stat("inbound-rtp", kind="video")
        return {
            "audio": audio.get("packetsReceived", 0),
            "video": video.get("framesDecoded", 0),
        }

    async def stat(self, kind_of_stat: str, **fields: object) -> dict[str, Any]:
        """The first entry of getStats of a type that has these fields; empty without any."""
        stats = await self.run("guest.stats()")
        wanted = {"type": kind_of_stat, **fields}.items()
        found = (s for s in stats if all(s.get(name) == value for name, value in wanted))
        return next(found, {})

    async def close(self) -> None:
        if self._is_open:
            await self.run("guest.close()")


class ChromiumGuest(BrowserGuest):
    """The same in Chromium."""

    def __init__(self, page: Page, **options: Any) -> None:
        super().__init__(page.evaluate, **options)
        self.page = page


# aiortc


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


# a thin peer


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


# clients of Node.js


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


# relay bot


@asynccontextmanager
async def relay_bot(url: str, folder: Path, prefix: tuple[str, ...] = ()) -> AsyncIterator[None]:
    """``relay bot`` as a process of its own; it must have seen media in the end."""
    with (folder / "bot.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(*prefix, sys.executable, "-c", "from relay.cli import main; main()", "bot", "--json"),
            *("--count", "1", "--duration", "300", "--url", _socket_url(url)),
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
