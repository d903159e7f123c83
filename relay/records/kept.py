"""Evidence, decisions and operators, as statements on a connection."""

from __future__ import annotations

from sqlalchemy import Connection, and_, select, text, update

from relay.records.chain import linked
from relay.records.finding import MANY, add, add_decision
from relay.records.interface import Decision, Evidence, Operator
from relay.records.rows import decision_of, evidence_of, operator_of
from relay.records.schema import decisions, evidence, operators

_UNSEALED = select(*(column for column in evidence.c if column.name != "sealed"))


def add_evidence(connection: Connection, added: Evidence) -> Evidence:
    """Add one at the end of the chain; the one that is there when it has been added before."""
    if connection.dialect.name == "postgresql":  # SQLite lets one write at a time
        connection.execute(text("LOCK TABLE evidence IN SHARE ROW EXCLUSIVE MODE"))
    if there := one(connection, added.id):
        return there
    last = connection.execute(_UNSEALED.order_by(evidence.c.number.desc()).limit(1)).first()
    placed = linked(evidence_of(last) if last else None, added)
    add(connection, evidence, placed)
    return placed


def one(connection: Connection, evidence_id: str) -> Evidence | None:
    """One, with what is sealed in it."""
    found = connection.execute(select(evidence).where(evidence.c.id == evidence_id)).first()
    return evidence_of(found) if found else None


def of_report(connection: Connection, report_id: str) -> list[Evidence]:
    """A report's."""
    wanted = _UNSEALED.where(evidence.c.report_id == report_id).order_by(evidence.c.number)
    return [evidence_of(row) for row in connection.execute(wanted.limit(MANY))]


def chain(connection: Connection, after: int, limit: int) -> list[Evidence]:
    """Those after a number, in their order, with what is sealed in them."""
    asked = select(evidence).where(evidence.c.number > after).order_by(evidence.c.number)
    return [evidence_of(row) for row in connection.execute(asked.limit(limit))]


def hold(connection: Connection, evidence_id: str, by: str, decision: Decision) -> bool:
    """Have it kept, or let it go in its time; false when there is nothing left to keep."""
    wanted = and_(evidence.c.id == evidence_id, evidence.c.sealed.is_not(None))
    if not connection.execute(update(evidence).where(wanted).values(held_by=by)).rowcount:
        return False
    add_decision(connection, decision)
    return True


def decisions_about(connection: Connection, about: str) -> list[Decision]:
    """Those about something, oldest first."""
    asked = select(decisions).where(decisions.c.about == about)
    asked = asked.order_by(decisions.c.at, decisions.c.id).limit(MANY)
    return [decision_of(row) for row in connection.execute(asked)]


def add_operator(connection: Connection, operator: Operator) -> bool:
    """Add one, if the name is free."""
    return add(connection, operators, operator)


def remove_operator(connection: Connection, name: str) -> bool:
    """Remove one."""
    return connection.execute(operators.delete().where(operators.c.name == name)).rowcount == 1


def all_operators(connection: Connection) -> list[Operator]:
    """All, by name."""
    rows = connection.execute(select(operators).limit(MANY))
    return sorted(map(operator_of, rows), key=lambda operator: operator.name)
