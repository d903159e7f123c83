"""What is counted of the looks at pictures."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from relay.histogram import Histogram

BOUNDS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


@dataclass(slots=True)
class Looks:
    """Those of one server."""

    verdicts: Counter[str] = field(
        default_factory=lambda: Counter(clear=0, high=0, no_picture=0, failed=0)
    )
    """By what came of them: the score was below the threshold, or not (``high``); there was no
    picture to be had, or none that can be decoded; the program has failed."""
    took: Histogram = field(default_factory=lambda: Histogram(BOUNDS_S))
    """How long the program took for a picture, which it may have decoded in vain."""
    skipped: int = 0
    """Users not looked at in their turn, since the program was behind, or not there."""
