"""How messages get from a front to a worker and back: over a Unix stream socket, in order.

A frame is its size, and a message of :mod:`relay.workers.messages` or, since there are many of
them, a tapped packet in a form of its own.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from contextlib import suppress
from typing import Any

from relay.errors import WorkerError
from relay.plane import Direction, TappedPacket
from relay.workers import messages

MAX_FRAME_BYTES = 32 * 1024 * 1024
"""A view of ten thousand tracks has 8 MB."""

MAX_UNSENT_BYTES = 64 * 1024 * 1024
"""Whoever does not take what is sent by then has stopped."""

MAX_UNSENT_TAP_BYTES = 1024 * 1024
"""Beyond, tapped packets are dropped: they are not to fill the memory of a worker."""

_SIZE = struct.Struct("!I")
_TAPPED = struct.Struct("!BIBBd")  # zero, the tap, direction and kind and repair, unused, moment
_TAPPED_MARK = 0  # no message begins with it
_KINDS = ("audio", "video")
_CREDENTIALS = struct.Struct("3i")  # process, user, group
_SOL_LOCAL, _LOCAL_PEERPID = 0, 2


class Channel:
    """One end of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def over(cls, connected: socket.socket) -> Channel:
        """Over a socket that is connected, which belongs to the channel from now on."""
        return cls(*await asyncio.open_unix_connection(sock=connected))

    @property
    def is_open(self) -> bool:
        """Whether anything sent has a chance to arrive."""
        return not self._writer.is_closing()

    def send(self, message: object, number: int = 0) -> None:
        """Send a message; nothing happens when the other end has gone."""
        self._send(messages.write(message, number))

    def send_tapped(self, tap: int, packet: TappedPacket) -> bool:
        """Send what a tap sees; False when there is no room for it."""
        if self._writer.transport.get_write_buffer_size() > MAX_UNSENT_TAP_BYTES:
            return False
        flags = (
            (packet.direction is Direction.DOWN)
            | _KINDS.index(packet.kind) << 1
            | packet.is_repair << 2
        )
        head = _TAPPED.pack(_TAPPED_MARK, tap, flags, 0, packet.at_s)
        self._send(head + packet.data)
        return True

    async def receive(self) -> tuple[Any, int]:
        """The next message and its number; of a tapped packet, itself and its tap.

        :raises EOFError: when the other end has gone.
        :raises WorkerError: when what came is no message.
        """
        try:
            (size,) = _SIZE.unpack(await self._reader.readexactly(_SIZE.size))
            if size > MAX_FRAME_BYTES:
                raise WorkerError("says too much at once")
            data = await self._reader.readexactly(size)
        except (asyncio.IncompleteReadError, ConnectionError):
            raise EOFError from None
        if data[:1] == bytes([_TAPPED_MARK]):
            return _tapped(data)
        return messages.read(data)

    async def close(self) -> None:
        """Send what is to be sent, and close."""
        self._writer.close()
        with suppress(ConnectionError):  # it has gone already
            await self._writer.wait_closed()

    def _send(self, data: bytes) -> None:
        if self._writer.is_closing():
            return
        if self._writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            self._writer.transport.abort()
        else:
            self._writer.write(_SIZE.pack(len(data)) + data)


def _tapped(data: bytes) -> tuple[TappedPacket, int]:
    if len(data) < _TAPPED.size:
        raise WorkerError("says what is no packet")
    _, tap, flags, _, at_s = _TAPPED.unpack_from(data)
    direction = Direction.DOWN if flags & 1 else Direction.UP
    kind, is_repair = _KINDS[flags >> 1 & 1], bool(flags & 4)
    return TappedPacket(direction, kind, is_repair, at_s, data[_TAPPED.size :]), tap


def peer_process(connected: socket.socket) -> int | None:
    """The process that listens where a Unix socket is connected to; None where it is not told.

    See unix(7) of Linux and of macOS, of which Python knows no names of constants.
    """
    if sys.platform == "linux":
        told = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        return int(_CREDENTIALS.unpack(told)[0]) or None  # 0: of another PID namespace
    if sys.platform == "darwin":
        return connected.getsockopt(_SOL_LOCAL, _LOCAL_PEERPID)
    return None
