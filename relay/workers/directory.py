"""Where the sockets of one server's workers are: a directory that nobody else can enter."""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
from collections.abc import Mapping
from pathlib import Path

from relay.errors import WorkerError, reason_of

MAX_PATH_BYTES = 100
"""A Unix socket's name fits into 108 bytes on Linux, and 104 elsewhere."""


MAX_WORKERS = 64


class Directory:
    """It exists, and is this process's, from :meth:`claim` to :meth:`release`.

    :param path: to be used, and made if it is missing; None for a new one, which ends with it.
    """

    def __init__(self, path: Path | None) -> None:
        self._is_temporary = path is None
        self.path = path or _temporary()
        self._lock: int | None = None

    def claim(self) -> None:
        """Make it, or make sure that it is fit for use, and hold it.

        :raises WorkerError: when it cannot be used, or another server holds it.
        """
        try:
            self._make()
            self.check()
            lock = os.open(self._lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise WorkerError(f"{self.path}: {reason_of(error)}") from None
        if not _has_locked(lock):
            os.close(lock)
            raise WorkerError(f"{self.path} is held by another server that runs")
        self._lock = lock

    def release(self) -> None:
        """Let go of it."""
        if self._lock is None:
            return
        if self._is_temporary:
            for left in self.path.iterdir():
                left.unlink()
            self.path.rmdir()
        os.close(self._lock)
        self._lock = None

    def is_held(self) -> bool:
        """Whether a server that runs holds it; nothing is changed."""
        try:
            lock = os.open(self._lock_file, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            return not _has_locked(lock)
        finally:
            os.close(lock)

    @property
    def _lock_file(self) -> Path:
        return self.path / "lock"

    def _make(self) -> None:
        if self._is_temporary:
            self.path = Path(tempfile.mkdtemp(prefix="relay-"))  # of mode 0700
        else:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def check(self) -> None:
        """Make sure that it is fit for use; nothing is changed.

        :raises WorkerError: when it is not.
        :raises OSError: when it cannot be looked at: ``FileNotFoundError`` when it is not there.
        """
        if len(os.fsencode(self.path)) > MAX_PATH_BYTES - len("/worker-00"):
            raise WorkerError(f"{self.path} is too long a name for sockets in it")
        found = self.path.lstat()
        if not stat.S_ISDIR(found.st_mode):
            raise WorkerError(f"{self.path} is no directory")
        if found.st_uid != os.geteuid():
            raise WorkerError(f"{self.path} belongs to another user")
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise WorkerError(f"{self.path} is open to other users: it has to have mode 0700")
        for index in range(MAX_WORKERS):
            _check_socket(control(self.path, index))


def _has_locked(lock: int) -> bool:
    """Take the lock, unless somebody else has it."""
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def control(directory: Path, index: int) -> Path:
    """A worker's socket, on which a front finds it."""
    return directory / f"worker-{index}"


def usual(environ: Mapping[str, str], udp_port: int) -> Path | None:
    """The directory of a server whose first worker has this port; None for one of its own.

    systemd gives a service a directory; a desktop session has one of its user's.
    """
    if udp_port == 0:
        return None
    if given := environ.get("RUNTIME_DIRECTORY"):
        return Path(given.split(":")[0]) / str(udp_port)
    if given := environ.get("XDG_RUNTIME_DIR"):
        return Path(given) / "relay" / str(udp_port)
    return _temporary() / f"relay-{os.geteuid()}-{udp_port}"


def _check_socket(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if found.st_uid != os.geteuid():
        raise WorkerError(f"{path} belongs to another user")
    if not stat.S_ISSOCK(found.st_mode):
        raise WorkerError(f"{path} is no socket")


def _temporary() -> Path:
    try:
        return Path(tempfile.gettempdir())
    except FileNotFoundError:  # the file system is read-only, say
        raise WorkerError("has to be given, since no temporary folder can be written") from None
