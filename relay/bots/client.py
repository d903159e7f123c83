"""The signalling client: one WebSocket, typed messages."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlsplit, urlunsplit

import aiohttp

from relay.bots.address import Trusted
from relay.bots.work import Refusal, solve, why
from relay.errors import BotError, ProtocolError
from relay.protocol.messages import (
    MAX_FRAME_BYTES,
    ClientMessage,
    Error,
    ServerMessage,
    parse_server,
)

DEFAULT_TIMEOUT_S = 10.0
_TOLD = (403, 429, 503)
"""The answers with which a server says why."""
_SET_ASIDE = 256

_M = TypeVar("_M", bound=ServerMessage)


class Client:
    """A connection to the relay's ``/ws``; use it as an async context manager.

    Messages are read when asked for: with :meth:`receive` or ``async for`` one by one, or with
    :meth:`expect`, which sets aside what comes before the message it waits for; what was set
    aside is received later, in order.

    :param url: ``ws://`` or ``wss://``.
    :param ssl: which certificate to accept.
    :param origin: that of the page whose place it takes; None to be no browser.
    """

    _heartbeat_s: float | None = None
    """How often a silent server is asked whether it is there."""

    def __init__(self, url: str, ssl: Trusted = True, origin: str | None = None) -> None:
        self._ssl = ssl
        self._origin = origin
        self._url = self._entrance = url
        self._http: aiohttp.ClientSession | None = None
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._aside: deque[ServerMessage] = deque()

    async def __aenter__(self) -> Self:
        await self.connect()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    was_forgotten = False
    """Whether a server was there, and knew nothing of the session that was to go on."""

    async def connect(self, timeout_s: float = DEFAULT_TIMEOUT_S) -> None:
        """Open the WebSocket.

        :raises BotError: when the server cannot be reached or refuses.
        """
        self._http = aiohttp.ClientSession()
        try:
            await self._open(self._entrance, timeout_s)
        except BotError:
            await self.close()
            raise

    async def _open(self, url: str, timeout_s: float) -> None:
        """Open the WebSocket; when the server asks for work first, do that and come again."""
        if self._http is None:
            raise BotError("not connected")
        refusal = await self._try(self._http, url, timeout_s)
        if refusal is not None and refusal.challenge is not None:
            done = await solve(refusal.challenge)
            refusal = await self._try(self._http, with_query(url, f"altcha={done}"), timeout_s)
        if refusal is not None:
            raise TurnedAway(self._url, refusal)

    async def _try(self, http: aiohttp.ClientSession, url: str, timeout_s: float) -> Refusal | None:
        """Open the WebSocket; else why it was refused."""
        try:
            async with asyncio.timeout(timeout_s):
                try:
                    self._socket = await http.ws_connect(
                        url,
                        max_msg_size=MAX_FRAME_BYTES,
                        heartbeat=self._heartbeat_s,
                        ssl=self._ssl,
                        origin=self._origin,
                    )
                except aiohttp.WSServerHandshakeError as error:
                    if error.status not in _TOLD:
                        return Refusal(error.status, "")
                    return await why(http, url, self._ssl, self._origin)
                return None
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError, RuntimeError) as error:
            raise BotError(f"cannot reach {self._url}: {reason(error)}") from error

    @property
    def server_host(self) -> str:
        """The IP address that the server was reached at; of a proxy, if one is in between."""
        peer = self._open_socket().get_extra_info("peername")
        return str(peer[0]) if peer else ""

    @property
    def certificate_ends(self) -> str | None:
        """When the certificate does, as OpenSSL writes it; None where none was verified."""
        shown = self._open_socket().get_extra_info("ssl_object")
        found = shown.getpeercert() if shown is not None else None
        return str(found["notAfter"]) if found else None

    async def close(self) -> None:
        """Close the WebSocket properly; harmless when repeated."""
        if self._socket is not None:
            await self._socket.close()
        if self._http is not None:
            await self._http.close()

    async def send(self, message: ClientMessage) -> None:
        """Send a message.

        :raises BotError: when the connection is closed.
        """
        try:
            await self._open_socket().send_str(message.encode())
        except (aiohttp.ClientError, ConnectionError) as error:
            raise BotError(f"the connection is lost: {reason(error)}") from error

    async def receive(self, timeout_s: float | None = DEFAULT_TIMEOUT_S) -> ServerMessage:
        """The next message.

        :param timeout_s: None waits for ever.
        :raises BotError: when none comes in time, the connection closes, or the server breaks
            the protocol.
        """
        return self._aside.popleft() if self._aside else await self._read(timeout_s)

    async def expect(self, kind: type[_M], timeout_s: float = DEFAULT_TIMEOUT_S) -> _M:
        """The next message of one kind.

        :raises BotError: as :meth:`receive`, and when the server says ``error`` first.
        """
        for message in self._aside:
            if isinstance(message, kind):
                self._aside.remove(message)
                return message
        try:
            async with asyncio.timeout(timeout_s):
                return await self._read_until(kind)
        except TimeoutError as error:
            raise BotError(f"no {kind.__name__} within {timeout_s:g} s") from error

    async def __aiter__(self) -> AsyncIterator[ServerMessage]:
        """Every message until the connection closes."""
        while not self._is_over:
            try:
                message = await self.receive(timeout_s=None)
            except ConnectionClosed:
                return
            yield message

    async def _read_until(self, kind: type[_M]) -> _M:
        while True:
            message = await self._read(None)
            if isinstance(message, kind):
                return message
            if isinstance(message, Error):
                raise BotError(f"the server says {message.code}: {message.message}")
            if len(self._aside) >= _SET_ASIDE:
                raise BotError(f"more than {_SET_ASIDE} messages before {kind.__name__}")
            self._aside.append(message)

    async def _read(self, timeout_s: float | None) -> ServerMessage:
        try:
            async with asyncio.timeout(timeout_s):
                while (message := self._take(await self._read_frame())) is None:
                    pass
        except TimeoutError as error:
            raise BotError(f"no message within {timeout_s:g} s") from error
        return message

    @property
    def _is_over(self) -> bool:
        return self._socket is None or self._socket.closed

    def _take(self, frame: str) -> ServerMessage | None:
        """The message in a frame; None for one that is not known here."""
        return _parse(frame)

    async def _read_frame(self) -> str:
        frame = await self._open_socket().receive()
        if frame.type is aiohttp.WSMsgType.CLOSE:
            raise ConnectionClosed(frame.data)
        if frame.type is not aiohttp.WSMsgType.TEXT:
            raise ConnectionClosed(None)
        return str(frame.data)

    def _open_socket(self) -> aiohttp.ClientWebSocketResponse:
        if self._socket is None:
            raise BotError("not connected")
        return self._socket


class TurnedAway(BotError):
    """The server, or a proxy in front of it, lets nobody in, with a ``refusal``."""

    def __init__(self, url: str, refusal: Refusal) -> None:
        super().__init__(f"{url} refused the WebSocket: {refusal}")
        self.refusal = refusal


class ConnectionClosed(BotError):
    """The server has closed the WebSocket; ``code`` is RFC 6455's, None without a goodbye."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"the server closed the connection (code {code})")
        self.code = code


def _parse(frame: str) -> ServerMessage | None:
    """None for a message that is not known here: later servers may say more."""
    try:
        return parse_server(frame)
    except ProtocolError as error:
        if error.code == "unknown_type":
            return None
        raise BotError(f"the server broke the protocol: {error}") from error


def with_query(url: str, query: str) -> str:
    """A URL with one more parameter."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, query)))))


def reason(error: BaseException) -> str:
    """What went wrong, for people."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, aiohttp.ServerFingerprintMismatch):
        return "its certificate has another fingerprint"
    return str(error) or type(error).__name__
