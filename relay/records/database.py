"""The records in a database: SQLite or PostgreSQL."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from relay.records import bans, kept, privacy, reports
from relay.records.engine import begun, engine_of, overwrite_removed
from relay.records.lane import PATIENCE_S, Lane
from relay.records.version import prepare

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from relay.records.interface import (
        Appeal,
        AppealOutcome,
        Backlog,
        Ban,
        Block,
        Decision,
        Everything,
        Evidence,
        Operator,
        Party,
        Report,
        ReportOutcome,
    )

_T = TypeVar("_T")

_OPENING_S = 3600.0
"""Bringing big tables to a newer version takes long."""


class Database:
    """:class:`~relay.records.interface.Records` in a database; :meth:`open` and :meth:`close` it.

    Whatever a method does, it does in one transaction, in a thread that has the one connection.
    When the database was away, the next call finds out whether it is back. A call that was given up
    may still be carried out.

    :param where: an SQLite file, or a URL as SQLAlchemy has it: ``postgresql+psycopg://relay@/relay``.
    :param patience_s: how long a call may take, with the waiting for those before it.
    :param clock: seconds since 1970.
    :raises RecordsUnfit: when it is no such URL.
    """

    def __init__(
        self,
        where: str | Path,
        *,
        patience_s: float = PATIENCE_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine_of(where)
        self._clock = clock
        self._lane = Lane("records", patience_s=patience_s)

    @property
    def unwritten(self) -> int:
        """See :class:`Records`; what cannot be written down at once is not kept here."""
        return 0

    @property
    def lost(self) -> int:
        """See :class:`Records`."""
        return 0

    async def open(self) -> None:
        """Make the tables, or bring them to the newest version.

        :raises RecordsUnfit: when a newer relay has made them, or the database is not fit for them.
        :raises RecordsAway: when the database cannot be used.
        """
        await self._lane.run(lambda: prepare(self._engine), patience_s=_OPENING_S)

    async def close(self) -> None:
        """End the connection, after the calls that wait.

        :raises RecordsAway: when the database does not answer; it is given up then.
        """
        try:
            await self._lane.run(self._engine.dispose)
        finally:
            self._lane.close()

    async def _read(self, call: Callable[[Connection], _T]) -> _T:
        return await self._lane.run(lambda: self._in_one(call, writes=False))

    async def _write(self, call: Callable[[Connection], _T]) -> _T:
        return await self._lane.run(lambda: self._in_one(call, writes=True))

    async def _remove(self, call: Callable[[Connection], int]) -> int:
        """What is removed is overwritten."""
        removed = await self._write(call)
        if removed:
            await self._lane.run(lambda: overwrite_removed(self._engine))
        return removed

    def _in_one(self, call: Callable[[Connection], _T], *, writes: bool) -> _T:
        with begun(self._engine, writes=writes) as connection:
            return call(connection)

    # reports

    async def add_report(self, report: Report) -> None:
        """See :meth:`Records.add_report`."""
        await self._write(lambda c: reports.add_report(c, report))

    async def report(self, report_id: str) -> Report | None:
        """See :meth:`Records.report`."""
        return await self._read(lambda c: reports.one(c, report_id))

    async def open_reports(self, limit: int) -> list[Report]:
        """See :meth:`Records.open_reports`."""
        return await self._read(lambda c: reports.most_urgent(c, limit))

    async def backlog(self) -> Backlog:
        """See :meth:`Records.backlog`."""
        return await self._read(reports.backlog)

    async def reports(self, limit: int, offset: int) -> list[Report]:
        """See :meth:`Records.reports`."""
        return await self._read(lambda c: reports.newest(c, limit, offset))

    async def reports_about(self, party: Party, since: float) -> list[Report]:
        """See :meth:`Records.reports_about`."""
        return await self._read(lambda c: reports.about(c, party, since))

    async def reports_by(self, party: Party, since: float) -> list[Report]:
        """See :meth:`Records.reports_by`."""
        return await self._read(lambda c: reports.made_by(c, party, since))

    async def take_report(self, report_id: str, by: str, now: float, until: float) -> Report | None:
        """See :meth:`Records.take_report`."""
        return await self._write(lambda c: reports.take(c, report_id, by, now, until))

    async def decide_report(
        self, report_id: str, outcome: ReportOutcome, decision: Decision
    ) -> bool:
        """See :meth:`Records.decide_report`."""
        return await self._write(lambda c: reports.decide(c, report_id, outcome, decision))

    async def told(self, report_ids: list[str], now: float) -> None:
        """See :meth:`Records.told`."""
        await self._write(lambda c: reports.told(c, report_ids, now))

    async def heard(self, report_ids: list[str], now: float) -> None:
        """See :meth:`Records.heard`."""
        await self._write(lambda c: reports.heard(c, report_ids, now))

    # blocks

    async def add_block(self, block: Block) -> None:
        """See :meth:`Records.add_block`."""
        await self._write(lambda c: reports.add_block(c, block))

    async def blocks(self, party: Party) -> list[Block]:
        """See :meth:`Records.blocks`."""
        return await self._read(lambda c: reports.blocks_by(c, party))

    async def remove_block(self, block_id: str, by: Party) -> bool:
        """See :meth:`Records.remove_block`."""
        return await self._write(lambda c: reports.remove_block(c, block_id, by))

    # bans and appeals

    async def add_ban(self, ban: Ban, decision: Decision) -> None:
        """See :meth:`Records.add_ban`."""
        await self._write(lambda c: bans.add_ban(c, ban, decision))

    async def ban(self, ban_id: str) -> Ban | None:
        """See :meth:`Records.ban`."""
        return await self._read(lambda c: bans.one(c, ban_id))

    async def bans(
        self, limit: int, offset: int = 0, *, holding_at: float | None = None
    ) -> list[Ban]:
        """See :meth:`Records.bans`."""
        return await self._read(lambda c: bans.newest(c, limit, offset, holding_at=holding_at))

    async def bans_of(self, party: Party) -> list[Ban]:
        """See :meth:`Records.bans_of`."""
        return await self._read(lambda c: bans.of(c, party))

    async def lift_ban(self, ban_id: str, decision: Decision) -> bool:
        """See :meth:`Records.lift_ban`."""
        return await self._write(lambda c: bans.lift(c, ban_id, decision))

    async def add_appeal(self, appeal: Appeal) -> bool:
        """See :meth:`Records.add_appeal`."""
        return await self._write(lambda c: bans.add_appeal(c, appeal))

    async def appeal(self, appeal_id: str) -> Appeal | None:
        """See :meth:`Records.appeal`."""
        return await self._read(lambda c: bans.appeal(c, appeal_id))

    async def appeal_of(self, ban_id: str) -> Appeal | None:
        """See :meth:`Records.appeal_of`."""
        return await self._read(lambda c: bans.appeal_of_ban(c, ban_id))

    async def appeals(self, limit: int, offset: int = 0, *, is_open: bool = False) -> list[Appeal]:
        """See :meth:`Records.appeals`."""
        return await self._read(lambda c: bans.all_appeals(c, limit, offset, is_open=is_open))

    async def answer_appeal(
        self, appeal_id: str, outcome: AppealOutcome, answer: str, decision: Decision
    ) -> bool:
        """See :meth:`Records.answer_appeal`."""
        return await self._write(lambda c: bans.answer(c, appeal_id, outcome, answer, decision))

    async def decisions(self, about: str) -> list[Decision]:
        """See :meth:`Records.decisions`."""
        return await self._read(lambda c: kept.decisions_about(c, about))

    # operators

    async def add_operator(self, operator: Operator) -> bool:
        """See :meth:`Records.add_operator`."""
        return await self._write(lambda c: kept.add_operator(c, operator))

    async def remove_operator(self, name: str) -> bool:
        """See :meth:`Records.remove_operator`."""
        return await self._write(lambda c: kept.remove_operator(c, name))

    async def operators(self) -> list[Operator]:
        """See :meth:`Records.operators`."""
        return await self._read(kept.all_operators)

    # evidence

    async def add_evidence(self, evidence: Evidence) -> Evidence:
        """See :meth:`Records.add_evidence`."""
        return await self._write(lambda c: kept.add_evidence(c, evidence))

    async def evidence(self, evidence_id: str) -> Evidence | None:
        """See :meth:`Records.evidence`."""
        return await self._read(lambda c: kept.one(c, evidence_id))

    async def evidence_of(self, report_id: str) -> list[Evidence]:
        """See :meth:`Records.evidence_of`."""
        return await self._read(lambda c: kept.of_report(c, report_id))

    async def chain(self, after: int, limit: int) -> list[Evidence]:
        """See :meth:`Records.chain`."""
        return await self._read(lambda c: kept.chain(c, after, limit))

    async def hold_evidence(self, evidence_id: str, by: str, decision: Decision) -> bool:
        """See :meth:`Records.hold_evidence`."""
        return await self._write(lambda c: kept.hold(c, evidence_id, by, decision))

    # time and privacy

    async def expire(self, now: float, evidence_before: float, rest_before: float) -> int:
        """See :meth:`Records.expire`."""
        return await self._remove(lambda c: privacy.expire(c, now, evidence_before, rest_before))

    async def everything(self, party: Party) -> Everything:
        """See :meth:`Records.everything`."""
        return await self._read(lambda c: privacy.everything(c, party))

    async def forget(self, party: Party) -> int:
        """See :meth:`Records.forget`."""
        return await self._remove(lambda c: privacy.forget(c, party, self._clock()))
