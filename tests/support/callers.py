"""Users with real links who send some packets of sound a second, and come back after an update."""

from __future__ import annotations

import asyncio
import itertools
import math
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from relay.bots.client import ConnectionClosed, TurnedAway
from relay.bots.moving import begin_elsewhere
from relay.bots.resuming import ResumingClient
from relay.bots.thin import ThinPeer
from relay.errors import BotError
from relay.protocol.messages import (
    Connected,
    FindPartner,
    Move,
    PartnerFound,
    ServerMessage,
    WebrtcAnswer,
    WebrtcOffer,
)
from relay.seam import end_task
from tests.support.packets import rtp

EVERY_S = 0.25
"""How often each sends."""
AGAIN_S = 0.2
"""How often it is looked, or tried."""
LET_IN = "let in"
_AT_ONCE = 10
_OPUS = 111


class Caller:
    """Somebody who talks with one stranger, and comes back when the server has gone."""

    def __init__(self, url: str, number: int, *, moves: bool = True) -> None:
        self._url = url
        self._client = ResumingClient(url, lambda: None, moves=moves)
        self.can_move = moves
        self._number = number
        self._sent = 0
        self.peer: ThinPeer | None = None
        self.room_id: str | None = None
        self.heard: list[tuple[float, ServerMessage]] = []
        """When, on the clock of ``time.monotonic``, and what."""
        self.packets: list[float] = []
        """When they came, since the present link is up."""
        self.former_packets: list[float] = []
        """Those of the call that was there before the update."""
        self.left_s = math.inf
        """When it left of its own accord."""
        self.closed_s, self.closed_with = math.inf, 0
        """When the server closed the session, and the code."""
        self.link_lost_s = math.inf
        self.returned_s = math.inf
        """When the next server let it in."""
        self.talks_again = asyncio.Event()
        """It hears somebody there."""
        self._talking: asyncio.Task[None] | None = None

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
            payload_type=_OPUS,
            rtp_ts=self._sent * 12_000,
            payload=b"%d" % self._number,
        )
        with suppress(BotError):  # not yet connected
            self.peer.send_rtp(packet)

    def _on_rtp(self, _: bytes) -> None:
        self.packets.append(time.monotonic())

    def begin(self) -> None:
        """Listen to the server from now on."""
        self._talking = asyncio.create_task(self._talk())

    async def _talk(self) -> None:
        """Until the server closes the session; then be somebody new at the next one."""
        assert self.peer
        watching = asyncio.create_task(self._until_link_lost(self.peer))
        try:
            while True:
                message = await self._client.receive(timeout_s=None)
                self.heard.append((time.monotonic(), message))
                if isinstance(message, Move):
                    assert await begin_elsewhere(self._url, lambda: None) is None
        except ConnectionClosed as closed:
            self.closed_s, self.closed_with = time.monotonic(), closed.code or 0
        finally:
            watching.cancel()
        self._keep_packets()
        await self._return()

    def _keep_packets(self) -> None:
        self.former_packets = self.former_packets or self.packets

    async def _until_link_lost(self, peer: ThinPeer) -> None:
        await peer.closed.wait()
        self.link_lost_s = time.monotonic()

    async def _return(self) -> None:
        assert self.peer
        await self.peer.close()
        await self._client.close()
        while (found := await begin_elsewhere(self._url, lambda: None)) is None:  # noqa: ASYNC110
            await asyncio.sleep(AGAIN_S)
        self._client = found[0]
        self.returned_s = time.monotonic()
        await self._link()
        await self.find()
        while not self.packets:  # noqa: ASYNC110 - what comes tells nobody
            await asyncio.sleep(AGAIN_S)
        self.talks_again.set()

    async def leave(self) -> None:
        """Harmless when repeated."""
        self.left_s = min(self.left_s, time.monotonic())
        if self._talking is not None:
            await end_task(self._talking)
            self._talking = None
        self._keep_packets()
        await self._client.close()
        if self.peer is not None:
            await self.peer.close()

    async def until_it_talks_again(self) -> None:
        """Or until it fails."""
        assert self._talking
        again = asyncio.create_task(self.talks_again.wait())
        await asyncio.wait((again, self._talking), return_when=asyncio.FIRST_COMPLETED)
        again.cancel()
        if self._talking.done():
            self._talking.result()

    def told(self, kind: type[ServerMessage]) -> list[float]:
        """When it heard messages of a type."""
        return [at_s for at_s, message in self.heard if isinstance(message, kind)]

    def longest_gap_s(self, began_s: float, ended_s: float) -> float:
        """For how long no packet came in its first call."""
        came = [at_s for at_s in self.former_packets if began_s < at_s < ended_s]
        return max(b - a for a, b in itertools.pairwise([began_s, *came, ended_s]))


class Newcomers:
    """One after the other who opens the page: what becomes of them."""

    def __init__(self, url: str) -> None:
        self._url = url
        self.seen: list[tuple[float, float, str]] = []
        """When they came, when they had an answer, and which."""

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            came_s = time.monotonic()
            got = await self._comes()
            self.seen.append((came_s, time.monotonic(), got))
            await asyncio.sleep(AGAIN_S)

    async def _comes(self) -> str:
        client = ResumingClient(self._url, lambda: None, moves=True)
        try:
            await client.connect(60)
            await client.expect(Connected, 60)
        except TurnedAway as away:
            return f"HTTP {away.refusal.status}"
        except BotError as error:
            return str(error)
        finally:
            await client.close()
        return LET_IN


@asynccontextmanager
async def sounding(callers: Sequence[Caller]) -> AsyncIterator[None]:
    """All of them speak, evenly."""

    async def speak() -> None:
        while True:
            for some in _tens(callers):
                for caller in some:
                    caller.speak()
                await asyncio.sleep(EVERY_S * len(some) / len(callers))

    task = asyncio.create_task(speak())
    try:
        yield
        assert not task.done()
    finally:
        await end_task(task)


def _tens(callers: Sequence[Caller]) -> list[Sequence[Caller]]:
    return [callers[first : first + _AT_ONCE] for first in range(0, len(callers), _AT_ONCE)]
