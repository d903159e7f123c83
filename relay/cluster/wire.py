"""One end of a connection between two nodes: frames in order, and when it was last heard from."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from socket import SO_LINGER, SOL_SOCKET
from typing import Any, cast

MAX_FRAME_BYTES = 8 * 1024 * 1024
"""An answer to an operator about ten thousand users has some megabytes."""

MAX_FIRST_BYTES = 4096
"""Of a greeting: from whom it is, is not known yet."""

MAX_UNSENT_BYTES = MAX_UNREAD_BYTES = 2 * MAX_FRAME_BYTES
"""Whoever does not take what is sent by then has stopped, or says more than can be handled."""

TOO_MUCH = "says too much at once"
"""The reason of an end."""

_SIZE = struct.Struct("!I")
_AT_ONCE = struct.pack("ii", 1, 0)
"""SO_LINGER (socket(7)): nothing is waited for, and nothing more is sent."""

Taken = Callable[[bytes], bool]
Ended = Callable[[str], None]


class Wire(asyncio.Protocol):
    """Frames over a stream: a size in four bytes, and as many.

    The first frame is waited for; those after it are handed on from :meth:`begin` on.

    :param clock: seconds on a clock that never goes back.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.heard_at = self.sent_at = clock()
        """When anything has come last, be it a part of a frame; and when a frame was sent."""
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._buffer = bytearray()
        self._first: asyncio.Future[bytes] = self._loop.create_future()
        self._gone: asyncio.Future[None] = self._loop.create_future()
        self._transport: asyncio.Transport | None = None
        self._taken: Taken | None = None
        self._ended: Ended | None = None
        self._is_put_off = False
        self._reason = ""

    async def first(self) -> bytes:
        """The first frame.

        :raises EOFError: when the connection has ended; with the reason.
        """
        waited: set[asyncio.Future[Any]] = {self._first, self._gone}
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if not self._first.done():
            raise EOFError(self._reason)
        return self._first.result()

    def begin(self, taken: Taken, ended: Ended) -> None:
        """Hand on what comes from now on.

        :param taken: gets each frame; when it is true, the next one has to wait until what has been
            set off by this one has run.
        :param ended: called once, and never from within a call of this wire, with the reason.
        """
        self._taken, self._ended = taken, ended
        if self._gone.done():
            self._loop.call_soon(ended, self._reason)
        elif self._transport is not None:
            self._transport.resume_reading()
            self._put_off()

    def send(self, data: bytes) -> None:
        """Send a frame; nothing happens when the other end has gone."""
        if self._transport is None or self._transport.is_closing():
            return
        if len(data) > MAX_FRAME_BYTES:
            self.end("was to be told too much at once")
        elif self._transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self.end("does not take what is sent")
        else:
            self.sent_at = self._clock()
            self._transport.write(_SIZE.pack(len(data)) + data)

    def end(self, reason: str) -> None:
        """Break off, whatever is still to be sent."""
        self._reason = self._reason or reason
        if self._transport is not None:
            _reset(self._transport)
            self._transport.abort()

    async def close(self, patience_s: float) -> None:
        """Send what is to be sent, and close."""
        if self._transport is None:
            return
        self._transport.close()
        await asyncio.wait({self._gone}, timeout=patience_s)
        self._transport.abort()

    # what the event loop calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The handshake is over."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Something has come."""
        self.heard_at = self._clock()
        if self._reason:
            return
        self._buffer += data
        if len(self._buffer) > MAX_UNREAD_BYTES:
            self.end(TOO_MUCH)
        elif not self._is_put_off:
            self._read_on()

    def connection_lost(self, error: Exception | None) -> None:
        """It is over, for whatever reason."""
        self._reason = self._reason or _why(error)
        if not self._gone.done():
            self._gone.set_result(None)
        if self._ended is not None:
            self._ended(self._reason)

    def _put_off(self) -> None:
        """Read on when what is due now has run."""
        self._is_put_off = True
        self._loop.call_soon(self._read_on)

    def _read_on(self) -> None:
        self._is_put_off = False
        while not self._reason and (frame := self._next()) is not None:
            if self._taken is None:
                self._is_put_off = True  # until it begins
                self._first.set_result(frame)
                if self._transport is not None:
                    self._transport.pause_reading()
                return
            if self._taken(frame):
                self._put_off()
                return

    def _next(self) -> bytes | None:
        if len(self._buffer) < _SIZE.size:
            return None
        (size,) = _SIZE.unpack_from(self._buffer)
        if size > (MAX_FRAME_BYTES if self._taken is not None else MAX_FIRST_BYTES):
            self.end(TOO_MUCH)
            return None
        end = _SIZE.size + size
        if len(self._buffer) < end:
            return None
        frame = bytes(self._buffer[_SIZE.size : end])
        del self._buffer[:end]
        return frame


def _reset(transport: asyncio.Transport) -> None:
    """Have the other end learn of it at once, by a reset.

    A proper end waits behind all that has been sent and that nobody has confirmed: for ever, when
    nothing comes from there.
    """
    opened = transport.get_extra_info("socket")
    if opened is not None and opened.fileno() >= 0:
        opened.setsockopt(SOL_SOCKET, SO_LINGER, _AT_ONCE)


def _why(error: Exception | None) -> str:
    """Why a connection has ended: of TLS, what :mod:`relay.cluster.greeting` can read."""
    if error is None:
        return "has closed the connection"
    reason = getattr(error, "reason", None)
    return reason if isinstance(reason, str) else "has gone"
