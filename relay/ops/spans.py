"""How long a ban lasts, as it is written: ``30m``, ``12h``, ``7d``, ``2w``, ``1y``, ``forever``."""

import re

FOREVER = "forever"

_MINUTES = {"m": 1, "h": 60, "d": 24 * 60, "w": 7 * 24 * 60, "y": 365 * 24 * 60}
_SPAN = re.compile(r"(\d{1,5})([mhdwy])")


def minutes_of(span: str) -> int | None:
    """How many minutes; None for ever.

    :raises ValueError: says how to write it.
    """
    if span == FOREVER:
        return None
    found = _SPAN.fullmatch(span)
    if found is None:
        raise ValueError(f"{span!r} is not as 30m, 12h, 7d, 2w, 1y or {FOREVER}")
    return int(found[1]) * _MINUTES[found[2]]
