"""Numbers that did not come on one stream: when to ask for each, and when to give it up.

Decisions only, with the time passed in. The table is bounded whatever a sender does with its
numbers, and so is how many of them are asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from math import inf

from relay.pace import TokenBucket

MAX_OPEN = 256
"""Numbers that are waited for; when more are missing, those that are longest are given up."""

MAX_RESTORED = 256
"""Numbers of which it is known that a repeat came: the late packet itself is one too many then."""

MAX_ASKS = 10
"""As often a browser asks for the same packet."""

USABLE_S = 1.0
"""So long after it was missed, and a round trip, a packet is of no use any more."""

EARLIEST_S, FIRST_S, LATEST_S = 0.005, 0.010, 0.040
"""How long a packet that others have overtaken is waited for: at least, at first, and at most."""

ROUND_TRIP_S = 0.1
"""What is taken for the round trip while it is not known, as browsers do."""

MIN_ROUND_TRIP_S, MAX_ROUND_TRIP_S = 0.01, 1.0

SPARE_S = 0.01
"""By so much, and a quarter, an answer may take longer than a round trip; then one asks again."""

SLOWER = 1.2
"""So many times longer one waits after each further request: all ten are not to be gone while a
sender near by is busy, or while nothing of what is asked gets through."""

OPENED_PER_S, OPENED_AT_ONCE = 1000, 500
"""Numbers that are waited for at all: a sender may leave out as many as it likes."""


class Gap:
    """One number that did not come."""

    __slots__ = ("asked", "due_at", "first_asked_at", "opened_at")

    def __init__(self, now: float, due_at: float) -> None:
        self.opened_at = now
        self.due_at = due_at
        """When it is to be asked for, or given up."""
        self.asked = 0
        self.first_asked_at = now

    def is_answered(self, now: float) -> bool:
        """Whether what comes now may have been sent again, rather than be late."""
        return self.asked > 0 and now - self.first_asked_at >= MIN_ROUND_TRIP_S


class Gaps:
    """Those of one stream, by extended numbers."""

    __slots__ = (
        "_allowance",
        "_given_up",
        "_open",
        "_patience_s",
        "_restored",
        "due_at",
        "round_trip_s",
    )

    def __init__(self) -> None:
        self.due_at = inf
        """When :meth:`due` has something to say, in seconds of the plane's clock."""
        self.round_trip_s: float | None = None
        """To the sender, by how long it took to answer; None while it was not asked."""
        self._open: dict[int, Gap] = {}
        self._restored: dict[int, None] = {}
        self._given_up: list[int] = []
        """What :meth:`due` did not say yet."""
        self._patience_s = FIRST_S
        self._allowance = TokenBucket(OPENED_PER_S, OPENED_AT_ONCE)

    def __len__(self) -> int:
        """How many are open."""
        return len(self._open)

    def __contains__(self, number: object) -> bool:
        """Whether a number is waited for."""
        return number in self._open

    def open(self, first: int, end: int, now: float) -> None:
        """Note that the numbers from ``first`` to ``end``, without that, did not come yet.

        :param now: seconds of the plane's clock.
        """
        due_at = now + self._patience_s
        begins = max(first, end - MAX_OPEN, end - int(max(self._allowance.left(now), 0)))
        self._allowance.owe(end - begins)
        for number in range(begins, end):
            self._open[number] = Gap(now, due_at)
        self.due_at = min(self.due_at, due_at)
        oldest = list(islice(self._open, max(len(self._open) - MAX_OPEN, 0)))
        for number in oldest:
            del self._open[number]
        self._give_up([*oldest, *range(max(first, begins - MAX_OPEN), begins)])

    def has_asked(self, number: int) -> bool:
        """Whether a number is waited for, and has been asked for."""
        gap = self._open.get(number)
        return gap is not None and gap.asked > 0

    def came(self, number: int, now: float) -> bool:
        """Take a packet that others have overtaken; False when its repeat has been here already."""
        gap = self._close(number)
        if gap is None:
            return number not in self._restored
        if not gap.is_answered(now):
            late_s = 1.25 * (now - gap.opened_at)
            self._patience_s = min(max(self._patience_s, late_s), LATEST_S)
        return True

    def restored(self, number: int, now: float) -> bool:
        """Take a repeat of a packet; False when that is not waited for."""
        gap = self._close(number)
        if gap is None:
            return False
        self._restored[number] = None
        if len(self._restored) > MAX_RESTORED:
            del self._restored[next(iter(self._restored))]
        if gap.asked:
            self._answered(gap, now)
            self._patience_s = max(0.95 * self._patience_s, EARLIEST_S)
        return True

    def due(self, now: float, round_trip_s: float | None) -> tuple[list[int], list[int]]:
        """What is to be done now.

        :param now: seconds of the plane's clock.
        :param round_trip_s: to the sender, as others have measured it; None for unknown.
        :returns: numbers that are to be asked for, which counts as asking, and numbers that are
            given up; in order.
        """
        if now < self.due_at:
            return [], []
        known = [each for each in (self.round_trip_s, round_trip_s) if each is not None]
        round_trip_s = max(known, default=ROUND_TRIP_S)
        round_trip_s = min(max(round_trip_s, MIN_ROUND_TRIP_S), MAX_ROUND_TRIP_S)
        wait_s, usable_s = 1.25 * round_trip_s + SPARE_S, USABLE_S + round_trip_s
        asked: list[int] = []
        given_up = self._given_up
        self._given_up, self.due_at = [], inf
        for number, gap in list(self._open.items()):
            if gap.due_at <= now:
                if gap.asked >= MAX_ASKS or now - gap.opened_at >= usable_s:
                    del self._open[number]
                    given_up.append(number)
                    continue
                gap.first_asked_at = gap.first_asked_at if gap.asked else now
                again_at = now + wait_s * SLOWER**gap.asked
                gap.asked += 1
                asked.append(number)
                gap.due_at = min(again_at, max(gap.opened_at + usable_s, now + SPARE_S))
            self.due_at = min(self.due_at, gap.due_at)
        return asked, given_up

    def clear(self) -> None:
        """Wait for nothing any more, since all of it is of no use."""
        self._open.clear()
        self._given_up, self.due_at = [], inf

    def give_up(self) -> bool:
        """Wait for nothing any more, since the stream has begun anew.

        :returns: whether anything is given up.
        """
        self._give_up(self._open)
        self._open.clear()
        return bool(self._given_up)

    def _give_up(self, numbers: Iterable[int]) -> None:
        """Have it said of some numbers that they are given up: of a bounded number of them."""
        self._given_up = [*self._given_up, *numbers][-MAX_OPEN:]
        if self._given_up:
            self.due_at = -inf

    def _close(self, number: int) -> Gap | None:
        """Wait for a number no more."""
        gap = self._open.pop(number, None)
        if not self._open and not self._given_up:
            self.due_at = inf
        return gap

    def _answered(self, gap: Gap, now: float) -> None:
        """Learn how long the sender takes.

        Where it was asked more than once nobody knows which request it answers. If that goes on,
        it takes longer than is known.
        """
        took_s = now - gap.first_asked_at
        if self.round_trip_s is None:
            self.round_trip_s = took_s if gap.asked == 1 else min(ROUND_TRIP_S, took_s)
        elif gap.asked == 1:
            self.round_trip_s += (took_s - self.round_trip_s) / 8
        else:
            self.round_trip_s = min(1.1 * self.round_trip_s, took_s)
