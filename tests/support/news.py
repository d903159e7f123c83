"""The media plane's events without the ids that nobody can know before."""

from typing import NamedTuple

from relay.plane import LinkLost, LinkUp, MediaEvent, OverBudget


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


class Over(NamedTuple):
    """A user has caused too much for long."""

    user: str
    kind: str


News = Up | Lost | Flowing | Over


def news(event: MediaEvent) -> News:
    if isinstance(event, LinkUp):
        return Up(event.user_id)
    if isinstance(event, LinkLost):
        return Lost(event.user_id, event.reason)
    if isinstance(event, OverBudget):
        return Over(event.user_id, event.kind)
    return Flowing(event.user_id)
