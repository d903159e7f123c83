"""What is confirmed is kept, whatever happens; and a database that is away comes back."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from asyncio.subprocess import PIPE
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from relay.errors import RecordsAway, RecordsUnfit
from relay.records import Report
from relay.records.database import Database
from relay.records.engine import begun, engine_of
from relay.records.look import look
from tests.support.postgres import NEEDS_POSTGRES, Postgres
from tests.support.records import decision, report

ROOT = Path(__file__).parents[2]

ADDING = """
import asyncio, sys
from pathlib import Path
from relay.records.database import Database
from tests.support.records import report

async def main(where):
    database = Database(where)
    await database.open()
    while True:
        one = report()
        await database.add_report(one)
        print(one.id, flush=True)

asyncio.run(main(sys.argv[1] if "://" in sys.argv[1] else Path(sys.argv[1])))
"""

FILLING = """
import asyncio, resource, sys
from pathlib import Path
from relay.errors import RecordsAway, RecordsUnfit
from relay.records import Report
from relay.records.database import Database
from tests.support.records import report

async def main(where):
    database = Database(where)
    await database.open()
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))  # as a disk that is full
    try:
        for _ in range(10_000):
            await database.add_report(one := report(words="words " * 150))
            print(one.id)
    except RecordsAway:
        assert await database.report(one.id) is None
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        await database.add_report(one)
        print(one.id)
        print("back")
    await database.close()

