"""How long something lasts, as it is written: ``30m``, ``12h``, ``7d``, ``2w``, ``1y``."""

import re

FOREVER = "forever"

_MINUTES = {"m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60, "y": 365 * 24 * 60}
_SPAN = re.compile(r"(\d{1,5})([mhdwy])")
_SECONDS = {"s": 1, "m": 60, "h": 3600}
_SOON = re.compile(r"(\d{1,5})([smh])")
MOST_S = 24 * 3600
"""Of what begins soon."""


def minutes_of(span: str) -> int | None:
    """How many minutes a ban lasts; None for ever.

    :raises ValueError: says how to write it.
    """
    if span == FOREVER:
        return None
    found = _SPAN.fullmatch(span)
    if found is None:
        raise ValueError(f"{span!r} is not as 30m, 12h, 7d, 2w, 1y or {FOREVER}")
    return int(found[1]) * _MINUTES[found[2]]


def seconds_of(span: str) -> float:
    """How many seconds something takes that is over within a day.

    :raises ValueError: says how to write it.
    """
    found = _SOON.fullmatch(span)
    seconds = int(found[1]) * _SECONDS[found[2]] if found is not None else MOST_S + 1
    if seconds > MOST_S:
        raise ValueError(f"{span!r} is not as 90s, 10m or 1h, and at most 24h")
    return float(seconds)
