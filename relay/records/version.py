"""Which version the tables have, and how they get the newest one, or one before it."""

from __future__ import annotations

from sqlalchemy import Connection, Engine, insert, inspect, select, text

from relay.errors import RecordsAway, RecordsUnfit, reason_of
from relay.records.engine import begun, make_file, require_whole
from relay.records.schema import HEAD, metadata, version

_LOCK = 0x72656C6179  # "relay": which of PostgreSQL's advisory locks


def prepare(engine: Engine) -> None:
    """Make the tables where there are none, and bring older ones to the newest version.

    Either all of it is done or nothing; servers that do it at once wait for each other.

    :raises RecordsUnfit: when they are of a newer version, or the database is damaged or unfit.
    :raises RecordsAway: when the database cannot be used.
    """
    try:
        make_file(engine)
    except OSError as error:
        raise RecordsAway(reason_of(error)) from None
    with begun(engine, writes=True) as connection:
        _wait_for_others(connection)
        require_whole(connection)
        found = version_of(connection)
        if found is None:
            _make(connection)
        elif found > HEAD:
            raise RecordsUnfit(
                f"is of version {found}, which a newer relay has made, and this one knows {HEAD}:"
                f" have the newer one go back by 'relay database back {HEAD}'"
            )
        elif found < HEAD:
            # Alembic is big, and most starts do without it.
            from relay.records.upgrading import upgrade  # noqa: PLC0415

            upgrade(connection, HEAD)


def go_back(engine: Engine, to: str) -> str:
    """Bring the tables to a version that they had before, for a relay that knows no newer one.

    Either all of it is done or nothing. What only the newer version keeps is lost.

    :returns: the version that they had.
    :raises RecordsUnfit: when they do not have that version behind them.
    :raises RecordsAway: when the database cannot be used.
    """
    from relay.records.upgrading import downgrade, versions  # noqa: PLC0415 - Alembic is big

    with begun(engine, writes=True) as connection:
        _wait_for_others(connection)
        found = version_of(connection)
        known = versions()
        if not found:
            raise RecordsUnfit("has no tables of a relay's")
        if found not in known:
            raise RecordsUnfit(f"is of version {found}, and this relay knows {HEAD}")
        if to not in known[: known.index(found) + 1]:
            before = ", ".join(known[: known.index(found)]) or "none"
            raise RecordsUnfit(
                f"cannot go back to {to}: it is of version {found}, before: {before}"
            )
        downgrade(connection, to)
    return found


def version_of(connection: Connection) -> str | None:
    """The version of the tables; empty before the first one, None where there are none."""
    if not inspect(connection).has_table(version.name):
        return None
    return connection.execute(select(version.c.version_num)).scalar() or ""


def _wait_for_others(connection: Connection) -> None:
    """SQLite has one writer at a time anyway."""
    if connection.dialect.name == "postgresql":
        encoding = connection.execute(text("SHOW server_encoding")).scalar()
        if encoding != "UTF8":
            raise RecordsUnfit(f"has the encoding {encoding}, and should have UTF8")
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})


def _make(connection: Connection) -> None:
    if there := set(inspect(connection).get_table_names()) & set(metadata.tables):
        names = ", ".join(sorted(there))
        raise RecordsUnfit(f"has tables of something else: {names}; give the relay one of its own")
    metadata.create_all(connection, checkfirst=False)
    version.create(connection, checkfirst=False)
    connection.execute(insert(version).values(version_num=HEAD))
