"""The records in memory, but for evidence: the contract suite holds them to what databases do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from relay.errors import RecordsAway
from relay.records import (
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
    Reason,
    Report,
    ReportOutcome,
)

T = TypeVar("T")


def about(party: Party, other: Party) -> bool:
    """Whether two are the same: by the visitor, or by the address of those without a cookie."""
    if party.visitor or other.visitor:
        return bool(party.visitor) and party.visitor == other.visitor
    return bool(party.address) and party.address == other.address


class MemoryRecords:
    """Implements :class:`relay.records.Records`, but for evidence."""

    unwritten = lost = 0

    def __init__(self) -> None:
        self.away = False
        self.all_reports: dict[str, Report] = {}
        self.all_blocks: dict[str, Block] = {}
        self.all_bans: dict[str, Ban] = {}
        self.all_appeals: dict[str, Appeal] = {}
        self.all_decisions: list[Decision] = []
        self.all_operators: dict[str, Operator] = {}

    def _look(self) -> None:
        if self.away:
            raise RecordsAway("the database is away")

    async def add_report(self, report: Report) -> None:
        self._look()
        self.all_reports.setdefault(report.id, report)

    async def report(self, report_id: str) -> Report | None:
        self._look()
        return self.all_reports.get(report_id)

    async def open_reports(self, limit: int) -> list[Report]:
        self._look()
        found = [r for r in self.all_reports.values() if r.outcome == "open"]
        return sorted(found, key=lambda r: (list(Reason).index(r.reason), r.at, r.id))[:limit]

    async def backlog(self) -> Backlog:
        self._look()
        times = [r.at for r in self.all_reports.values() if r.outcome == "open"]
        appeals = [a for a in self.all_appeals.values() if a.outcome == "open"]
        return Backlog(len(times), min(times, default=None), len(appeals))

    async def reports(self, limit: int, offset: int) -> list[Report]:
        self._look()
        return self._newest(self.all_reports)[offset : offset + limit]

    async def reports_about(self, party: Party, since: float) -> list[Report]:
        self._look()
        found = self._newest(self.all_reports)
        return [r for r in found if r.at >= since and about(r.reported, party)]

    async def reports_by(self, party: Party, since: float) -> list[Report]:
        self._look()
        found = self._newest(self.all_reports)
        return [r for r in found if r.at >= since and about(r.reporter, party)]

    async def take_report(self, report_id: str, by: str, now: float, until: float) -> Report | None:
        self._look()
        report = self.all_reports.get(report_id)
        if report is None:
            return None
        is_others = report.taken_by not in {"", by} and (report.taken_at or 0) > until
        if report.outcome == "open" and (not by or not is_others):
            report = replace(report, taken_by=by, taken_at=now if by else None)
            self.all_reports[report_id] = report
        return report

    async def decide_report(
        self, report_id: str, outcome: ReportOutcome, decision: Decision
    ) -> bool:
        self._look()
        report = self.all_reports.get(report_id)
        if report is None or report.outcome != "open":
            return False
        self.all_reports[report_id] = replace(report, outcome=outcome, decided_at=decision.at)
        self.all_decisions.append(decision)
        return True

    async def told(self, report_ids: list[str], now: float) -> None:
        self._look()
        for report in [self.all_reports[id_] for id_ in report_ids if id_ in self.all_reports]:
            if report.told_at is None:
                self.all_reports[report.id] = replace(report, told_at=now)

    async def heard(self, report_ids: list[str], now: float) -> None:
        self._look()
        for report in [self.all_reports[id_] for id_ in report_ids if id_ in self.all_reports]:
            if report.heard_at is None:
                self.all_reports[report.id] = replace(report, heard_at=now)

    async def add_block(self, block: Block) -> None:
        self._look()
        for other in self.all_blocks.values():
            if about(other.by, block.by) and about(other.blocked, block.blocked):
                return
        self.all_blocks[block.id] = block

    async def blocks(self, party: Party) -> list[Block]:
        self._look()
        found = self._newest(self.all_blocks)
        return [b for b in found if about(b.by, party)][:1000]

    async def remove_block(self, block_id: str, by: Party) -> bool:
        self._look()
        block = self.all_blocks.get(block_id)
        if block is None or not about(block.by, by):
            return False
        del self.all_blocks[block_id]
        return True

    async def add_ban(self, ban: Ban, decision: Decision) -> None:
        self._look()
        self.all_bans[ban.id] = ban
        self.all_decisions.append(decision)

    async def ban(self, ban_id: str) -> Ban | None:
        self._look()
        return self.all_bans.get(ban_id)

    async def bans(
        self, limit: int, offset: int = 0, *, holding_at: float | None = None
    ) -> list[Ban]:
        self._look()
        found = self._newest(self.all_bans, lambda ban: ban.since)
        kept = [ban for ban in found if holding_at is None or ban.holds(holding_at)]
        return kept[offset : offset + limit]

    async def bans_of(self, party: Party) -> list[Ban]:
        self._look()
        found = self._newest(self.all_bans, lambda ban: ban.since)
        return [ban for ban in found if about(ban.party, party)]

    async def lift_ban(self, ban_id: str, decision: Decision) -> bool:
        self._look()
        ban = self.all_bans.get(ban_id)
        if ban is None or not ban.holds(decision.at):
            return False
        self.all_bans[ban_id] = replace(ban, lifted_at=decision.at)
        self.all_decisions.append(decision)
        return True

    async def add_appeal(self, appeal: Appeal) -> bool:
        self._look()
        if appeal.ban_id not in self.all_bans or await self.appeal_of(appeal.ban_id):
            return False
        self.all_appeals[appeal.id] = appeal
        return True

    async def appeal(self, appeal_id: str) -> Appeal | None:
        self._look()
        return self.all_appeals.get(appeal_id)

    async def appeal_of(self, ban_id: str) -> Appeal | None:
        self._look()
        return next((a for a in self.all_appeals.values() if a.ban_id == ban_id), None)

    async def appeals(self, limit: int, offset: int = 0, *, is_open: bool = False) -> list[Appeal]:
        self._look()
        found = self._newest(self.all_appeals)
        if is_open:
            found = [appeal for appeal in reversed(found) if appeal.outcome == "open"]
        return found[offset : offset + limit]

    async def answer_appeal(
        self, appeal_id: str, outcome: AppealOutcome, answer: str, decision: Decision
    ) -> bool:
        self._look()
        appeal = self.all_appeals.get(appeal_id)
        if appeal is None or appeal.outcome != "open":
            return False
        self.all_appeals[appeal_id] = replace(
            appeal, outcome=outcome, answer=answer, decided_at=decision.at
        )
        self.all_decisions.append(decision)
        if outcome == "granted":
            ban = self.all_bans[appeal.ban_id]
            self.all_bans[ban.id] = replace(ban, lifted_at=decision.at)
        return True

    async def decisions(self, about: str) -> list[Decision]:
        self._look()
        return [each for each in self.all_decisions if each.about == about]

    async def add_operator(self, operator: Operator) -> bool:
        self._look()
        if operator.name in self.all_operators:
            return False
        self.all_operators[operator.name] = operator
        return True

    async def remove_operator(self, name: str) -> bool:
        self._look()
        return self.all_operators.pop(name, None) is not None

    async def operators(self) -> list[Operator]:
        self._look()
        return sorted(self.all_operators.values(), key=lambda each: each.name)

    async def add_evidence(self, evidence: Evidence) -> Evidence:
        raise NotImplementedError

    async def evidence(self, evidence_id: str) -> Evidence | None:
        raise NotImplementedError

    async def evidence_of(self, report_id: str) -> list[Evidence]:
        return []

    async def chain(self, after: int, limit: int) -> list[Evidence]:
        return []

    async def hold_evidence(self, evidence_id: str, by: str, decision: Decision) -> bool:
        raise NotImplementedError

    async def expire(self, now: float, evidence_before: float, rest_before: float) -> int:
        self._look()
        return 0

    async def everything(self, party: Party) -> Everything:
        self._look()
        return Everything(
            await self.reports_by(party, 0),
            await self.reports_about(party, 0),
            await self.blocks(party),
            await self.bans_of(party),
        )

    async def forget(self, party: Party) -> int:
        raise NotImplementedError

    def _newest(
        self,
        table: Mapping[str, T],
        at: Callable[[T], float] = lambda each: each.at,  # type: ignore[attr-defined]
    ) -> list[T]:
        latest_first = [*table.values()][::-1]
        return sorted(latest_first, key=at, reverse=True)
