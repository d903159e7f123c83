"""Puts together what looks at pictures, as the settings say."""

from __future__ import annotations

from relay.classify.program import Program, command_of
from relay.classify.watch import Watch
from relay.config import Settings
from relay.errors import ClassifierFailed, ConfigError
from relay.evidence.freezer import Freezer
from relay.plane import MediaPlane
from relay.safety import Safety
from relay.signaling import Gateway


def watch_of(
    settings: Settings,
    plane: MediaPlane,
    gateway: Gateway,
    safety: Safety,
    freezer: Freezer | None,
) -> Watch | None:
    """What looks at the pictures of everybody in a call, not started; None where nobody wants it.

    :param freezer: stores pictures of what becomes a case, if evidence is kept.
    :raises ConfigError: when there is nothing to look with, or nothing to look at.
    """
    command = command_for(settings)
    if command is None:
        return None
    return Watch(
        plane,
        gateway,
        safety,
        Program(command),
        every_s=settings.classify_every_s,
        threshold=settings.classify_threshold,
        freezer=freezer,
        looks=safety.tally.looks,
    )


def command_for(settings: Settings) -> tuple[str, ...] | None:
    """The program that is to look at pictures; None where nobody wants it.

    :raises ConfigError: when there is nothing to look with, or nothing to look at.
    """
    written, own = settings.written("classify"), settings.written("classify_command")
    if not settings.classify:
        if settings.classify_command is not None:
            raise ConfigError(f"{own}: needs {written}, too")
        return None
    if settings.media_mode != "relay":
        raise ConfigError(f"{written}: there are no pictures to look at with --media-mode direct")
    try:
        return command_of(settings.classify_command)
    except ClassifierFailed as error:
        raise ConfigError(f"{own if settings.classify_command else written}: {error}") from None
