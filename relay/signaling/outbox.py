"""What is on its way to a client: bounded, and read by one socket at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass

from relay.protocol.messages import MediaState, Pictures, ServerMessage, Typing

CLOSE_GOING_AWAY = 1001
CLOSE_POLICY = 1008
CLOSE_INTERNAL_ERROR = 1011
CLOSE_RESTART = 1012  # of the IANA registry of close codes
CLOSE_TRY_AGAIN = 1013
CLOSE_RIGHT_BACK = 4000  # of those for private use, RFC 6455 section 7.4.2; the client's
CLOSE_BY_OPERATOR = 4001
CLOSE_OVER_BUDGET = 4002
CLOSE_REPLACED = 4003
CLOSE_BANNED = 4004

_STATES = (MediaState, Pictures, Typing)
"""Of these only the last one counts."""

_Entry = tuple[type[ServerMessage], bytes]


@dataclass(frozen=True, slots=True)
class Closing:
    """Why and how a socket is closed from this side."""

    code: int
    reason: str


class Line:
    """What one socket reads of an outbox, until that has another line."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._changed = asyncio.Event()
        self._closed = asyncio.Event()
        self.closing: Closing | None = None
        """How the socket is to be closed."""

    @property
    def is_cut(self) -> bool:
        """Whether the outbox is read by another socket, or by none."""
        return self._outbox.line is not self

    async def get(self) -> bytes | None:
        """The next text frame to send; none when it is cut, or closed and empty."""
        while not self.is_cut:
            frame = self._outbox.take()
            if frame is not None or self.closing is not None:
                return frame
            self._changed.clear()
            await self._changed.wait()
        return None

    async def closed(self) -> None:
        """Wait until the socket is to be closed."""
        await self._closed.wait()

    def look(self) -> None:
        """There is something new."""
        self._changed.set()

    def close(self, closing: Closing) -> None:
        """Have the socket closed, once what waits is sent."""
        self.closing = closing
        self._closed.set()
        self._changed.set()


class Outbox:
    """Messages on their way to a client. When it is full the client is too slow: it is closed.

    Those sent last are kept, in case that the socket is lost and they with it. All are numbered
    from 1 in the order in which they go out.

    :param max_unsent: how many may wait.
    :param max_unsent_bytes: how long they may be together.
    :param max_kept_bytes: how long those may be together that are kept; 0 keeps none.
    """

    def __init__(self, max_unsent: int, max_unsent_bytes: int, max_kept_bytes: int = 0) -> None:
        self._unsent: deque[_Entry] = deque()
        self._again: deque[bytes] = deque()  # were sent, and are sent before all others
        self._kept: deque[bytes] = deque()
        self._kept_bytes = 0
        self._max_unsent = max_unsent
        self._max_unsent_bytes = max_unsent_bytes
        self._max_kept_bytes = max_kept_bytes
        self._sent = 0  # the last one's number
        self.unsent_bytes = 0
        """What waits."""
        self.closing: Closing | None = None
        self.line = Line(self)
        """Through which it is read."""

    def __len__(self) -> int:
        """How many wait."""
        return len(self._unsent)

    def put(self, message: ServerMessage) -> None:
        """Send a message; after :meth:`close` it is dropped.

        One of those of which only the last counts takes the place of another of its kind that would
        go right before it.
        """
        if self.closing is not None:
            return
        if isinstance(message, _STATES):
            self._drop_former(type(message))
        frame = message.encode().encode()
        if (
            len(self._unsent) >= self._max_unsent
            or self.unsent_bytes + len(frame) > self._max_unsent_bytes
        ):
            self._unsent.clear()
            self.unsent_bytes = 0
            self.close(CLOSE_TRY_AGAIN, "too slow")
            return
        self._unsent.append((type(message), frame))
        self.unsent_bytes += len(frame)
        self.line.look()

    def _drop_former(self, kind: type[ServerMessage]) -> None:
        for at in range(len(self._unsent) - 1, -1, -1):
            former, frame = self._unsent[at]
            if former is kind:
                self.unsent_bytes -= len(frame)
                del self._unsent[at]
                return
            if former not in _STATES:
                return

    def close(self, code: int, reason: str) -> None:
        """Take no more; what is in it is still sent. Only the first call counts."""
        if self.closing is None:
            self.closing = Closing(code, reason)
            self.line.close(self.closing)

    def take(self) -> bytes | None:
        """The next text frame, if there is one: it is sent now."""
        if self._again:
            frame = self._again.popleft()
        elif self._unsent:
            _, frame = self._unsent.popleft()
            self.unsent_bytes -= len(frame)
        else:
            return None
        self._sent += 1
        if self._max_kept_bytes:
            self._keep(frame)
        return frame

    def _keep(self, frame: bytes) -> None:
        self._kept.append(frame)
        self._kept_bytes += len(frame)
        while self._kept_bytes > self._max_kept_bytes and len(self._kept) > 1:
            self._kept_bytes -= len(self._kept.popleft())

    def let_go(self) -> None:
        """The socket is lost: nothing goes out any more until the next one."""
        former, self.line = self.line, Line(self)
        former.look()

    def has_after(self, received: int) -> bool:
        """Whether all that comes after so many messages can still be sent."""
        return 0 <= self._sent - received <= len(self._kept)

    def go_on(self, received: int) -> int:
        """Have another socket read, from where the former one came to; that one is closed.

        :param received: how many messages have arrived, of which :meth:`has_after` is so.
        :returns: how many are there to be sent.
        """
        while self._sent > received:
            frame = self._kept.pop()
            self._kept_bytes -= len(frame)
            self._again.appendleft(frame)
            self._sent -= 1
        former, self.line = self.line, Line(self)
        former.close(Closing(CLOSE_REPLACED, "another socket has taken over"))
        return len(self._again) + len(self._unsent)
