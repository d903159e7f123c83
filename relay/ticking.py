"""Lets time pass for something, but only while there is anything for which it could matter."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)


class Ticking:
    """A clock that stands while there is nothing to do, so that a server without users sleeps.

    Use: :meth:`wake` whenever there may be something to do again, :meth:`stop` at last.

    :param name: for the log.
    :param period_s: from one tick to the next.
    :param tick: what is to be done; what goes wrong in it is logged, and the clock goes on.
    :param matters: whether there will be something to do at the next tick.
    """

    def __init__(
        self,
        name: str,
        period_s: float,
        tick: Callable[[], object],
        matters: Callable[[], bool],
    ) -> None:
        self._name, self._period_s = name, period_s
        self._tick, self._matters = tick, matters
        self._next: asyncio.TimerHandle | None = None
        self._has_stopped = False

    @property
    def is_armed(self) -> bool:
        """Whether a tick will come."""
        return self._next is not None

    def wake(self) -> None:
        """Go, unless it goes already; to be called on the event loop that is to be used."""
        if self._next is None and not self._has_stopped:
            self._next = asyncio.get_running_loop().call_later(self._period_s, self._come)

    def stop(self) -> None:
        """Stand for ever."""
        self._has_stopped = True
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _come(self) -> None:
        self._next = None
        try:
            self._tick()
        except Exception:
            log.exception("tick_failed", clock=self._name)
        if self._matters():
            self.wake()
