"""Keeps what is new in memory while the database is away, and writes it down later."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

import structlog

from relay.errors import RecordsAway
from relay.logs import log_crash
from relay.records.interface import Block, Evidence, Report

MAX_WAITING = 1000
MAX_WAITING_BYTES = 64 << 20
"""Of evidence: all else is small."""
RETRY_S = 5.0
_LAST_TRY_S = 2.0

_log = structlog.get_logger()

New = Report | Block | Evidence
Write = Callable[[New], Awaitable[Evidence | None]]


class Ledger:
    """What waits for the database; :meth:`start` it, and :meth:`close` it before the database.

    What is added while that is away is kept, in order. What comes when there is no room is lost,
    and counted.

    :param write: adds to the database: evidence comes back with its place in the chain. Adding the
        same twice has to be harmless.
    :param sleep: waits for so many seconds before the next try.
    """

    def __init__(
        self,
        write: Write,
        *,
        max_waiting: int = MAX_WAITING,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.lost = 0
        """How many there was no room for."""
        self._write = write
        self._max_waiting, self._max_bytes = max_waiting, max_waiting_bytes
        self._sleep = sleep
        self._waiting: deque[New] = deque()
        self._bytes = 0
        self._is_away = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """How many are in memory only."""
        return len(self._waiting)

    def start(self) -> None:
        """Begin to write down what waits, as soon as something does."""
        self._task = asyncio.create_task(self._write_down(), name="ledger")
        self._task.add_done_callback(log_crash)

    async def close(self) -> None:
        """Try for the last time; what cannot be written down is lost, and that is logged."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        try:
            async with asyncio.timeout(_LAST_TRY_S):
                await self._write_all()
        except (RecordsAway, TimeoutError):
            self.lost += self.waiting
            _log.error("records_lost", count=self.waiting)

    async def add(self, new: New) -> Evidence | None:
        """Write something down.

        :returns: evidence as it is in the chain.
        :raises RecordsAway: when that has to wait: it is kept, if there is room.
        """
        if self._is_away.is_set():
            self._keep(new)
            raise RecordsAway("the database is away")
        try:
            return await self._write(new)
        except RecordsAway as error:
            self._keep(new)
            if not self._is_away.is_set():
                self._is_away.set()
                _log.error("records_away", reason=str(error))
            raise

    def _keep(self, new: New) -> None:
        size = _bytes_of(new)
        if self.waiting >= self._max_waiting or self._bytes + size > self._max_bytes:
            self.lost += 1
            return
        self._waiting.append(new)
        self._bytes += size

    async def _write_down(self) -> None:
        while True:
            await self._is_away.wait()
            await self._sleep(RETRY_S)
            waited = self.waiting
            try:
                await self._write_all()
            except RecordsAway:
                continue
            self._is_away.clear()
            _log.info("records_back", written=waited, lost=self.lost)

    async def _write_all(self) -> None:
        while self._waiting:
            try:
                await self._write(self._waiting[0])
            except RecordsAway:
                raise
            except Exception:  # noqa: BLE001 - it would keep all others from being written down
                self.lost += 1
                _log.exception("record_failed")
            self._bytes -= _bytes_of(self._waiting.popleft())


def _bytes_of(new: New) -> int:
    return len(new.sealed or b"") if isinstance(new, Evidence) else 0
