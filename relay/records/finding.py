"""What several tables are asked and told in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Table, and_, false
from sqlalchemy.dialects import sqlite

from relay.records.interface import Party
from relay.records.rows import values_of
from relay.records.schema import decisions

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

    from relay.records.interface import Decision
    from relay.records.rows import Kept

MANY = 1000
"""As many rows are read at once where nobody says how many."""


def is_about(table: Table, name: str, party: Party) -> ColumnElement[bool]:
    """Rows in whose ``name`` somebody is.

    A visitor is found wherever it is; without a cookie it is whoever has its address and no cookie
    either, since other visitors at an address are other people.
    """
    visitor, address = table.c[f"{name}_visitor"], table.c[f"{name}_address"]
    if party.visitor:
        return visitor == party.visitor
    return and_(visitor == "", address == party.address) if party.address else false()


def nobody(name: str) -> dict[str, str]:
    """Values for a party of which nothing is known any more."""
    return {f"{name}_visitor": "", f"{name}_address": ""}


def add(connection: Connection, table: Table, kept: Kept) -> bool:
    """Add a row; false when one with its key, or another one that has to be alone, is there."""
    statement: sqlite.Insert | postgresql.Insert = sqlite.insert(table)
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert  # noqa: PLC0415 - most do without

        statement = insert(table)
    added = statement.values(values_of(kept)).on_conflict_do_nothing()
    counted = added.execution_options(preserve_rowcount=True)
    return connection.execute(counted).rowcount == 1


def add_decision(connection: Connection, decision: Decision) -> None:
    """Keep what was decided."""
    add(connection, decisions, decision)
