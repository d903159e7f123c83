"""Users who meet and press Next, and how long each search took."""

from __future__ import annotations

import asyncio
import random
from collections import Counter, deque
from collections.abc import Sequence

from relay.errors import BotError
from relay.protocol.messages import (
    Error,
    PartnerDisconnected,
    PartnerFound,
    PartnerLeft,
    ServerMessage,
)
from scripts.benchmark.signallers import Signaller

_LOOK_S = 0.02


class Turnover:
    """Whoever is left searches again; who presses Next is whoever has talked longest.

    :param users: who are connected.
    """

    def __init__(self, users: Sequence[Signaller]) -> None:
        self.meetings = 0
        self.within_s: list[float] = []
        self.across_s: list[float] = []
        """From a search to its partner, of whoever of the two came later: those of one server, and
        those of two."""
        self._new = deque(users)
        self._most = 0
        self._searching: set[Signaller] = set()
        self._first_told: dict[str, Signaller] = {}
        self._talking: deque[tuple[Signaller, Signaller, str]] = deque()
        self._errors: Counter[str] = Counter()
        for user in users:
            user.hears = self._hear

    def forget(self) -> None:
        """Count anew."""
        self.meetings = 0
        self.within_s, self.across_s = [], []

    async def keep_searching(self, pairs: int) -> None:
        """Have so many pairs search at all times from now on.

        First those search who have not yet, then those who press Next.
        """
        self._most = 2 * pairs
        await self._fill()

    async def all_met(self) -> None:
        """Have everybody search, and wait until all who can have a partner.

        :raises BotError: when something went wrong.
        """
        while self._new or len(self._searching) > max(self._most, 1):
            self.check()
            if self._new and not self._most:
                await self._search(self._new.popleft())
            else:
                await asyncio.sleep(_LOOK_S)

    async def some_met(self) -> None:
        """Wait until somebody has met somebody.

        :raises BotError: when something went wrong.
        """
        while not self.meetings:
            self.check()
            await asyncio.sleep(_LOOK_S)

    async def natural(self, per_s: float, seconds: float) -> None:
        """Have pairs part, ``per_s`` a second at random moments.

        :raises BotError: when something went wrong.
        """
        dice = random.Random(1)  # noqa: S311 - the same each time
        loop = asyncio.get_running_loop()
        due_s = began_s = loop.time()
        while due_s < began_s + seconds:
            due_s += dice.expovariate(per_s)
            await asyncio.sleep(max(due_s - loop.time(), 0))
            await self._part()
            self.check()

    def check(self) -> None:
        """Make sure that nothing has gone wrong.

        :raises BotError: when it has.
        """
        if self._errors:
            raise BotError(", ".join(f"{count} x {what}" for what, count in self._errors.items()))

    async def _hear(self, user: Signaller, message: ServerMessage | None) -> None:
        match message:
            case PartnerFound():
                self._met(user, message)
                await self._fill()
            case PartnerLeft() | PartnerDisconnected():
                await self._search(user)
            case Error():
                self._errors[f"error {message.code}"] += 1
            case None:
                self._errors[user.is_lost] += 1

    async def _fill(self) -> None:
        while len(self._searching) + 2 <= self._most:
            if self._new:
                await self._search(self._new.popleft())
            elif not await self._part():
                return

    async def _search(self, user: Signaller) -> None:
        self._searching.add(user)
        await user.search()

    async def _part(self) -> bool:
        """Have one press Next; false if nobody talks."""
        while self._talking:
            mover, partner, room_id = self._talking.popleft()
            if mover.room_id == partner.room_id == room_id:
                self._searching |= {mover, partner}  # who is left will
                await mover.press_next()
                return True
        return False

    def _met(self, user: Signaller, found: PartnerFound) -> None:
        self._searching.discard(user)
        other = self._first_told.pop(found.room_id, None)
        if other is None:
            self._first_told[found.room_id] = user
            return
        later = user if found.is_initiator else other
        times = self.within_s if user.place == other.place else self.across_s
        times.append(later.took_s)
        self.meetings += 1
        self._talking.append((user, other, found.room_id))
