"""The operators' desk: reports, bans and appeals, and what is decided about them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from aiohttp import web

from relay.api import answers, asking, cases, orders, telling
from relay.api.asked import Asked
from relay.api.operator import OPERATOR
from relay.api.queue import Queue
from relay.errors import AlreadyDecided, NotFound
from relay.records import Appeal, Party, Reason, Report
from relay.safety import BanOrder, Decisions, Safety

MAX_OPEN = 1000
"""How many open reports are put in order; the newest, when there are more."""

PartyOf = Callable[[str], Party | None]
"""Whom a user's id stands for; None when nobody with it is connected."""


class Desk:
    """The endpoints.

    :param party_of: who is connected.
    """

    def __init__(self, safety: Safety, decisions: Decisions, party_of: PartyOf) -> None:
        self._safety = safety
        self._records = safety.records
        self._decisions = decisions
        self._party_of = party_of

    # reports

    async def list_reports(self, request: web.Request) -> web.Response:
        """Answer with the queue, or with all there ever were."""
        query, now = asking.query(request, cases.ReportQuery), self._safety.clock()
        queue = Queue(await self._records.open_reports(MAX_OPEN))
        end, total = query.offset + query.limit, None
        if query.every:
            found = await self._records.reports(query.limit + 1, query.offset)
            more, found = len(found) > query.limit, found[: query.limit]
        else:
            total = len(queue.reports)
            more, found = end < total, queue.reports[query.offset : end]
        told = [telling.report(each, now, queue) for each in found]
        return asking.answer(cases.Reports(reports=told, total=total, more=more))

    async def get_report(self, request: web.Request) -> web.Response:
        """Answer with a card."""
        report = await self._report(request)
        now, queue = self._safety.clock(), Queue(await self._records.open_reports(MAX_OPEN))
        evidence = await self._records.evidence_of(report.id)
        card = cases.Card(
            report=telling.report(report, now, queue),
            reported=await self._side(report.reported),
            reporter=await self._side(report.reporter),
            decisions=[telling.decision(d) for d in await self._records.decisions(report.id)],
            evidence=[telling.evidence(each, now) for each in evidence],
        )
        return asking.answer(card)

    async def take_report(self, request: web.Request) -> web.Response:
        """Have a report be the operator's own for some minutes; 409 when it is another's."""
        by = request[OPERATOR].name
        with _told(request, "report"):
            report = await self._decisions.take(asking.id_of(request, "report"), by)
        if report.taken_by != by:
            raise web.HTTPConflict(text=f"{report.taken_by} looks at this report")
        return asking.answer(telling.report(report, self._safety.clock()))

    async def give_report_back(self, request: web.Request) -> web.Response:
        """Have a report be anybody's again."""
        with _told(request, "report"):
            await self._decisions.give_back(asking.id_of(request, "report"), request[OPERATOR].name)
        return web.Response(status=204)

    async def decide_report(self, request: web.Request) -> web.Response:
        """Decide a report; 409 when it is decided, or another operator has taken it."""
        order = await asking.body(request, orders.DecisionOrder)
        report, by, now = await self._report(request), request[OPERATOR].name, self._safety.clock()
        if (taken_by := telling.taken_by(report, now)) not in {None, by}:
            raise web.HTTPConflict(text=f"{taken_by} looks at this report")
        terms, ban = order.ban, None
        if terms is not None:
            party = _scoped(report.reported, terms.scope)
            ban = _ban(party, report.reason, terms.minutes, terms.words)
        with _told(request, "report"):
            decided = await self._decisions.decide(
                report.id, order.outcome, by=by, why=order.why, ban=ban
            )
        return asking.answer(telling.report(decided, self._safety.clock()))

    # bans

    async def list_bans(self, request: web.Request) -> web.Response:
        """Answer with the bans in force, or with all there ever were."""
        query, now = asking.query(request, cases.BanQuery), self._safety.clock()
        holding_at = None if query.every else now
        found = await self._records.bans(query.limit + 1, query.offset, holding_at=holding_at)
        bans = [telling.ban(each, now) for each in found[: query.limit]]
        return asking.answer(cases.Bans(bans=bans, more=len(found) > query.limit))

    async def get_ban(self, request: web.Request) -> web.Response:
        """Answer with a ban and who has it."""
        ban = await self._records.ban(asking.id_of(request, "ban"))
        if ban is None:
            raise asking.unknown(request, "ban")
        appeal = await self._records.appeal_of(ban.id)
        card = cases.BanCard(
            ban=telling.ban(ban, self._safety.clock()),
            banned=await self._side(ban.party),
            appeal=None if appeal is None else telling.appeal(appeal),
            decisions=[telling.decision(d) for d in await self._records.decisions(ban.id)],
        )
        return asking.answer(card)

    async def ban(self, what: Asked) -> cases.Ban:
        """Ban somebody; raises what becomes 404 when nothing is known of who is meant."""
        order = what.content(orders.NewBan)
        party = _scoped(await self._meant(order), order.scope)
        made = await self._decisions.ban(
            _ban(party, order.reason, order.minutes, order.words),
            by=what.by,
            why=order.why,
        )
        return telling.ban(made, self._safety.clock())

    async def lift_ban(self, request: web.Request) -> web.Response:
        """Lift a ban; 409 when it is over."""
        ban_id, order = asking.id_of(request, "ban"), asking.query(request, orders.LiftQuery)
        with _told(request, "ban"):
            lifted = await self._decisions.lift(ban_id, by=request[OPERATOR].name, why=order.why)
        return asking.answer(telling.ban(lifted, self._safety.clock()))

    async def _meant(self, order: orders.NewBan) -> Party:
        if order.user is not None:
            party = self._party_of(order.user)
            if party is None:
                raise web.HTTPNotFound(text=f"there is no user {order.user!r}, or no longer")
            return party
        if order.report is not None:
            report = await self._records.report(order.report)
            if report is None:
                raise web.HTTPNotFound(text=f"there is no report {order.report!r}")
            return report.reported
        return Party(order.visitor or "", order.address or "")

    # appeals

    async def list_appeals(self, request: web.Request) -> web.Response:
        """Answer with the appeals that are open, or with all there ever were."""
        query = asking.query(request, cases.AppealQuery)
        found = await self._records.appeals(query.limit + 1, query.offset, is_open=not query.every)
        told = [telling.appeal(each) for each in found[: query.limit]]
        return asking.answer(cases.Appeals(appeals=told, more=len(found) > query.limit))

    async def get_appeal(self, request: web.Request) -> web.Response:
        """Answer with an appeal and what it is about."""
        appeal = await self._appeal(request)
        ban = await self._records.ban(appeal.ban_id)
        if ban is None:
            raise asking.unknown(request, "appeal")
        decisions = [
            each for about in (ban.id, appeal.id) for each in await self._records.decisions(about)
        ]
        card = cases.AppealCard(
            appeal=telling.appeal(appeal),
            ban=telling.ban(ban, self._safety.clock()),
            banned=await self._side(ban.party),
            decisions=[telling.decision(each) for each in decisions],
        )
        return asking.answer(card)

    async def answer_appeal(self, request: web.Request) -> web.Response:
        """Answer an appeal; 409 when it is answered."""
        order = await asking.body(request, orders.AppealAnswer)
        with _told(request, "appeal"):
            answered = await self._decisions.answer(
                asking.id_of(request, "appeal"),
                order.outcome,
                by=request[OPERATOR].name,
                answer=order.answer,
                why=order.why,
            )
        return asking.answer(telling.appeal(answered))

    # inside

    async def _report(self, request: web.Request) -> Report:
        report = await self._records.report(asking.id_of(request, "report"))
        if report is None:
            raise asking.unknown(request, "report")
        return report

    async def _appeal(self, request: web.Request) -> Appeal:
        appeal = await self._records.appeal(asking.id_of(request, "appeal"))
        if appeal is None:
            raise asking.unknown(request, "appeal")
        return appeal

    async def _side(self, party: Party) -> cases.Side:
        now = self._safety.clock()
        if not party:
            return telling.side(party, [], [], [], now)
        about = await self._records.reports_about(party, 0.0)
        made = await self._records.reports_by(party, 0.0)
        return telling.side(party, about, made, await self._records.bans_of(party), now)


@contextmanager
def _told(request: web.Request, noun: str) -> Iterator[None]:
    """Turn what the decisions raise into 404 and 409."""
    try:
        yield
    except NotFound:
        raise asking.unknown(request, noun) from None
    except AlreadyDecided as error:
        raise web.HTTPConflict(text=str(error)) from None


def _scoped(party: Party, scope: orders.Scope) -> Party:
    """What of a party is to be banned; raises what becomes 422 when that is not known."""
    visitor = party.visitor if scope != "address" else ""
    address = party.address if scope != "visitor" else ""
    if scope != "both" and not (visitor or address):
        raise answers.Invalid(f"scope: no {scope} is known of it")
    if not (visitor or address):
        raise answers.Invalid("nothing is known of it by which it could be told from others")
    return Party(visitor, address)


def _ban(party: Party, reason: Reason, minutes: int | None, words: str) -> BanOrder:
    return BanOrder(party, reason, None if minutes is None else 60.0 * minutes, words)
