"""The queue and the rooms in this process's memory."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, takewhile

from relay.store.interface import Entered, Looked, Room, Waiter

_NONE = ""  # no interest is empty
_Tag = tuple[bool, str]  # whether those are apart whom it finds, and an interest


class MemoryStore:
    """A :class:`~relay.store.interface.Store` for one process; nothing survives it.

    No method awaits anything, which is what makes each of them atomic.

    :param max_waiting: how many users may wait at once.
    """

    def __init__(self, max_waiting: int = 10_000) -> None:
        self._max_waiting = max_waiting
        # A plain dict keeps holes where entries were: its first entry can be far to find.
        self._queue: OrderedDict[str, Waiter] = OrderedDict()
        self._apart: OrderedDict[str, Waiter] = OrderedDict()  # another queue
        self._alike: dict[_Tag, OrderedDict[str, None]] = {}  # ids by interest, or by _NONE
        self._room_of: dict[str, Room] = {}

    async def enter(self, waiter: Waiter) -> Entered:
        """See :meth:`Store.enter`."""
        if waiter.user_id in self._room_of:
            return Entered.IN_ROOM
        former = self._waiter(waiter.user_id)
        if former is not None:
            waiter = replace(waiter, since_s=former.since_s)
        elif len(self._queue) + len(self._apart) >= self._max_waiting:
            return Entered.FULL
        if former is None or _tags_of(former) != _tags_of(waiter):
            self._index(former, waiter)
        if former is not None and former.is_apart is not waiter.is_apart:
            del self._queue_of(apart=former.is_apart)[former.user_id]
            former = None
        self._queue_of(apart=waiter.is_apart)[waiter.user_id] = waiter
        if former is None:
            self._put_before_later(waiter)
        return Entered.WAITING

    async def leave_queue(self, user_id: str) -> None:
        """See :meth:`Store.leave_queue`."""
        self._take(user_id)

    async def waiting(self, limit: int, *, apart: bool = False) -> list[Waiter]:
        """See :meth:`Store.waiting`."""
        return list(islice(self._queue_of(apart=apart).values(), limit))

    async def alike(
        self, interests: frozenset[str], limit: int, *, apart: bool = False
    ) -> list[Waiter]:
        """See :meth:`Store.alike`."""
        found: dict[str, Waiter] = {}
        for tag in _tags(interests, apart=apart):
            for user_id in islice(self._alike.get(tag, ()), limit):
                found[user_id] = self._queue_of(apart=apart)[user_id]
        return sorted(found.values(), key=lambda waiter: waiter.since_s)[:limit]

    async def look(self, waiter: Waiter, limit: int) -> Looked:
        """See :meth:`Store.look`."""
        entered = await self.enter(waiter)
        seeker = self._waiter(waiter.user_id)
        if entered is not Entered.WAITING or seeker is None:
            return Looked(entered, waiter)
        apart = seeker.is_apart
        oldest = await self.waiting(limit, apart=apart)
        alike = await self.alike(seeker.interests, limit, apart=apart)
        return Looked(entered, seeker, oldest, alike)

    async def claim_first(self, rooms: Sequence[Room]) -> Room | None:
        """See :meth:`Store.claim_first`."""
        for room in rooms:
            users = {room.first, room.second}
            if len(users) == 2 and all(map(self._waiter, users)):
                for user_id in users:
                    self._take(user_id)
                    self._room_of[user_id] = room
                return room
        return None

    async def leave_room(self, user_id: str) -> Room | None:
        """See :meth:`Store.leave_room`."""
        room = self._room_of.get(user_id)
        if room is not None:
            del self._room_of[room.first], self._room_of[room.second]
        return room

    async def leave(self, user_id: str) -> Room | None:
        """See :meth:`Store.leave`."""
        await self.leave_queue(user_id)
        return await self.leave_room(user_id)

    async def room_of(self, user_id: str) -> Room | None:
        """See :meth:`Store.room_of`."""
        return self._room_of.get(user_id)

    def _waiter(self, user_id: str) -> Waiter | None:
        return self._queue.get(user_id) or self._apart.get(user_id)

    def _queue_of(self, *, apart: bool) -> OrderedDict[str, Waiter]:
        return self._apart if apart else self._queue

    def _put_before_later(self, waiter: Waiter) -> None:
        """The user stands last, and others may have come after it."""
        queue = self._queue_of(apart=waiter.is_apart)
        others = islice(reversed(queue.values()), 1, None)
        later = takewhile(lambda other: other.since_s > waiter.since_s, others)
        for other in reversed([*later]):
            queue.move_to_end(other.user_id)

    def _take(self, user_id: str) -> None:
        waiter = self._waiter(user_id)
        if waiter is not None:
            del self._queue_of(apart=waiter.is_apart)[user_id]
            self._index(waiter, None)

    def _index(self, former: Waiter | None, waiter: Waiter | None) -> None:
        """Find a user by what it likes now, and no longer by what it liked."""
        if former is not None:
            for tag in _tags_of(former):
                alike = self._alike[tag]
                del alike[former.user_id]
                if not alike:
                    del self._alike[tag]
        if waiter is not None:
            for tag in _tags_of(waiter):
                self._alike.setdefault(tag, OrderedDict())[waiter.user_id] = None


def _tags_of(waiter: Waiter) -> Sequence[_Tag]:
    return _tags(waiter.interests, apart=waiter.is_apart)


def _tags(interests: frozenset[str], *, apart: bool) -> Sequence[_Tag]:
    return [(apart, interest) for interest in sorted(interests) or (_NONE,)]
