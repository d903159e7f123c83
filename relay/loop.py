"""How late an event loop is, and how much of a core its thread uses."""

import asyncio
import time
from collections.abc import Callable

from relay.histogram import Histogram
from relay.logs import log_crash

BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1)

_NAP_S = 0.1
_PERIOD_S = 1.0
_REST = 0.02
"""Of a core; an event loop that comes late by ``_LATE_S`` is not at rest either."""
_LATE_S = 0.02


class LoopWatch:
    """Watches the event loop on which it is started; :meth:`start` and :meth:`close` it.

    :param clock: seconds on a clock that never goes back.
    :param cpu: seconds of a core that the calling thread has used.
    """

    def __init__(
        self,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self.lag = Histogram(BOUNDS_S)
        """How late the event loop was."""
        self.worst_lag_s = 0.0
        """Within the last period of a second."""
        self.cpu_ratio = 0.0
        self._clock, self._cpu = clock, cpu
        self._task: asyncio.Task[None] | None = None
        self._begun_at = clock()
        self._is_at_work = True
        self._lag_s = 0.0
        self._cpu_s = 0.0

    def start(self, each_period: Callable[[float], None] | None = None) -> None:
        """Begin to watch.

        :param each_period: called after each with its length in seconds.
        """
        self._cpu_s = self._cpu()
        self._task = asyncio.create_task(self._watch(each_period), name="load watch")
        self._task.add_done_callback(log_crash)

    async def close(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _watch(self, each_period: Callable[[float], None] | None) -> None:
        while True:
            asleep_since, nap_s = self._clock(), self.nap_s
            await asyncio.sleep(nap_s)
            seconds = self.woke(self._clock() - asleep_since - nap_s)
            if seconds is not None and each_period is not None:
                each_period(seconds)

    @property
    def nap_s(self) -> float:
        """How long the watch sleeps.

        It looks often only while there is work: a thread that uses next to nothing of a core does
        not hold its event loop up, and waking it up all the time would be all that it does.
        """
        return _NAP_S if self._is_at_work else _PERIOD_S

    def woke(self, late_s: float) -> float | None:
        """Take note that the event loop came late by so many seconds.

        :returns: the length of the period that this has ended, if it has, in seconds.
        """
        late_s = max(late_s, 0.0)
        self.lag.observe(late_s)
        self._lag_s = max(self._lag_s, late_s)
        now = self._clock()
        seconds = now - self._begun_at
        if seconds < _PERIOD_S:
            return None
        cpu_s = self._cpu()
        self.cpu_ratio = max(cpu_s - self._cpu_s, 0.0) / seconds
        self.worst_lag_s = self._lag_s
        self._is_at_work = self.cpu_ratio >= _REST or self._lag_s >= _LATE_S
        self._cpu_s, self._begun_at, self._lag_s = cpu_s, now, 0.0
        return seconds
