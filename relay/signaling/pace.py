"""How fast a peer may send, and how often it may be wrong."""

from collections import deque


class TokenBucket:
    """Lets ``rate_per_s`` messages pass in the long run, and ``burst`` at once."""

    def __init__(self, rate_per_s: float, burst: int) -> None:
        self._rate_per_s = rate_per_s
        self._burst = float(burst)
        self._tokens = float(burst)
        self._updated_s: float | None = None

    def take(self, now: float) -> float:
        """Take one token; returns 0, or the seconds until there is one again."""
        if self._updated_s is not None:
            earned = (now - self._updated_s) * self._rate_per_s
            self._tokens = min(self._burst, self._tokens + earned)
        self._updated_s = now
        if self._tokens < 1:
            return (1 - self._tokens) / self._rate_per_s
        self._tokens -= 1
        return 0.0


class Faults:
    """Counts what a peer did wrong within a sliding window."""

    def __init__(self, limit: int, window_s: float) -> None:
        self._times: deque[float] = deque(maxlen=limit)
        self._window_s = window_s

    def add(self, now: float) -> bool:
        """Count one more; true when ``limit`` of them lie within the window."""
        self._times.append(now)
        full = len(self._times) == self._times.maxlen
        return full and now - self._times[0] <= self._window_s
