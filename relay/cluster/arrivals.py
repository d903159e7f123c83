"""Who knocks at the cluster's port: a handshake for each, and not many at once."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Set

import structlog

from relay.cluster.greeting import BUSY, of_tls
from relay.cluster.refusals import Refusals
from relay.cluster.wire import Wire
from relay.errors import reason_of
from relay.logs import log_crash
from relay.pace import Seldom

MAX_STRANGERS = 32
"""Connections at once of whom nothing is known; the oldest makes room for another."""

MAX_KNOWN = 256
"""The same of those that come from where a node is."""

_BACKLOG = 128
_RETRY_S = 1.0
_TOLD_EVERY_S = 60.0

_Waiting = dict[asyncio.Task[None], None]  # in the order in which they came

log = structlog.get_logger(__name__)


class Arrivals:
    """Listens, and does the handshakes.

    :param context: of TLS.
    :param let_in: what comes after a handshake; it may take some seconds.
    :param patience_s: how long a handshake may take, and ``closing_s`` its end.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        let_in: Callable[[Wire], Awaitable[None]],
        refusals: Refusals,
        clock: Callable[[], float],
        *,
        patience_s: float,
        closing_s: float,
    ) -> None:
        self.known: Set[str] = frozenset()
        """Addresses at which nodes are, as far as is known."""
        self._context, self._let_in, self._refusals = context, let_in, refusals
        self._clock, self._patience_s, self._closing_s = clock, patience_s, closing_s
        self._socket: socket.socket | None = None
        self._accepting: asyncio.Task[None] | None = None
        self._not_accepted = Seldom(_TOLD_EVERY_S)
        self._strangers: _Waiting = {}
        self._expected: _Waiting = {}

    def bind(self, host: str, port: int) -> None:
        """Have the port.

        :raises OSError: when it cannot be had.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.socket(family, socket.SOCK_STREAM)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, port))
            listening.listen(_BACKLOG)
            listening.setblocking(False)
        except OSError:
            listening.close()
            raise
        self._socket = listening

    def start(self) -> None:
        """Let them in; the port has to be there."""
        if self._socket is None:
            raise RuntimeError("there is no port yet")
        self._accepting = asyncio.create_task(self._accept(self._socket), name="nodes' door")
        self._accepting.add_done_callback(log_crash)

    async def close(self) -> None:
        """Close the port, and break off what has not come in."""
        tasks = [*self._strangers, *self._expected]
        if self._accepting is not None:
            tasks.append(self._accepting)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        if self._socket is not None:
            self._socket.close()

    async def _accept(self, listening: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                connected, address = await loop.sock_accept(listening)
            except OSError as error:  # too many descriptors, or it has gone again
                suppressed = self._not_accepted.due(self._clock())
                if suppressed is not None:
                    reason = reason_of(error)
                    log.warning("node_not_accepted", reason=reason, suppressed=suppressed)
                await asyncio.sleep(_RETRY_S)
                continue
            task = asyncio.create_task(self._greet(connected), name="node at the door")
            task.add_done_callback(log_crash)
            if address[0] in self.known:
                self._wait(task, self._expected, MAX_KNOWN)
            else:
                self._wait(task, self._strangers, MAX_STRANGERS)

    def _wait(self, task: asyncio.Task[None], waiting: _Waiting, most: int) -> None:
        if len(waiting) >= most:
            oldest = next(iter(waiting))
            del waiting[oldest]
            oldest.cancel()
            self._refusals.note(BUSY)
        waiting[task] = None
        task.add_done_callback(lambda task: waiting.pop(task, None))

    async def _greet(self, connected: socket.socket) -> None:
        wire = Wire(self._clock)
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: wire,
                connected,
                ssl=self._context,
                ssl_handshake_timeout=self._patience_s,
                ssl_shutdown_timeout=self._closing_s,
            )
        except OSError as error:
            self._refusals.note(of_tls(error))
            return
        except asyncio.CancelledError:
            connected.close()
            raise
        try:
            await self._let_in(wire)
        except asyncio.CancelledError:
            wire.end("is not waited for")
            raise
