"""Programs that score pictures, well or badly, and what stands in for one."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path

_READING = """
import struct, sys, time

def pictures():
    read = sys.stdin.buffer.read
    while head := read(4):
        yield read(struct.unpack("!I", head)[0])

def say(line):
    sys.stdout.write(line)
    sys.stdout.flush()

"""


def program(folder: Path, *lines: str) -> str:
    """A command whose program runs these lines of Python; they have ``pictures`` and ``say``."""
    path = folder / "look.py"
    path.write_text(_READING + "\n".join(lines) + "\n")
    return shlex.join((sys.executable, str(path)))


def saying(folder: Path, answer: str) -> str:
    """A command whose program has the same answer to each picture."""
    return program(folder, "for picture in pictures():", f"    say({answer + chr(10)!r})")


class Scorer:
    """Scores in this process.

    :param score: of a WebP picture; what it raises, is raised.
    """

    def __init__(self, score: Callable[[bytes], float | None]) -> None:
        self.is_ready = True
        self.is_closed = False
        self.seen: list[bytes] = []
        self._score = score

    async def score(self, webp: bytes) -> float | None:
        self.seen.append(webp)
        return self._score(webp)

    async def close(self) -> None:
        self.is_closed = True
