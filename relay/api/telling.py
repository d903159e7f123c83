"""What is stored, as the operators' API tells it."""

from collections.abc import Sequence
from datetime import UTC, datetime

from relay.api import cases
from relay.api.queue import Queue
from relay.records import (
    Appeal,
    Ban,
    Decision,
    Everything,
    Evidence,
    Operator,
    Party,
    Report,
)
from relay.records.chain import sealed_digest
from relay.safety import urgency
from relay.safety.decisions import TAKEN_S

MAX_HISTORY = 50
"""How much of somebody's history a card tells."""


def moment(at: float) -> str:
    """Seconds since 1970 as RFC 3339."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")


def party(told: Party) -> cases.Party:
    """Whom something is about."""
    return cases.Party(visitor=told.visitor or None, address=told.address or None)


def taken_by(told: Report, now: float) -> str | None:
    """Who looks at it; nobody when that was long ago."""
    is_taken = told.taken_by and told.taken_at is not None and now - told.taken_at < TAKEN_S
    return told.taken_by if is_taken else None


def report(told: Report, now: float, queue: Queue | None = None) -> cases.Report:
    """A report; ``queue`` knows how many have reported the same one."""
    by = taken_by(told, now)
    return cases.Report(
        id=told.id,
        at=moment(told.at),
        reason=told.reason,
        severity=urgency(told.reason),
        reporter=party(told.reporter),
        reported=party(told.reported),
        reporters=queue.reporters(told) if queue is not None and told.outcome == "open" else 0,
        room_id=told.room_id,
        words=told.words,
        source=told.source,
        score=told.score,
        outcome=told.outcome,
        decided_at=_moment(told.decided_at),
        taken_by=by,
        taken_at=_moment(told.taken_at) if by else None,
    )


def past(told: Report) -> cases.PastReport:
    """A report in somebody's history."""
    return cases.PastReport(
        id=told.id, at=moment(told.at), reason=told.reason, outcome=told.outcome
    )


def ban(told: Ban, now: float) -> cases.Ban:
    """A ban."""
    return cases.Ban(
        id=told.id,
        party=party(told.party),
        since=moment(told.since),
        until=_moment(told.until),
        reason=told.reason,
        by=told.by,
        words=told.words,
        lifted_at=_moment(told.lifted_at),
        holds=told.holds(now),
    )


def decision(told: Decision) -> cases.Decision:
    """A decision."""
    return cases.Decision(
        at=moment(told.at), by=told.by, what=told.what, about=told.about, why=told.why
    )


def side(
    whom: Party, about: Sequence[Report], made: Sequence[Report], bans: Sequence[Ban], now: float
) -> cases.Side:
    """One of the two, with its history."""
    return cases.Side(
        party=party(whom),
        reports_about=[past(each) for each in about[:MAX_HISTORY]],
        reports_made=[past(each) for each in made[:MAX_HISTORY]],
        bans=[ban(each, now) for each in bans[:MAX_HISTORY]],
    )


def appeal(told: Appeal) -> cases.Appeal:
    """An appeal."""
    return cases.Appeal(
        id=told.id,
        ban_id=told.ban_id,
        at=moment(told.at),
        words=told.words,
        outcome=told.outcome,
        answer=told.answer,
        decided_at=_moment(told.decided_at),
    )


def evidence(told: Evidence, now: float) -> cases.EvidenceItem:
    """A piece of evidence, without what is sealed in it."""
    return cases.EvidenceItem(
        id=told.id,
        report_id=told.report_id,
        at=moment(told.at),
        keep_until=moment(told.keep_until),
        is_kept=told.sealed is not None or bool(told.held_by) or now < told.keep_until,
        is_intact=None if told.sealed is None else sealed_digest(told.sealed) == told.sealed_digest,
        held_by=told.held_by or None,
        number=told.number,
        digest=told.digest,
        sealed_digest=told.sealed_digest,
        added_at=told.at,
    )


def operator(told: Operator) -> cases.AnOperator:
    """An operator."""
    return cases.AnOperator(
        name=told.name, role=told.role, added_at=moment(told.added_at) if told.added_at else None
    )


def personal(visitor: str, told: Everything, now: float) -> cases.Personal:
    """All about a visitor, as it can be handed out."""
    return cases.Personal(
        visitor=visitor,
        reports_made=[
            cases.MadeReport(**past(each).model_dump(by_alias=False), words=each.words)
            for each in told.reports_made
        ],
        reports_about=[_dated(past(each)) for each in told.reports_about],
        blocks_made=[moment(each.at) for each in told.blocks if each.by.visitor == visitor],
        bans=[ban(each, now) for each in told.bans],
        appeals=[appeal(each) for each in told.appeals],
        decisions=[
            cases.OwnDecision(at=moment(each.at), what=each.what, about=each.about)
            for each in told.decisions
        ],
    )


def _dated(report: cases.PastReport) -> cases.PastReport:
    """With the day alone: the moment would tell who was there."""
    return report.model_copy(update={"at": report.at[:10]})


def _moment(at: float | None) -> str | None:
    return None if at is None else moment(at)
