"""The queue and the rooms in this process's memory."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from itertools import islice, product, takewhile

from relay.store.interface import (
    MAX_USED,
    MODES,
    TRYSTS,
    USED_S,
    Entered,
    Looked,
    Room,
    Tryst,
    Waiter,
    pool_of,
)

_NONE = ""  # no interest is empty, and no language
_Tag = tuple[int, str, str]  # a pool, and a language and an interest, or a tryst's name


class MemoryStore:
    """A :class:`~relay.store.interface.Store` for one process; nothing survives it.

    No method awaits anything, which is what makes each of them atomic.

    :param max_waiting: how many users may wait at once.
    """

    def __init__(self, max_waiting: int = 10_000) -> None:
        self._max_waiting = max_waiting
        # A plain dict keeps holes where entries were: its first entry can be far to find.
        self._queues = tuple(OrderedDict[str, Waiter]() for _ in range(TRYSTS + 1))  # by pool
        self._pool_of: dict[str, int] = {}  # of each who waits
        self._alike: dict[_Tag, OrderedDict[str, None]] = {}  # ids
        self._room_of: dict[str, Room] = {}
        self._used: OrderedDict[str, float] = OrderedDict()  # trysts that have served: name -> when

    async def enter(self, waiter: Waiter) -> Entered:
        """See :meth:`Store.enter`."""
        if waiter.user_id in self._room_of:
            return Entered.IN_ROOM
        if self._has_served(waiter.tryst):
            self._take(waiter.user_id)
            return Entered.USED
        former = self._waiter(waiter.user_id)
        if former is not None:
            waiter = replace(waiter, since_s=former.since_s)
        elif len(self._pool_of) >= self._max_waiting:
            return Entered.FULL
        if former is None or _tags_of(former) != _tags_of(waiter):
            self._index(former, waiter)
        if former is not None and former.pool != waiter.pool:
            del self._queues[former.pool][former.user_id]
            former = None
        self._queues[waiter.pool][waiter.user_id] = waiter
        self._pool_of[waiter.user_id] = waiter.pool
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
        return list(islice(self._queues[pool_of(mode, apart=apart)].values(), limit))

    async def alike(self, like: Waiter, limit: int) -> list[Waiter]:
        """See :meth:`Store.alike`."""
        found: dict[str, Waiter] = {}
        for tag in _tags_of(like):
            for user_id in islice(self._alike.get(tag, ()), limit):
                found[user_id] = self._queues[like.pool][user_id]
        return sorted(found.values(), key=lambda waiter: waiter.since_s)[:limit]

    async def look(self, waiter: Waiter, limit: int) -> Looked:
        """See :meth:`Store.look`."""
        entered = await self.enter(waiter)
        seeker = self._waiter(waiter.user_id)
        if entered is not Entered.WAITING or seeker is None:
            return Looked(entered, waiter)
        if seeker.tryst is not None:
            return Looked(entered, seeker, alike=await self.alike(seeker, limit))
        oldest: list[Waiter] = []
        alike: list[Waiter] = []
        for mode in sorted(seeker.modes):
            oldest += await self.waiting(limit, apart=seeker.is_apart, mode=mode)
            alike += await self.alike(replace(seeker, mode=mode), limit)
        return Looked(entered, seeker, oldest, alike)

    async def claim_first(self, rooms: Sequence[Room]) -> Room | None:
        """See :meth:`Store.claim_first`."""
        for room in rooms:
            first, second = self._waiter(room.first), self._waiter(room.second)
            if first and second and first is not second and self._may_meet(first, second):
                self._use(first.tryst, room.since_s)
                for user_id in (room.first, room.second):
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

    def _may_meet(self, first: Waiter, second: Waiter) -> bool:
        """Whether both have the same tryst, if either has one."""
        if first.tryst is None:
            return second.tryst is None
        return first.tryst.fits(second.tryst) and not self._has_served(first.tryst)

    def _has_served(self, tryst: Tryst | None) -> bool:
        return tryst is not None and tryst.is_single and tryst.name in self._used

    def _use(self, tryst: Tryst | None, now: float) -> None:
        if tryst is None or not tryst.is_single:
            return
        self._used[tryst.name] = now
        while len(self._used) > MAX_USED or now - next(iter(self._used.values())) > USED_S:
            self._used.popitem(last=False)

    def _put_before_later(self, waiter: Waiter) -> None:
        """The user stands last, and others may have come after it."""
        queue = self._queues[waiter.pool]
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


def _tags_of(waiter: Waiter) -> Sequence[_Tag]:
    if waiter.tryst is not None:
        return [(waiter.pool, _NONE, waiter.tryst.name)]
    interests, languages = sorted(waiter.interests), sorted(waiter.languages)
    pairs = product(languages or [_NONE], interests or [_NONE])
    return [(waiter.pool, language, interest) for language, interest in pairs]
