"""A load balancer: each new connection goes to a server that is ready."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import aiohttp

_CHUNK = 65_536
_PATIENCE = aiohttp.ClientTimeout(total=1.0)
"""For a server that is asked whether it is ready: one that stands still takes connections."""


class Balancer:
    """Passes TCP connections on; those that there are stay where they are.

    :param urls: of the servers; to the first one goes whoever comes when none is ready.
    :param takes_turns: whether it is another one each time; else it is the first that is ready. One
        that does not answer is the last from then on.
    :param host: the IPv4 address that it listens on.
    """

    def __init__(self, *urls: str, takes_turns: bool = False, host: str = "127.0.0.1") -> None:
        self._urls = list(urls)
        self._takes_turns = takes_turns
        self._host = host
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, self._host, 0)
        self.url = f"http://{self._host}:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._server
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._pass_on(reader, writer), name="balancer")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            chosen = urlsplit(await self._choose())
            there, back = await asyncio.open_connection(chosen.hostname, chosen.port)
        except OSError:
            writer.close()
            return
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_pump(reader, back))
                group.create_task(_pump(there, writer))
        except* OSError:
            pass  # one end has gone, and so has the other
        finally:
            for each in (writer, back):
                each.transport.abort()
            closed = (each.wait_closed() for each in (writer, back))
            await asyncio.gather(*closed, return_exceptions=True)

    async def _choose(self) -> str:
        if self._takes_turns:
            self._urls.append(self._urls.pop(0))
        async with aiohttp.ClientSession(timeout=_PATIENCE) as http:
            for url in list(self._urls):
                try:
                    async with http.get(f"{url}/ready") as answer:
                        if answer.status == 200:
                            return url
                except TimeoutError:
                    self._urls.sort(key=url.__eq__)
                except aiohttp.ClientError:
                    continue
        return self._urls[0]


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
    writer.write_eof()
