"""The border between signalling and media, and nothing else of either; true for another process.

What has an answer is awaited, what has none is a command that is carried out in its turn. Whatever
happens on its own comes back as an event. Nothing is read from the other side without being asked
for: each side knows what it was told.

- ``links``      what signalling needs: descriptions, pairs, and what becomes of links
- ``sight``      what operators read: one look at everything
- ``taps``       packets, for whoever looks into a call
- ``keeping``    the last picture of each user, for what is reported
- ``listeners``  what both planes have for telling events
"""

from typing import Protocol

from relay.plane.keeping import Keeping, Kept
from relay.plane.links import (
    Description,
    Family,
    LinkInterrupted,
    LinkLost,
    LinkResumed,
    Links,
    LinkState,
    LinkTold,
    LinkUp,
    MediaEvent,
    MediaFlowing,
    OverBudget,
    PathKind,
    PictureFlowing,
    Trace,
)
from relay.plane.sight import (
    LinkView,
    MediaView,
    PathView,
    PlaneStats,
    Sight,
    WorkerLoad,
    WorkerView,
)
from relay.plane.taps import Direction, Tap, TappedPacket, Taps


class MediaPlane(Links, Sight, Taps, Keeping, Protocol):
    """Keeps one link a user and forwards packets between paired links."""


__all__ = [
    "Description",
    "Direction",
    "Family",
    "Keeping",
    "Kept",
    "LinkInterrupted",
    "LinkLost",
    "LinkResumed",
    "LinkState",
    "LinkTold",
    "LinkUp",
    "LinkView",
    "Links",
    "MediaEvent",
    "MediaFlowing",
    "MediaPlane",
    "MediaView",
    "OverBudget",
    "PathKind",
    "PathView",
    "PictureFlowing",
    "PlaneStats",
    "Sight",
    "Tap",
    "TappedPacket",
    "Taps",
    "Trace",
    "WorkerLoad",
    "WorkerView",
]