asyncio.run(main(Path(sys.argv[1])))
"""


async def run(script: str, where: str | Path) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-c", script, str(where)),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=PIPE,
        limit=1 << 24,
    )


async def ids(where: str | Path) -> set[str]:
    database = Database(where)
    await database.open()
    found = await database.reports(100_000, 0)
    await database.close()
    return {each.id for each in found}


async def test_what_was_confirmed_outlives_the_process_that_is_killed(where: str | Path) -> None:
    process = await run(ADDING, where)
    assert process.stdout
    first = [await process.stdout.readline() for _ in range(50)]
    process.kill()
    rest = await process.stdout.read()
    await process.wait()
    *whole, _ = (b"".join(first) + rest).decode().split("\n")
    assert len(whole) >= 50
    assert set(whole) <= await ids(where)


async def test_a_disk_that_is_full_loses_nothing_that_was_confirmed(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite3"
    process = await run(FILLING, path)
    said = (await process.communicate())[0].decode().split()
    assert process.returncode == 0
    *confirmed, last = said
    assert last == "back", "the disk was never full"
    assert len(confirmed) > 20
    assert set(confirmed) == await ids(path)


async def test_a_file_that_is_gone_is_missed_and_found_again(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite3"
    database = Database(path)
    await database.open()
    await database.add_report(first := report())
    names = [path.name + ending for ending in ("", "-wal", "-shm")]
    away = tmp_path / "away"
    away.mkdir()
    for name in names:
        (tmp_path / name).rename(away / name)
    for _ in range(2):
        with pytest.raises(RecordsAway):
            await database.add_report(report())
    assert files(tmp_path) == [away], "nothing is made in its place"
    for file in files(away):
        file.rename(tmp_path / file.name)
    await database.add_report(second := report())
    await database.close()
    assert await ids(path) == {first.id, second.id}


async def test_what_is_no_database_is_told(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite3"
    path.write_bytes(b"This is a letter to a friend. " * 100)
    database = Database(path)
    with pytest.raises(RecordsAway, match="file is not a database"):
        await database.open()
    await database.close()
    (tmp_path / "folder").mkdir()
    database = Database(tmp_path / "folder")
    with pytest.raises(RecordsAway, match="is a directory"):
        await database.open()
    await database.close()


async def test_a_file_that_is_damaged_in_its_middle_is_told_at_the_start(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite3"
    database = Database(path)
    await database.open()
    for _ in range(50):
        await database.add_report(report(words="as it was " * 100))
    await database.close()
    whole = path.read_bytes()
    page = 4096
    path.write_bytes(whole[: 2 * -page] + b"\xa5" * page + whole[-page:])
    database = Database(path)
    with pytest.raises(RecordsUnfit, match=r"^is damaged .*: put it back from a backup"):
        await database.open()
    await database.close()
    with pytest.raises(RecordsUnfit, match="is damaged"):
        look(path)


async def test_a_file_is_for_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite3"
    database = Database(path)
    await database.open()
    await database.add_report(report())
    assert {each.stat().st_mode & 0o777 for each in files(tmp_path)} == {0o600}
    await database.close()


async def test_what_is_removed_is_not_in_the_file_any_more(tmp_path: Path) -> None:
    path = tmp_path / "relay.sqlite3"
    database = Database(path)
    await database.open()
    one = report(words="I-am-to-be-forgotten")
    await database.add_report(one)
    assert b"I-am-to-be-forgotten" in all_in(tmp_path)
    await database.decide_report(one.id, "dismissed", decision(one, "dismissed"))
    assert await database.forget(one.reporter) > 0
    assert b"I-am-to-be-forgotten" not in all_in(tmp_path)
    await database.close()


def files(folder: Path) -> list[Path]:
    return list(folder.iterdir())


def all_in(folder: Path) -> bytes:
    return b"".join(each.read_bytes() for each in files(folder))


@contextmanager
def locked(where: str | Path) -> Iterator[None]:
    """Have somebody else write, and not come to an end."""
    engine = engine_of(where)
    try:
        with begun(engine, writes=True) as connection:
            if engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
                connection.exec_driver_sql("LOCK TABLE reports")
            yield
    finally:
        engine.dispose()


async def test_one_that_is_locked_is_given_up_and_works_later(
    where: str | Path, records: Database
) -> None:
    with locked(where), pytest.raises(RecordsAway, match="lock"):
        await records.add_report(one := report())
    await records.add_report(one)
    assert await records.report(one.id) == one


async def test_while_one_hangs_the_event_loop_does_not(
    where: str | Path, records: Database
) -> None:
    with locked(where):
        waiting = asyncio.create_task(records.add_report(report()))
        worst = 0.0
        while not waiting.done():
            since = time.monotonic()
            await asyncio.sleep(0.01)
            worst = max(worst, time.monotonic() - since)
        with pytest.raises(RecordsAway):
            await waiting
    assert worst < 2, "the machine may be slow, but the database waits for 3 s"


@pytest.fixture
def server() -> Iterator[Postgres]:
    """One that a test may stop."""
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@NEEDS_POSTGRES
async def test_a_server_that_stops_and_starts(server: Postgres) -> None:
    where = server.database("relay")
    database = Database(where)
    await database.open()
    await database.add_report(first := report())
    server.stop()
    for _ in range(2):
        with pytest.raises(RecordsAway):
            await database.add_report(report())
    server.start()
    await database.add_report(second := report())
    await database.close()
    assert await ids(where) == {first.id, second.id}


@NEEDS_POSTGRES
async def test_a_server_that_does_not_answer_is_given_up(server: Postgres) -> None:
    where = server.database("relay")
    database = Database(where, patience_s=2.0)
    await database.open()
    one, two = report(), report()
    server.pause()
    try:
        with pytest.raises(RecordsAway, match="does not answer"):
            await database.add_report(one)
        since = time.monotonic()
        with pytest.raises(RecordsAway, match="does not answer"):
            await database.add_report(two)
        assert time.monotonic() - since < 2, "others do not wait for what hangs"
    finally:
        server.go_on()
    async with asyncio.timeout(30):
        while not await is_added(database, two):  # noqa: ASYNC110 - nobody tells
            await asyncio.sleep(0.05)
    assert await database.report(two.id) == two
    await database.close()


async def is_added(database: Database, one: Report) -> bool:
    try:
        await database.add_report(one)
    except RecordsAway:
        return False
    return True
