"""How often something may happen: decisions only, time passed in.

Three rules are documented, and none can be put in terms of another:

- A :class:`TokenBucket` allows a burst and then a steady rate, for ever. It remembers two numbers.
- A :class:`Window` allows fewer than so many in *any* stretch of so many seconds. It remembers when
  each of them was. A bucket that held as many would let nearly twice as many pass in such a
  stretch, and one that never let so many pass would stop a burst of half as many.
- A :class:`Budget` is a bucket that can be overdrawn: what has come has to be paid for, wanted or
  not, and how far it is overdrawn tells who goes on all the same.
"""

from collections import deque


class TokenBucket:
    """Lets ``rate_per_s`` pass in the long run, and ``burst`` at once."""

    def __init__(self, rate_per_s: float, burst: int) -> None:
        self._rate_per_s = rate_per_s
        self._burst = float(burst)
        self._tokens = float(burst)
        self._updated_at: float | None = None

    def wait_s(self, now: float) -> float:
        """How long it takes until there is a token; 0 when there is one."""
        if self._updated_at is not None:
            earned = (now - self._updated_at) * self._rate_per_s
            self._tokens = min(self._burst, self._tokens + earned)
        self._updated_at = now
        return max(1 - self._tokens, 0.0) / self._rate_per_s

    def take(self, now: float) -> float:
        """Take one token; returns 0, or as :meth:`wait_s` when there is none."""
        wait_s = self.wait_s(now)
        if not wait_s:
            self._tokens -= 1
        return wait_s


class Budget:
    """Earns ``rate_per_s`` in the long run, and holds ``most``; it is full at first."""

    def __init__(self, rate_per_s: float, most: float) -> None:
        self._rate_per_s = rate_per_s
        self._most = self._left = most
        self._updated_at: float | None = None

    def spend(self, amount: float, now: float) -> float:
        """Take so much; returns what is left, which is negative when there was less."""
        if self._updated_at is not None:
            self._left += (now - self._updated_at) * self._rate_per_s
        self._updated_at = now
        self._left = min(self._left, self._most) - amount
        return self._left


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
