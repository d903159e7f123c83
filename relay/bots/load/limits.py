"""What a load test must not exceed, as it is written on the command line."""

import re
from dataclasses import dataclass

from relay.bots.load.tally import Tally

_RATIO = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(%?)")
_TIME = re.compile(r"(\d+(?:\.\d*)?|\.\d+) ?(ms|s)")


def ratio(text: str) -> float:
    """``1%`` or ``0.01``.

    :raises ValueError: when it is neither.
    """
    found = _RATIO.fullmatch(text.strip())
    value = float(found[1]) / (100 if found[2] else 1) if found else -1.0
    if not 0 <= value <= 1:
        raise ValueError(f"should be such as 1% or 0.01, not {text!r}")
    return value


def seconds(text: str) -> float:
    """``200ms`` or ``0.2s``, in seconds.

    :raises ValueError: when it is neither.
    """
    found = _TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"should be such as 200ms or 1.5s, not {text!r}")
    return float(found[1]) / (1000 if found[2] == "ms" else 1)


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that is allowed; None for anything. Of times it is the 99th percentile."""

    loss_ratio: float | None = None
    times_s: dict[str, float] | None = None
    """By the names of ``tally.TIMES``."""

    def exceeded(self, tally: Tally) -> list[str]:
        """What is worse than allowed, a phrase each."""
        found = []
        if self.loss_ratio is not None and tally.loss_ratio > self.loss_ratio:
            found.append(f"loss {tally.loss_ratio:.2%}, more than {self.loss_ratio:.2%}")
        for name, most_s in (self.times_s or {}).items():
            value_s = tally.times[name].percentile(99)
            if value_s is None:
                found.append(f"{name}: nothing was measured")
            elif value_s > most_s:
                found.append(
                    f"{name} p99 {1000 * value_s:.0f} ms, more than {1000 * most_s:.0f} ms"
                )
        return found


def broken(tally: Tally) -> list[str]:
    """What is wrong whatever the limits are, a phrase each."""
    found = [f"{count} x {reason}" for reason, count in tally.errors.items()]
    if tally.without_media:
        found.append(f"{tally.without_media} searches brought no picture")
    if not tally.received:
        found.append("no media came at all")
    return found
