"""Servers that run side by side, and the users on each."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from scripts.benchmark import load, servers, users
from scripts.benchmark.bench import Serve
from scripts.benchmark.servers import STOCK


@dataclass(slots=True)
class Contender:
    """A running server and the users on it."""

    server: servers.Server
    join: users.Join
    opens: bool = True
    holds: bool = True
    crowd: list[users.User] = field(default_factory=list)

    @property
    def hung_up(self) -> bool:
        """Whether the server has hung up on a user."""
        return not all(user.is_there for user in self.crowd)

    async def grow(self, pairs: int) -> None:
        """Have so many pairs on the server."""
        more = pairs - len(self.crowd) // 2
        if more > 0:
            self.crowd += await self.join(self.server, more)
            if self.opens:
                await load.open_streams(self.crowd)


@contextlib.asynccontextmanager
async def contenders(
    serve: dict[str, Serve], profiles: users.Profiles, missing: dict[str, str]
) -> AsyncIterator[list[Contender]]:
    """Start the servers; whichever cannot be started is ``missing``."""
    joins = users.joining(profiles)
    running: list[Contender] = []
    async with AsyncExitStack() as stack:
        for name, start in serve.items():
            try:
                server = await stack.enter_async_context(start())
            except servers.NotStarted as error:
                missing[name] = str(error)
            else:
                running.append(Contender(server, joins[name], opens=not encodes(name)))
        try:
            yield running
        finally:
            for contender in running:
                await users.leave(contender.crowd)


def encodes(name: str) -> bool:
    """Whether a server decodes and encodes, so that packets out do not correspond to packets in."""
    return name == STOCK
