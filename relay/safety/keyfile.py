"""The file with this server's keys: read at the start, written anew when they are rotated."""

from __future__ import annotations

import os
from pathlib import Path

import structlog

from relay import whole
from relay.errors import ConfigError, reason_of
from relay.safety.keys import Keys, decode, encode

RETRY_S = 3600.0
"""After so long keys that could not be written down are tried to be rotated again."""
_MAX_BYTES = 64 * 1024

log = structlog.get_logger(__name__)


class Keyring:
    """The keys as they are at any time, in memory and in their file.

    :param path: the file; None for keys that end with this process.
    :param now: seconds since 1970.
    :raises ConfigError: when there is a file that cannot be used. It is left as it is: with other
        keys every visitor would be a new one, and nobody who is banned would be known any more.
    """

    def __init__(self, path: Path | None, now: float) -> None:
        self._path = path
        self._not_before = 0.0
        keys = keys_in(path) if path is not None else None
        if keys is not None:
            self._keys = keys
            return
        self._keys = Keys.new(now)
        if path is not None:
            try:
                _write(path, self._keys)
            except OSError as error:
                raise ConfigError(f"{path} cannot be written: {reason_of(error)}") from None

    def at(self, now: float) -> Keys:
        """The keys, rotated if it is time; keys that cannot be written down are not used.

        :param now: seconds since 1970.
        """
        rotated = self._keys.rotated(now)
        if rotated is self._keys or now < self._not_before:
            return self._keys
        if self._path is not None:
            try:
                _write(self._path, rotated)
            except OSError as error:
                self._not_before = now + RETRY_S
                log.error("keys_not_rotated", reason=reason_of(error))  # noqa: TRY400
                return self._keys
        self._keys = rotated
        log.info("keys_rotated", cookies=len(rotated.cookies), addresses=len(rotated.addresses))
        return rotated


def keys_in(path: Path) -> Keys | None:
    """The keys in a file; None when there is none.

    :raises ConfigError: when it cannot be used.
    """
    try:
        with whole.opened(path) as file:
            text = file.read(_MAX_BYTES + 1)
            mode = os.fstat(file.fileno()).st_mode
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {reason_of(error)}") from None
    if mode & 0o077:
        raise ConfigError(
            f"{path} is open to other users: whoever may have read it can pass for any visitor."
            f" Give it mode 0600 if nobody has, or else delete it for new keys"
        )
    if len(text) > _MAX_BYTES:
        raise ConfigError(f"{path} is no file of keys: {_ADVICE}")
    try:
        return decode(text)
    except ValueError as error:
        raise ConfigError(f"{path} is damaged ({error}): {_ADVICE}") from None


_ADVICE = (
    "put it back from a backup, or delete it for new keys, with which every visitor is a new one"
    " and bans of visitors and addresses no longer hold"
)


def _write(path: Path, keys: Keys) -> None:
    """Replace the file at once.

    :raises OSError: when it cannot be written; the file is as it was then.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    whole.write(path, encode(keys))
