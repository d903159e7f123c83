"""All other nodes: those that are known are connected to, and those that connect are let in.

Of two nodes the one with the smaller name connects. A connection on which nothing comes for three
seconds is lost, and with it the other node, until there is another connection.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

import structlog

from relay.cluster.arrivals import Arrivals
from relay.cluster.conversation import Conversation, Counts, Handlers
from relay.cluster.greeting import (
    GONE,
    SILENT,
    UNREACHABLE,
    NotWelcome,
    introduced,
    of_end,
    of_tls,
    require_free,
    require_same,
)
from relay.cluster.interface import ANSWER_S, M, Node
from relay.cluster.messages import VERSION, VOCABULARY, Beat, Hello, Leaving, Refused
from relay.cluster.refusals import Refusals
from relay.cluster.trust import Trust
from relay.cluster.wire import Wire
from relay.errors import NodeLost
from relay.logs import log_crash

BEAT_S = 1.0
"""How often a node says at least something."""

LOST_S = 3.0
"""A node of which nothing is heard for so long is lost."""

GREETING_S = 3.0
"""How long a handshake, and then an introduction, may take."""

CLOSING_S = 1.0
"""How long what is to be sent at the end may take."""

_TICK_S = 0.5

log = structlog.get_logger(__name__)

Watcher = Callable[[Node], None]


class Nodes:
    """See :class:`relay.cluster.Cluster`; :meth:`bind`, :meth:`start` and :meth:`close` it.

    :param here: this node.
    :param trust: what it shows the others.
    :param clock: seconds on a clock that never goes back.
    """

    def __init__(
        self, here: Node, trust: Trust, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.counts = Counts()
        self.refusals = Refusals(clock)
        self._here, self._trust, self._clock = here, trust, clock
        self._handlers = Handlers()
        self.hear(Leaving, self._has_left)
        self._watchers: list[tuple[Watcher, Watcher]] = []
        self._conversations: dict[str, Conversation] = {}
        self._others: dict[str, Node] = {}
        self._known: dict[str, Node] = {}
        self._calling: dict[str, asyncio.Task[None]] = {}
        self._is_closing = False
        self._arrivals = Arrivals(
            trust.listening,
            self._let_in,
            self.refusals,
            clock,
            patience_s=GREETING_S,
            closing_s=CLOSING_S,
        )
        self._ticking: asyncio.Task[None] | None = None

    # life

    def bind(self) -> None:
        """Have the port; nobody is let in before :meth:`start`.

        :raises OSError: when it cannot be had.
        """
        self._arrivals.bind(self._here.host, self._here.port)

    def start(self) -> None:
        """Let others in, and connect to those that are known."""
        self._arrivals.start()
        self._ticking = asyncio.create_task(self._tick(), name="nodes' beat")
        self._ticking.add_done_callback(log_crash)

    def know(self, nodes: Iterable[Node]) -> None:
        """Take these for all that there are: whoever is among them is connected to."""
        self._known = {node.name: node for node in nodes if node.name != self._here.name}
        self._arrivals.known = {node.host for node in self._known.values()}
        if self._ticking is not None:
            self._call_missing()

    async def close(self) -> None:
        """Take leave of all."""
        tasks = [*self._calling.values(), *([self._ticking] if self._ticking else [])]
        self._known, self._is_closing = {}, True
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._arrivals.close()
        leaving = list(self._conversations.values())
        for each in leaving:
            each.tell(Leaving())
        await asyncio.gather(*(each.wire.close(CLOSING_S) for each in leaving))
        await asyncio.gather(*(each.drained(CLOSING_S) for each in leaving))

    # what others have of it

    @property
    def here(self) -> Node:
        """See :attr:`relay.cluster.Cluster.here`."""
        return self._here

    @property
    def others(self) -> Mapping[str, Node]:
        """See :attr:`relay.cluster.Cluster.others`."""
        return self._others

    def serve(self, kind: type[M], handler: Callable[[str, M], Awaitable[object]]) -> None:
        """See :meth:`relay.cluster.Cluster.serve`."""
        self._handlers.serving[kind] = handler

    def hear(self, kind: type[M], handler: Callable[[str, M], None]) -> None:
        """See :meth:`relay.cluster.Cluster.hear`."""
        self._handlers.hearing[kind] = handler

    def watch(self, joined: Watcher, lost: Watcher) -> None:
        """See :meth:`relay.cluster.Cluster.watch`."""
        self._watchers.append((joined, lost))
        for node in list(self._others.values()):
            joined(node)

    async def ask(self, node: str, request: object, patience_s: float = ANSWER_S) -> Any:
        """See :meth:`relay.cluster.Cluster.ask`."""
        conversation = self._conversations.get(node)
        if conversation is None:
            raise NodeLost(f"node {node} has gone")
        return await conversation.ask(request, patience_s)

    def tell(self, node: str, message: object) -> None:
        """See :meth:`relay.cluster.Cluster.tell`."""
        conversation = self._conversations.get(node)
        if conversation is not None:
            conversation.tell(message)

    # who comes and goes

    async def _let_in(self, wire: Wire) -> None:
        """Somebody has connected, and has shown a certificate."""
        try:
            node = await self._introduction(wire)
            require_free(node, self._others.get(node.name))
        except NotWelcome as refused:
            self.refusals.note(str(refused), refused.node)
            wire.send(VOCABULARY.write(Refused(str(refused))))
            await wire.close(CLOSING_S)
            return
        wire.send(self._greeting())
        self._join(node, wire, is_caller=False)

    async def _call(self, node: Node) -> None:
        """Connect to a node, and introduce this one; what fails is tried again at the next tick."""
        wire = Wire(self._clock)
        try:
            await self._connect(node, wire)
            wire.send(self._greeting())
            found = await self._introduction(wire)
            require_same(found, node)
        except NotWelcome as refused:
            self.refusals.note(str(refused), node.name)
            wire.end("is not welcome")
        except asyncio.CancelledError:
            wire.end("is not waited for")
            raise
        else:
            self._join(found, wire, is_caller=True)
        finally:
            del self._calling[node.name]

    async def _connect(self, node: Node, wire: Wire) -> None:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(GREETING_S):
                await loop.create_connection(
                    lambda: wire,
                    node.host,
                    node.port,
                    ssl=self._trust.calling,
                    local_addr=(self._here.host, 0),
                    ssl_handshake_timeout=GREETING_S,
                    ssl_shutdown_timeout=CLOSING_S,
                )
        except (OSError, EOFError) as error:
            reason = of_tls(error)
            raise NotWelcome(UNREACHABLE if reason in (GONE, SILENT) else reason) from None

    async def _introduction(self, wire: Wire) -> Node:
        try:
            async with asyncio.timeout(GREETING_S):
                return introduced(await wire.first(), self._here)
        except TimeoutError:
            raise NotWelcome(SILENT) from None
        except EOFError as error:
            raise NotWelcome(of_end(str(error))) from None

    def _greeting(self) -> bytes:
        return VOCABULARY.write(Hello(VERSION, self._here))

    def _join(self, node: Node, wire: Wire, *, is_caller: bool) -> None:
        former = self._conversations.get(node.name)
        if former is not None:
            former.wire.end("has connected anew")
            self._lose(former, "has connected anew")
        conversation = Conversation(node, wire, self._handlers, self.counts, is_caller=is_caller)
        self._conversations[node.name] = conversation
        self._others[node.name] = node
        log.info("node_joined", node=node.name, version=node.version)
        for joined, _ in self._watchers:
            _tell(joined, node)
        wire.begin(conversation.take, partial(self._lose, conversation))

    def _lose(self, conversation: Conversation, reason: str) -> None:
        node = conversation.node
        conversation.end()
        if self._conversations.get(node.name) is not conversation:
            return
        del self._conversations[node.name], self._others[node.name]
        if conversation.has_left or self._is_closing:
            log.info("node_left", node=node.name)
        else:
            self.counts.lost += 1
            log.warning("node_lost", node=node.name, reason=reason)
        for _, lost in self._watchers:
            _tell(lost, node)

    def _has_left(self, name: str, _: Leaving) -> None:
        self._known.pop(name, None)  # until its lease says otherwise
        self._conversations[name].has_left = True

    async def _tick(self) -> None:
        ticked_at = self._clock()
        while True:
            await asyncio.sleep(_TICK_S)
            now = self._clock()
            was_held_up = now - ticked_at > 2 * _TICK_S
            ticked_at = now
            for conversation in list(self._conversations.values()):
                wire = conversation.wire
                if was_held_up:  # what has come meanwhile is not read yet
                    wire.heard_at = now
                if now - wire.heard_at > LOST_S:
                    wire.end("silent")
                elif now - wire.sent_at >= BEAT_S:
                    conversation.tell(Beat())
            self._call_missing()

    def _call_missing(self) -> None:
        for name, node in self._known.items():
            if name <= self._here.name or name in self._conversations or name in self._calling:
                continue
            task = asyncio.create_task(self._call(node), name=f"call of node {name}")
            self._calling[name] = task
            task.add_done_callback(log_crash)


def _tell(watcher: Watcher, node: Node) -> None:
    try:
        watcher(node)
    except Exception:
        log.exception("node_watcher_failed", node=node.name)
