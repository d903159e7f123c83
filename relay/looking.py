"""Puts together what looks at pictures, and what keeps them, as the settings say."""

from __future__ import annotations

from relay.classify.program import Program, command_of
from relay.classify.watch import Watch
from relay.config import Settings
from relay.errors import ClassifierFailed, ConfigError, EvidenceError
from relay.evidence.freezer import Freezer
from relay.evidence.keyfiles import public_key_in
from relay.plane import MediaPlane
from relay.records import Records
from relay.safety import Safety
from relay.signaling import Gateway
from relay.stored import data_dir


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


def freezer_of(settings: Settings, plane: MediaPlane, records: Records) -> Freezer | None:
    """What freezes reports' evidence, if that is wanted; the plane keeps pictures then.

    :raises ConfigError: when there is no key to seal it with.
    """
    if not settings.evidence:
        return None
    try:
        key = public_key_in(data_dir(settings))
    except EvidenceError as error:
        raise ConfigError(f"{settings.written('evidence')}: {error}") from None
    plane.keep(on=True)
    return Freezer(plane, records, key, settings.evidence_days)


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
