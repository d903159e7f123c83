"""Bans and appeals, as statements on a connection: each function is a part of a transaction."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from relay.records.finding import MANY, add, add_decision, is_about
from relay.records.interface import Appeal, AppealOutcome, Ban, Decision, Party
from relay.records.rows import appeal_of, ban_of
from relay.records.schema import appeals, bans

_NEWEST = select(bans).order_by(bans.c.since.desc(), bans.c.id.desc())


def holds(now: float) -> ColumnElement[bool]:
    """Those in force at a time."""
    return and_(bans.c.lifted_at.is_(None), or_(bans.c.until.is_(None), bans.c.until > now))


def add_ban(connection: Connection, ban: Ban, decision: Decision) -> None:
    """Add one, with the decision."""
    add(connection, bans, ban)
    add_decision(connection, decision)


def one(connection: Connection, ban_id: str) -> Ban | None:
    """One ban."""
    found = connection.execute(select(bans).where(bans.c.id == ban_id)).first()
    return ban_of(found) if found else None


def newest(
    connection: Connection, limit: int, offset: int = 0, *, holding_at: float | None = None
) -> list[Ban]:
    """All, or those in force."""
    asked = _NEWEST.limit(limit).offset(offset)
    asked = asked if holding_at is None else asked.where(holds(holding_at))
    return [ban_of(row) for row in connection.execute(asked)]


def of(connection: Connection, party: Party) -> list[Ban]:
    """All that somebody has ever had."""
    asked = _NEWEST.where(is_about(bans, "party", party)).limit(MANY)
    return [ban_of(row) for row in connection.execute(asked)]


def lift(connection: Connection, ban_id: str, decision: Decision) -> bool:
    """Lift one that is in force when it is decided."""
    if not _lift(connection, ban_id, decision.at):
        return False
    add_decision(connection, decision)
    return True


def add_appeal(connection: Connection, appeal: Appeal) -> bool:
    """Add one, if its ban is there and has none."""
    return one(connection, appeal.ban_id) is not None and add(connection, appeals, appeal)


def appeal(connection: Connection, appeal_id: str) -> Appeal | None:
    """One appeal."""
    return _first(connection, appeals.c.id == appeal_id)


def appeal_of_ban(connection: Connection, ban_id: str) -> Appeal | None:
    """The appeal of a ban."""
    return _first(connection, appeals.c.ban_id == ban_id)


def all_appeals(
    connection: Connection, limit: int, offset: int = 0, *, is_open: bool = False
) -> list[Appeal]:
    """All, the newest first; or those that wait, the oldest first."""
    asked = select(appeals).limit(limit).offset(offset)
    if is_open:
        asked = asked.where(appeals.c.outcome == "open").order_by(appeals.c.at, appeals.c.id)
    else:
        asked = asked.order_by(appeals.c.at.desc(), appeals.c.id.desc())
    return [appeal_of(row) for row in connection.execute(asked)]


def answer(
    connection: Connection, appeal_id: str, outcome: AppealOutcome, text: str, decision: Decision
) -> bool:
    """Answer one that is open; when it is granted, its ban is over."""
    wanted = and_(appeals.c.id == appeal_id, appeals.c.outcome == "open")
    answered = {"outcome": outcome, "answer": text, "decided_at": decision.at}
    if not connection.execute(update(appeals).where(wanted).values(answered)).rowcount:
        return False
    found = appeal(connection, appeal_id)
    if outcome == "granted" and found:
        _lift(connection, found.ban_id, decision.at)
    add_decision(connection, decision)
    return True


def _lift(connection: Connection, ban_id: str, at: float) -> bool:
    wanted = and_(bans.c.id == ban_id, holds(at))
    return connection.execute(update(bans).where(wanted).values(lifted_at=at)).rowcount == 1


def _first(connection: Connection, wanted: ColumnElement[bool]) -> Appeal | None:
    found = connection.execute(select(appeals).where(wanted)).first()
    return appeal_of(found) if found else None
