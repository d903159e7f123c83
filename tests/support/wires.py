"""What a client over TCP does by hand: framed checks, TURN requests, and media through a wire."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import cast

from aioice import stun

from relay.tunnel.credentials import key_of

PATIENCE_S = 20
UDP = 17 << 24


class Framed:
    """An ICE-TCP connection, as a datagram socket to whoever sends to :attr:`address`.

    A thin peer speaks UDP: it sends here, and here it goes on over TCP.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind(("127.0.0.1", 0))
        self.address: tuple[str, int] = self._socket.getsockname()
        self._peer: tuple[str, int] | None = None
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._socket, self._on_datagram)
        self._reading = asyncio.create_task(self._read(), name="framed wire")

    @classmethod
    async def connect(cls, port: int) -> Framed:
        return cls(*await asyncio.open_connection("127.0.0.1", port))

    async def close(self) -> None:
        self._loop.remove_reader(self._socket)
        self._socket.close()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        self._writer.close()

    def pause(self) -> None:
        """Read nothing of what comes over TCP."""
        cast("asyncio.Transport", self._writer.transport).pause_reading()

    def resume(self) -> None:
        """Read on."""
        cast("asyncio.Transport", self._writer.transport).resume_reading()

    def _on_datagram(self) -> None:
        data, self._peer = self._socket.recvfrom(4096)
        self._writer.write(struct.pack("!H", len(data)) + data)

    async def _read(self) -> None:
        while True:
            (size,) = struct.unpack("!H", await self._reader.readexactly(2))
            data = await self._reader.readexactly(size)
            if self._peer is not None:
                self._socket.sendto(data, self._peer)


class TurnClient:
    """Says by hand what a client of TURN says."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, server: dict[str, str]
    ) -> None:
        self.reader, self.writer = reader, writer
        self._username, self._password = server["username"], server["credential"]
        self._realm, self._nonce = "", b""

    @classmethod
    async def connect(
        cls, port: int, server: dict[str, str], host: str = "127.0.0.1"
    ) -> TurnClient:
        return cls(*await asyncio.open_connection(host, port), server)

    def request(self, method: stun.Method, **attributes: object) -> bytes:
        message = stun.Message(message_method=method, message_class=stun.Class.REQUEST)
        for name, value in attributes.items():
            message.attributes[name.replace("_", "-")] = value
        if self._realm:
            message.attributes["USERNAME"] = self._username
            message.attributes["REALM"] = self._realm
            message.attributes["NONCE"] = self._nonce
            message.add_message_integrity(key_of(self._username, self._realm, self._password))
        return bytes(message)

    async def ask(self, method: stun.Method, **attributes: object) -> stun.Message:
        self.writer.write(self.request(method, **attributes))
        async with asyncio.timeout(PATIENCE_S):
            head = await self.reader.readexactly(20)
            body = await self.reader.readexactly(int.from_bytes(head[2:4], "big"))
        return stun.parse_message(head + body)

    async def allocate(self) -> stun.Message:
        refused = await self.ask(stun.Method.ALLOCATE, REQUESTED_TRANSPORT=UDP)
        assert refused.error_code == 401
        self._realm = refused.attributes["REALM"]
        self._nonce = refused.attributes["NONCE"]
        return await self.ask(stun.Method.ALLOCATE, REQUESTED_TRANSPORT=UDP)

    async def is_cut_off(self) -> bool:
        """Wait for the end, whatever else comes before it."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                while await self.reader.read(65536):
                    pass
        except ConnectionError:
            pass
        return True


async def until(true: Callable[[], bool]) -> None:
    """Wait for what no event tells."""
    async with asyncio.timeout(PATIENCE_S):
        while not true():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
