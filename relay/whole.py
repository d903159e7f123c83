"""Writes a file whole or not at all: who reads it has all of the former one, or of the new one."""

import os
from contextlib import suppress
from pathlib import Path


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


def _sync(directory: Path) -> None:
    """Have the file's new name outlive a loss of power."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
