"""Files and folders: whether they are there, and could be made; nothing is made for that."""

import os
from pathlib import Path


def is_there(path: str | Path) -> bool:
    """Whether it is to be seen: what is in a folder that is closed to this user is not."""
    return os.access(path, os.F_OK)


def nearest(path: Path) -> Path:
    """The path itself, or what is nearest above it of what is there."""
    whole = path.absolute()
    return next((each for each in (whole, *whole.parents) if is_there(each)), Path("/"))


def can_be_made(path: Path) -> bool:
    """Whether something that is not there yet could be."""
    there = nearest(path)
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
