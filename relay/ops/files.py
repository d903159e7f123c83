"""What a command writes to: a file that is opened before anything starts, or stdout."""

import errno
import os
import stat
import sys
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from relay.errors import ConfigError, OperatorError, reason_of
from relay.ops import figures

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class Output:
    """An output file; use it as a context manager.

    :param name: its path; ``-`` for stdout.
    :param force: whether a file that exists may be overwritten. It is left alone until the first
        byte is written.
    :raises ConfigError: when it cannot be written, or exists.
    """

    def __init__(self, name: str, *, force: bool = False) -> None:
        self.name = "stdout" if name == "-" else name
        self.size = 0
        """Bytes written."""
        self._path = None if name == "-" else Path(name)
        self._is_new = False
        self._file = _stdout() if self._path is None else self._open(self._path, force=force)

    def write(self, data: bytes) -> None:
        """Write and hand over to the system, so that a reader sees it at once.

        :raises OperatorError: when the disk is full, or fails; what was written before is kept.
        """
        try:
            if self.size == 0 and stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
                self._file.truncate()
            rest = memoryview(data)
            while rest:
                written = self._file.write(rest)  # less than asked for as the disk gets full
                self.size += written
                rest = rest[written:]
        except OSError as error:
            raise self._failed(error) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close it; one that this made and nothing was written to is removed."""
        try:
            self._file.close()
        except OSError as failure:
            raise self._failed(failure) from failure
        finally:
            if self._is_new and self.size == 0 and self._path is not None:
                self._path.unlink(missing_ok=True)

    def _open(self, path: Path, *, force: bool) -> FileIO:
        flags = os.O_WRONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        try:
            try:
                opened = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o600)
                self._is_new = True
            except FileExistsError:
                if path.is_file() and not force:
                    raise
                opened = os.open(path, flags)
        except FileExistsError:
            raise ConfigError(f"--output: {path} exists; --force overwrites it") from None
        except OSError as error:
            raise ConfigError(f"--output: cannot write {path}: {reason_of(error)}") from None
        return FileIO(opened, "wb")

    def _failed(self, error: OSError) -> OperatorError:
        why = "the disk is full" if error.errno in _FULL else reason_of(error)
        kept = f"; the first {figures.size(self.size)} are kept" if self.size and self._path else ""
        return OperatorError(f"cannot write {self.name}: {why}{kept}")


def _stdout() -> FileIO:
    if sys.stdout.isatty():
        raise ConfigError("--output: this would not look well on a terminal; give a file")
    return FileIO(os.dup(sys.stdout.fileno()), "wb")
