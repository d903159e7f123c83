"""Writes a file whole or not at all: who reads it has all of the former one, or of the new one.

And opens one to be read, without waiting for anybody who would have to write it.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO


def write(path: Path, text: str, mode: int = 0o600) -> None:
    """Put a file in its place, never open to others for a moment; a loss of power leaves it whole.

    :param mode: who may read it.
    :raises OSError: when it cannot be written; what was there is as it was then.
    """
    beside = path.with_name(f".{path.name}.half")
    with suppress(FileNotFoundError):
        beside.unlink()
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fchmod(descriptor, mode)
            os.fsync(descriptor)
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise
    _sync(path.parent)


def read(path: Path, most: int) -> bytes:
    """What is in a file; of one that is longer, ``most`` + 1 bytes.

    :raises OSError: as :func:`opened`, and when it cannot be read.
    """
    with opened(path) as file:
        return file.read(most + 1)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """A file, to be read.

    :raises OSError: when it cannot be opened, or is no file: a pipe would not end before its writer
        does, and a server would stand still.
    """
    with open(path, "rb", opener=_at_once) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError("is no regular file")
        yield file


def _at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


def _sync(directory: Path) -> None:
    """Have the file's new name outlive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
