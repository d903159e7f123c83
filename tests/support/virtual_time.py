"""An event loop with a time of its own: when nothing is to be done, it is the next timer's.

A day takes as long as what is done in it. Sockets, threads and files are real: while a thread works
for the loop, time stands still. :func:`install` comes before the relay is imported, much of which
takes its clock then.
"""

from __future__ import annotations

import asyncio
import selectors
import time
from asyncio import base_events, futures
from collections.abc import Coroutine
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

LOOK_S = 0.05
"""So long the loop waits for a thread before it looks again; real seconds."""


class _Time:
    """Seconds since the beginning, and what time stands still for."""

    def __init__(self) -> None:
        self.passed_s = 0.0
        self.under_way: set[asyncio.Future[Any]] = set()
        self._monotonic, self._time = time.monotonic(), time.time()

    def monotonic(self) -> float:
        return self._monotonic + self.passed_s

    def time(self) -> float:
        return self._time + self.passed_s

    def wrap_future(
        self, future: Future[T], *, loop: asyncio.AbstractEventLoop | None = None
    ) -> asyncio.Future[T]:
        """As asyncio's, by which threads give their results."""
        wrapped = _wrap_future(future, loop=loop)
        if isinstance(future, Future):
            self.under_way.add(wrapped)
            wrapped.add_done_callback(self.under_way.discard)
        return wrapped


class _Selector(selectors.EpollSelector):
    def __init__(self, now: _Time) -> None:
        super().__init__()
        self._now = now

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if ready or (timeout is not None and timeout <= 0):
            return ready
        if timeout is None or self._now.under_way:
            return super().select(LOOK_S)
        self._now.passed_s += timeout
        return ready


_wrap_future = futures.wrap_future
_now = _Time()


def install() -> None:
    """Have this process's clocks be virtual, for good."""
    time.monotonic, time.time = _now.monotonic, _now.time
    asyncio.wrap_future = futures.wrap_future = _now.wrap_future  # type: ignore[assignment]
    assert base_events.futures is futures  # type: ignore[attr-defined]


def run(main: Coroutine[Any, Any, T]) -> T:
    """As :func:`asyncio.run`, in virtual time."""
    with asyncio.Runner(loop_factory=lambda: asyncio.SelectorEventLoop(_Selector(_now))) as runner:
        return runner.run(main)
