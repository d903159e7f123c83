"""The media plane's events without the ids that nobody can know before."""

from typing import NamedTuple

from relay.plane import LinkLost, LinkUp, MediaEvent


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


News = Up | Lost | Flowing


def news(event: MediaEvent) -> News:
    if isinstance(event, LinkUp):
        return Up(event.user_id)
    if isinstance(event, LinkLost):
        return Lost(event.user_id, event.reason)
    return Flowing(event.user_id)
