"""The two bounded queues of a session: what it has to handle, and what it has to send."""

import asyncio
from collections import deque
from dataclasses import dataclass

from relay.plane import LinkLost, LinkUp
from relay.protocol.messages import ClientMessage, MediaState, ServerMessage

CLOSE_GOING_AWAY = 1001
CLOSE_POLICY = 1008
CLOSE_INTERNAL_ERROR = 1011
CLOSE_TRY_AGAIN = 1013
CLOSE_BY_OPERATOR = 4001  # of those for private use, RFC 6455 section 7.4.2
CLOSE_OVER_BUDGET = 4002


@dataclass(frozen=True, slots=True)
class TimePassed:
    """A deadline of the session may have passed, or it may be matched by now."""


@dataclass(frozen=True, slots=True)
class InvitationDue:
    """The session may need an offer of the relay's: it has a new partner, or no link any more."""


@dataclass(frozen=True, slots=True)
class RoomEnded:
    """The operator has ended the session's room; ``done`` is set when that is carried out."""

    room_id: str
    done: asyncio.Event


@dataclass(frozen=True, slots=True)
class SocketLost:
    """The WebSocket is gone, or about to; the last thing that a session handles."""


Item = ClientMessage | LinkUp | LinkLost | TimePassed | InvitationDue | RoomEnded | SocketLost


@dataclass(frozen=True, slots=True)
class Closing:
    """Why and how a socket is closed from this side."""

    code: int
    reason: str


class Outbox:
    """Messages on their way to a client. When it is full the client is too slow: it is closed.

    :param max_unsent: how many may wait.
    :param max_unsent_bytes: how long they may be together.
    """

    def __init__(self, max_unsent: int, max_unsent_bytes: int) -> None:
        self._frames: deque[tuple[type[ServerMessage], bytes]] = deque()
        self._max_unsent = max_unsent
        self._max_unsent_bytes = max_unsent_bytes
        self._changed = asyncio.Event()
        self._closed = asyncio.Event()
        self.unsent_bytes = 0
        """What waits."""
        self.closing: Closing | None = None

    def put(self, message: ServerMessage) -> None:
        """Send a message; after :meth:`close` it is dropped.

        One :class:`MediaState` takes the place of another that would go right before it.
        """
        if self.closing is not None:
            return
        if isinstance(message, MediaState) and self._frames and self._frames[-1][0] is MediaState:
            self.unsent_bytes -= len(self._frames.pop()[1])
        frame = message.encode().encode()
        if (
            len(self._frames) >= self._max_unsent
            or self.unsent_bytes + len(frame) > self._max_unsent_bytes
        ):
            self._frames.clear()
            self.unsent_bytes = 0
            self.close(CLOSE_TRY_AGAIN, "too slow")
            return
        self._frames.append((type(message), frame))
        self.unsent_bytes += len(frame)
        self._changed.set()

    def close(self, code: int, reason: str) -> None:
        """Take no more; what is in it is still sent. Only the first call counts."""
        if self.closing is None:
            self.closing = Closing(code, reason)
            self._changed.set()
            self._closed.set()

    async def closed(self) -> None:
        """Wait until :meth:`close` was called."""
        await self._closed.wait()

    async def get(self) -> bytes | None:
        """The next text frame to send; none when closed and empty."""
        while not self._frames and self.closing is None:
            self._changed.clear()
            await self._changed.wait()
        if not self._frames:
            return None
        _, frame = self._frames.popleft()
        self.unsent_bytes -= len(frame)
        return frame


class Inbox:
    """What a session has to handle, in order."""

    def __init__(self, max_unhandled: int) -> None:
        self._items: asyncio.Queue[Item] = asyncio.Queue()
        self._max_unhandled = max_unhandled
        self._has_time_passed = False

    def put_message(self, message: ClientMessage) -> bool:
        """Add a client's message; false when too many wait already."""
        if self._items.qsize() >= self._max_unhandled:
            return False
        self._items.put_nowait(message)
        return True

    def put(self, item: Item) -> None:
        """Add something of the server's own: a few at most come from each message or second.

        Of :class:`TimePassed` one is enough at a time.
        """
        if isinstance(item, TimePassed):
            if self._has_time_passed:
                return
            self._has_time_passed = True
        self._items.put_nowait(item)

    def clear(self) -> None:
        """Forget what has not been handled."""
        while not self._items.empty():
            self._items.get_nowait()
        self._has_time_passed = False

    async def get(self) -> Item:
        """The next thing to handle."""
        item = await self._items.get()
        if isinstance(item, TimePassed):
            self._has_time_passed = False
        return item
