"""What makes a track bad, so that nobody has to read twenty numbers to see it."""

from relay.api.models import Problem
from relay.plane import Track

BAD_LOSS_RATIO = 0.05
BAD_JITTER_MS = 100.0
BAD_ROUND_TRIP_MS = 500.0
SILENT_S = 3.0
"""A paired user whose stream rests for this long is not seen, or not heard."""


def problems(track: Track, room_age_s: float | None) -> list[Problem]:
    """What is bad about a track.

    :param room_age_s: how long the user has had its partner; None without one: then nothing is
        expected to flow.
    """
    found: list[Problem] = []
    if room_age_s is None:
        return found
    if track.loss_ratio >= BAD_LOSS_RATIO:
        found.append("loss")
    if track.jitter_ms >= BAD_JITTER_MS:
        found.append("jitter")
    if (track.round_trip_ms or 0) >= BAD_ROUND_TRIP_MS:
        found.append("round_trip")
    if room_age_s >= SILENT_S:
        if track.waits_for_keyframe and track.counterpart_id is not None:
            found.append("no_keyframe")
        elif track.idle_s is None or track.idle_s >= SILENT_S:
            found.append("silent")
    return found
