"""The certificate of a server as long as it runs: read again when its files change.

A connection that has begun keeps its TLS; those that come get the newest certificate that could be
used. What is half written, or has another's key, is told and left alone until the files change
once more.
"""

from __future__ import annotations

import asyncio
import math
import ssl
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog

from relay.config import Settings
from relay.errors import ConfigError
from relay.logs import log_crash
from relay.tls import RENEW_DAYS, ServerTls, server_tls

LOOK_EVERY_S = 5.0
"""How often the files are looked at."""
_DAY_S = 86_400.0

_Versions = tuple[tuple[int, int, int] | None, ...]  # of each file: when, how long, and which

_log = structlog.get_logger()


class Certificate:
    """What new connections get; :meth:`start` and :meth:`close` it, in between it renews itself.

    :param settings: say which files, or that one is made for the run, or that there is none.
    :param clock: seconds since 1970.
    :raises ConfigError: when there is one and it cannot be used; the message names the option.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock
        self._seen = self._tried = _versions(settings)
        self._tls = self._found(settings)
        self._warned: int | None = None  # of how many days
        self._task: asyncio.Task[None] | None = None
        self._warn_of_the_end()

    @property
    def fingerprint(self) -> str | None:
        """SHA-256, as browsers show it; None where TLS is not spoken."""
        return self._tls.fingerprint if self._tls else None

    def left_s(self) -> float | None:
        """Until it ends, less than 0 when it has; None where there is none."""
        return self._tls.ends.timestamp() - self._clock() if self._tls else None

    def context(self) -> ssl.SSLContext | None:
        """For a connection that comes now."""
        return self._tls.context if self._tls else None

    def start(self) -> None:
        """Begin to look at the files."""
        if self._tls is not None:
            self._task = asyncio.create_task(self._watch(), name="certificate")
            self._task.add_done_callback(log_crash)

    async def close(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    def look(self) -> None:
        """Take the files if they have changed; not while they still do: two are written.

        One that was made for the run, which may last longer, is made anew before it ends.
        """
        if self._settings.tls_self_signed and self._ends_soon():
            self._tls = self._found(self._settings)
            self._tell()
        seen = _versions(self._settings)
        if seen == self._seen and seen != self._tried:
            self.reload(self._settings)
        self._seen = seen
        self._warn_of_the_end()

    def reload(self, settings: Settings) -> bool:
        """Take what the files have now; the former certificate stays when they are no good.

        :param settings: may name others; a server begins or ceases to speak TLS when it starts.
        :returns: whether they were taken.
        """
        if self._tls is None or settings.tls_self_signed or settings.tls_cert is None:
            return False
        self._tried = self._seen = _versions(settings)
        try:
            found = self._found(settings)
        except ConfigError as error:
            _log.warning("tls_not_reloaded", reason=str(error))
            return False
        if found is None or not self._is_better(found):
            option = settings.written("tls_cert")
            reason = f"{option}: {settings.tls_cert} is not valid at this time"
            _log.warning("tls_not_reloaded", reason=reason)
            return False
        self._settings, self._tls, self._warned = settings, found, None
        self._tell()
        self._warn_of_the_end()
        return True

    def _found(self, settings: Settings) -> ServerTls | None:
        return server_tls(settings, datetime.fromtimestamp(self._clock(), UTC))

    def _tell(self) -> None:
        if self._tls is not None:
            ends, fingerprint = self._tls.ends.isoformat(), self._tls.fingerprint
            _log.info("tls_reloaded", ends=ends, fingerprint=fingerprint)

    def _ends_soon(self) -> bool:
        left_s = self.left_s()
        return left_s is not None and left_s < RENEW_DAYS * _DAY_S

    def _is_better(self, found: ServerTls) -> bool:
        """Whether browsers take it, unless they do not take the present one either."""
        now = self._clock()
        has_ended = self._tls is not None and self._tls.ends.timestamp() <= now
        return has_ended or found.begins.timestamp() <= now < found.ends.timestamp()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            self.look()

    def _warn_of_the_end(self) -> None:
        """Once for each day that is left; so it is told in the moment, too, when none is left."""
        left_s = self.left_s()
        if self._tls is None or left_s is None or not self._ends_soon():
            return
        days = math.floor(left_s / _DAY_S)
        if days != self._warned:
            self._warned = days
            ends = self._tls.ends.isoformat()
            _log.warning("tls_certificate_ends", ends=ends, days_left=days)


def _versions(settings: Settings) -> _Versions:
    return tuple(_version(path) for path in (settings.tls_cert, settings.tls_key) if path)


def _version(path: Path) -> tuple[int, int, int] | None:
    """Of a file, whatever links lead to it; None when it cannot be looked at."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
