"""Nodes that speak over real connections, each at an address of its own on loopback."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import SecretStr

from relay.cluster import Node
from relay.cluster.nodes import Nodes
from relay.cluster.secret import Secret
from relay.cluster.trust import Trust, trust
from tests.support.ports import free_port

SECRET = Secret(SecretStr("one that all the nodes share"))
_incarnations = itertools.count(1)


def node(name: str, host: str = "127.0.0.1", port: int | None = None) -> Node:
    """A node's card; each time of another incarnation."""
    incarnation = f"{name}-{next(_incarnations)}"
    return Node(name, incarnation, "0.1.0", host, port or free_port(), 1)


def trusted(name: str, secret: Secret = SECRET) -> Trust:
    return trust(secret, name)


class Seen:
    """Who has come and gone, as one node is told."""

    def __init__(self, nodes: Nodes) -> None:
        self.told: list[tuple[str, str]] = []
        self._news = asyncio.Event()
        nodes.watch(lambda node: self._note("joined", node), lambda node: self._note("lost", node))

    def _note(self, what: str, node: Node) -> None:
        self.told.append((what, node.name))
        self._news.set()

    async def until(self, what: str, name: str) -> None:
        """Wait until it has been told of, and forget what was before."""
        async with asyncio.timeout(20):
            while (what, name) not in self.told:
                self._news.clear()
                await self._news.wait()
        del self.told[: self.told.index((what, name)) + 1]


@asynccontextmanager
async def running(card: Node, secret: Secret = SECRET) -> AsyncIterator[Nodes]:
    """A node that lets others in."""
    nodes = Nodes(card, trusted(card.name, secret))
    nodes.bind()
    nodes.start()
    try:
        yield nodes
    finally:
        await nodes.close()


@asynccontextmanager
async def two() -> AsyncIterator[tuple[Nodes, Nodes]]:
    """Two that speak to each other."""
    cards = node("berlin", "127.0.0.1"), node("paris", "127.0.0.2")
    async with running(cards[0]) as berlin, running(cards[1]) as paris:
        seen = Seen(berlin), Seen(paris)
        berlin.know(cards)
        paris.know(cards)
        await seen[0].until("joined", "paris")
        await seen[1].until("joined", "berlin")
        yield berlin, paris
