"""What one node tells another of a user's link, so that the two can be paired."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import TypeAdapter

from relay.media.card import Card, is_sound

MAX_BYTES = 64 * 1024
"""Of what is told; a card has 2 kB."""


@dataclass(frozen=True, slots=True)
class Told:
    """Of one user."""

    card: Card
    worker: int
    """Where the link is, of that node's."""


_TOLD = TypeAdapter(Told)


def write(told: Told) -> str:
    """As it goes to the other node."""
    return _TOLD.dump_json(told).decode()


def read(text: str, user_id: str, workers: int) -> Told | None:
    """What :func:`write` has written of a user; None when it is nothing of the kind.

    :param workers: how many there are at the other node.
    """
    if len(text) > MAX_BYTES:
        return None
    try:
        told = _TOLD.validate_json(text)
    except ValueError:
        return None
    is_fit = told.card.user_id == user_id and 0 <= told.worker < workers and is_sound(told.card)
    return told if is_fit else None
