"""What operators decide: about reports, bans and appeals. Each decision is kept with its reason."""

from __future__ import annotations

from dataclasses import replace
from secrets import token_hex
from typing import Literal

import structlog

from relay.errors import AlreadyDecided, NotFound, RecordsAway
from relay.records import Appeal, Ban, Decision, Report
from relay.safety.orders import BanOrder
from relay.safety.service import Safety

TAKEN_S = 600.0
"""How long a report is an operator's own that has taken it."""

log = structlog.get_logger(__name__)


class Decisions:
    """Carries out what operators decide.

    Every method raises :class:`relay.errors.RecordsAway` while the database is away, and nothing
    has happened then, but that a ban is in force already.
    """

    def __init__(self, safety: Safety) -> None:
        self._safety = safety
        self._records = safety.records

    async def take(self, report_id: str, by: str) -> Report:
        """Have an operator look at a report: ``taken_by`` says whose it is then.

        :raises NotFound: when there is none.
        """
        now = self._safety.clock()
        report = await self._records.take_report(report_id, by, now, now - TAKEN_S)
        if report is None:
            raise NotFound("there is no such report")
        return report

    async def give_back(self, report_id: str, by: str) -> Report:
        """Have a report be anybody's again; harmless when it is another's."""
        report = await self.take(report_id, by)
        if report.taken_by != by:
            return report
        now = self._safety.clock()
        return await self._records.take_report(report_id, "", now, now) or report

    async def decide(
        self,
        report_id: str,
        outcome: Literal["dismissed", "warned", "banned"],
        *,
        by: str,
        why: str,
        ban: BanOrder | None = None,
    ) -> Report:
        """Decide a report; the reporter is told, and with ``banned`` the reported one is banned.

        :raises NotFound: when there is none.
        :raises AlreadyDecided: when it is not open any more.
        """
        report = await self._records.report(report_id)
        if report is None:
            raise NotFound("there is no such report")
        decision = self._decision(by, outcome, report_id, why)
        if not await self._records.decide_report(report_id, outcome, decision):
            raise AlreadyDecided("the report is decided already")
        tally = self._safety.tally
        tally.decision_s.observe(decision.at - report.at)
        tally.open_reports = max(tally.open_reports - 1, 0)
        log.info("report_decided", report=report_id, outcome=outcome, by=by)
        decided = replace(report, outcome=outcome, decided_at=decision.at)
        self._safety.decided(decided)
        self._safety.changed("report", report_id)
        if ban is not None:
            await self.ban(ban, by=by, why=why or f"report {report_id}")
        return decided

    async def ban(self, order: BanOrder, *, by: str, why: str) -> Ban:
        """Ban somebody; who is online is disconnected.

        :raises RecordsAway: when the ban holds, but is not stored before the database is back.
        """
        now = self._safety.clock()
        until = None if order.duration_s is None else now + order.duration_s
        ban = Ban(token_hex(8), order.party, now, until, order.reason, by, order.words.strip())
        made = await self._safety.ban(ban, why)
        if not self._safety.is_stored(made):
            raise RecordsAway("the ban holds, and is stored when the database is back")
        return made

    async def lift(self, ban_id: str, *, by: str, why: str) -> Ban:
        """Lift a ban.

        :raises NotFound: when there is none.
        :raises AlreadyDecided: when it is not in force.
        """
        ban = await self._records.ban(ban_id)
        if ban is None:
            raise NotFound("there is no such ban")
        decision = self._decision(by, "lifted", ban_id, why)
        if not await self._records.lift_ban(ban_id, decision):
            raise AlreadyDecided("the ban is over already")
        self._safety.bans.remove(ban_id)
        self._safety.changed("ban", ban_id)
        log.info("ban_lifted", ban=ban_id, by=by)
        return replace(ban, lifted_at=decision.at)

    async def answer(
        self,
        appeal_id: str,
        outcome: Literal["granted", "refused"],
        *,
        by: str,
        answer: str,
        why: str,
    ) -> Appeal:
        """Answer an appeal; one that is granted lifts the ban.

        :raises NotFound: when there is none.
        :raises AlreadyDecided: when it is answered.
        """
        appeal = await self._records.appeal(appeal_id)
        if appeal is None:
            raise NotFound("there is no such appeal")
        decision = self._decision(by, outcome, appeal_id, why)
        if not await self._records.answer_appeal(appeal_id, outcome, answer.strip(), decision):
            raise AlreadyDecided("the appeal is answered already")
        if outcome == "granted":
            self._safety.bans.remove(appeal.ban_id)
        self._safety.tally.open_appeals = max(self._safety.tally.open_appeals - 1, 0)
        self._safety.changed("ban", appeal.ban_id)
        log.info("appeal_answered", appeal=appeal_id, outcome=outcome, by=by)
        return replace(appeal, outcome=outcome, answer=answer.strip(), decided_at=decision.at)

    def _decision(
        self,
        by: str,
        what: Literal["dismissed", "warned", "banned", "lifted", "granted", "refused"],
        about: str,
        why: str,
    ) -> Decision:
        return Decision(token_hex(8), self._safety.clock(), by, what, about, why.strip())
