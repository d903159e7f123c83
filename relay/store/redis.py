"""The queue and the rooms in a Redis that nodes share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from secrets import token_hex
from typing import Any

from relay.cluster.lane import Runs
from relay.errors import NotUnderstood, StoreAway
from relay.store import scripts
from relay.store.interface import MODES, Entered, Looked, Room, Waiter, pool_of
from relay.store.scripts import KEYS, Script
from relay.store.times import Times
from relay.store.written import (
    BETWEEN,
    room_of,
    room_text,
    tags,
    waiter_fields,
    waiter_of,
)

MAX_WAITING = 100_000
_AT_ONCE = 500
"""So many users a script may take out: others wait for it, 5 ms at most."""
_ROOMS_AT_ONCE = 100
COMING_AT_ONCE = 100
"""So many users may enter in one step."""
LOOKED_AT_ONCE = 100
"""So many of its users a node is told each time that it tends the store."""
_MOST = 1000
"""Nobody is given more waiters than this at once: Lua has no room for many more values."""
_KNOWN = 2048
"""So many waiters' texts are remembered: more than a search looks at."""


@dataclass(frozen=True, slots=True)
class Load:
    """How much there is in the store, of all nodes."""

    waiting: int
    in_rooms: int
    """Users."""
    some: tuple[str, ...] = ()
    """Users of this node's that it has: the next ones each time, and after the last the first."""


