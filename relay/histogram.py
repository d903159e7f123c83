"""How often something took how long: plain numbers, cheap enough for once a batch of packets."""

from bisect import bisect_left


class Histogram:
    """Counts by upper bounds, as Prometheus takes them.

    :param bounds_s: upper bounds in seconds, ascending; what is longer counts as well.
    """

    __slots__ = ("bounds_s", "counts", "sum_s")

    def __init__(self, *bounds_s: float) -> None:
        self.bounds_s = bounds_s
        self.counts = [0] * (len(bounds_s) + 1)
        """One for each bound (not cumulated), and one for what is beyond the last."""
        self.sum_s = 0.0

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(self.bounds_s, seconds)] += 1
        self.sum_s += seconds

    @property
    def count(self) -> int:
        """How many were counted."""
        return sum(self.counts)
