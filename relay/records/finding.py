"""What several tables are asked and told in the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import ColumnElement, Connection, Table, and_, false, or_
from sqlalchemy.dialects import postgresql, sqlite

from relay.records.interface import Party
from relay.records.rows import values_of
from relay.records.schema import decisions

if TYPE_CHECKING:
    from relay.records.interface import Decision
    from relay.records.rows import Kept

MANY = 1000
"""As many rows are read at once where nobody says how many."""


def concerns(table: Table, name: str, party: Party) -> ColumnElement[bool]:
    """Rows in whose ``name`` the visitor is, or anybody with its address; none for nobody."""
    return or_(is_visitor(table, name, party), _is_at_address(table, name, party))


def is_own(table: Table, name: str, party: Party) -> ColumnElement[bool]:
    """Rows in whose ``name`` the visitor is, or somebody without a cookie who has its address.

    Other visitors with its address are other people.
    """
    is_unknown = table.c[f"{name}_visitor"] == ""
    at_address = and_(is_unknown, _is_at_address(table, name, party))
    return or_(is_visitor(table, name, party), at_address)


def is_visitor(table: Table, name: str, party: Party) -> ColumnElement[bool]:
    """Rows in whose ``name`` the visitor is."""
    return table.c[f"{name}_visitor"] == party.visitor if party.visitor else false()


def _is_at_address(table: Table, name: str, party: Party) -> ColumnElement[bool]:
    return table.c[f"{name}_address"] == party.address if party.address else false()


def nobody(name: str) -> dict[str, str]:
    """Values for a party of which nothing is known any more."""
    return {f"{name}_visitor": "", f"{name}_address": ""}


def add(connection: Connection, table: Table, kept: Kept) -> bool:
    """Add a row; false when one with its key, or another one that has to be alone, is there."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    statement = insert(table).values(values_of(kept)).on_conflict_do_nothing()
    counted = statement.execution_options(preserve_rowcount=True)
    return connection.execute(counted).rowcount == 1


def add_decision(connection: Connection, decision: Decision) -> None:
    """Keep what was decided."""
    add(connection, decisions, decision)
