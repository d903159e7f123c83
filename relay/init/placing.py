"""Where files go, without losing what somebody has changed in them."""

from enum import StrEnum
from pathlib import Path

from relay import whole
from relay.errors import ConfigError, reason_of


class Outcome(StrEnum):
    """What became of a file."""

    NEW = "new"
    UNCHANGED = "unchanged"
    KEPT = "kept"
    """It is another one than would be written: that one is beside it."""
    REPLACED = "replaced"
    """It was, and is beside the new one."""


def beside(path: Path, suffix: str) -> Path:
    """Such as ``relay.toml.new``."""
    return path.with_name(f"{path.name}{suffix}")


def place(path: Path, text: str, mode: int, *, force: bool) -> Outcome:
    """Write a file, unless there is one; what an earlier run put beside it goes once it holds.

    :param mode: who may read it, also of what is put beside it.
    :param force: whether what is there gives way; it is kept with ``.old`` to its name.
    :raises ConfigError: when it cannot be written; what was there is as it was.
    """
    try:
        there = read(path)
        if there is None:
            _write(path, text, mode)
            return Outcome.NEW
        if there == text:
            beside(path, ".new").unlink(missing_ok=True)
            return Outcome.UNCHANGED
        if not force:
            _write(beside(path, ".new"), text, mode)
            return Outcome.KEPT
        _write(beside(path, ".old"), there, mode)
        _write(path, text, mode)
        beside(path, ".new").unlink(missing_ok=True)
    except OSError as error:
        advice = "run it as root, or give --folder" if isinstance(error, PermissionError) else ""
        told = f"--folder: {path} cannot be written: {reason_of(error)}"
        raise ConfigError(f"{told}; {advice}" if advice else told) from None
    return Outcome.REPLACED


def read(path: Path) -> str | None:
    """What is there; None when nothing is.

    :raises OSError: when it cannot be read.
    :raises ConfigError: when it is no text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is no text; move it away") from None


def _write(path: Path, text: str, mode: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    whole.write(path, text, mode)
