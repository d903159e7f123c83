"""What is kept, as rows of its table and back."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

from relay.records.interface import (
    Appeal,
    Ban,
    Block,
    Decision,
    Evidence,
    Operator,
    Party,
    Reason,
    Report,
    Role,
)

if TYPE_CHECKING:
    from sqlalchemy import Row

    Kept = Report | Block | Ban | Appeal | Decision | Operator | Evidence


def values_of(kept: Kept) -> dict[str, Any]:
    """The columns' values: a party has two, named for it."""
    values: dict[str, Any] = {}
    for field in fields(kept):
        value = getattr(kept, field.name)
        if isinstance(value, Party):
            values[f"{field.name}_visitor"] = value.visitor
            values[f"{field.name}_address"] = value.address
        else:
            values[field.name] = value
    return values


def report_of(row: Row[Any]) -> Report:
    """A row of ``reports``."""
    return Report(
        id=row.id,
        at=row.at,
        reason=Reason(row.reason),
        reporter=Party(row.reporter_visitor, row.reporter_address),
        reported=Party(row.reported_visitor, row.reported_address),
        room_id=row.room_id,
        words=row.words,
        source=row.source,
        score=row.score,
        outcome=row.outcome,
        decided_at=row.decided_at,
        taken_by=row.taken_by,
        taken_at=row.taken_at,
        told_at=row.told_at,
        heard_at=row.heard_at,
    )


def block_of(row: Row[Any]) -> Block:
    """A row of ``blocks``."""
    by = Party(row.by_visitor, row.by_address)
    return Block(row.id, row.at, by, Party(row.blocked_visitor, row.blocked_address))


def ban_of(row: Row[Any]) -> Ban:
    """A row of ``bans``."""
    return Ban(
        id=row.id,
        party=Party(row.party_visitor, row.party_address),
        since=row.since,
        until=row.until,
        reason=Reason(row.reason),
        by=row.by,
        words=row.words,
        lifted_at=row.lifted_at,
    )


def appeal_of(row: Row[Any]) -> Appeal:
    """A row of ``appeals``."""
    return Appeal(
        row.id, row.ban_id, row.at, row.words, row.outcome, row.answer, decided_at=row.decided_at
    )


def decision_of(row: Row[Any]) -> Decision:
    """A row of ``decisions``."""
    return Decision(row.id, row.at, row.by, row.what, row.about, row.why)


def operator_of(row: Row[Any]) -> Operator:
    """A row of ``operators``."""
    return Operator(row.name, Role(row.role), row.token_hash, row.added_at)


def evidence_of(row: Row[Any]) -> Evidence:
    """A row of ``evidence``; without ``sealed`` where that was not asked for."""
    return Evidence(
        id=row.id,
        report_id=row.report_id,
        at=row.at,
        sealed=getattr(row, "sealed", None),
        keep_until=row.keep_until,
        held_by=row.held_by,
        number=row.number,
        digest=row.digest,
        sealed_digest=row.sealed_digest,
    )
