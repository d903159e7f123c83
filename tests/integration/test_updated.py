"""A single server is updated as docs/upgrading.md has it, while people talk: nobody is cut early.

The test is systemd: it holds the page's port, ends the server with SIGTERM, and starts the next one
when it has gone. The users are the thinnest that there are, with real sockets, DTLS and SRTP: some
packets of sound a second each.
"""

from __future__ import annotations

import asyncio
import signal
import socket
import time
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from relay.bots.client import ConnectionClosed, TurnedAway
from relay.bots.moving import begin_elsewhere
from relay.bots.resuming import ResumingClient
from relay.bots.thin import ThinPeer
from relay.errors import BotError
from relay.protocol.messages import (
    Connected,
    FindPartner,
    Move,
    PartnerDisconnected,
    PartnerFound,
    PartnerLeft,
    ServerMessage,
    WebrtcAnswer,
    WebrtcOffer,
)
from relay.signaling.moving import LAST_S
from tests.support.packets import rtp
from tests.support.ports import free_port, free_ports
from tests.support.served import NEVER_FULL, ended, page_of, serving

pytestmark = pytest.mark.timeout(300)

CALLS, WORKERS = 50, 2
DRAIN_S = 25.0
OWN_END = 10
"""So many calls end by themselves while the server drains; the others last until the deadline."""
CANNOT_MOVE = 2
"""So many calls are of clients that know nothing of moving."""
EVERY_S = 0.25
"""How often each sends."""
GAP_S = 3.0
"""So long nothing may come, on a machine that is busy with all of it: calls have a tenth of that."""
AT_ONCE = 4
OPUS = 111

SOCKET = """
import os
os.dup2({descriptor}, 3)
os.environ |= dict(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
"""


class Caller:
    """Somebody who talks with one stranger, and comes back when the server has gone."""

    def __init__(self, url: str, number: int, *, moves: bool = True) -> None:
        self._url = url
        self._client = ResumingClient(url, lambda: None, moves=moves)
        self._number = number
        self._sent = 0
        self.peer: ThinPeer | None = None
        self.room_id: str | None = None
        self.heard: list[tuple[float, ServerMessage]] = []
        """When, on the clock of ``time.monotonic``, and what."""
        self.packets: list[float] = []
        """When they came, since the present link is up."""
        self.closed: tuple[float, int | None] | None = None
        self.link_lost_s: float | None = None
        self.returned_s: float | None = None
        """When it was let in by the next server; and when it saw a partner's packet there."""
        self.talks_again_s: float | None = None

    async def come(self) -> None:
        await self._client.connect()
        await self._client.expect(Connected)
        await self._link()

    async def _link(self) -> None:
        self.packets = []
        peer = self.peer = ThinPeer(on_rtp=self._on_rtp, on_rtcp=lambda _: None)
        await self._client.send(WebrtcOffer(sdp=peer.offer()))
        peer.take_answer((await self._client.expect(WebrtcAnswer, 60)).sdp)
        await peer.connect(60)

    async def find(self) -> None:
        await self._client.send(FindPartner())
        found = await self._client.expect(PartnerFound, 60)
        self.room_id = found.room_id

    def speak(self) -> None:
        """Send a packet of sound, if there is a link."""
        if self.peer is None or self.peer.closed.is_set():
            return
        self._sent += 1
        packet = rtp(
            self.peer.ssrcs.audio,
            self._sent,
            payload_type=OPUS,
            rtp_ts=self._sent * 12_000,
            payload=b"%d" % self._number,
        )
        with suppress(BotError):  # not yet connected
            self.peer.send_rtp(packet)

    def _on_rtp(self, _: bytes) -> None:
        self.packets.append(time.monotonic())

    async def talk(self) -> None:
        """Hear the server until it closes the session, and be somebody new at the next one."""
        assert self.peer
        watching = asyncio.create_task(self._until_link_lost(self.peer))
        try:
            while True:
                message = await self._client.receive(timeout_s=None)
                self.heard.append((time.monotonic(), message))
                if isinstance(message, Move):
                    assert await begin_elsewhere(self._url, lambda: None) is None
        except ConnectionClosed as closed:
            self.closed = time.monotonic(), closed.code
        finally:
            watching.cancel()
        self.former_packets = self.packets
        await self._return()

    async def _until_link_lost(self, peer: ThinPeer) -> None:
        await peer.closed.wait()
        self.link_lost_s = time.monotonic()

    async def _return(self) -> None:
        assert self.peer
        await self.peer.close()
        while (found := await begin_elsewhere(self._url, lambda: None)) is None:
            await asyncio.sleep(0.5)
        self._client = found[0]
        self.returned_s = time.monotonic()
        await self._link()
        await self.find()
        while not self.packets:  # noqa: ASYNC110 - another thread of the story sends them
            await asyncio.sleep(0.05)
        self.talks_again_s = time.monotonic()

    async def leave(self) -> None:
        await self._client.close()
        if self.peer is not None:
            await self.peer.close()

    def told(self, kind: type[ServerMessage]) -> list[float]:
        """When it heard messages of a type."""
        return [at_s for at_s, message in self.heard if isinstance(message, kind)]


