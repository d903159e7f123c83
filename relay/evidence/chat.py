"""The last lines of a room's chat, kept in memory while evidence is kept."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

MAX_LINES = 50
MAX_BYTES = 32 * 1024
"""Of all lines of a room, in UTF-8: 50 of the longest would be 400 kB."""


class Line(NamedTuple):
    """One message."""

    at: float
    """Seconds since 1970."""
    user_id: str
    """Who wrote it."""
    text: str
    id: str = ""
    """Chosen by who wrote it; no two have to differ."""


class ChatLog:
    """Those of one room; the oldest go first."""

    __slots__ = ("_bytes", "_lines")

    def __init__(self) -> None:
        self._lines: deque[Line] = deque()
        self._bytes = 0

    def add(self, user_id: str, text: str, at: float, chat_id: str = "") -> None:
        """Keep a message that goes to the partner.

        :param at: seconds since 1970.
        """
        self._lines.append(Line(at, user_id, text, chat_id))
        self._bytes += _size(text)
        while len(self._lines) > MAX_LINES or self._bytes > MAX_BYTES:
            self._bytes -= _size(self._lines.popleft().text)

    def take_back(self, user_id: str, chat_id: str) -> None:
        """The partner did not get a user's message: the last one of that id is none."""
        for line in reversed(self._lines):
            if (line.user_id, line.id) == (user_id, chat_id):
                self._lines.remove(line)
                self._bytes -= _size(line.text)
                return

    @property
    def lines(self) -> tuple[Line, ...]:
        """A copy, oldest first."""
        return tuple(self._lines)


def _size(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))
