"""How busy the process is: the event loop's delays, its thread's share of a core, and traffic.

A relay is overloaded when callers notice: the event loop comes late by ``LAG_LIMIT_S``, or its
thread uses nearly a whole core, for ``PATIENCE_S`` on end. It counts as such until it has been
below both for as long, so that a load balancer does not see it come and go each second.
"""

import asyncio
import time
from collections.abc import Callable

import structlog

from relay.api.models import ALL_THRESHOLDS
from relay.histogram import Histogram
from relay.logs import log_crash
from relay.plane import Sight

LAG_LIMIT_S = ALL_THRESHOLDS["loop_lag_ms"].bad / 1000
CPU_LIMIT = ALL_THRESHOLDS["cpu_ratio"].bad
PATIENCE_S = 5.0

_NAP_S = 0.1
_PERIOD_S = 1.0

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
        self.lag = Histogram(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1)
        """How late the event loop was."""
        self.worst_lag_s = 0.0
        """Within the last period of a second."""
        self.cpu_ratio = 0.0
        self.packets_per_s = 0.0
        """Forwarded; ``bitrate_bps`` likewise."""
        self.bitrate_bps = 0.0
        self.overloaded = False
        self._media, self._clock, self._cpu = media, clock, cpu
        self._task: asyncio.Task[None] | None = None
        self._begun_at = self._agreed_at = clock()
        self._lag_s = 0.0
        self._cpu_s = 0.0
        self._packets = self._bytes = 0

    def start(self) -> None:
        """Begin to watch."""
        self._cpu_s = self._cpu()
        self._task = asyncio.create_task(self._watch(), name="load watch")
        self._task.add_done_callback(log_crash)

    async def close(self) -> None:
        """Watch no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def _watch(self) -> None:
        while True:
            asleep_since = self._clock()
            await asyncio.sleep(_NAP_S)
            await self.woke(self._clock() - asleep_since - _NAP_S)

    async def woke(self, late_s: float) -> None:
        """Take note that the event loop came late by so many seconds."""
        late_s = max(late_s, 0.0)
        self.lag.observe(late_s)
        self._lag_s = max(self._lag_s, late_s)
        now = self._clock()
        if now - self._begun_at >= _PERIOD_S:
            await self._end_period(now, now - self._begun_at)

    async def _end_period(self, now: float, seconds: float) -> None:
        cpu_s, media = self._cpu(), await self._media.stats()
        self.cpu_ratio = max(cpu_s - self._cpu_s, 0.0) / seconds
        self.packets_per_s = (media.packets_forwarded - self._packets) / seconds
        self.bitrate_bps = 8 * (media.bytes_forwarded - self._bytes) / seconds
        self.worst_lag_s = self._lag_s
        self._cpu_s, self._begun_at, self._lag_s = cpu_s, now, 0.0
        self._packets, self._bytes = media.packets_forwarded, media.bytes_forwarded
        self._judge(now)

    def _judge(self, now: float) -> None:
        too_much = self.worst_lag_s >= LAG_LIMIT_S or self.cpu_ratio >= CPU_LIMIT
        if too_much is self.overloaded:
            self._agreed_at = now
        elif now - self._agreed_at >= PATIENCE_S:
            self.overloaded, self._agreed_at = too_much, now
            if too_much:
                _log.warning(
                    "overloaded",
                    loop_lag_s=round(self.worst_lag_s, 3),
                    cpu_ratio=round(self.cpu_ratio, 2),
                )
            else:
                _log.info("no_longer_overloaded")
