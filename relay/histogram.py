"""How often something took how long: plain numbers, cheap enough for once a batch of packets."""

from bisect import bisect_left
from dataclasses import dataclass, field


@dataclass(slots=True)
class Histogram:
    """Counts by upper bounds, as Prometheus takes them."""

    bounds_s: tuple[float, ...] = ()
    """Upper bounds in seconds, ascending; what is longer counts as well."""
    counts: list[int] = field(default_factory=list)
    """One for each bound (not cumulated), and one for what is beyond the last."""
    sum_s: float = 0.0

    def __post_init__(self) -> None:
        """Begin to count where nothing has been counted."""
        self.counts = self.counts or [0] * (len(self.bounds_s) + 1)

    def observe(self, seconds: float) -> None:
        """Count one."""
        self.counts[bisect_left(self.bounds_s, seconds)] += 1
        self.sum_s += seconds

    def plus(self, other: "Histogram") -> "Histogram":
        """What the two have counted together; one without bounds has counted nothing."""
        if not self.bounds_s or not other.bounds_s:
            return self if self.bounds_s else other
        counts = [ours + theirs for ours, theirs in zip(self.counts, other.counts, strict=True)]
        return Histogram(self.bounds_s, counts, self.sum_s + other.sum_s)

    @property
    def count(self) -> int:
        """How many were counted."""
        return sum(self.counts)
