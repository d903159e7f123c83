"""A web proxy that knows CONNECT alone (RFC 9110 section 9.3.6), as an office has it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.browser.cable import join
from tests.browser.namespace import Place

PORT = 3128


class Proxy:
    """Lets everybody through to one port of one host, by its name alone."""

    def __init__(self, place: Place, name: str, to: tuple[str, int]) -> None:
        """:param to: where the name leads."""
        self.asked: list[str] = []
        """For which hosts and ports."""
        self._place, self._name, self._to = place, name, to

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        method, where, _ = head.decode().split(" ", 2)
        self.asked.append(f"{method} {where}")
        if method != "CONNECT" or where != f"{self._name}:{self._to[1]}":
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        outside = self._place.connection()
        await asyncio.get_running_loop().sock_connect(outside, self._to)
        far_reader, far_writer = await asyncio.open_connection(sock=outside)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await join((reader, writer), (far_reader, far_writer))


@asynccontextmanager
async def proxy(place: Place, name: str, to: tuple[str, int]) -> AsyncIterator[Proxy]:
    """One on a place, to a host by its name, and its port."""
    made, listening = Proxy(place, name, to), place.connection()
    listening.bind(("", PORT))
    server = await asyncio.start_server(made.take, sock=listening)
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()