class RedisStore:
    """A :class:`~relay.store.interface.Store` for all nodes: each step is one script.

    Usable once its stay has begun (:meth:`begin`). Every method raises :class:`StoreAway` when
    Redis does not answer, or refuses; whether the step has been taken is not known then.

    :param run: has Redis carry out a command.
    :param node: the name of this node, in which there is nothing that could end a name.
    :param clock: seconds on this process's clock, the one of the waiters' times.
    :param max_waiting: how many users of all nodes may wait at once.
    """

    def __init__(
        self, run: Runs, node: str, clock: Callable[[], float], *, max_waiting: int = MAX_WAITING
    ) -> None:
        self._run = run
        self._node = node
        self._clock = clock
        self._max_waiting = max_waiting
        self._times = Times()
        self._stay = ""
        self._looked_at = ""
        self._known: dict[str, Waiter] = {}  # by their text
        self.unread = 0
        """Waiters and rooms that nobody understands, and that were left out."""

    async def begin(self) -> None:
        """Begin a stay: there is nothing of this node then, and nothing of former stays comes."""
        for script in scripts.ALL:
            await self._run("SCRIPT", "LOAD", script.text)
        stay = token_hex(8)
        while await self._clears(scripts.BEGIN, self._node, stay):
            pass
        self._stay = stay

    async def restate(self, rooms: Iterable[Room]) -> None:
        """Put rooms with users of this node back."""
        told = list(rooms)
        for first in range(0, len(told), _ROOMS_AT_ONCE):
            await self._write(
                scripts.RESTATE,
                *(
                    each
                    for room in told[first : first + _ROOMS_AT_ONCE]
                    for each in (
                        room_text(room, self._times), room.first, room.second, *room.nodes
                    )
                ),
            )  # fmt: skip

    async def tend(self) -> Load:
        """Say that somebody looks after the store; once in a while, or all of it expires."""
        bounds = self._looked_at, LOOKED_AT_ONCE
        waiting, in_rooms, users = await self._write(scripts.TEND, *bounds)
        self._looked_at = users[-1] if len(users) == LOOKED_AT_ONCE else ""
        return Load(int(waiting), int(in_rooms), tuple(users))

    async def forget(self, users: Sequence[str]) -> None:
        """Take out users of this node's, whatever there is of them."""
        await self._write(scripts.FORGET, *users)

    async def present(self) -> dict[str, str]:
        """The nodes that have begun a stay and were not swept out since, and their stays."""
        (found,) = await self._ask(scripts.PRESENT)
        return dict(zip(found[::2], found[1::2], strict=True))

    async def sweep(self, dead: Mapping[str, str]) -> int:
        """Take out what there is of nodes that are gone.

        :param dead: their stays, by name; one that has begun another stay is left alone.
        :returns: how many of their users it were.
        """
        swept = 0
        for node, stay in dead.items():
            if node == self._node:
                continue
            arguments = (self._node, self._stay, node, stay)
            while many := await self._clears(scripts.SWEEP, *arguments):
                swept += many
        return swept

    async def enter(self, waiter: Waiter) -> Entered:
        """See :meth:`Store.enter`."""
        return await self._enter(waiter)

    async def enter_all(self, waiters: Sequence[Waiter]) -> None:
        """Have several enter in one step, whatever comes of each.

        :param waiters: :data:`COMING_AT_ONCE` at most.
        """
        if waiters:
            await self._enter(*waiters)

    async def leave_queue(self, user_id: str) -> None:
        """See :meth:`Store.leave_queue`."""
        await self._write(scripts.LEAVE_QUEUE, user_id)

    async def waiting(
        self, limit: int, *, apart: bool = False, mode: str = MODES[0]
    ) -> list[Waiter]:
        """See :meth:`Store.waiting`; 1,000 at most."""
        if limit <= 0:
            return []
        (texts,) = await self._ask(scripts.WAITING, pool_of(mode, apart=apart), min(limit, _MOST))
        return self._waiters(texts)

    async def alike(self, like: Waiter, limit: int) -> list[Waiter]:
        """See :meth:`Store.alike`; 1,000 at most."""
        if limit <= 0:
            return []
        (texts,) = await self._ask(scripts.ALIKE, like.pool, min(limit, _MOST), *tags(like))
        return self._waiters(texts)

    async def look(self, waiter: Waiter, limit: int) -> Looked:
        """See :meth:`Store.look`; of each kind 1,000 at most."""
        self._require_begun()
        bounds = (self._max_waiting, max(min(limit, _MOST), 1))
        _, *fields = waiter_fields(waiter, self._times)
        pools = "".join(map(str, waiter.pools))
        entered, *found = await self._write(scripts.LOOK, *bounds, waiter.user_id, pools, *fields)
        if not found:
            return Looked(Entered(entered), waiter)
        since_us, oldest, alike = found
        came_s = self._times.here(int(since_us))
        seeker = replace(waiter, since_s=came_s, node=self._node)
        return Looked(Entered(entered), seeker, self._waiters(oldest), self._waiters(alike))

    async def claim_first(self, rooms: Sequence[Room]) -> Room | None:
        """See :meth:`Store.claim_first`."""
        self._require_begun()
        told = ((room_text(room, self._times), room.first, room.second) for room in rooms)
        (made,) = await self._write(scripts.CLAIM, *(each for room in told for each in room))
        return rooms[int(made) - 1] if made else None

    async def leave_room(self, user_id: str) -> Room | None:
        """See :meth:`Store.leave_room`."""
        (text,) = await self._write(scripts.LEAVE_ROOM, user_id)
        return self._room(text)

    async def leave(self, user_id: str) -> Room | None:
        """See :meth:`Store.leave`."""
        (text,) = await self._write(scripts.LEAVE, user_id)
        return self._room(text)

    async def room_of(self, user_id: str) -> Room | None:
        """See :meth:`Store.room_of`."""
        (text,) = await self._ask(scripts.ROOM_OF, user_id)
        room = self._room(text)
        if room is None and text is not None:
            await self._write(scripts.LEAVE_ROOM, user_id)
        return room

    async def _enter(self, *waiters: Waiter) -> Entered:
        self._require_begun()
        fields = [
            each
            for waiter in waiters
            for each in (waiter.user_id, *waiter_fields(waiter, self._times))
        ]
        (came,) = await self._write(scripts.ENTER, self._max_waiting, *fields)
        return Entered(came)

    async def _clears(self, script: Script, *arguments: str) -> int:
        """Have a script take out as many as it may at once; none when it is through."""
        (many,) = await self._ask(script, *arguments, _AT_ONCE)
        return int(many)

    async def _write(self, script: Script, *arguments: str | int) -> list[Any]:
        self._require_begun()
        return await self._ask(script, self._node, self._stay, *arguments)

    async def _ask(self, script: Script, *arguments: str | int) -> list[Any]:
        asked_s = self._clock()
        rest: list[Any]
        answer = await self._run("EVALSHA", script.sha, len(KEYS), *KEYS, *arguments)
        try:
            seconds, microseconds, *rest = answer
            store_us = int(seconds) * 1_000_000 + int(microseconds)
        except (ValueError, TypeError):
            raise StoreAway("Redis answers as it does not") from None
        if self._times.heard(store_us, asked_s, self._clock()):
            self._known.clear()
        return rest

    def _require_begun(self) -> None:
        if not self._stay:
            raise StoreAway("this node has not begun its stay")

    def _waiters(self, texts: str) -> list[Waiter]:
        found = map(self._waiter, texts.split(BETWEEN)) if texts else ()
        return [waiter for waiter in found if waiter is not None]

    def _waiter(self, text: str) -> Waiter | None:
        """What is read once need not be read again: those who wait are seen by all who search."""
        if (known := self._known.get(text)) is not None:
            return known
        try:
            waiter = waiter_of(text, self._times)
        except NotUnderstood:
            self.unread += 1
            return None
        if len(self._known) >= _KNOWN:
            self._known.clear()
        self._known[text] = waiter
        return waiter

    def _room(self, text: str | None) -> Room | None:
        if text is None:
            return None
        try:
            return room_of(text, self._times)
        except NotUnderstood:
            self.unread += 1
            return None
