"""How the server did in the last hour: a sample every few seconds, in memory, for the charts."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from relay.api import models
from relay.api.overview import Overview
from relay.logs import log_crash

PERIOD_S = 5.0
SAMPLES = 720


class History:
    """Takes the samples; :meth:`start` and :meth:`close` it.

    :param period_s: how long to wait between two.
    :param clock: seconds on a clock that never goes back.
    :param cpu: seconds of a core that the calling thread has used.
    """

    def __init__(
        self,
        overview: Overview,
        *,
        period_s: float = PERIOD_S,
        clock: Callable[[], float] = time.monotonic,
        cpu: Callable[[], float] = time.thread_time,
    ) -> None:
        self._overview = overview
        self._period_s = period_s
        self._clock, self._cpu = clock, cpu
        self._samples: deque[models.Sample] = deque(maxlen=SAMPLES)
        self._task: asyncio.Task[None] | None = None
        self._begun_at = clock()
        self._cpu_s = 0.0
        self._packets = self._bytes = 0

    def start(self) -> None:
        """Begin to take samples, of the thread that calls this."""
        self._cpu_s, self._begun_at = self._cpu(), self._clock()
        self._task = asyncio.create_task(self._watch(), name="history")
        self._task.add_done_callback(log_crash)

    async def close(self) -> None:
        """Take no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def answer(self) -> models.History:
        """All of it."""
        return models.History.model_construct(period_s=self._period_s, samples=list(self._samples))

    async def _watch(self) -> None:
        begun = self._overview.totals(await self._overview.look())
        self._packets, self._bytes = begun.packets_forwarded, begun.bytes_forwarded
        while True:
            await asyncio.sleep(self._period_s)
            await self.take()

    async def take(self) -> None:
        """Take the sample of the time since the last one."""
        now, cpu_s = self._clock(), self._cpu()
        seconds = max(now - self._begun_at, 0.001)
        seen = await self._overview.look()
        self._overview.sampled(seen)
        totals = self._overview.totals(seen)
        packets, sent_bytes = totals.packets_forwarded, totals.bytes_forwarded
        self._samples.append(
            models.Sample(
                at=datetime.now(UTC).isoformat(timespec="milliseconds"),
                connected=totals.connected,
                waiting=totals.waiting,
                in_call=totals.in_call,
                bad_rooms=totals.bad_rooms,
                packets_per_s=round((packets - self._packets) / seconds, 1),
                bitrate_bps=round(8 * (sent_bytes - self._bytes) / seconds, 1),
                loss_up_ratio=totals.loss_up_ratio,
                loss_down_ratio=totals.loss_down_ratio,
                cpu_ratio=round(max(cpu_s - self._cpu_s, 0.0) / seconds, 3),
                worker_cpu_ratio=totals.worker_cpu_ratio,
            )
        )
        self._begun_at, self._cpu_s = now, cpu_s
        self._packets, self._bytes = packets, sent_bytes
