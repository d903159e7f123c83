"""Brings waiting users together, over a store that others use at the same time."""

from collections.abc import Callable, Iterable

from relay.errors import QueueFull, TrystUsed
from relay.matching.policy import choose, mode_of, scope_of
from relay.protocol.messages import Scope
from relay.store import Entered, Looked, Room, Store, Waiter

LOOKAHEAD = 64
"""How many waiters are considered: so many of the oldest, and so many of the oldest with the same
tastes. More than the partners that a user remembers, so that there is always one among them whom
the user may meet, if there is one at all."""
_MAX_ATTEMPTS = 16
_CHOICES = 16
"""Many who search at once all want the one who has waited longest: who does not get it gets the
next one at once."""
NEWS_S = 3.0
"""A room that another node has claimed for a user is news on its way for so long: longer than that
node waits for an answer (:data:`relay.cluster.interface.ANSWER_S`)."""


class Matchmaker:
    """Looks for partners.

    What is hard here is that the store may be asked by many at once, and that its answer arrives
    after the fact: a user can leave a room that its partner does not know of yet. Therefore a room
    counts as being *claimed* until :meth:`search` has returned it; whoever leaves it before that
    makes the search go on, and nobody was told of it. Of a room that another node may have claimed
    its age has to do: while it is young, that node is about to tell; later it is nobody's.

    :param rematch_after_s: how long two who have parted are kept apart.
    :param interest_wait_s: how long somebody with interests waits for one who shares them.
    :param new_room_id: gives unguessable ids.
    :param reaches: whether another node can be spoken to, as all can without it: nobody meets
        users of one that cannot.
    """

    def __init__(
        self,
        store: Store,
        *,
        rematch_after_s: float,
        new_room_id: Callable[[], str],
        interest_wait_s: float = 0.0,
        reaches: Callable[[str], bool] | None = None,
    ) -> None:
        self._store = store
        self._rematch_after_s = rematch_after_s
        self._interest_wait_s = interest_wait_s
        self._new_room_id = new_room_id
        self._reaches = reaches or (lambda _: True)
        self._claimed: set[str] = set()

    async def search(
        self, waiter: Waiter, now: float, *, wanted: Callable[[], bool]
    ) -> Room | None:
        """Put a user into the queue and look for a partner.

        :param wanted: whether the user still waits to be told of a partner: this changes when
            somebody else's search finds it meanwhile.
        :returns: a room that exists, and of which both must be told before anything is awaited; or
            none, then the user waits, or its partner's search is about to return their room.
        :raises QueueFull: when it cannot wait.
        :raises TrystUsed: when its tryst serves once, and has.
        """
        room = await self._search(waiter, now, wanted)
        if room is None and not wanted():
            # Paired, and perhaps parted, meanwhile: the last look may have put it back there.
            await self._store.leave_queue(waiter.user_id)
        return room

    async def foresee(self, waiter: Waiter, now: float) -> str | None:
        """Whom a user would meet if it searched now, as far as that can be told."""
        apart, mode = waiter.is_apart, waiter.mode
        oldest = await self._store.waiting(LOOKAHEAD, apart=apart, mode=mode)
        alike = await self._store.alike(waiter, LOOKAHEAD)
        others = self._choose(waiter, (*oldest, *alike), now)
        return others[0].user_id if others else None

    def scope(self, waiter: Waiter, now: float) -> Scope:
        """Whom a user who waits meets of those who come now."""
        return scope_of(waiter, now, interest_wait_s=self._interest_wait_s)

    async def leave_queue(self, user_id: str) -> None:
        """Let a user wait no longer; a room that it has just been given stays."""
        await self._store.leave_queue(user_id)

    async def leave(self, user_id: str) -> None:
        """Take a user out of the queue and out of its room, which ends for both."""
        room = await self._store.leave(user_id)
        if room is not None:
            self._claimed.discard(room.room_id)

    async def _search(self, waiter: Waiter, now: float, wanted: Callable[[], bool]) -> Room | None:
        for _ in range(_MAX_ATTEMPTS):
            if not wanted():
                return None
            looked = await self._store.look(waiter, LOOKAHEAD)
            if looked.entered is Entered.FULL:
                raise QueueFull("too many users wait")
            if looked.entered is Entered.USED:
                raise TrystUsed("two have met by it")
            if looked.entered is Entered.IN_ROOM:
                if await self._has_news_coming(waiter, now, wanted):
                    return None
                continue
            rooms = self._plan(looked, now)
            if not rooms:
                return None
            room = await self._claim(rooms)
            if room is not None:
                return room
        return None

    def _plan(self, looked: Looked, now: float) -> list[Room]:
        """The rooms that the user may get, the best one first; it gets one at most."""
        seeker = looked.seeker
        others = self._choose(seeker, (*looked.oldest, *looked.alike), now)
        room_id = self._new_room_id() if others else ""
        rooms = []
        for other in others:
            first, second = _in_order(seeker, other, looked.oldest)
            nodes, mode = (first.node, second.node), mode_of(seeker, other)
            rooms.append(Room(room_id, first.user_id, second.user_id, now, nodes, mode))
        return rooms

    def _choose(self, seeker: Waiter, others: Iterable[Waiter], now: float) -> list[Waiter]:
        near = {each.user_id: each for each in others if self._is_near(seeker, each)}
        return choose(
            seeker,
            near.values(),
            now,
            rematch_after_s=self._rematch_after_s,
            interest_wait_s=self._interest_wait_s,
            limit=_CHOICES,
        )

    def _is_near(self, seeker: Waiter, other: Waiter) -> bool:
        return other.node == seeker.node or self._reaches(other.node)

    async def _claim(self, rooms: list[Room]) -> Room | None:
        room_id = rooms[0].room_id
        self._claimed.add(room_id)
        try:
            made = await self._store.claim_first(rooms)
            return made if room_id in self._claimed else None
        finally:
            self._claimed.discard(room_id)

    async def _has_news_coming(
        self, waiter: Waiter, now: float, wanted: Callable[[], bool]
    ) -> bool:
        """Whether the room that the store has for a user is known to somebody."""
        room = await self._store.room_of(waiter.user_id)
        if not wanted() or (room is not None and room.room_id in self._claimed):
            return True
        if room is None:
            return False
        if any(node != waiter.node for node in room.nodes) and abs(now - room.since_s) < NEWS_S:
            return True
        # Nobody will ever be told of it: a claim was carried out, but failed on its way back.
        await self._store.leave_room(waiter.user_id)
        return False


def _in_order(seeker: Waiter, other: Waiter, oldest: list[Waiter]) -> tuple[Waiter, Waiter]:
    """The two as they came; of two who came at one time, as they stand in the queue."""
    if seeker.since_s != other.since_s:
        came_first = min(seeker, other, key=lambda waiter: waiter.since_s)
    else:
        pair = {seeker.user_id, other.user_id}
        came_first = next((waiter for waiter in oldest if waiter.user_id in pair), other)
    return (seeker, other) if came_first.user_id == seeker.user_id else (other, seeker)
