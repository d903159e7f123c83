"""A look at a database that changes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from relay.records.engine import begun, engine_of, require_whole
from relay.records.schema import HEAD, reports
from relay.records.version import version_of


@dataclass(frozen=True, slots=True)
class Look:
    """What there is."""

    version: str | None
    """Of the tables; None where there are none."""
    reports: int = 0
    """How many; 0 where the version is another one."""


def look(where: str | Path) -> Look:
    """Look at a database; it takes as long as the database takes.

    :param where: as :class:`relay.records.database.Database` has it.
    :raises RecordsUnfit: when it is none, or is damaged.
    :raises RecordsAway: when it cannot be used.
    """
    engine = engine_of(where, only_looks=True)
    try:
        with begun(engine, writes=False) as connection:
            require_whole(connection)
            version = version_of(connection)
            if version != HEAD:
                return Look(version)
            return Look(
                version, connection.execute(select(func.count()).select_from(reports)).scalar_one()
            )
    finally:
        engine.dispose()
