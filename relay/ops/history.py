"""The last minute of each track, gathered from the event stream."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from relay.ops.models import Track

KEPT = 120
"""Snapshots, one a second."""
MAX_TRACKS = 2000


@dataclass(slots=True)
class Past:
    """One track's numbers, the newest last; None where a snapshot lacked the track."""

    bitrate_bps: deque[float | None] = field(default_factory=lambda: deque(maxlen=KEPT))
    loss_ratio: deque[float | None] = field(default_factory=lambda: deque(maxlen=KEPT))
    missed: int = 0


class History:
    """What came before; tracks that have not been seen for as long as is kept are forgotten."""

    def __init__(self) -> None:
        self._pasts: dict[str, Past] = {}

    def add(self, tracks: Iterable[Track]) -> None:
        """Enter one snapshot."""
        seen = {track.id: track for track in tracks}
        for track_id in seen:
            if track_id not in self._pasts and len(self._pasts) < MAX_TRACKS:
                self._pasts[track_id] = Past()
        for track_id, past in list(self._pasts.items()):
            track = seen.get(track_id)
            past.bitrate_bps.append(track.bitrate_bps if track else None)
            past.loss_ratio.append(track.loss_ratio if track else None)
            past.missed = 0 if track else past.missed + 1
            if past.missed >= KEPT:
                del self._pasts[track_id]

    def of(self, track_id: str) -> Past:
        """A track's past; an empty one when nothing is known."""
        return self._pasts.get(track_id) or Past()
