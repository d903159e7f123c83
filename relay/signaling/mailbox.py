"""What a session has to handle, in order: bounded."""

import asyncio
from dataclasses import dataclass

from relay.plane import LinkLost, LinkUp
from relay.protocol.messages import UserMessage


@dataclass(frozen=True, slots=True)
class TimePassed:
    """A deadline of the session may have passed, or it may be matched by now."""


@dataclass(frozen=True, slots=True)
class ProposalDue:
    """The session may need an offer of the relay's: it has a new partner, or no link any more."""


@dataclass(frozen=True, slots=True)
class MoveDue:
    """The session is to move to another server."""


@dataclass(frozen=True, slots=True)
class RoomEnded:
    """The operator has ended the session's room; ``done`` is set when that is carried out."""

    room_id: str
    done: asyncio.Event


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The user is gone, and will not come back; the last thing that a session handles."""


Item = (
    UserMessage | LinkUp | LinkLost | TimePassed | ProposalDue | MoveDue | RoomEnded | SessionEnded
)


class Inbox:
    """What a session has to handle, in order."""

    def __init__(self, max_unhandled: int) -> None:
        self._items: asyncio.Queue[Item] = asyncio.Queue()
        self._max_unhandled = max_unhandled
        self._has_time_passed = False

    def put_message(self, message: UserMessage) -> bool:
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
