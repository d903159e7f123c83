"""One WebSocket, as who serves it hears it and speaks by it: frames are paid, pings answered."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from aiohttp import WebSocketError, WSMessage, WSMsgType, web

from relay.pace import TokenBucket
from relay.signaling.limits import Limits
from relay.signaling.outbox import Closing

_FRAME_COST_BYTES = 2048
"""What a frame costs beside its length, a ping as any other."""
UNSENT_BYTES = 16 * 1024
"""So much may wait in the kernel, and as much in this process, after the outbox."""
GRACE_S = 2.0
"""How long a socket that is closed from this side may take to be written out and answered."""

_WORDS = frozenset({WSMsgType.TEXT, WSMsgType.BINARY})


@dataclass(frozen=True, slots=True)
class Heard:
    """A frame with a message in it."""

    data: str | bytes
    is_paid: bool = True
    """Else more has come than is paid for, and it is ignored."""


@dataclass(frozen=True, slots=True)
class Overdrawn:
    """Far more has come than is paid for: no more is read."""


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Nothing more comes."""

    code: int | None = None
    """Of a close frame, or of what was wrong; None when the socket is lost."""
    reason: str = ""


class Socket(Protocol):
    """What a client's frames come by, and go by to it."""

    @property
    def close_code(self) -> int | None:
        """With which it was closed, once it is."""

    async def hear(self) -> Heard | Overdrawn | Goodbye:
        """What comes next."""

    async def tell(self, frame: bytes) -> None:
        """Send a text frame; wait while much is under way already.

        :raises ConnectionError: when it is lost.
        """

    async def close(self, closing: Closing) -> None:
        """Close it in good form, if it can be written to."""

    def drop(self) -> None:
        """Let go of it, once nothing is to be sent any more."""


class Wire:
    """A socket that is here.

    :param transport: its own; None when it is lost already.
    :param clock: seconds on a clock that never goes back.
    :param first: a frame that has been read already.
    """

    def __init__(
        self,
        opened: web.WebSocketResponse,
        transport: asyncio.Transport | None,
        limits: Limits,
        clock: Callable[[], float],
        first: WSMessage | None = None,
    ) -> None:
        self._socket = opened
        self._transport = transport
        self._clock = clock
        self._first = first
        self._overdraft_bytes = limits.frame_bytes_burst
        self._paid_bytes = TokenBucket(
            limits.frame_bytes_per_message * limits.messages_per_s, limits.frame_bytes_burst
        )
        self._hold_little()

    @property
    def close_code(self) -> int | None:
        """See :class:`Socket`."""
        code = self._socket.close_code  # an IntEnum, which would be logged by its name
        return None if code is None else int(code)

    async def hear(self) -> Heard | Overdrawn | Goodbye:
        """See :class:`Socket`. Nothing waits here, since what has come takes memory until then."""
        while True:
            frame, self._first = self._first or await self._socket.receive(), None
            if frame.type in {WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED}:
                return Goodbye(frame.data if frame.type is WSMsgType.CLOSE else None)
            if frame.type is WSMsgType.ERROR:
                is_theirs = isinstance(frame.data, WebSocketError)
                return Goodbye(frame.data.code if is_theirs else None)
            left = self._pay(frame)
            if left < -self._overdraft_bytes:
                if self._transport is not None:
                    self._transport.pause_reading()  # it would not stop
                return Overdrawn()
            if frame.type in _WORDS:
                return Heard(frame.data, is_paid=left >= 0)
            if frame.type is WSMsgType.PING and left >= 0:
                with suppress(ConnectionError):  # which is heard of next
                    await self._socket.pong(frame.data)

    def _pay(self, frame: WSMessage) -> float:
        """What is left then, in bytes."""
        size = len(frame.data) if isinstance(frame.data, str | bytes) else 0
        return self._paid_bytes.spend(self._clock(), _FRAME_COST_BYTES + size)

    async def tell(self, frame: bytes) -> None:
        """See :class:`Socket`."""
        await self._socket.send_frame(frame, WSMsgType.TEXT)

    async def close(self, closing: Closing) -> None:
        """See :class:`Socket`.

        Not after a cancelled :meth:`tell`: aiohttp's next write would then be cancelled, too (they
        share a future), and that would look as if the calling task had been.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(2 * GRACE_S):
                await self._socket.close(code=closing.code, message=closing.reason.encode())

    def drop(self) -> None:
        """Let go of a peer that has not read what was written, for which aiohttp would wait."""
        transport = self._transport
        # One of TLS that closes cannot tell what it still holds, and waits for the peer's goodbye.
        if transport is not None and (transport.is_closing() or transport.get_write_buffer_size()):
            transport.abort()

    def cut(self) -> None:
        """Lose it without a word, so that its client comes back with another."""
        if self._transport is not None:
            self._transport.abort()

    def _hold_little(self) -> None:
        """Have what is not sent wait in the outbox, which is bounded, and not before the pings."""
        if self._transport is None:
            return
        self._transport.set_write_buffer_limits(UNSENT_BYTES)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # else the kernel holds what it likes
            opened = self._transport.get_extra_info("socket")
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
