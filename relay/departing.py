"""From the first signal to the end: a server that drains lets its users move away before."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

from relay.cluster.expulsion import Expulsion
from relay.supervisor import Supervisor

LOOK_EVERY_S = 0.1
"""How often it is seen whether anybody is left."""
EXPELLED_S = 10.0
"""So long users of a server have that is to be no node any more."""
PATIENCE_S = 15.0
"""After the deadline; by then everybody has been let go."""

log = structlog.get_logger()


class Drained(Protocol):
    """What is drained."""

    @property
    def is_empty(self) -> bool:
        """Whether no user is left."""

    def drain(self, left_s: float | None = None) -> bool:
        """Have users move away; after so many seconds all who are left."""


class Departure:
    """What signals have asked for.

    :param drain_s: how long users have to move away, when it is to drain; 0 for not at all.
    :param supervisor: is told when they begin to.
    """

    def __init__(self, drain_s: float, supervisor: Supervisor | None = None) -> None:
        self._drain_s = drain_s
        self._supervisor = supervisor or Supervisor()
        self._told = asyncio.Event()
        self._at_once = asyncio.Event()
        self._drains = False

    def told(self, *, drains: bool) -> bool:
        """A signal has come.

        :param drains: whether it is one that lets users move away first, if any does.
        :returns: whether another one still has something to shorten.
        """
        is_first = not self._told.is_set()
        self._told.set()
        if is_first and drains and self._drain_s > 0:
            self._drains = True
            return True
        self._at_once.set()
        return False

    async def wait(self, server: Drained, expulsion: Expulsion) -> None:
        """Wait for a signal; and until no user is left, unless another signal comes.

        :param expulsion: that the server is to leave its cluster, as if by a signal.
        """
        await self._told_or(expulsion)
        by = "SIGTERM"
        if not self._told.is_set():
            self._told.set()
            self._drains, self._drain_s, by = True, EXPELLED_S, expulsion.why
        if not self._drains:
            return
        server.drain(self._drain_s)
        self._supervisor.status(f"draining: takes nobody new, ends within {self._drain_s:g} s")
        log.info("drain_changed", draining=True, deadline_s=self._drain_s, by=by)
        try:
            async with asyncio.timeout(self._drain_s + PATIENCE_S):
                while not server.is_empty:
                    if await self._is_shortened():
                        return
        except TimeoutError:
            log.error("drain_failed")  # noqa: TRY400 - there is nothing to trace

    async def _told_or(self, expulsion: Expulsion) -> None:
        waits = [
            asyncio.create_task(each.wait(), name="departure") for each in (self._told, expulsion)
        ]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waits:
                task.cancel()

    async def _is_shortened(self) -> bool:
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._at_once.wait()
        except TimeoutError:
            return False
        return True
