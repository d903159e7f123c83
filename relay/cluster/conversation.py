"""Another node, as long as the connection to it lasts: what it is asked and told, and answers."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import structlog

from relay.cluster.interface import Node
from relay.cluster.messages import VOCABULARY, Beat, Refused
from relay.cluster.wire import Wire
from relay.errors import ClusterError, NodeLost, NotUnderstood

MAX_ASKED = 4096
"""Requests to one node that wait for an answer."""

MAX_HANDLED = 1024
"""Requests of one node that are being handled; further ones are refused."""

log = structlog.get_logger(__name__)

Serve = Callable[[str, Any], Awaitable[object]]
Hear = Callable[[str, Any], None]


@dataclass(slots=True)
class Handlers:
    """What is done with what comes, by its kind."""

    serving: dict[type, Serve] = field(default_factory=dict)
    hearing: dict[type, Hear] = field(default_factory=dict)


@dataclass(slots=True)
class Counts:
    """Of all connections."""

    sent: int = 0
    received: int = 0
    unknown: int = 0
    """Messages of kinds that nodes of this release do not know."""
    lost: int = 0
    """Nodes that were spoken to, and went without taking leave."""


class Conversation:
    """A node that has introduced itself.

    Both ends ask: whoever has connected gives its requests odd numbers, the other one even ones,
    and what has a number of one's own is an answer.

    :param is_caller: whether this end has connected.
    """

    def __init__(
        self, node: Node, wire: Wire, handlers: Handlers, counts: Counts, *, is_caller: bool
    ) -> None:
        self.node, self.wire = node, wire
        self._handlers, self._counts = handlers, counts
        self._numbers = itertools.count(1 if is_caller else 2, 2)
        self._own = 1 if is_caller else 0
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._handled: set[asyncio.Task[None]] = set()
        self._is_over = False
        self.has_left = False
        """Whether it has taken leave."""

    async def ask(self, request: object, patience_s: float) -> Any:
        """See :meth:`relay.cluster.Cluster.ask`."""
        name = self.node.name
        if self._is_over:
            raise NodeLost(f"node {name} has gone")
        if len(self._asked) >= MAX_ASKED:
            raise ClusterError(f"node {name} is asked too much at once")
        number = next(self._numbers)
        answered = self._asked[number] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(patience_s):
                self._send(request, number)
                answer = await answered
        except TimeoutError:
            raise NodeLost(f"node {name} does not answer") from None
        finally:
            del self._asked[number]
        match answer:
            case NodeLost():
                raise answer
            case Refused(reason):
                raise ClusterError(f"node {name} refuses: {reason}")
            case None:
                raise ClusterError(f"node {name} answers what is not understood")
        return answer

    def tell(self, message: object) -> None:
        """See :meth:`relay.cluster.Cluster.tell`."""
        self._send(message, 0)

    def take(self, frame: bytes) -> bool:
        """Take a frame; true when the next one has to wait for what this one has set off.

        So an answer is with whoever has asked, and a request with its handler, before what was sent
        after it is read.
        """
        try:
            message, number = VOCABULARY.read(frame)
        except NotUnderstood as error:
            self.wire.end(str(error))
            return False
        self._counts.received += 1
        self._counts.unknown += message is None
        if not number:
            self._hear(message)
            return False
        if number % 2 == self._own:
            self._answered(number, message)
        else:
            self._handle(number, message)
        return True

    def end(self) -> None:
        """Nothing is heard from it any more: whoever waits for an answer is told so."""
        self._is_over = True
        for answered in self._asked.values():
            if not answered.done():
                answered.set_result(NodeLost(f"node {self.node.name} has gone"))

    async def drained(self, patience_s: float) -> None:
        """Wait until its requests are handled, and break off what takes longer."""
        if self._handled:
            _, slow = await asyncio.wait(self._handled, timeout=patience_s)
            for task in slow:
                task.cancel()

    def _send(self, message: object, number: int) -> None:
        if self._is_over:
            return
        self._counts.sent += 1
        self.wire.send(VOCABULARY.write(message, number))

    def _hear(self, message: object) -> None:
        handler = self._handlers.hearing.get(type(message))
        if handler is None or isinstance(message, Beat):
            return
        try:
            handler(self.node.name, message)
        except Exception:
            log.exception("node_message_failed", node=self.node.name, kind=type(message).__name__)

    def _answered(self, number: int, answer: object) -> None:
        answered = self._asked.get(number)
        if answered is not None and not answered.done():
            answered.set_result(answer)

    def _handle(self, number: int, request: object) -> None:
        handler = self._handlers.serving.get(type(request))
        if handler is None:
            self._send(Refused("not understood"), number)
        elif len(self._handled) >= MAX_HANDLED:
            self._send(Refused("busy"), number)
        else:
            task = asyncio.create_task(
                self._answer(handler, request, number), name=f"request of node {self.node.name}"
            )
            self._handled.add(task)
            task.add_done_callback(self._handled.discard)

    async def _answer(self, handler: Serve, request: object, number: int) -> None:
        if self._is_over:  # before its turn has come: the node may be another by now
            return
        try:
            self._send(await handler(self.node.name, request), number)
        except Exception:
            log.exception("node_request_failed", node=self.node.name, kind=type(request).__name__)
            self._send(Refused("failed"), number)
