"""The media plane's events without the ids that nobody can know before."""

from typing import NamedTuple

from relay.plane import (
    LinkInterrupted,
    LinkLost,
    LinkResumed,
    LinkTold,
    LinkUp,
    MediaEvent,
    OverBudget,
    PictureFlowing,
)


class Up(NamedTuple):
    """A link came up."""

    user: str


class Lost(NamedTuple):
    """A link was lost."""

    user: str
    reason: str


class Flowing(NamedTuple):
    """A partner's first packet went out to the user."""

    user: str


class Showing(NamedTuple):
    """A partner's first picture went out to the user."""

    user: str


class Over(NamedTuple):
    """A user has caused too much for long."""

    user: str
    kind: str


class Interrupted(NamedTuple):
    """Nothing comes from the user any more."""

    user: str


class Resumed(NamedTuple):
    """Something comes from it again."""

    user: str


class Told(NamedTuple):
    """The partner's node is to be told of the user's link."""

    user: str


News = Up | Lost | Flowing | Showing | Over | Interrupted | Resumed | Told


def news(event: MediaEvent) -> News:
    if isinstance(event, LinkUp):
        return Up(event.user_id)
    if isinstance(event, LinkLost):
        return Lost(event.user_id, event.reason)
    if isinstance(event, PictureFlowing):
        return Showing(event.user_id)
    if isinstance(event, OverBudget):
        return Over(event.user_id, event.kind)
    if isinstance(event, LinkInterrupted):
        return Interrupted(event.user_id)
    if isinstance(event, LinkResumed):
        return Resumed(event.user_id)
    if isinstance(event, LinkTold):
        return Told(event.user_id)
    return Flowing(event.user_id)
