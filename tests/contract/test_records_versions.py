"""How tables come about and get newer: each way leads to the same, and no way leads back."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import run

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, text

from relay.errors import RecordsAway, RecordsUnfit
from relay.records.database import Database
from relay.records.engine import begun, engine_of, make_file
from relay.records.schema import HEAD, metadata
from relay.records.upgrading import upgrade
from relay.records.version import version_of
from tests.support.postgres import NEEDS_POSTGRES, Postgres
from tests.support.records import report

VERSIONS = Path(__file__).parents[2] / "relay" / "records" / "versions"


STARTS = """
import asyncio, sys
from pathlib import Path
from relay.records.database import Database

async def begin():
    database = Database(Path(sys.argv[1]))
    await database.open()
    await database.close()

asyncio.run(begin())
asyncio.run(begin())
assert not {"alembic", "psycopg"} & set(sys.modules)
"""


@contextmanager
def changing(where: str | Path) -> Iterator[Connection]:
    engine = engine_of(where)
    make_file(engine)
    try:
        with begun(engine, writes=True) as connection:
            yield connection
    finally:
        engine.dispose()


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


def constraints(connection: Connection) -> dict[str, object]:
    """What Alembic does not compare."""
    looked = inspect(connection)
    return {
        table: (
            looked.get_pk_constraint(table)["constrained_columns"],
            sorted(map(str, looked.get_unique_constraints(table))),
            [each["options"] for each in looked.get_foreign_keys(table)],
            [(column["name"], column["nullable"]) for column in looked.get_columns(table)],
        )
        for table in sorted(metadata.tables)
    }


async def opened(where: str | Path) -> None:
    database = Database(where)
    try:
        await database.open()
    finally:
        await database.close()


def revisions() -> list[str]:
    script = ScriptDirectory(str(VERSIONS.parent), version_locations=[str(VERSIONS)])
    return [each.revision for each in script.walk_revisions()][::-1]


def test_the_newest_version_is_that_of_the_tables() -> None:
    assert revisions()[-1] == HEAD
    assert revisions() == sorted(revisions()), "versions are compared as text"


@pytest.mark.parametrize("old", ["", *revisions()])
async def test_every_version_leads_to_the_tables_of_today(where: str | Path, old: str) -> None:
    with changing(where) as connection:
        upgrade(connection, old or HEAD)
        if not old:  # as if the first version had come to nothing
            metadata.drop_all(connection)
            connection.execute(text("DELETE FROM alembic_version"))
    await opened(where)
    with changing(where) as connection:
        assert version_of(connection) == HEAD
        assert differences(connection) == []
        upgraded = constraints(connection)
        metadata.drop_all(connection)
        metadata.create_all(connection)
        assert constraints(connection) == upgraded


async def test_new_tables_are_those_of_today(where: str | Path) -> None:
    await opened(where)
    with changing(where) as connection:
        assert version_of(connection) == HEAD
        assert differences(connection) == []


async def test_an_upgrade_that_fails_changes_nothing(where: str | Path) -> None:
    with changing(where) as connection:
        upgrade(connection)
        metadata.drop_all(connection)
        connection.execute(text("DELETE FROM alembic_version"))
        connection.execute(text("CREATE TABLE evidence (id INTEGER)"))  # the last one to be made
    with pytest.raises(RecordsAway, match="evidence"):
        await opened(where)
    with changing(where) as connection:
        assert version_of(connection) == ""
        assert set(inspect(connection).get_table_names()) == {"alembic_version", "evidence"}


async def test_a_newer_version_is_refused_and_stays(where: str | Path) -> None:
    await opened(where)
    with changing(where) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RecordsUnfit, match=f"is of version 9999, .* this one knows {HEAD}"):
        await opened(where)
    with changing(where) as connection:
        assert version_of(connection) == "9999"


async def test_the_tables_of_something_else_are_left_alone(where: str | Path) -> None:
    with changing(where) as connection:
        connection.execute(text("CREATE TABLE reports (id INTEGER)"))
    with pytest.raises(RecordsUnfit, match="has tables of something else: reports"):
        await opened(where)
    with changing(where) as connection:
        assert inspect(connection).get_table_names() == ["reports"]


async def test_servers_that_begin_at_once_make_the_tables_once(where: str | Path) -> None:
    many = [Database(where) for _ in range(4)]
    await asyncio.gather(*(each.open() for each in many))
    one = report()
    await many[0].add_report(one)
    assert await many[3].report(one.id) == one
    for each in many:
        await each.close()


def test_most_starts_do_without_alembic(tmp_path: Path) -> None:
    """It takes as long to import as the rest of the database."""
    command = (sys.executable, "-W", "error", "-c", STARTS, str(tmp_path / "relay.sqlite3"))
    ended = run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, "")


@NEEDS_POSTGRES
async def test_a_database_without_unicode_is_refused(postgres: Postgres) -> None:
    with pytest.raises(RecordsUnfit, match="has the encoding LATIN1, and should have UTF8"):
        await opened(postgres.database("relay_latin", encoding="LATIN1"))
