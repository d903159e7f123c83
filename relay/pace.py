"""How often something may happen: decisions only, time passed in.

Two rules are documented, and neither can be put in terms of the other:

- A :class:`TokenBucket` allows a burst and then a steady rate, for ever. It remembers two numbers.
  It can be overdrawn, by what has to be paid for whether it was wanted or not.
- A :class:`Window` allows fewer than so many in *any* stretch of so many seconds. It remembers when
  each of them was. A bucket that held as many would let nearly twice as many pass in such a
  stretch, and one that never let so many pass would stop a burst of half as many.

What is said in the log of what strangers do is said :class:`Seldom`.
"""

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar


class TokenBucket:
    """Lets ``rate_per_s`` pass in the long run, and ``burst`` at once."""

    def __init__(self, rate_per_s: float, burst: float) -> None:
        self._rate_per_s = rate_per_s
        self._burst = float(burst)
        self._tokens = float(burst)
        self._updated_at: float | None = None

    def left(self, now: float) -> float:
        """How many tokens there are."""
        if self._updated_at is not None:
            earned = (now - self._updated_at) * self._rate_per_s
            self._tokens = min(self._burst, self._tokens + earned)
        self._updated_at = now
        return self._tokens

    def wait_s(self, now: float, amount: float = 1) -> float:
        """How long it takes until there are so many tokens; 0 when there are."""
        return max(amount - self.left(now), 0.0) / self._rate_per_s

    def take(self, now: float, amount: float = 1) -> float:
        """Take so many tokens; returns 0, or as :meth:`wait_s` when there are not as many."""
        wait_s = self.wait_s(now, amount)
        if not wait_s:
            self._tokens -= amount
        return wait_s

    def owe(self, amount: float) -> None:
        """Take so many, whether there are as many or not: what something cost is known now."""
        self._tokens -= amount

    def spend(self, now: float, amount: float) -> float:
        """Take so many in any case; returns what is left, below 0 for what is owed."""
        left = self.left(now) - amount
        self.owe(amount)
        return left

    def give_back(self, amount: float) -> None:
        """Undo a :meth:`take`: what was to be paid for cost nothing, or somebody else owes it."""
        self._tokens = min(self._burst, self._tokens + amount)


def take_all(buckets: Sequence[TokenBucket], now: float) -> float:
    """Take one token of each, if each has one; returns 0, or how long it takes until they have."""
    wait_s = max((bucket.wait_s(now) for bucket in buckets), default=0.0)
    if not wait_s:
        for bucket in buckets:
            bucket.take(now)
    return wait_s


_Kept = TypeVar("_Kept")


class Latest(Generic[_Kept]):
    """Something for each name, in a bounded table.

    :param most: how many names there may be; the one asked for longest ago makes room for another.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._table: OrderedDict[str, _Kept] = OrderedDict()

    def __len__(self) -> int:
        return len(self._table)

    def kept(self, name: str, make: Callable[[], _Kept]) -> _Kept:
        """What a name has; something new of one that is not known, or not any longer."""
        found = self._table.pop(name) if name in self._table else make()
        self._table[name] = found
        if len(self._table) > self._most:
            self._table.popitem(last=False)
        return found


class Paces(Latest[TokenBucket]):
    """A bucket for each name."""

    def of(self, name: str, rate_per_s: float, burst: float) -> TokenBucket:
        """The bucket of a name."""
        return self.kept(name, lambda: TokenBucket(rate_per_s, burst))


class Seldom:
    """Has one of many lines logged, now and then, and counts those that are left out.

    :param every_s: so long there is none after one, once ``burst`` of them have been at once.
    """

    def __init__(self, every_s: float, burst: float = 1) -> None:
        self._bucket = TokenBucket(1 / every_s, burst)
        self._left_out = 0

    def due(self, now: float) -> int | None:
        """Whether one is due: how many were left out since the last, or None when it is not."""
        if self._bucket.take(now):
            self._left_out += 1
            return None
        left_out, self._left_out = self._left_out, 0
        return left_out


class Window:
    """Tells when ``limit`` things have happened within ``window_s``, wherever that begins."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._times: deque[float] = deque(maxlen=limit)
        self._window_s = window_s

    def add(self, now: float) -> bool:
        """Count one more; true when it and those before it are ``limit`` within the window."""
        self._times.append(now)
        full = len(self._times) == self._times.maxlen
        return full and now - self._times[0] <= self._window_s
