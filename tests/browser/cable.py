"""A way to a server that can be pulled out and plugged in again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Cable:
    """Passes TCP connections on; :meth:`cut` ends them, :meth:`pull` lets no new ones through."""

    def __init__(self, port: int) -> None:
        self.url = ""
        self._port = port
        self._plugged = True
        self._writers: set[asyncio.StreamWriter] = set()

    def pull(self) -> None:
        self._plugged = False
        self.cut()

    def cut(self) -> None:
        """End what goes through it now; what comes next passes."""
        for writer in self._writers:
            writer.transport.abort()

    def plug(self) -> None:
        self._plugged = True

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self._plugged:
            writer.transport.abort()
            return
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._port)
        self._writers |= {writer, far_writer}
        await join((reader, writer), (far_reader, far_writer))
        self._writers -= {writer, far_writer}


End = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def join(one: End, other: End) -> None:
    """Pass on what comes from each of two connections, until both have ended."""
    async with asyncio.TaskGroup() as ways:
        ways.create_task(_copy(one[0], other[1]))
        ways.create_task(_copy(other[0], one[1]))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()


@asynccontextmanager
async def cable(port: int) -> AsyncIterator[Cable]:
    """A cable to a port of this machine."""
    made = Cable(port)
    server = await asyncio.start_server(made.carry, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield made
    finally:
        server.close()
        made.pull()
        await server.wait_closed()
