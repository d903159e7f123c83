"""Users that only signal: one WebSocket each, and no media.

They look for somebody to chat with (``mode`` text), so nothing has to be negotiated. What they take
themselves is little, so that one core has many of them: they share one HTTP client, which keeps no
cookies, and each is another visitor.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import aiohttp

from relay.bots.together import together
from relay.errors import BotError, ProtocolError
from relay.protocol.messages import (
    MAX_FRAME_BYTES,
    ClientMessage,
    FindPartner,
    NextPartner,
    PartnerFound,
    ServerMessage,
    StopChat,
    parse_server,
)

AT_ONCE = 16
"""How many come, or go, at the same time."""
_JOIN_S = 30.0


class Signaller:
    """One user; :meth:`connect` it, and :meth:`leave` in any case.

    :param place: at which of several servers it is.
    :param interests: whom it looks for.
    """

    __slots__ = (
        "_reader",
        "_socket",
        "hears",
        "interests",
        "is_lost",
        "place",
        "room_id",
        "searched_s",
        "took_s",
    )  # fmt: skip

    def __init__(self, place: int, *interests: str) -> None:
        self.place = place
        self.interests = list(interests)
        self.hears: Hears = _nothing
        """Is told what the server says."""
        self.room_id: str | None = None
        self.searched_s = 0.0
        """When it has asked for a partner last."""
        self.took_s = 0.0
        """How long the last partner took."""
        self.is_lost = ""
        """Why its connection is over, if it is."""
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._reader: asyncio.Task[None] | None = None

    async def connect(self, http: aiohttp.ClientSession, url: str) -> None:
        """Come in.

        :raises BotError: when the server does not let it.
        """
        try:
            async with asyncio.timeout(_JOIN_S):
                socket = await http.ws_connect(url, max_msg_size=MAX_FRAME_BYTES)
                self._socket = socket
                await socket.receive_str()  # that it is connected
        except (aiohttp.ClientError, TimeoutError, OSError, TypeError) as error:
            raise BotError(f"a user that only signals cannot join: {error!r}") from error
        self._reader = asyncio.create_task(self._read(socket), name="signaller")

    async def search(self) -> None:
        """Look for a partner."""
        self.room_id, self.searched_s = None, time.perf_counter()
        await self._say(FindPartner(interests=self.interests, mode="text"))

    async def press_next(self) -> None:
        """Leave the partner for another."""
        self.room_id, self.searched_s = None, time.perf_counter()
        await self._say(NextPartner(mode="text"))

    async def stop(self) -> None:
        """Leave the partner, or wait no longer."""
        self.room_id = None
        await self._say(StopChat())

    async def leave(self) -> None:
        """Say goodbye; harmless when it is not there."""
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        if self._socket is not None:
            await self._socket.close()

    async def _say(self, message: ClientMessage) -> None:
        if self._socket is None:
            raise BotError("not connected")
        with contextlib.suppress(aiohttp.ClientError, ConnectionError):  # is_lost says so
            await self._socket.send_str(message.encode())

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        """Take what comes; whatever goes wrong is told as the end of the connection."""
        try:
            async for frame in socket:
                message = parse_server(frame.data)
                if isinstance(message, PartnerFound):
                    self.room_id = message.room_id
                    self.took_s = time.perf_counter() - self.searched_s
                await self.hears(self, message)
            self.is_lost = f"the server closed the connection (code {socket.close_code})"
        except (BotError, ProtocolError) as error:
            self.is_lost = str(error)
        await self.hears(self, None)


Hears = Callable[[Signaller, ServerMessage | None], Awaitable[None]]
"""Gets each message, and none when the connection is over."""


async def _nothing(_: Signaller, __: ServerMessage | None) -> None:
    """Nobody wants to know."""


@contextlib.asynccontextmanager
async def joined(users: Sequence[Signaller], urls: Sequence[str]) -> AsyncIterator[None]:
    """Have users come, each to the server at its place, and leave with the context.

    :raises BotError: when one is not let in.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def come(user: Signaller) -> None:
        async with places:
            await user.connect(http, urls[user.place])

    async def go(user: Signaller) -> None:
        async with places:
            await user.leave()

    connector, jar = aiohttp.TCPConnector(limit=0), aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as http:
        try:
            await together((come(user) for user in users), "signaller joins")
            yield
        finally:
            for user in users:
                user.hears = _nothing  # whoever is left by one that goes does not search again
            await asyncio.gather(*(go(user) for user in users), return_exceptions=True)
