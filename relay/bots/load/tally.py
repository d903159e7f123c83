"""What a load test measures."""

from dataclasses import dataclass, field
from typing import Any

from relay.bots.load.distribution import Distribution

PERCENTILES = (50, 95, 99)

TIMES = {
    "join": "join (WebSocket to link up)",
    "match": "match (search to partner)",
    "media": "media (partner to picture)",
    "next": "next (press to picture)",
    "latency": "latency (one way, each packet)",
    "jitter": "jitter (of that latency)",
    "late": "load's own lateness",
}
"""What is timed, and how people are told."""

LATE_S = 0.05
"""When one in a hundred frames is sent later than this, the load is more than this machine does."""
BUSY = 0.9
"""When the process uses more of its core than this, the same."""


def _distributions() -> dict[str, Distribution]:
    return {name: Distribution() for name in TIMES}


@dataclass(slots=True)
class Tally:
    """Counts and times of all users together; it grows while they run."""

    times: dict[str, Distribution] = field(default_factory=_distributions)
    joined: int = 0
    nexts: int = 0
    matches: int = 0
    sent: int = 0
    received: int = 0
    expected: int = 0
    """What should have been received, by the sequence numbers."""
    received_bytes: int = 0
    keyframe_requests: int = 0
    skipped: int = 0
    """Times that a user was so late that it began afresh."""
    without_media: int = 0
    """Searches that ended, or had 10 s, without a picture."""
    resumes: int = 0
    """Sockets that were lost, and followed by another."""
    moves: int = 0
    """Users who were told to go to another server, and did."""
    errors: dict[str, int] = field(default_factory=dict)

    @property
    def loss_ratio(self) -> float:
        """Lost of expected packets."""
        return max(self.expected - self.received, 0) / self.expected if self.expected else 0.0

    def fail(self, reason: str) -> None:
        """Count an error."""
        self.errors[reason] = self.errors.get(reason, 0) + 1

    def was_late(self, cpu_ratio: float) -> bool:
        """Whether this machine, not the server, was the limit."""
        late_s = self.times["late"].percentile(99) or 0.0
        return late_s > LATE_S or cpu_ratio > BUSY or self.skipped > 0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run."""

    url: str
    pairs: int
    duration_s: float
    """What passed between the last user's joining and the end."""
    cpu_ratio: float
    """Of one core, that the load itself used meanwhile."""
    tally: Tally

    @property
    def was_late(self) -> bool:
        """Whether this machine, not the server, was the limit."""
        return self.tally.was_late(self.cpu_ratio)

    def as_dict(self) -> dict[str, Any]:
        """For JSON; times are in seconds."""
        tally = self.tally
        return {
            "url": self.url,
            "pairs": self.pairs,
            "durationS": round(self.duration_s, 2),
            "joined": tally.joined,
            "matches": tally.matches,
            "nexts": tally.nexts,
            "packetsSent": tally.sent,
            "packetsReceived": tally.received,
            "lossRatio": round(tally.loss_ratio, 6),
            "receivedBitrateBps": round(8 * tally.received_bytes / max(self.duration_s, 1e-9)),
            "keyframeRequests": tally.keyframe_requests,
            "withoutMedia": tally.without_media,
            "resumes": tally.resumes,
            "moves": tally.moves,
            "errors": tally.errors,
            "generator": {
                "cpuRatio": round(self.cpu_ratio, 3),
                "skipped": tally.skipped,
                "wasLate": self.was_late,
            },
            "times": {name: _times(each) for name, each in tally.times.items()},
        }


def _times(each: Distribution) -> dict[str, float | int | None]:
    found: dict[str, float | int | None] = {"count": each.count}
    for percent in PERCENTILES:
        value = each.percentile(percent)
        found[f"p{percent}S"] = None if value is None else round(value, 6)
    return found | {"maxS": round(each.largest_s, 6) if each.count else None}
