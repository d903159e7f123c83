"""Whether what outlives the server can be kept: the data folder, its disk, and the database."""

import os
import shutil
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from relay.config import Settings
from relay.doctor.findings import Finding, bad, fair, good
from relay.doctor.places import can_be_made, is_there, nearest
from relay.errors import ConfigError, EvidenceError, RecordsAway, RecordsUnfit, reason_of
from relay.evidence.keyfiles import PUBLIC_NAME, public_key_in
from relay.records.look import Look, look
from relay.records.schema import HEAD
from relay.safety.keyfile import keys_in
from relay.stored import KEY_FILE, database_at, not_writable, usual

_LITTLE = 256 << 20
_VERY_LITTLE = 16 << 20
_FOLDER = "data folder"
_DATABASE = "database"
_EVIDENCE = "evidence"
_KEYS = "visitors' keys"


def check(settings: Settings, environ: Mapping[str, str]) -> Iterator[Finding]:
    """Look at the places where the server keeps something; nothing is made there.

    :param environ: of the server: it says where its folder is when no setting does.
    """
    try:
        path = settings.data_dir or usual(environ)
    except ConfigError as error:
        yield bad(_FOLDER, str(error), "give it one")
        return
    yield _folder(settings, path)
    yield _keys(settings, path / KEY_FILE)
    yield grade_disk(shutil.disk_usage(nearest(path)).free)
    yield _database(settings, database_at(settings, path))
    if settings.evidence:
        yield _evidence(settings, path)


def _folder(settings: Settings, path: Path) -> Finding:
    advice = f"correct it, or give {settings.written('data_dir')} another one"
    try:
        found = path.stat()
    except FileNotFoundError:
        if can_be_made(path):
            return good(_FOLDER, f"{path}, to be made")
        return bad(_FOLDER, f"{path} cannot be made in {nearest(path)}", advice)
    except OSError as error:
        return bad(_FOLDER, f"{path}: {reason_of(error)}", advice)
    if not stat.S_ISDIR(found.st_mode):
        return bad(_FOLDER, f"{path} is no directory", advice)
    if not os.access(path, os.W_OK | os.X_OK):
        return bad(_FOLDER, f"{path} cannot be written: {not_writable(found.st_uid)}", advice)
    if stat.S_IMODE(found.st_mode) & 0o022:
        return fair(_FOLDER, f"{path} can be changed by other users", f"chmod 700 {path}")
    return good(_FOLDER, f"{path}")


def _keys(settings: Settings, path: Path) -> Finding:
    if settings.cluster is not None:
        return good(_KEYS, "made from the cluster's secret, the same for all nodes")
    try:
        keys = keys_in(path)
    except ConfigError as error:
        return bad(_KEYS, str(error), "the server does not start like this")
    return good(_KEYS, f"{path}" if keys is not None else f"{path}, to be made")


def _evidence(settings: Settings, path: Path) -> Finding:
    written = settings.written("evidence")
    try:
        public_key_in(path)
    except EvidenceError as error:
        return bad(_EVIDENCE, str(error), "make the key: the server does not start without it")
    if settings.media_mode == "direct":
        advice = f"leave {written} off, or have the server carry the media"
        return fair(_EVIDENCE, "chat alone: the server sees no pictures in direct mode", advice)
    return good(
        _EVIDENCE, f"sealed with {path / PUBLIC_NAME}, kept {settings.evidence_days:g} days"
    )


def grade_disk(free: int) -> Finding:
    """Judge the room on the data folder's disk; ``free`` is in bytes."""
    told = f"{free / 2**20:,.0f} MiB are free"
    if free >= _LITTLE:
        return good("data disk", told)
    advice = "make room: what cannot be written is kept in memory, and not for long"
    return (bad if free < _VERY_LITTLE else fair)("data disk", told, advice)


def _database(settings: Settings, where: str | Path) -> Finding:
    if isinstance(where, Path):
        told, option = f"{where}", "data_dir"
        if not is_there(where):
            if can_be_made(where):
                return good(_DATABASE, f"{told}, to be made")
            return bad(_DATABASE, f"{told} cannot be made", "see the data folder")
        if not os.access(where, os.W_OK):
            text = f"{told} cannot be written: {not_writable(where.stat().st_uid)}"
            return bad(_DATABASE, text, f"chown it to the server's user, or look at {where.parent}")
    else:
        told, option = "PostgreSQL", "database_url"
    advice = f"correct {settings.written(option)}: the server does not start like this"
    try:
        return grade_database(told, look(where), advice)
    except (RecordsAway, RecordsUnfit) as error:
        return bad(_DATABASE, f"{told}: {error}", advice)


def grade_database(told: str, found: Look, advice: str) -> Finding:
    """Judge what is in the database.

    :param told: which one it is.
    """
    if found.version is None:
        return good(_DATABASE, f"{told}, its tables are to be made")
    if found.version > HEAD:
        return bad(
            _DATABASE,
            f"{told} is of version {found.version}; this relay knows {HEAD}",
            f"have the newer one go back by 'relay database back {HEAD}', or {advice}",
        )
    if found.version < HEAD:
        return fair(
            _DATABASE,
            f"{told} is of version {found.version}, and of {HEAD} after the next start",
            f"back it up before; 'relay database back {found.version}' makes it fit for the older"
            " relay again",
        )
    return good(_DATABASE, f"{told}, {found.reports} report{'' if found.reports == 1 else 's'}")
