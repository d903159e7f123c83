"""A WebRTC client's place at the relay: who offers, takes the answer, and says what came."""

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from relay.bots.client import Client
from relay.protocol.messages import (
    Connected,
    Error,
    FindPartner,
    MediaState,
    NextPartner,
    PartnerFound,
    ServerMessage,
    WebrtcAnswer,
    WebrtcOffer,
)
from tests.browser.visitor import until

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


G = TypeVar("G", bound=Guest)


def socket_url(url: str) -> str:
    """Where a server has its WebSocket."""
    return url.replace("http", "ws", 1).rstrip("/") + "/ws"


def unchanged(offer: str) -> str:
    return offer


class Seat(Generic[G]):
    """A guest's place at the relay: the WebSocket, and the link that is opened over it.

    :param url: of the server's page.
    :param change: what becomes of the offer on its way to the relay.
    """

    def __init__(self, url: str, guest: G, change: Callable[[str], str] = unchanged) -> None:
        self.guest = guest
        self.answer = ""
        self.heard: list[ServerMessage] = []
        self._change = change
        self._client = Client(socket_url(url))
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

    async def is_told(self, *, audio: bool, video: bool) -> None:
        """Wait until the partner's media are said to be so."""
        media = MediaState(audio=audio, video=video)

        def told() -> bool:
            return [m for m in self.heard if isinstance(m, MediaState)][-1:] == [media]

        async with asyncio.timeout(_PATIENCE_S), self._news:
            await self._news.wait_for(told)

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

    def comes(now: dict[str, int]) -> bool:
        # What is counted begins anew when a section is another one.
        since = {kind: before[kind] if now[kind] >= before[kind] else 0 for kind in kinds}
        return all(now[kind] >= since[kind] + 10 for kind in kinds)

    try:
        await until(guest.received, comes)
    except AssertionError as error:
        error.add_note(f"before: {before}")
        raise
