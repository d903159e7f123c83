"""How busy the server is: the event loop's delays, its thread's share of a core, and traffic.

A process is full when callers notice: its event loop comes late by ``LAG_LIMIT_S``, or its thread
uses nearly a whole core. A relay is overloaded when its own process is full, or all workers are,
since newcomers are put on the emptiest one, for ``PATIENCE_S`` on end. It counts as such until it
has not been so for as long, so that a load balancer does not see it come and go each second.
"""

import time
from collections.abc import Callable

import structlog

from relay.api.models import ALL_THRESHOLDS
from relay.histogram import Histogram
from relay.loop import LoopWatch
from relay.plane import PlaneStats, Sight, WorkerLoad

LAG_LIMIT_S = ALL_THRESHOLDS["loop_lag_ms"].bad / 1000
CPU_LIMIT = ALL_THRESHOLDS["cpu_ratio"].bad
PATIENCE_S = 5.0
SAME_S = 0.1
"""Counters that are newer by less are those of the period before."""

_log = structlog.get_logger()


class Load:
    """Watches the event loop on which it is started; :meth:`start` and :meth:`close` it.

    :param media: the media plane.
    :param clock: seconds on a clock that never goes back.
    :param cpu: seconds of a core that the calling thread has used.
    """

    def __init__(
        self,
        media: Sight,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self.packets_per_s = 0.0
        """Forwarded; ``bitrate_bps`` likewise."""
        self.bitrate_bps = 0.0
        self.overloaded = False
        self._media, self._clock = media, clock
        self._loop = LoopWatch(clock, cpu)
        self._agreed_at = clock()
        self._counted: PlaneStats | None = None  # what adopted workers had counted is no traffic
        self._counted_at = 0.0

    @property
    def lag(self) -> Histogram:
        """How late the front's event loop was."""
        return self._loop.lag

    @property
    def worst_lag_s(self) -> float:
        """Within the last period of a second."""
        return self._loop.worst_lag_s

    @property
    def cpu_ratio(self) -> float:
        """Share of a core that the front's event loop's thread uses."""
        return self._loop.cpu_ratio

    @property
    def free(self) -> float:
        """How much more may come, from 0 to 1, by what is left of cores.

        It is the front's, or that of the worker on which newcomers are put, whichever is less.
        """
        used = max(self.cpu_ratio, self._emptiest().cpu_ratio)
        return min(1.0, max(0.0, 1.0 - used / CPU_LIMIT))

    def start(self) -> None:
        """Begin to watch."""
        self._loop.start(self.end_period)

    async def close(self) -> None:
        """Watch no more."""
        await self._loop.close()

    def end_period(self, _seconds: float) -> None:
        """Look at what a period was like.

        Workers are not asked for it: they tell of themselves once a second anyway.
        """
        now = self._clock()
        age_s, media = self._media.lately()
        counted_at, former = now - age_s, self._counted
        seconds = counted_at - self._counted_at
        if former is not None and seconds < SAME_S:
            media, counted_at = former, self._counted_at
        elif former is not None:
            self.packets_per_s = (media.packets_forwarded - former.packets_forwarded) / seconds
            self.bitrate_bps = 8 * (media.bytes_forwarded - former.bytes_forwarded) / seconds
        self._counted, self._counted_at = media, counted_at
        self._judge(now)

    @property
    def _front(self) -> WorkerLoad:
        return WorkerLoad(self.cpu_ratio, self.worst_lag_s)

    def _emptiest(self) -> WorkerLoad:
        """Of the workers; the front, where there are none."""
        workers = [worker.load for worker in self._media.workers() if worker.is_up]
        return min(workers, key=lambda load: load.cpu_ratio, default=self._front)

    def _judge(self, now: float) -> None:
        front = self._front
        workers = [worker.load for worker in self._media.workers() if worker.is_up]
        emptiest = self._emptiest()
        workers_full = bool(workers) and all(map(_is_full, workers))
        too_much = _is_full(front) or workers_full
        if too_much is self.overloaded:
            self._agreed_at = now
        elif now - self._agreed_at >= PATIENCE_S:
            self.overloaded, self._agreed_at = too_much, now
            if too_much:
                full = front if _is_full(front) else emptiest
                _log.warning(
                    "overloaded",
                    of="server" if full is front else "workers",
                    loop_lag_s=round(full.loop_lag_s, 3),
                    cpu_ratio=round(full.cpu_ratio, 2),
                )
            else:
                _log.info("no_longer_overloaded")


def _is_full(load: WorkerLoad) -> bool:
    return load.loop_lag_s >= LAG_LIMIT_S or load.cpu_ratio >= CPU_LIMIT
