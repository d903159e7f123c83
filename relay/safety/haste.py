"""Who leaves partner after partner in haste, and is kept *apart* for it: it meets others like it.

Whoever has left more than a few partners within :data:`HASTY_S` each, and has stayed with none for
:data:`STAY_S` meanwhile, is apart for a while, and for longer each time; so is whoever leaves more
partners within a minute than it may. Who is left is not: nobody answers for others.

Nothing else is kept from those who are apart, and who skips honestly notices little: the first
pause is a second. Decisions only, time passed in.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable

from relay.safety.shares import Share

HASTY_S = 2.0
STAY_S = 10.0
ALLOWED = 5
PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0, 60.0)
"""The first time beyond what is allowed, the second, and so on; later ones are as the last."""
FORGET_S = 600.0
"""Whoever has left nobody in haste for so long begins anew."""
WINDOW_S = 60.0
MAX_NAMES = 8192
"""The one that has left somebody longest ago makes room for another."""


class Haste:
    """Remembers who leaves how soon.

    :param nexts_per_minute: how many partners a user may leave within a minute.
    :param hasty_nexts: how many of them in haste, one after the other; 0 for any number.
    """

    def __init__(self, nexts_per_minute: int = 30, hasty_nexts: int = ALLOWED) -> None:
        self._nexts_per_minute = nexts_per_minute
        self._hasty_nexts = hasty_nexts
        self._records: OrderedDict[str, _Record] = OrderedDict()

    def left(self, shares: Iterable[Share], after_s: float, now: float) -> None:
        """Somebody has left a partner because it wanted to.

        :param shares: its own first.
        :param after_s: how long the two were together.
        :param now: seconds on a clock that never goes back.
        """
        for name, users in shares:
            record = self._records.pop(name, None) or _Record(
                self._nexts_per_minute * users, self._hasty_nexts * users, users
            )
            record.left(is_hasty=self._hasty_nexts > 0 and after_s < HASTY_S, now=now)
            self._records[name] = record
            if record.until_s > now:
                break  # what it does by itself from here on does not harm its neighbours
        while len(self._records) > MAX_NAMES or now - self._oldest.left_at >= FORGET_S:
            self._records.popitem(last=False)

    def stayed(self, shares: Iterable[Share]) -> None:
        """Somebody was with a partner for :data:`STAY_S` or longer, whoever has left then."""
        for name, _ in shares:
            if (record := self._records.get(name)) is not None:
                record.stayed()

    def gone(self, name: str) -> None:
        """Nobody will have this name any more."""
        self._records.pop(name, None)

    def apart_until_s(self, shares: Iterable[Share], now: float) -> float:
        """Until when somebody is apart; 0 of one who is not."""
        records = (self._records.get(name) for name, _ in shares)
        until_s = max((record.until_s for record in records if record is not None), default=0.0)
        return until_s if until_s > now else 0.0

    @property
    def _oldest(self) -> _Record:
        return next(iter(self._records.values()))


class _Record:
    def __init__(self, nexts_per_minute: int, hasty_nexts: int, users: int) -> None:
        self.left_at = 0.0
        self._hasty_nexts = hasty_nexts
        self._users = users
        self._in_a_row = 0
        self._hasty_at = 0.0
        self._hasty_until_s = 0.0
        self._nexts: deque[float] = deque(maxlen=nexts_per_minute + 1)
        self._often_until_s = 0.0

    @property
    def until_s(self) -> float:
        return max(self._hasty_until_s, self._often_until_s)

    def left(self, *, is_hasty: bool, now: float) -> None:
        self.left_at = now
        self._nexts.append(now)
        first_at = self._nexts[0]
        if len(self._nexts) == self._nexts.maxlen and now - first_at < WINDOW_S:
            self._often_until_s = first_at + WINDOW_S
        if not is_hasty:
            return
        if now - self._hasty_at >= FORGET_S:
            self._in_a_row = 0
        self._hasty_at = now
        self._in_a_row += 1
        beyond = self._in_a_row - self._hasty_nexts
        if beyond > 0:
            pause_s = PAUSES_S[min((beyond - 1) // self._users, len(PAUSES_S) - 1)]
            self._hasty_until_s = max(self._hasty_until_s, now + pause_s)

    def stayed(self) -> None:
        """One user's haste is forgiven: all that there is, unless others share the name."""
        forgiven = self._hasty_nexts // self._users if self._users > 1 else self._in_a_row
        self._in_a_row = max(self._in_a_row - forgiven, 0)
        if self._in_a_row <= self._hasty_nexts:
            self._hasty_until_s = 0.0
