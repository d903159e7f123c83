"""A client whose session outlives its sockets: it comes back by itself, and nothing is missing."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import chain, repeat

import aiohttp

from relay.bots.address import Trusted
from relay.bots.client import DEFAULT_TIMEOUT_S, Client, ConnectionClosed, reason, with_query
from relay.errors import BotError
from relay.protocol.messages import ClientMessage, Connected, Error, Resume, Resumed, ServerMessage

_SOON_S = (0.0, 0.3, 1.2)
_LATER_S = (3.0, 6.0)
_MOST_S = 10.0
_GIVE_UP_S = 1.0
_RIGHT_BACK = 4000
"""The code of a client that comes back with another socket: docs/protocol.md, "Close codes"."""
_KEPT = 1024
"""Messages that may not have arrived; more in one outage cannot be sent again."""


def pauses_s() -> Iterator[float]:
    """How long to wait before each try: three soon, then later and later, with some randomness."""
    later = chain(_LATER_S, repeat(_MOST_S))
    return chain(_SOON_S, (pause_s * random.uniform(0.7, 1.0) for pause_s in later))  # noqa: S311


class ResumingClient(Client):
    """As :class:`Client`; a socket that is lost is followed by another in the same session.

    Meanwhile what is sent waits, and whoever reads does. When the session cannot be had any more
    the connection counts as closed.

    :param resumed: called each time when it has come back.
    :param moves: whether it goes to another server when it is told to; else it is let go in time.
    """

    _heartbeat_s = 10.0

    def __init__(
        self,
        url: str,
        resumed: Callable[[], None],
        *,
        moves: bool = False,
        ssl: Trusted = True,
    ) -> None:
        super().__init__(url, ssl)
        self._entrance = with_query(url, "resume=new&move=1" if moves else "resume=new")
        self._resumed = resumed
        self._back_url = with_query(url, "resume=back")
        self._token: str | None = None
        self._within_s = 0.0
        self._received = 0
        self._sent = 0
        self._kept: deque[str] = deque(maxlen=_KEPT)  # the last ones that were sent
        self._is_away = False

    async def close(self) -> None:
        """Close the WebSocket, and the session with it; harmless when repeated."""
        self._token = None
        await super().close()

    async def send(self, message: ClientMessage) -> None:
        """Send a message, now or when the socket is back.

        :raises BotError: when the session is over.
        """
        if self._token is None:
            await super().send(message)
            self._sent += 1
            return
        frame = message.encode()
        self._kept.append(frame)
        self._sent += 1
        if not self._is_away:
            try:
                await self._open_socket().send_str(frame)
            except (aiohttp.ClientError, ConnectionError):
                return  # whoever reads sees it too, and then it is sent again

    @property
    def _is_over(self) -> bool:
        return self._token is None and super()._is_over

    def _take(self, frame: str) -> ServerMessage | None:
        message = super()._take(frame)
        if isinstance(message, Connected):
            self._token, self._within_s = message.resume_token, message.resume_within or 0.0
        else:
            self._received += 1
        return message

    async def _read_frame(self) -> str:
        while True:
            try:
                return await super()._read_frame()
            except ConnectionClosed as closed:
                if self._token is None or closed.code is not None:
                    self._token = None
                    raise
            await self._come_back()

    async def _come_back(self) -> None:
        """Try until the session goes on.

        :raises ConnectionClosed: when it cannot any more.
        """
        self._is_away = True
        until = time.monotonic() + self._within_s + _MOST_S
        for pause_s in pauses_s():
            await asyncio.sleep(pause_s)
            if self._token is None or time.monotonic() > until:
                break
            try:
                resumed = await self._resume(self._token)
            except BotError:
                continue  # it cannot be reached, or was lost again
            if resumed is None:
                self.was_forgotten = True
                break
            if await self._send_again(resumed.received):
                return
        self._token = None
        raise ConnectionClosed(None)

    async def _resume(self, token: str) -> Resumed | None:
        """Open another socket, and ask for the session; none when that cannot be had."""
        await self._open(self._back_url, DEFAULT_TIMEOUT_S)
        socket = self._open_socket()
        request = Resume(resume_token=token, received=self._received)
        try:
            async with asyncio.timeout(DEFAULT_TIMEOUT_S):
                await socket.send_str(request.encode())
                while True:
                    answer = super()._take(await super()._read_frame())
                    if isinstance(answer, Resumed):
                        self._token = answer.resume_token
                        return answer
                    if isinstance(answer, Error):
                        await socket.close()
                        return None
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            await _give_up(socket)
            raise BotError(f"the connection is lost: {reason(error)}") from error

    async def _send_again(self, received: int) -> bool:
        """Send what the server has not got, and what was to be sent meanwhile.

        :returns: false when the socket is lost again.
        """
        arrived = received
        while arrived < self._sent:
            missing = self._sent - arrived
            if missing > len(self._kept):
                raise BotError(f"{missing} messages are missing, and not all are kept")
            try:
                await self._open_socket().send_str(self._kept[-missing])
            except (aiohttp.ClientError, ConnectionError):
                return False
            arrived += 1
        self._is_away = False
        self._resumed()
        return True


async def _give_up(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Close one that does not answer; the server may have heard, and waits for the next one."""
    with suppress(TimeoutError, aiohttp.ClientError, ConnectionError):
        async with asyncio.timeout(_GIVE_UP_S):
            await socket.close(code=_RIGHT_BACK)
