"""What makes a track bad, so that nobody has to read twenty numbers to see it."""

from relay.api.models import PROBLEMS, Problem
from relay.quality import Grade
from relay.track import COLUMNS, THRESHOLDS, TrackView

SILENT_S = THRESHOLDS["idle_s"].bad
"""A paired user whose stream rests for this long is not seen, or not heard."""

_MEASURED: tuple[tuple[Problem, str, float], ...] = tuple(
    (problem, COLUMNS[problem], THRESHOLDS[COLUMNS[problem]].bad)
    for problem in PROBLEMS
    if problem in COLUMNS
)
"""Problems that one figure tells of: its name, and from where on it does."""


def problems(
    track: TrackView,
    room_age_s: float | None,
    grade: Grade | None = None,
    *,
    is_off: bool = False,
) -> list[Problem]:
    """What is bad about a track.

    :param room_age_s: how long the user has had its partner; None without one: then nothing is
        expected to flow.
    :param grade: how well the user sees and hears that partner.
    :param is_off: whether its sender says that it sends nothing.
    """
    if room_age_s is None:
        return []
    found = [problem for problem, name, bad in _MEASURED if (getattr(track, name) or 0) >= bad]
    if room_age_s >= SILENT_S and not is_off:
        if track.waits_for_keyframe and track.counterpart_id is not None:
            found.append("no_keyframe")
        elif track.idle_s is None or track.idle_s >= SILENT_S:
            found.append("silent")
    if grade == "poor" and track.direction == "down":
        found.append("quality")
    return found
