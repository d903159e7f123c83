"""Servers that are the nodes of one cluster, as operators see it: all in one process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from relay.api.front import Membership
from tests.support.nodes import Between
from tests.support.operating import OperatedServer, operating

KEY = b"k" * 32


@dataclass
class Clustered:
    """The servers by their names, and what is between them."""

    between: Between = field(default_factory=Between)
    servers: dict[str, OperatedServer] = field(default_factory=dict)
    leases: dict[str, float] | None = field(default_factory=dict)

    def __getitem__(self, name: str) -> OperatedServer:
        return self.servers[name]

    def hush(self, a: str, b: str) -> None:
        """Neither answers the other any more, and neither has noticed."""
        self.between.cut.add(frozenset({a, b}))


@asynccontextmanager
async def clustered(*names: str, **changed: Any) -> AsyncIterator[Clustered]:
    """Servers with one database, which share no rooms."""
    made = Clustered()
    async with contextlib.AsyncExitStack() as stack:
        for name in names:
            membership = Membership(made.between.node(name), KEY, lambda: made.leases)
            server = operating(membership=membership, **changed)
            made.servers[name] = await stack.enter_async_context(server)
        yield made
