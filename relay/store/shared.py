"""The store of a node in a cluster: the nodes' own while it is there, else one of this node's."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import structlog

from relay.errors import StoreAway
from relay.store.interface import MODES, Entered, Looked, Room, Store, Waiter
from relay.store.memory import MemoryStore
from relay.store.redis import COMING_AT_ONCE, Load, RedisStore

T = TypeVar("T")

SWEEP_AFTER_S = 2.0
"""So long a node has to be missing; it may have begun its stay just before it was seen."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class StoreTally:
    """What is counted."""

    times_away: int = 0
    swept: int = 0
    """Users of nodes that had gone."""
    forgotten: int = 0
    """Users of this node that it did not know."""


class SharedStore:
    """A :class:`~relay.store.interface.Store` that is always there.

    While Redis cannot be had, users of this node meet each other. Whatever it has of this node when
    it is back is taken out first; then those who wait here enter it, and the rooms that are here
    are put back. Nothing is lost with it: who is in a room is known to the nodes themselves, and a
    room or a waiter of which they know nothing is found out when somebody is to meet it.

    Away until :meth:`tend` has found Redis; that is to be called every second.

    :param redis: the nodes' own; nobody else may use it.
    :param clock: the same as that of ``redis``.
    :param max_waiting: how many users of this node may wait while it is away.
    """

    def __init__(
        self, redis: RedisStore, clock: Callable[[], float], *, max_waiting: int = 10_000
    ) -> None:
        self._redis = redis
        self._clock = clock
        self._max_waiting = max_waiting
        self._memory = MemoryStore(max_waiting)
        self._rooms: Callable[[], Iterable[Room]] = tuple
        self._is_here: Callable[[str], bool] | None = None
        self._waiting: dict[str, Waiter] = {}  # of this node, wherever they do
        self._missing: dict[str, tuple[str, float]] = {}  # nodes: stay, and since when
        self._is_there = False
        self._changes = 0  # of the former
        self._away_since_s: float | None = None
        self.tally = StoreTally()
        self.load = Load(0, 0)
        """Of all nodes, when it was last asked."""

    @property
    def is_there(self) -> bool:
        """Whether users of all nodes meet."""
        return self._is_there

    def restates(self, rooms: Callable[[], Iterable[Room]]) -> None:
        """Say which rooms are here: this is asked when Redis is back."""
        self._rooms = rooms

    def knows(self, is_here: Callable[[str], bool]) -> None:
        """Say who is here: whom else the store has as a user of this node is taken out, in time.

        It has such where a Redis was silently restored to what it had before.
        """
        self._is_here = is_here

    async def tend(self) -> None:
        """Keep Redis' entries from expiring, or look whether it is back."""
        if not self._is_there:
            await self._come_back()
            return
        changes = self._changes
        try:
            self.load = await self._redis.tend()
            if self._is_here is not None:
                await self._forget([each for each in self.load.some if not self._is_here(each)])
        except StoreAway as error:
            await self._lose(changes, error)

    async def _forget(self, strangers: Sequence[str]) -> None:
        """Take out users of this node that are not here any more."""
        if strangers:
            await self._redis.forget(strangers)
            self.tally.forgotten += len(strangers)
            _log.info("store_forgotten", users=len(strangers))

    async def sweep(self, living: Collection[str]) -> None:
        """Take out what there is of nodes that have gone; to be called about every second.

        :param living: the nodes that have a lease, this one included.
        """
        if not self._is_there:
            return
        changes, now = self._changes, self._clock()
        try:
            stays = await self._redis.present()
            gone = {name: stay for name, stay in stays.items() if name not in living}
            for name, stay in gone.items():
                if self._missing.get(name, ("", 0.0))[0] != stay:
                    self._missing[name] = (stay, now)
            for name in self._missing.keys() - gone.keys():
                del self._missing[name]
            dead = {
                name: stay
                for name, (stay, since_s) in self._missing.items()
                if now - since_s >= SWEEP_AFTER_S
            }
            if dead:
                swept = await self._redis.sweep(dead)
                self.tally.swept += swept
                _log.info("store_swept", nodes=sorted(dead), users=swept)
        except StoreAway as error:
            await self._lose(changes, error)

    async def withdraw(self, why: str) -> None:
        """Have users of this node meet each other alone, until :meth:`tend` is called again."""
        if self._is_there:
            await self._lose(self._changes, StoreAway(why))

    async def enter(self, waiter: Waiter) -> Entered:
        """See :meth:`Store.enter`."""
        self._waiting[waiter.user_id] = waiter
        entered = await self._first(lambda store: store.enter(waiter))
        self._entered(waiter, entered)
        return entered

    async def leave_queue(self, user_id: str) -> None:
        """See :meth:`Store.leave_queue`."""
        self._waiting.pop(user_id, None)
        await self._first(lambda store: store.leave_queue(user_id))

    async def waiting(
        self, limit: int, *, apart: bool = False, mode: str = MODES[0]
    ) -> list[Waiter]:
        """See :meth:`Store.waiting`."""
        return await self._first(lambda store: store.waiting(limit, apart=apart, mode=mode))

    async def alike(self, like: Waiter, limit: int) -> list[Waiter]:
        """See :meth:`Store.alike`."""
        return await self._first(lambda store: store.alike(like, limit))

    async def look(self, waiter: Waiter, limit: int) -> Looked:
        """See :meth:`Store.look`."""
        self._waiting[waiter.user_id] = waiter
        looked = await self._first(lambda store: store.look(waiter, limit))
        self._entered(waiter, looked.entered)
        return looked

    async def claim_first(self, rooms: Sequence[Room]) -> Room | None:
        """See :meth:`Store.claim_first`."""
        room = await self._first(lambda store: store.claim_first(rooms))
        if room is not None:
            self._waiting.pop(room.first, None)
            self._waiting.pop(room.second, None)
        return room

    async def leave_room(self, user_id: str) -> Room | None:
        """See :meth:`Store.leave_room`."""
        return await self._first(lambda store: store.leave_room(user_id))

    async def leave(self, user_id: str) -> Room | None:
        """See :meth:`Store.leave`."""
        self._waiting.pop(user_id, None)
        return await self._first(lambda store: store.leave(user_id))

    async def room_of(self, user_id: str) -> Room | None:
        """See :meth:`Store.room_of`."""
        return await self._first(lambda store: store.room_of(user_id))

    def _entered(self, waiter: Waiter, entered: Entered) -> None:
        if entered is not Entered.WAITING and self._waiting.get(waiter.user_id) is waiter:
            del self._waiting[waiter.user_id]

    async def _first(self, ask: Callable[[Store], Awaitable[T]]) -> T:
        """What Redis answers, or else this node's own store."""
        if self._is_there:
            changes = self._changes
            try:
                return await ask(self._redis)
            except StoreAway as error:
                await self._lose(changes, error)
        return await ask(self._memory)

    async def _lose(self, changes: int, error: StoreAway) -> None:
        """Redis cannot be had: those who wait do so here, in the order in which they came.

        Nothing is waited for: the store in memory awaits nothing.
        """
        if not self._is_there or changes != self._changes:
            return  # somebody else has noticed it before
        self._is_there = False
        self._changes += 1
        self.tally.times_away += 1
        self._tell_away(error)
        self._memory = MemoryStore(self._max_waiting)
        for waiter in sorted(self._waiting.values(), key=lambda waiter: waiter.since_s):
            await self._memory.enter(waiter)

    async def _come_back(self) -> None:
        try:
            await self._redis.begin()
            rooms = [*self._rooms()]
            await self._redis.restate(rooms)
        except StoreAway as error:
            if self._away_since_s is None:
                self._tell_away(error)
            return
        self._tell_back(rooms=len(rooms))
        self._is_there = True
        self._changes += 1
        self._away_since_s = None
        changes, coming = self._changes, [*self._waiting]
        try:
            for first in range(0, len(coming), COMING_AT_ONCE):
                # Who has left meanwhile is not there any more; who leaves now is heard of by Redis
                # after it has entered.
                some = map(self._waiting.get, coming[first : first + COMING_AT_ONCE])
                await self._redis.enter_all([waiter for waiter in some if waiter is not None])
        except StoreAway as error:
            await self._lose(changes, error)

    def _tell_back(self, rooms: int) -> None:
        if self._away_since_s is None:
            _log.info("store_found")
            return
        away_s = round(self._clock() - self._away_since_s, 1)
        _log.info("store_back", away_s=away_s, rooms=rooms, waiting=len(self._waiting))

    def _tell_away(self, error: StoreAway) -> None:
        self._away_since_s = self._clock()
        _log.warning("store_away", reason=str(error))
