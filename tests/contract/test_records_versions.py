"""How tables come about, get newer and go back: each way leads to the same, and loses no row."""

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
from sqlalchemy import (
    Connection,
    Double,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    column,
    insert,
    inspect,
    select,
    table,
    text,
)

from relay.errors import RecordsAway, RecordsUnfit
from relay.records.database import Database
from relay.records.engine import begun, engine_of, make_file
from relay.records.schema import HEAD, metadata
from relay.records.upgrading import VERSIONS, upgrade, versions
from relay.records.version import go_back, version_of
from tests.support.postgres import NEEDS_POSTGRES, Postgres
from tests.support.records import report

NEXT = "9000"
NEXT_RELEASE = f"""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{NEXT}", "{HEAD}"
branch_labels = depends_on = None

def upgrade():
    op.add_column("bans", sa.Column("mood", sa.Text, nullable=False, server_default="sad"))
    op.create_index("bans_mood", "bans", ["mood"])
    op.create_table("moods", sa.Column("id", sa.Text, primary_key=True))

def downgrade():
    op.drop_table("moods")
    op.drop_index("bans_mood", "bans")
    op.drop_column("bans", "mood")
"""

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


@pytest.fixture
def next_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """This relay is one whose tables are of a version more."""
    folder = tmp_path / "next 100 %"
    folder.mkdir()
    (folder / f"v{NEXT}.py").write_text(NEXT_RELEASE)
    monkeypatch.setattr("relay.records.upgrading.VERSIONS", [*VERSIONS, folder])
    monkeypatch.setattr("relay.records.version.HEAD", NEXT)


def fill(connection: Connection) -> None:
    """A row in each of today's tables, which fit together."""
    values = {Double: 1.5, Integer: 1, LargeBinary: b"sealed"}
    for each in metadata.sorted_tables:
        row = {name.name: values.get(type(name.type), "one") for name in each.columns}
        connection.execute(insert(each).values(row))


def rows(connection: Connection, of: MetaData) -> dict[str, list[object]]:
    """All that there is in tables and columns that a version has."""
    return {
        each.name: [
            tuple(row)
            for row in connection.execute(
                select(*(column(name.name) for name in each.columns)).select_from(table(each.name))
            )
        ]
        for each in of.sorted_tables
    }


def reflected(connection: Connection) -> MetaData:
    found = MetaData()
    found.reflect(connection)
    found.remove(found.tables["alembic_version"])
    return found


def shape(of: MetaData) -> dict[str, object]:
    """What tables look like, to be compared."""

    def told(each: Table) -> object:
        columns = [(c.name, str(c.type), c.nullable, c.primary_key) for c in each.columns]
        keys = sorted(
            f"{k.parent.name} {k.target_fullname} {k.ondelete}" for k in each.foreign_keys
        )
        indexes = sorted((str(i.name), [c.name for c in i.columns]) for i in each.indexes)
        return columns, keys, indexes

    return {name: told(each) for name, each in of.tables.items()}


def back(where: str | Path, to: str) -> str:
    engine = engine_of(where)
    try:
        return go_back(engine, to)
    finally:
        engine.dispose()


def test_the_newest_version_is_that_of_the_tables() -> None:
    assert versions()[-1] == HEAD
    assert versions() == sorted(versions()), "versions are compared as text"


@pytest.mark.parametrize("old", ["", *versions()])
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
        upgrade(connection, HEAD)
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
    remedy = f"have the newer one go back by 'relay database back {HEAD}'$"
    with pytest.raises(RecordsUnfit, match=f"is of version 9999, .* knows {HEAD}: {remedy}"):
        await opened(where)
    with changing(where) as connection:
        assert version_of(connection) == "9999"


@pytest.mark.usefixtures("next_release")
async def test_each_step_back_leads_to_what_was_and_keeps_the_rows(where: str | Path) -> None:
    *former, newest = versions()
    assert (former[-1], newest) == (HEAD, NEXT)
    there: dict[str, MetaData] = {}
    for each in former:
        with changing(where) as connection:
            upgrade(connection, each)
            there[each] = reflected(connection)
    with changing(where) as connection:
        fill(connection)
        before = rows(connection, metadata)
    await opened(where)  # by the next release
    with changing(where) as connection:
        assert version_of(connection) == NEXT
        assert rows(connection, metadata) == before
        connection.execute(text("INSERT INTO moods VALUES ('glad')"))
    was = newest
    for each in reversed(former):
        with changing(where) as connection:
            expected = rows(connection, there[each])
        assert back(where, each) == was
        with changing(where) as connection:
            assert version_of(connection) == each
            assert shape(reflected(connection)) == shape(there[each])
            assert rows(connection, there[each]) == expected
            assert all(expected.values()) or each < HEAD
        was = each
    await opened(where)
    with changing(where) as connection:
        assert version_of(connection) == NEXT


@pytest.mark.usefixtures("next_release")
async def test_there_is_no_way_back_but_to_a_version_before(where: str | Path) -> None:
    with pytest.raises(RecordsAway if isinstance(where, Path) else RecordsUnfit):
        back(where, HEAD)  # there is nothing yet
    await opened(where)
    for to in ("8999", "", "head", "base", "-1"):
        with pytest.raises(RecordsUnfit, match=rf"cannot go back to {to}: .* {NEXT}, before: .*"):
            back(where, to)
    assert back(where, NEXT) == NEXT
    with changing(where) as connection:
        assert version_of(connection) == NEXT
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(RecordsUnfit, match="is of version 9999, and this relay knows"):
        back(where, HEAD)


@pytest.mark.usefixtures("next_release")
async def test_a_step_back_that_fails_changes_nothing(where: str | Path) -> None:
    with changing(where) as connection:
        upgrade(connection, NEXT)
        connection.execute(text("DROP INDEX bans_mood"))
    with pytest.raises(RecordsAway, match="bans_mood"):
        back(where, HEAD)
    with changing(where) as connection:
        assert version_of(connection) == NEXT
        assert inspect(connection).has_table("moods")


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
