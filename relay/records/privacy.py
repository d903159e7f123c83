"""What goes when its time is over or somebody asks for it, and what is told about somebody."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, Delete, Update, and_, delete, not_, or_, select
from sqlalchemy import update as changed

from relay.records import bans as banning
from relay.records import kept
from relay.records import reports as reporting
from relay.records.finding import is_about, nobody
from relay.records.interface import Decision, Everything, Party
from relay.records.schema import appeals, bans, blocks, decisions, evidence, reports

_IS_SEALED = and_(evidence.c.sealed.is_not(None), evidence.c.held_by == "")
_IS_DECIDED = reports.c.outcome != "open"


def expire(connection: Connection, now: float, evidence_before: float, rest_before: float) -> int:
    """Have what is due be gone; a report stays as long as what is sealed about it."""
    rest_before = min(rest_before, now)
    is_due = and_(_IS_SEALED, evidence.c.keep_until <= evidence_before)
    count = _run(connection, changed(evidence).where(is_due).values(sealed=None))
    has_sealed = select(evidence.c.report_id).where(evidence.c.sealed.is_not(None))
    is_old = and_(_IS_DECIDED, reports.c.decided_at < rest_before, reports.c.id.not_in(has_sealed))
    count += _remove_reports(connection, is_old)
    is_plain = or_(blocks.c.by_visitor == "", blocks.c.blocked_visitor == "")
    count += _run(connection, delete(blocks).where(is_plain, blocks.c.at < rest_before))
    ended = or_(bans.c.lifted_at < rest_before, bans.c.until < rest_before)
    return count + _remove_bans(connection, ended)


def everything(connection: Connection, party: Party) -> Everything:
    """All about somebody, but for others' blocks."""
    made = reporting.made_by(connection, party)
    about = reporting.about(connection, party)
    banned = banning.of(connection, party)
    appealed = [banning.appeal_of_ban(connection, ban.id) for ban in banned]
    found = [appeal for appeal in appealed if appeal is not None]
    subjects = [
        *(report.id for report in (*made, *about)),
        *(ban.id for ban in banned),
        *(appeal.id for appeal in found),
    ]
    return Everything(
        reports_made=made,
        reports_about=about,
        blocks=reporting.blocks_by(connection, party),
        bans=banned,
        appeals=found,
        decisions=_decisions(connection, subjects),
    )


def forget(connection: Connection, party: Party, now: float) -> int:
    """Remove what somebody has made, and take it out of what others have made.

    An open report that it has made stays, but nobody knows any more whose it was.
    """
    has_made = is_about(reports, "reporter", party)
    is_reported = is_about(reports, "reported", party)
    its_reports = select(reports.c.id).where(_IS_DECIDED, or_(has_made, is_reported))
    is_shown = and_(_IS_SEALED, evidence.c.report_id.in_(its_reports))
    count = _run(connection, changed(evidence).where(is_shown).values(sealed=None))
    count += _remove_reports(connection, and_(_IS_DECIDED, has_made))
    count += _run(connection, changed(reports).where(has_made).values(nobody("reporter")))
    decided = and_(_IS_DECIDED, is_reported)
    count += _run(connection, changed(reports).where(decided).values(nobody("reported")))
    # What others have blocked stays: somebody may have been kept from them for a reason.
    count += _run(connection, delete(blocks).where(is_about(blocks, "by", party)))
    over = and_(is_about(bans, "party", party), not_(banning.holds(now)))
    return count + _remove_bans(connection, over)


def _remove_reports(connection: Connection, wanted: ColumnElement[bool]) -> int:
    ids = select(reports.c.id).where(wanted)
    about = _run(connection, delete(decisions).where(decisions.c.about.in_(ids)))
    return about + _run(connection, delete(reports).where(wanted))


def _remove_bans(connection: Connection, wanted: ColumnElement[bool]) -> int:
    """With their appeals, and the decisions about both."""
    ids = select(bans.c.id).where(wanted)
    its_appeals = select(appeals.c.id).where(appeals.c.ban_id.in_(ids))
    about = or_(decisions.c.about.in_(ids), decisions.c.about.in_(its_appeals))
    count = _run(connection, delete(decisions).where(about))
    count += _run(connection, delete(appeals).where(appeals.c.ban_id.in_(ids)))
    return count + _run(connection, delete(bans).where(wanted))


def _decisions(connection: Connection, subjects: Iterable[str]) -> list[Decision]:
    about = dict.fromkeys(subjects)
    found = [each for subject in about for each in kept.decisions_about(connection, subject)]
    return sorted(found, key=lambda decision: (decision.at, decision.id))


def _run(connection: Connection, statement: Update | Delete) -> int:
    return connection.execute(statement).rowcount
