"""Takes connections, and knows each from the moment that it is there.

aiohttp knows a connection only when TLS has shaken hands, and bounds neither how many there are nor
how long one may take to its first request. So the listening socket is read here. The loop is then
given the accepted socket, and a protocol in a wrapper that tells when it ends. By the first bytes
the wrapper knows whose protocol that is: aiohttp's, or that of whoever takes media.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler

from relay.door.clients import Client, Clients, DoorLimits, DoorTally
from relay.door.entrance import Entrance, Guests, MediaProtocol, ProtocolFactory
from relay.door.greeting import is_of_media
from relay.door.inherited import Inherited
from relay.door.listening import Listening, listen
from relay.door.turned import TurnedAway
from relay.logs import log_crash
from relay.pace import TokenBucket
from relay.source import bounded_source_of
from relay.ticking import Ticking

_TICK_S = 1.0
_ROOM = 64
"""How many connections make room at once when there is no descriptor left."""
_LOOK_EVERY_S = 0.01
_GRACE_S = 0.5
"""Until a door is closed: for the first words of those who came just before it was."""
_ROUNDS = 10
"""Of the event loop, until those are gone that were hung up on; one or two are needed."""


def _no_tls() -> None:
    """Speak HTTP."""


class Door:
    """Everybody who has come in to one server.

    Use: :meth:`attend` as the application's first middleware, :meth:`open` when it can serve,
    :meth:`close` before it shuts down.

    :param source_of: of an address, whom it counts for; empty when that is not bounded.
    :param clock: seconds on a clock that never goes back.
    :param media: makes the protocol of connections that carry media, if there may be any.
    :param inherited: what listens already, and need not be opened.
    """

    def __init__(
        self,
        limits: DoorLimits,
        source_of: Callable[[str], str] = bounded_source_of,
        clock: Callable[[], float] = time.monotonic,
        media: MediaProtocol | None = None,
        inherited: Inherited | None = None,
    ) -> None:
        self.tally = DoorTally()
        self._inherited = inherited or Inherited([])
        self._limits = limits
        self._clients = Clients(limits)
        self._source_of = source_of
        self._clock = clock
        self._media = media
        self._undecided: set[asyncio.Transport] = set()
        self._turned_away = TurnedAway()
        self._by_transport: dict[asyncio.Transport, Client] = {}
        self._tasks: set[asyncio.Task[None]] = set()  # those that are being let in
        self._listening: list[Listening] = []
        self._ticking = Ticking("door", _TICK_S, self.sweep, self._has_guests)

    def open(
        self,
        factory: ProtocolFactory | None,
        host: str,
        port: int,
        tls: Callable[[], ssl.SSLContext | None] = _no_tls,
    ) -> int:
        """Begin to accept; once more for another port.

        :param factory: makes the protocol of a connection for HTTP; None where there is none.
        :param tls: what TLS is spoken with, by a connection that comes now; None for no TLS.
        :param host: and ``port``, as for :func:`relay.door.listening.listen`.
        :returns: the port, which was chosen if it was 0.
        :raises OSError: when the address cannot be bound.
        """
        take = partial(self._let_in, factory, tls)
        sockets = self._inherited.take(port) or listen(host, port)
        listening = Listening(sockets, take, self._make_room)
        self._listening.append(listening)
        return listening.port

    async def close(self) -> None:
        """Accept no more; who is in stays, but for those whose TLS is not done, or who say nothing.

        They have a moment for that, since with systemd's socket nobody is to be refused by a server
        that is started anew. Harmless when it was called before.
        """
        self._ticking.stop()
        for listening in self._listening:
            listening.close()
        self._listening.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_S):
                while self._tasks or self._undecided:  # noqa: ASYNC110 - a handful of turns
                    await asyncio.sleep(_LOOK_EVERY_S)
        for transport in list(self._undecided):
            transport.abort()
        ending = set(self._tasks)
        for task in ending:
            task.cancel()
        if ending:
            await asyncio.wait(ending)

    async def end(self) -> None:
        """After :meth:`close`, and after all was said: nobody stays.

        Whoever does not answer TLS' goodbye would be there when the loop is closed.
        """
        for transport in [*self._by_transport]:
            transport.abort()
        for _ in range(_ROUNDS):
            if not self._by_transport:
                break
            await asyncio.sleep(0)

    def counts(self) -> dict[str, int]:
        """How many connections there are, by what they do."""
        return self._clients.counts()

    @web.middleware
    async def attend(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note that a connection is busy while its request is answered."""
        client = self._by_transport.get(request.transport) if request.transport else None
        if client is None:  # it has just gone
            return await handler(request)
        self._clients.ask(client)
        try:
            return await handler(request)
        finally:
            self._clients.rest(client, self._clock())

    def sweep(self) -> None:
        """End the connections that have said nothing for too long; say so when they are many."""
        now = self._clock()
        for client, what in [*self._clients.overdue(now)]:
            self.tally.drops[what] += 1
            self._end(client)
        self._turned_away.tell(self.tally, len(self._clients), now)

    def _let_in(
        self,
        factory: ProtocolFactory | None,
        tls: Callable[[], ssl.SSLContext | None],
        accepted: socket.socket,
        address: str,
    ) -> None:
        self._ticking.wake()
        source = self._source_of(address)
        refusal = self._refusal(source)
        if refusal is not None:
            self.tally.refusals[refusal] += 1
            accepted.close()
            return
        self.tally.admitted += 1
        client = Client(source)
        welcome = self._own(self._welcome(factory, tls(), accepted, client), "door welcome")
        client.hang_up = welcome.cancel
        self._clients.come(client, self._clock())
        welcome.add_done_callback(partial(self._welcomed, accepted, client))

    def _refusal(self, source: str) -> str | None:
        """Why a connection cannot be taken; somebody else may have to go for it."""
        if not self._clients.may_come(source):
            return "source"
        if self._clients.is_full() and not self._evict():
            return "full"
        return None

    async def _welcome(
        self,
        factory: ProtocolFactory | None,
        tls: ssl.SSLContext | None,
        accepted: socket.socket,
        client: Client,
    ) -> None:
        loop = asyncio.get_running_loop()
        if tls is not None and self._media is not None and await _is_plain_media(accepted):
            tls = None
        entrance = partial(self._entrance, factory, client, is_tls=tls is not None)
        try:
            await loop.connect_accepted_socket(entrance, accepted, ssl=tls)
        except OSError:  # those of TLS are, too
            self.tally.drops["handshake"] += 1
            self._clients.leave(client)
            accepted.close()

    def _entrance(
        self, factory: ProtocolFactory | None, client: Client, *, is_tls: bool
    ) -> Entrance:
        budget = TokenBucket(self._limits.bytes_per_s, self._limits.bytes_burst)
        guests = Guests(factory, self._media, is_tls, partial(self._clients.ask, client))
        take = partial(self._take, client, budget)
        return Entrance(guests, partial(self._entered, client), take, self._undecided)

    def _welcomed(self, accepted: socket.socket, client: Client, task: asyncio.Task[None]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._clients.leave(client)
            accepted.close()
        log_crash(task)

    def _entered(self, client: Client, transport: asyncio.Transport) -> Callable[[], None]:
        """The handshake is done; returns what is to be called when the connection has ended."""
        client.hang_up = transport.abort
        self._by_transport[transport] = client
        return partial(self._left, client, transport)

    def _left(self, client: Client, transport: asyncio.Transport) -> None:
        del self._by_transport[transport]
        self._clients.leave(client)

    def _take(self, client: Client, budget: TokenBucket, size: int) -> bool:
        """Whether so many bytes can be taken; if not, the connection ends."""
        if budget.spend(self._clock(), size) >= 0:
            return True
        self.tally.drops["flood"] += 1
        self._end(client)
        return False

    def _has_guests(self) -> bool:
        return len(self._clients) > 0 or self._turned_away.has_more

    def _make_room(self) -> bool:
        self.tally.refusals["files"] += 1
        return sum(self._evict() for _ in range(_ROOM)) > 0

    def _evict(self) -> bool:
        """End the connection that can best be done without, if there is one."""
        client = self._clients.expendable()
        if client is None:
            return False
        self.tally.drops["evicted"] += 1
        self._end(client)
        return True

    def _end(self, client: Client) -> None:
        self._clients.leave(client)
        client.hang_up()

    def _own(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


async def _is_plain_media(accepted: socket.socket) -> bool:
    """Whether what begins where TLS is spoken is media without it; nothing is read of it."""
    loop = asyncio.get_running_loop()
    readable = asyncio.Event()
    loop.add_reader(accepted, readable.set)
    try:
        await readable.wait()
    finally:
        loop.remove_reader(accepted)
    try:
        return is_of_media(accepted.recv(1, socket.MSG_PEEK))
    except OSError:  # it has gone
        return False
