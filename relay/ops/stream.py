"""Server-sent events, read (HTML Standard, section 9.2.6)."""

from collections.abc import Iterator
from dataclasses import dataclass

from relay.errors import Unreachable

MAX_EVENT_BYTES = 8 * 1024 * 1024
"""A longer event, or a longer line, is no relay's."""


@dataclass(frozen=True, slots=True)
class Event:
    """One event: its name and its data."""

    name: str
    data: str


class EventReader:
    """Cuts a stream of bytes into events."""

    def __init__(self) -> None:
        self._rest = b""
        self._name = ""
        self._data: list[str] = []
        self._size = 0

    def feed(self, data: bytes) -> Iterator[Event]:
        """The events that ``data`` completes.

        :raises Unreachable: when an event does not end.
        """
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            if (event := self._line(line.removesuffix(b"\r").decode(errors="replace"))) is not None:
                yield event
        if self._size + len(self._rest) > MAX_EVENT_BYTES:
            raise Unreachable("the event stream is not a relay's: an event does not end")

    def _line(self, line: str) -> Event | None:
        if not line:
            return self._complete()
        self._size += len(line)
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            self._name = value
        elif name == "data":
            self._data.append(value)
        return None  # comments and unknown fields are nothing

    def _complete(self) -> Event | None:
        event = Event(self._name or "message", "\n".join(self._data)) if self._data else None
        self._name, self._data, self._size = "", [], 0
        return event