class Newcomers:
    """One after the other who opens the page: what becomes of them."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.seen: list[tuple[float, str]] = []
        """When they came, and what they got."""

    async def run(self) -> None:
        while True:
            began_s = time.monotonic()
            self.seen.append((began_s, await self._comes()))
            await asyncio.sleep(0.2)

    async def _comes(self) -> str:
        client = ResumingClient(self._url, lambda: None, moves=True)
        try:
            await client.connect(30)
            await client.expect(Connected, 30)
        except TurnedAway as away:
            return f"turned away with {away.refusal.status}"
        except BotError as error:
            return str(error)
        finally:
            await client.close()
        return "let in"


async def some_at_once(work: Iterable[Coroutine[Any, Any, None]]) -> None:
    door = asyncio.Semaphore(AT_ONCE)

    async def each(one: Coroutine[Any, Any, None]) -> None:
        async with door:
            await one

    await asyncio.gather(*map(each, work))


@asynccontextmanager
async def sounding(callers: list[Caller]) -> AsyncIterator[None]:
    """All of them speak, evenly."""

    async def speak() -> None:
        while True:
            for number, caller in enumerate(callers):
                caller.speak()
                if number % 10 == 9:
                    await asyncio.sleep(EVERY_S * 10 / len(callers))

    task = asyncio.create_task(speak())
    try:
        yield
        assert not task.done()
    finally:
        task.cancel()


class Systemd:
    """What holds the port, and starts the server."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._listening = socket.create_server(("127.0.0.1", free_port()), backlog=100)
        self.port = self._listening.getsockname()[1]
        self.url = f"ws://127.0.0.1:{self.port}/ws"
        self._udp_port = free_ports(WORKERS)[0]

    def serving(self) -> Any:
        descriptor = self._listening.fileno()
        return serving(
            self._folder,
            *("--port", f"{self.port}", "--udp-port", f"{self._udp_port}"),
            *("--workers", f"{WORKERS}", "--drain-s", f"{DRAIN_S}"),
            *("--data-dir", "data", "--runtime-dir", "run", "--log-level", "warning"),
            # All of them come from one address.
            *("--connections-per-source", "1000", "--users-per-address", "1000"),
            *("--arrivals-per-minute-address", "0", "--rematch-after-s", "0"),
            before=NEVER_FULL + SOCKET.format(descriptor=descriptor),
            descriptors=(descriptor,),
        )

    def close(self) -> None:
        self._listening.close()


async def test_fifty_calls_go_on_until_the_deadline(tmp_path: Path) -> None:
    systemd = Systemd(tmp_path)
    callers = [
        Caller(systemd.url, number, moves=number >= 2 * CANNOT_MOVE) for number in range(2 * CALLS)
    ]
    newcomers = Newcomers(systemd.url)
    tasks: list[asyncio.Task[None]] = []
    try:
        async with systemd.serving() as old:
            await page_of(old)
            await some_at_once(caller.come() for caller in callers)
            for pair in zip(callers[::2], callers[1::2], strict=True):
                await asyncio.gather(*(caller.find() for caller in pair))
            async with sounding(callers):
                await until_all_hear(callers)
                tasks += [asyncio.create_task(caller.talk()) for caller in callers]
                tasks.append(asyncio.create_task(newcomers.run()))
                began_s = time.monotonic()
                old.send_signal(signal.SIGTERM)
                leavers = await some_end(callers[-2 * OWN_END :], began_s)
                gone_s = await until_ended(old)
                async with systemd.serving() as new:
                    await page_of(new)
                    ready_s = time.monotonic()
                    stayed = [each for each in callers if each not in leavers]
                    await until_all_talk_again(stayed, tasks)
                    new.send_signal(signal.SIGINT)
                    await some_at_once(caller.leave() for caller in callers)
                    code, _, log = await ended(new)
                    assert code == 0, log
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        systemd.close()
    judge(callers, leavers, began_s)
    judge_newcomers(newcomers, began_s, gone_s, ready_s)


async def until_all_hear(callers: list[Caller]) -> None:
    async with asyncio.timeout(60):
        while not all(len(caller.packets) > 2 for caller in callers):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


async def some_end(last: list[Caller], began_s: float) -> list[Caller]:
    """Each of these calls is left by one of the two, at its own time, and the other leaves, too."""
    leavers: list[Caller] = []
    pairs = by_room(last)
    for number, pair in enumerate(pairs, 1):
        due_s = began_s + 0.8 * DRAIN_S * number / len(pairs)
        await asyncio.sleep(due_s - time.monotonic())
        for caller in pair:
            caller.left_s = time.monotonic()
            leavers.append(caller)
            await caller.leave()
    return leavers


def by_room(callers: list[Caller]) -> list[list[Caller]]:
    rooms: dict[str | None, list[Caller]] = {}
    for caller in callers:
        rooms.setdefault(caller.room_id, []).append(caller)
    return list(rooms.values())


async def until_ended(old: Process) -> float:
    async with asyncio.timeout(DRAIN_S + LAST_S + 60):
        code, _, log = await ended(old)
    assert code == 0, log
    assert "level=error" not in log
    return time.monotonic()


async def until_all_talk_again(callers: list[Caller], tasks: list[asyncio.Task[None]]) -> None:
    async with asyncio.timeout(90):
        while not all(caller.talks_again_s for caller in callers):  # noqa: ASYNC110
            for task in tasks:
                if task.done():
                    task.result()
            await asyncio.sleep(0.1)
