"""Calls that may take long, one after the other, in a thread of their own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import Any, TypeVar

from relay.errors import RecordsAway

_T = TypeVar("_T")

PLACES = 256
"""As many calls may wait."""
PATIENCE_S = 10.0
"""Longer than any of the limits that a database is given for itself."""


class Lane:
    """No call is waited for longer than ``patience_s``, and no more than ``places`` wait.

    A call that has begun goes on when nobody waits for it any more. Until it has ended no other
    one is let in: the database hangs. The thread does not keep the process from ending.
    """

    def __init__(self, name: str, *, places: int = PLACES, patience_s: float = PATIENCE_S) -> None:
        self._places, self._patience_s = places, patience_s
        self._queue: SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = SimpleQueue()
        self._calls: set[Future[Any]] = set()
        self._given_up: Future[Any] | None = None
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)
        self._thread.start()

    async def run(self, call: Callable[[], _T], *, patience_s: float | None = None) -> _T:
        """Have it called, and wait for what comes of it.

        :param patience_s: how long, instead of what is usual.
        :raises RecordsAway: when it takes too long, or too many wait already.
        """
        if self._given_up is not None and not self._given_up.done():
            raise RecordsAway("the database does not answer")
        self._calls = {each for each in self._calls if not each.done()}
        if len(self._calls) >= self._places:
            raise RecordsAway("too much waits for the database")
        future: Future[_T] = Future()
        self._calls.add(future)
        self._queue.put((future, call))
        try:
            # asyncio.wait_for would lose a cancellation that comes with the answer (Python 3.11)
            async with asyncio.timeout(patience_s or self._patience_s):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            if not future.cancelled():
                self._given_up = future
            raise RecordsAway("the database does not answer") from None

    def close(self) -> None:
        """Take no more calls, after those that wait."""
        self._queue.put(None)

    def _work(self) -> None:
        while (job := self._queue.get()) is not None:
            future, call = job
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(call())
            except BaseException as error:  # noqa: BLE001 - whoever waits gets it
                future.set_exception(error)
            del job, future, call
