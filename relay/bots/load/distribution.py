"""Many durations in little room, in buckets that each are 2 % wide."""

import math
from collections import Counter

_WIDTH = math.log(1.02)
_LEAST_S = 1e-5


class Distribution:
    """Durations in seconds; percentiles are right to 1 %, the largest value exactly."""

    __slots__ = ("_buckets", "count", "largest_s")

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0
        self.largest_s = 0.0

    def add(self, seconds: float) -> None:
        """Enter one; negative ones count as nothing."""
        self._buckets[round(math.log(max(seconds, _LEAST_S)) / _WIDTH)] += 1
        self.count += 1
        self.largest_s = max(self.largest_s, seconds)

    def percentile(self, percent: float) -> float | None:
        """What ``percent`` of the values do not exceed, in seconds; None without any."""
        if not self.count:
            return None
        wanted = max(math.ceil(self.count * percent / 100), 1)
        seen = 0
        for bucket in sorted(self._buckets):
            seen += self._buckets[bucket]
            if seen >= wanted:
                return min(math.exp(bucket * _WIDTH), self.largest_s)
        return self.largest_s
