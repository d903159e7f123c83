"""How a database is reached, so that what it confirms is on the disk and nothing takes for ever."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    SQLAlchemyError,
)

from relay.errors import RecordsAway, RecordsUnfit

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPIConnection
    from sqlalchemy.pool import ConnectionPoolEntry, PoolProxiedConnection

_CONNECT_S = 5
_LOCK_S = 3
_STATEMENT_S = 5

_SQLITE = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # each commit waits until the disk has it
    "PRAGMA secure_delete = ON",  # what is removed is overwritten
    "PRAGMA foreign_keys = ON",
)
_POSTGRESQL = (
    f"SET statement_timeout = '{_STATEMENT_S}s'",
    f"SET lock_timeout = '{_LOCK_S}s'",
    f"SET idle_in_transaction_session_timeout = '{_STATEMENT_S}s'",
    "SET synchronous_commit = on",
)
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_REMEDY = "put it back from a backup, or move it away: reports, bans and operators begin anew then"
_WRITES = "relay_writes"
_FILE = "relay_file"


def engine_of(where: str | Path, *, only_looks: bool = False) -> Engine:
    """An engine with one connection, which is made when it is needed.

    :param where: an SQLite file, or the URL of one or of PostgreSQL as SQLAlchemy has it.
    :param only_looks: nothing of an SQLite file is changed.
    :raises RecordsUnfit: when it is no such URL, or the driver is missing; the URL is not repeated.
    """
    if isinstance(where, Path):
        return _sqlite(where, only_looks=only_looks)
    try:
        parsed = make_url(where)
    except (SQLAlchemyError, ValueError):  # the second: its port is none
        raise RecordsUnfit("is not the URL of a database") from None
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return _sqlite(Path(parsed.database), only_looks=only_looks)
    if parsed.drivername == "postgresql+psycopg":
        return _postgresql(parsed)
    raise RecordsUnfit("is neither of an SQLite file nor of PostgreSQL")


@contextmanager
def begun(engine: Engine, *, writes: bool) -> Iterator[Connection]:
    """A transaction: it is on the disk when the context has ended without an error.

    :param writes: whether it may change something: SQLite then waits for its turn at once.
    :raises RecordsAway: when the database cannot be used.
    """
    try:
        with engine.connect() as connection:
            connection.execution_options(**{_WRITES: writes})
            with connection.begin():
                yield connection
    except (DataError, IntegrityError):
        raise  # a mistake of ours, and not the database's
    except DBAPIError as error:
        raise RecordsAway(_one_line(error.orig or error)) from error
    except SQLAlchemyError as error:
        raise RecordsAway(_one_line(error)) from error


def make_file(engine: Engine) -> None:
    """Make an SQLite file, for nobody else, when there is none.

    :raises OSError: when it cannot be made.
    """
    if engine.dialect.name == "sqlite" and engine.url.database:
        os.close(os.open(engine.url.database, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def require_whole(connection: Connection) -> None:
    """Read all of an SQLite file; one that is damaged would fail at some later time, and in part.

    :raises RecordsUnfit: when it is damaged.
    """
    if connection.dialect.name == "sqlite":
        found = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if found != "ok":
            raise RecordsUnfit(f"is damaged ({' '.join(found.split())}): {_REMEDY}")


def overwrite_removed(engine: Engine) -> None:
    """Have SQLite empty the log that it writes ahead: what was removed is still in it.

    It is done at a later time when somebody reads just now.

    :raises RecordsAway: when the database cannot be used.
    """
    if engine.dialect.name != "sqlite":
        return
    try:
        raw = engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            raw.close()
    except (SQLAlchemyError, sqlite3.Error) as error:
        raise RecordsAway(_one_line(error)) from error


def _sqlite(path: Path, *, only_looks: bool) -> Engine:
    """The file has to be there, and to be the same at each use, or what is confirmed is lost."""
    address = f"{path.absolute().as_uri()}?mode={'ro' if only_looks else 'rw'}"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(
            address, _LOCK_S, isolation_level=None, check_same_thread=False, uri=True
        )

    engine = create_engine(
        URL.create("sqlite", database=str(path)), creator=connect, pool_size=1, max_overflow=0
    )

    @event.listens_for(engine, "connect")
    def connected(made: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        entry.info[_FILE] = _identity(path)
        if not only_looks:
            _run(made, _SQLITE)

    @event.listens_for(engine, "checkout")
    def used(_: DBAPIConnection, entry: ConnectionPoolEntry, __: PoolProxiedConnection) -> None:
        if entry.info[_FILE] != _identity(path):
            raise DisconnectionError("the database's file is another one")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get(_WRITES)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _postgresql(url: URL) -> Engine:
    limits = {"connect_timeout": _CONNECT_S, "tcp_user_timeout": _STATEMENT_S * 1000}
    try:
        engine = create_engine(
            url,
            connect_args={**limits, "client_encoding": "utf8"},
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
        )
    except ImportError:
        raise RecordsUnfit("needs psycopg: pip install 'relay-videochat[postgres]'") from None

    @event.listens_for(engine, "connect")
    def connected(made: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        _run(made, _POSTGRESQL)
        made.commit()

    return engine


def _run(connection: DBAPIConnection, statements: tuple[str, ...]) -> None:
    cursor = connection.cursor()
    for statement in statements:
        cursor.execute(statement)
    cursor.close()


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _one_line(error: BaseException) -> str:
    line = next(iter(str(error).splitlines()), type(error).__name__)
    code = getattr(error, "sqlite_errorcode", 0)
    return f"{line}: {_REMEDY}" if code & 0xFF in _DAMAGED else line  # the rest is the kind's kind
