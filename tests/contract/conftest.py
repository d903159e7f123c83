"""Databases for the records, empty ones: an SQLite file, and a database of a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path

import pytest

from relay.records import Records
from relay.records.database import Database
from tests.support.memory_records import MemoryRecords
from tests.support.postgres import NEEDS_POSTGRES, Postgres
from tests.support.records import NOW
from tests.support.redis_server import RedisServer, a_redis

KINDS = ("sqlite", pytest.param("postgresql", marks=NEEDS_POSTGRES))

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    server = Postgres()
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    with a_redis() as server:
        yield server


def _empty(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    if request.param == "sqlite":
        return tmp_path / "relay.sqlite3"
    server: Postgres = request.getfixturevalue("postgres")
    return server.database(f"relay_{next(_numbers)}")


@asynccontextmanager
async def _opened(where: str | Path) -> AsyncIterator[Database]:
    database = Database(where, clock=lambda: NOW)
    await database.open()
    yield database
    await database.close()


@pytest.fixture(params=KINDS)
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str | Path:
    """Where an empty database is."""
    return _empty(request, tmp_path)


@pytest.fixture(params=("memory", *KINDS))
async def any_records(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Records]:
    """Records of whatever kind, those in memory included, which know no evidence."""
    if request.param == "memory":
        yield MemoryRecords()
        return
    async with _opened(_empty(request, tmp_path)) as database:
        yield database


@pytest.fixture
async def records(where: str | Path) -> AsyncIterator[Database]:
    async with _opened(where) as database:
        yield database


@pytest.fixture
async def others(where: str | Path, records: Database) -> AsyncIterator[Database]:
    """Another server's connection to the same database."""
    async with _opened(where) as database:
        yield database
