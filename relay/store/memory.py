"""The queue and the rooms in this process's memory."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, product, takewhile

from relay.store.interface import MODES, Entered, Looked, Room, Waiter

_NONE = ""  # no interest is empty, and no language
_Pool = tuple[bool, str]  # whether those are apart who wait in it, and in which mode
_Tag = tuple[_Pool, str, str]  # where it finds users, by a language and an interest


class MemoryStore:
    """A :class:`~relay.store.interface.Store` for one process; nothing survives it.

    No method awaits anything, which is what makes each of them atomic.

    :param max_waiting: how many users may wait at once.
    """

    def __init__(self, max_waiting: int = 10_000) -> None:
        self._max_waiting = max_waiting
        # A plain dict keeps holes where entries were: its first entry can be far to find.
        self._queues: dict[_Pool, OrderedDict[str, Waiter]] = {
            (apart, mode): OrderedDict() for apart in (False, True) for mode in MODES
        }
        self._pool_of: dict[str, _Pool] = {}  # of each who waits
        self._alike: dict[_Tag, OrderedDict[str, None]] = {}  # ids
        self._room_of: dict[str, Room] = {}

    async def enter(self, waiter: Waiter) -> Entered:
        """See :meth:`Store.enter`."""
        if waiter.user_id in self._room_of:
            return Entered.IN_ROOM
        former = self._waiter(waiter.user_id)
        if former is not None:
            waiter = replace(waiter, since_s=former.since_s)
        elif len(self._pool_of) >= self._max_waiting:
            return Entered.FULL
        if former is None or _tags_of(former) != _tags_of(waiter):
            self._index(former, waiter)
        pool = _pool(waiter)
        if former is not None and _pool(former) != pool:
            del self._queues[_pool(former)][former.user_id]
            former = None
        self._queues[pool][waiter.user_id] = waiter
        self._pool_of[waiter.user_id] = pool
        if former is None:
            self._put_before_later(waiter)
        return Entered.WAITING

    async def leave_queue(self, user_id: str) -> None:
        """See :meth:`Store.leave_queue`."""
        self._take(user_id)

    async def waiting(
        self, limit: int, *, apart: bool = False, mode: str = MODES[0]
    ) -> list[Waiter]:
        """See :meth:`Store.waiting`."""
        return list(islice(self._queues[apart, mode].values(), limit))

    async def alike(self, like: Waiter, limit: int) -> list[Waiter]:
        """See :meth:`Store.alike`."""
        queue = self._queues[_pool(like)]
        found: dict[str, Waiter] = {}
        for tag in _tags_of(like):
            for user_id in islice(self._alike.get(tag, ()), limit):
                found[user_id] = queue[user_id]
        return sorted(found.values(), key=lambda waiter: waiter.since_s)[:limit]

    async def look(self, waiter: Waiter, limit: int) -> Looked:
        """See :meth:`Store.look`."""
        entered = await self.enter(waiter)
        seeker = self._waiter(waiter.user_id)
        if entered is not Entered.WAITING or seeker is None:
            return Looked(entered, waiter)
        oldest: list[Waiter] = []
        alike: list[Waiter] = []
        for mode in sorted(seeker.modes):
            oldest += await self.waiting(limit, apart=seeker.is_apart, mode=mode)
            alike += await self.alike(replace(seeker, mode=mode), limit)
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
        pool = self._pool_of.get(user_id)
        return None if pool is None else self._queues[pool][user_id]

    def _put_before_later(self, waiter: Waiter) -> None:
        """The user stands last, and others may have come after it."""
        queue = self._queues[_pool(waiter)]
        others = islice(reversed(queue.values()), 1, None)
        later = takewhile(lambda other: other.since_s > waiter.since_s, others)
        for other in reversed([*later]):
            queue.move_to_end(other.user_id)

    def _take(self, user_id: str) -> None:
        waiter = self._waiter(user_id)
        if waiter is not None:
            del self._queues[self._pool_of.pop(user_id)][user_id]
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


def _pool(waiter: Waiter) -> _Pool:
    return waiter.is_apart, waiter.mode


def _tags_of(waiter: Waiter) -> Sequence[_Tag]:
    interests, languages = sorted(waiter.interests), sorted(waiter.languages)
    pairs = product(languages or [_NONE], interests or [_NONE])
    return [(_pool(waiter), language, interest) for language, interest in pairs]
