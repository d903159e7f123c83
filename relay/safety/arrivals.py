"""How many users may be here at once, and come within a minute, of one visitor and of one address.

Up to a limit nobody notices anything. Beyond it whoever comes has to have done some work first (see
:mod:`relay.safety.work`), and at :data:`HARD` times the limit nobody is let in. Whoever has no
cookie and no public address is not counted. Decisions only, time passed in.
"""

from __future__ import annotations

import math
from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from relay.safety.identity import Identity

WINDOW_S = 60.0
HARD = 4
"""So many times the limit is where work helps no more."""
SEATS_RETRY_S = 10
"""When to ask again when others have to leave first; nobody knows when they do."""
MAX_NAMES = 4096
"""Visitors and addresses whose arrivals are remembered, each: the one that has come longest ago
makes room for another."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one visitor, or one address, may without work."""

    users: int
    """At once."""
    arrivals: int
    """Within a minute, wherever that begins."""


OF_VISITOR = Allowance(users=4, arrivals=20)
OF_ADDRESS = Allowance(users=32, arrivals=60)


class Admitted(NamedTuple):
    """Somebody may come in."""


class WorkWanted(NamedTuple):
    """Somebody may come in that has done some work, or asks again in ``retry_after_s``."""

    retry_after_s: int


class TooMany(NamedTuple):
    """Nobody more may come in before ``retry_after_s``."""

    retry_after_s: int


Answer = Admitted | WorkWanted | TooMany
_ADMITTED = Admitted()


class Arrivals:
    """Who is here, and who has come lately."""

    def __init__(
        self, of_visitor: Allowance = OF_VISITOR, of_address: Allowance = OF_ADDRESS
    ) -> None:
        self._of_visitor, self._of_address = of_visitor, of_address
        self._visitors = _Table()
        self._addresses = _Table()

    def ask(self, identity: Identity, now: float, *, solved: bool = False) -> Answer:
        """Whether somebody may come in; nothing is changed.

        :param now: seconds on a clock that never goes back.
        :param solved: whether it has done the work.
        """
        found = [table.ask(name, allowed, now) for table, name, allowed in self._names(identity)]
        refused = [answer for answer in found if isinstance(answer, TooMany)]
        if refused:
            return max(refused)
        asked = [answer for answer in found if isinstance(answer, WorkWanted)]
        return max(asked) if asked and not solved else _ADMITTED

    def came(self, identity: Identity, now: float) -> None:
        """A new user is here."""
        for table, name, allowed in self._names(identity):
            table.came(name, allowed, now)

    def left(self, identity: Identity) -> None:
        """One who has come is gone."""
        for table, name, _ in self._names(identity):
            table.left(name)

    def _names(self, identity: Identity) -> Iterator[tuple[_Table, str, Allowance]]:
        if identity.visitor:
            yield self._visitors, identity.visitor, self._of_visitor
        if identity.addresses:
            yield self._addresses, identity.addresses[0], self._of_address


class _Table:
    def __init__(self) -> None:
        self._here: Counter[str] = Counter()
        self._times: OrderedDict[str, deque[float]] = OrderedDict()  # who came last is last

    def ask(self, name: str, allowed: Allowance, now: float) -> Answer:
        times = self._times.get(name, ())
        lately = [at for at in times if now - at < WINDOW_S]
        here = self._here.get(name, 0)
        for factor, answer in ((HARD, TooMany), (1, WorkWanted)):
            wait_s = 0
            if here >= factor * allowed.users:
                wait_s = SEATS_RETRY_S
            if len(lately) >= (most := factor * allowed.arrivals):
                wait_s = max(wait_s, math.floor(lately[-most] + WINDOW_S - now) + 1)
            if wait_s:
                return answer(wait_s)
        return _ADMITTED

    def came(self, name: str, allowed: Allowance, now: float) -> None:
        self._here[name] += 1
        times = self._times.pop(name, None) or deque(maxlen=HARD * allowed.arrivals)
        times.append(now)
        self._times[name] = times
        while len(self._times) > MAX_NAMES or now - self._oldest_at >= WINDOW_S:
            self._times.popitem(last=False)

    @property
    def _oldest_at(self) -> float:
        return next(iter(self._times.values()))[-1]

    def left(self, name: str) -> None:
        self._here[name] -= 1
        if self._here[name] <= 0:
            del self._here[name]
