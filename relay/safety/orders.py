"""What operators order, what comes of it, and what is counted."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from relay.histogram import Histogram
from relay.records import Party, Reason
from relay.safety.looks import Looks


@dataclass(frozen=True, slots=True)
class BanOrder:
    """Who is to be banned, and for how long."""

    party: Party
    """The visitor, the address, or both: either keeps it out."""
    reason: Reason
    duration_s: float | None
    """None for ever."""
    words: str = ""
    """For the banned person."""


@dataclass(slots=True)
class SafetyTally:
    """Counts that only grow, and how much is open."""

    reports: Counter[str] = field(default_factory=lambda: Counter(dict.fromkeys(Reason, 0)))
    """By the reason."""
    refused: Counter[str] = field(default_factory=lambda: Counter(yourself=0, nobody=0, too_many=0))
    """Reports and blocks that were not taken, and why."""
    blocks: int = 0
    decision_s: Histogram = field(
        default_factory=lambda: Histogram(
            (60, 300, 900, 1800, 3600, 4 * 3600, 12 * 3600, 24 * 3600, 72 * 3600)
        )
    )
    """From each report to what came of it."""
    bans: Counter[str] = field(default_factory=lambda: Counter(operator=0, rules=0))
    """By who has banned."""
    returned: int = 0
    """Of those, bans of somebody who had been banned before."""
    appeals: int = 0
    open_reports: int = 0
    open_appeals: int = 0
    oldest_open_at: float | None = None
    """When the oldest open report was made, seconds since 1970."""
    looks: Looks = field(default_factory=Looks)
    """At pictures, by a program."""
