"""What outlives the server: the folder that it is in, its keys, and the database."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from relay.cluster.secret import Secret
from relay.config import Settings
from relay.errors import ConfigError, RecordsAway, RecordsUnfit, reason_of
from relay.records.engine import engine_of
from relay.records.lasting import Lasting
from relay.records.version import go_back
from relay.safety.keyfile import Keyring
from relay.safety.keys import Ring
from relay.safety.periods import SharedKeyring

DATABASE_FILE = "relay.sqlite3"
KEY_FILE = "keys.json"

_log = structlog.get_logger()


def usual(environ: Mapping[str, str]) -> Path:
    """The data folder of a server that is not told one.

    systemd gives a service a folder; else it is the user's (XDG Base Directory Specification).

    :raises ConfigError: when there is no such place.
    """
    if given := environ.get("STATE_DIRECTORY"):
        return Path(given.split(":")[0])
    if Path(given := environ.get("XDG_STATE_HOME", "")).is_absolute():
        return Path(given) / "relay"
    try:
        home = Path(environ["HOME"]) if environ.get("HOME") else Path.home()
    except RuntimeError:
        raise ConfigError("--data-dir: has to be given, since the user has no home") from None
    return home / ".local" / "state" / "relay"


def data_dir(settings: Settings, environ: Mapping[str, str] = os.environ) -> Path:
    """The data folder, made if it is missing: for nobody but this user.

    :raises ConfigError: when it cannot be used.
    """
    path = settings.data_dir or usual(environ)
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(
            f"{settings.written('data_dir')}: {path} cannot be made: {reason_of(error)}"
        ) from None
    if not os.access(path, os.W_OK | os.X_OK):
        why = not_writable(path.stat().st_uid)
        raise ConfigError(f"{settings.written('data_dir')}: {path} cannot be written: {why}")
    return path


def not_writable(owner: int) -> str:
    """Why this user cannot write something, by whose it is."""
    own = os.geteuid()
    return f"it belongs to user {owner}, and this is {own}" if owner != own else "it is read-only"


def database_at(settings: Settings, folder: Path) -> str | Path:
    """Where the database is: a URL, or an SQLite file in the data folder."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return folder / DATABASE_FILE


def keyring(settings: Settings) -> Ring:
    """The keys by which visitors and addresses are known: apart from the database.

    Those of a cluster are made of its secret, so that a visitor is the same everywhere.

    :raises ConfigError: when the file with them cannot be used.
    """
    if settings.cluster is not None and settings.cluster_secret is not None:
        return SharedKeyring(Secret(settings.cluster_secret).key)
    path = data_dir(settings) / KEY_FILE
    try:
        return Keyring(path, time.time())
    except ConfigError as error:
        raise ConfigError(f"{settings.written('data_dir')}: {error}") from None


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Lasting]:
    """The database as long as the context lasts, its tables of the newest version.

    :raises ConfigError: when it cannot be used; the message names the option.
    """
    folder = data_dir(settings)
    where = database_at(settings, folder)
    if (owner := folder.stat().st_uid) != os.geteuid():
        _log.warning("data_dir_of_another_user", data_dir=f"{folder}", owner=owner)
    if settings.cluster is not None and settings.database_url is None:
        _log.warning("database_not_shared")
    try:
        records = Lasting(where)
        await records.open()
    except (RecordsAway, RecordsUnfit) as error:
        raise ConfigError(_told(settings, where, error)) from None
    try:
        yield records
    finally:
        try:
            await records.close()
        except RecordsAway as error:
            _log.warning("records_not_closed", reason=str(error))


def step_back(settings: Settings, to: str) -> str:
    """Bring the database to a version before, which an older relay knows; returns what it was.

    :raises ConfigError: when it cannot be done; the message names the option.
    """
    where = database_at(settings, settings.data_dir or usual(os.environ))
    if isinstance(where, Path) and not where.exists():
        raise ConfigError(f"{settings.written('data_dir')}: there is no {where}")
    try:
        engine = engine_of(where)
        try:
            return go_back(engine, to)
        finally:
            engine.dispose()
    except (RecordsAway, RecordsUnfit) as error:
        raise ConfigError(_told(settings, where, error)) from None


def _told(settings: Settings, where: str | Path, error: Exception) -> str:
    if isinstance(where, Path):
        return f"{settings.written('data_dir')}: {where}: {error}"
    return f"{settings.written('database_url')}: {error}"
