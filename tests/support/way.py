"""A message's way: in which files of ``relay/`` code runs."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import relay

_ROOT = str(Path(relay.__file__).parent) + "/"


@contextmanager
def way() -> Iterator[list[str]]:
    """Record the files of ``relay/`` in which a function is called, in the order of coming there.

    The list that is given is empty at first, and may be emptied when the story begins. What a
    class body or a decorator does at import is none of it, nor are other threads.
    """
    files: list[str] = []

    def note(frame: FrameType, event: str, arg: object) -> None:
        if event != "call":
            return
        path = frame.f_code.co_filename
        if path.startswith(_ROOT) and (file := path.removeprefix(_ROOT)) not in files:
            files.append(file)

    former = sys.getprofile()
    sys.setprofile(note)
    try:
        yield files
    finally:
        sys.setprofile(former)
