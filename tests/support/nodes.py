"""Nodes of a cluster in one process: what one says is written and read as between machines."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from relay.cluster import Node
from relay.cluster.interface import ANSWER_S
from relay.cluster.messages import VOCABULARY, Refused
from relay.errors import ClusterError, NodeLost


@dataclass
class Between:
    """The network between nodes."""

    nodes: dict[str, FakeCluster] = field(default_factory=dict)
    cut: set[frozenset[str]] = field(default_factory=set)
    said: list[tuple[str, str, object]] = field(default_factory=list)
    """Everything: by whom, to whom, what."""
    hop: Callable[[str, object], Awaitable[None]] | None = None
    """Awaited with ``asked`` and a request before that is handled, and with ``answered`` and the
    answer before that arrives; with :class:`TimeoutError` it does not."""

    def node(
        self, name: str, host: str = "127.0.0.1", port: int = 0, workers: int = 1
    ) -> FakeCluster:
        """Another node, which all others know at once."""
        here = FakeCluster(self, Node(name, f"{name}-1", "0.1.0", host, port, workers))
        others = list(self.nodes.values())
        self.nodes[name] = here
        for other in others:
            other.joined(here.here)
            here.joined(other.here)
        return here

    def lose(self, name: str) -> None:
        """A node dies: the others hear of it, it hears of nothing."""
        gone = self.nodes.pop(name)
        for other in self.nodes.values():
            other.lost(gone.here)

    def part(self, a: str, b: str) -> None:
        """Two nodes cannot reach each other any more, and both know."""
        self.cut.add(frozenset({a, b}))
        self.nodes[a].lost(self.nodes[b].here)
        self.nodes[b].lost(self.nodes[a].here)


class FakeCluster:
    """A :class:`relay.cluster.Cluster`; what is told arrives at once, and within its call."""

    def __init__(self, between: Between, here: Node) -> None:
        self._between, self._here = between, here
        self._others: dict[str, Node] = {}
        self._serving: dict[type, Callable[[str, Any], Awaitable[object]]] = {}
        self._hearing: dict[type, Callable[[str, Any], None]] = {}
        self._watching: list[tuple[Callable[[Node], None], Callable[[Node], None]]] = []

    @property
    def here(self) -> Node:
        return self._here

    @property
    def others(self) -> Mapping[str, Node]:
        return self._others

    def serve(self, kind: type[Any], handler: Callable[[str, Any], Awaitable[object]]) -> None:
        self._serving[kind] = handler

    def hear(self, kind: type[Any], handler: Callable[[str, Any], None]) -> None:
        self._hearing[kind] = handler

    def watch(self, joined: Callable[[Node], None], lost: Callable[[Node], None]) -> None:
        self._watching.append((joined, lost))
        for node in self._others.values():
            joined(node)

    async def ask(self, node: str, request: object, patience_s: float = ANSWER_S) -> Any:
        other = self._reached(node)
        if other is None:
            raise NodeLost(f"node {node} has gone")
        handler = other._serving.get(type(request))
        self._between.said.append((self._here.name, node, request))
        if handler is None:
            raise ClusterError(f"node {node} does not understand {type(request).__name__}")
        try:
            async with asyncio.timeout(patience_s):
                await self._hop("asked", request)
                answer = await handler(self._here.name, _crossed(request))
                await self._hop("answered", answer)
        except TimeoutError:
            raise NodeLost(f"node {node} does not answer") from None
        if self._reached(node) is not other:
            raise NodeLost(f"node {node} has gone")
        if isinstance(answer, Refused):
            raise ClusterError(f"node {node} refuses: {answer.reason}")
        return _crossed(answer)

    def tell(self, node: str, message: object) -> None:
        other = self._reached(node)
        if other is None:
            return
        self._between.said.append((self._here.name, node, message))
        if (handler := other._hearing.get(type(message))) is not None:
            handler(self._here.name, _crossed(message))

    # what the network does

    def joined(self, node: Node) -> None:
        self._others[node.name] = node
        for joined, _ in self._watching:
            joined(node)

    def lost(self, node: Node) -> None:
        if self._others.pop(node.name, None) is not None:
            for _, lost in self._watching:
                lost(node)

    async def _hop(self, when: str, message: object) -> None:
        if self._between.hop is not None:
            await self._between.hop(when, message)

    def _reached(self, node: str) -> FakeCluster | None:
        is_cut = frozenset({node, self._here.name}) in self._between.cut
        is_here = self._between.nodes.get(self._here.name) is self
        return None if is_cut or not is_here else self._between.nodes.get(node)


def _crossed(message: object) -> Any:
    return VOCABULARY.read(VOCABULARY.write(message))[0]
