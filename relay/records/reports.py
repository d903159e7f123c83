"""Reports and blocks, as statements on a connection: each function is a part of a transaction."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, func, or_, select, update

from relay.records.finding import MANY, add, add_decision, is_about
from relay.records.interface import Backlog, Block, Decision, Party, Reason, Report, ReportOutcome
from relay.records.rows import block_of, report_of
from relay.records.schema import appeals, blocks, reports

_IS_OPEN = reports.c.outcome == "open"


def add_report(connection: Connection, report: Report) -> None:
    """Add one, unless it is there."""
    add(connection, reports, report)


def one(connection: Connection, report_id: str) -> Report | None:
    """One report."""
    found = connection.execute(select(reports).where(reports.c.id == report_id)).first()
    return report_of(found) if found else None


def newest(connection: Connection, limit: int, offset: int = 0) -> list[Report]:
    """All."""
    return _all(connection, _newest().limit(limit).offset(offset))


def most_urgent(connection: Connection, limit: int) -> list[Report]:
    """Those not decided yet: whatever comes later, what is urgent and old is among them."""
    urgency = case(
        {reason.value: rank for rank, reason in enumerate(Reason)}, value=reports.c.reason
    )
    asked = select(reports).where(_IS_OPEN).order_by(urgency, reports.c.at, reports.c.id)
    return _all(connection, asked.limit(limit))


def backlog(connection: Connection) -> Backlog:
    """How many reports and appeals are open."""
    asked = select(func.count(), func.min(reports.c.at)).where(_IS_OPEN)
    count, oldest_at = connection.execute(asked).one()
    asked_for = select(func.count()).select_from(appeals).where(appeals.c.outcome == "open")
    return Backlog(count, oldest_at, connection.execute(asked_for).scalar_one())


def about(connection: Connection, party: Party, since: float = 0) -> list[Report]:
    """Those about somebody."""
    return _all(connection, _since(since).where(is_about(reports, "reported", party)))


def made_by(connection: Connection, party: Party, since: float = 0) -> list[Report]:
    """Those that somebody has made."""
    return _all(connection, _since(since).where(is_about(reports, "reporter", party)))


def take(
    connection: Connection, report_id: str, by: str, now: float, until: float
) -> Report | None:
    """Have an operator look at it: it is somebody else's only if that one took it later."""
    is_free = or_(
        reports.c.taken_by.in_(("", by)), reports.c.taken_at.is_(None), reports.c.taken_at <= until
    )
    wanted = and_(reports.c.id == report_id, _IS_OPEN, *([is_free] if by else []))
    taken = {"taken_by": by, "taken_at": now if by else None}
    connection.execute(update(reports).where(wanted).values(taken))
    return one(connection, report_id)


def decide(
    connection: Connection, report_id: str, outcome: ReportOutcome, decision: Decision
) -> bool:
    """Decide an open one."""
    wanted = and_(reports.c.id == report_id, _IS_OPEN)
    decided = {"outcome": outcome, "decided_at": decision.at}
    if not connection.execute(update(reports).where(wanted).values(decided)).rowcount:
        return False
    add_decision(connection, decision)
    return True


def told(connection: Connection, report_ids: list[str], now: float) -> None:
    """Their reporter knows the outcome."""
    wanted = and_(reports.c.id.in_(report_ids), reports.c.told_at.is_(None))
    connection.execute(update(reports).where(wanted).values(told_at=now))


def heard(connection: Connection, report_ids: list[str], now: float) -> None:
    """The reported one has got its warning."""
    wanted = and_(reports.c.id.in_(report_ids), reports.c.heard_at.is_(None))
    connection.execute(update(reports).where(wanted).values(heard_at=now))


def add_block(connection: Connection, block: Block) -> None:
    """Add one, unless the same two have one already."""
    same = and_(is_about(blocks, "by", block.by), is_about(blocks, "blocked", block.blocked))
    if connection.execute(select(blocks.c.id).where(same)).first() is None:
        add(connection, blocks, block)


def blocks_by(connection: Connection, party: Party) -> list[Block]:
    """Those that somebody has made."""
    return _blocks(connection, is_about(blocks, "by", party))


def remove_block(connection: Connection, block_id: str, by: Party) -> bool:
    """Remove one's own."""
    wanted = and_(blocks.c.id == block_id, is_about(blocks, "by", by))
    return connection.execute(blocks.delete().where(wanted)).rowcount == 1


def _newest() -> Select[Any]:
    return select(reports).order_by(reports.c.at.desc(), reports.c.id.desc())


def _since(since: float) -> Select[Any]:
    return _newest().where(reports.c.at >= since).limit(MANY)


def _all(connection: Connection, asked: Select[Any]) -> list[Report]:
    return [report_of(row) for row in connection.execute(asked)]


def _blocks(connection: Connection, wanted: ColumnElement[bool]) -> list[Block]:
    asked = select(blocks).where(wanted).order_by(blocks.c.at.desc(), blocks.c.id.desc())
    return [block_of(row) for row in connection.execute(asked.limit(MANY))]
