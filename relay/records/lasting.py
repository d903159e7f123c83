"""A database that what is new is not lost for when it is away."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from relay.errors import RecordsAway
from relay.records.database import Database
from relay.records.interface import Block, Evidence, Report
from relay.records.lane import PATIENCE_S
from relay.records.ledger import Ledger, New


class Lasting(Database):
    """As :class:`Database`; new reports, blocks and evidence wait in memory while that is away.

    Whoever adds them gets :class:`relay.errors.RecordsAway` all the same, and need not try again.

    :param sleep: as :class:`relay.records.ledger.Ledger` has it.
    """

    def __init__(
        self,
        where: str | Path,
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        super().__init__(where, patience_s=patience_s, clock=clock)
        self.ledger = Ledger(self._add_now, sleep=sleep)

    @property
    def unwritten(self) -> int:
        """See :class:`Records`."""
        return self.ledger.waiting

    @property
    def lost(self) -> int:
        """See :class:`Records`."""
        return self.ledger.lost

    async def open(self) -> None:
        """See :meth:`Database.open`."""
        await super().open()
        self.ledger.start()

    async def close(self) -> None:
        """See :meth:`Database.close`; what waits is tried for the last time."""
        await self.ledger.close()
        await super().close()

    async def add_report(self, report: Report) -> None:
        """See :meth:`Records.add_report`."""
        await self.ledger.add(report)

    async def add_block(self, block: Block) -> None:
        """See :meth:`Records.add_block`."""
        await self.ledger.add(block)

    async def add_evidence(self, evidence: Evidence) -> Evidence:
        """See :meth:`Records.add_evidence`."""
        placed = await self.ledger.add(evidence)
        if placed is None:
            raise RecordsAway("the database has not taken it")
        return placed

    async def _add_now(self, new: New) -> Evidence | None:
        match new:
            case Report():
                await super().add_report(new)
            case Block():
                await super().add_block(new)
            case Evidence():
                return await super().add_evidence(new)
        return None
