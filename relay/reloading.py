"""What a server takes up anew while it runs: SIGHUP has it read its settings and files again.

All else needs a restart, and is named. What is wrong is told, and leaves everything as it was.
"""

from collections.abc import Callable

import structlog

from relay import logs
from relay.api.page import folder
from relay.api.welcome import Welcome, read_welcome
from relay.certificate import Certificate
from relay.config import Settings
from relay.errors import ConfigError, reason_of

_TLS = frozenset({"tls_cert", "tls_key"})
_LOGS = frozenset({"log_file", "log_json", "log_level"})

_log = structlog.get_logger()


class Reloading:
    """One server's settings, as far as they can change.

    :param settings: those that it has started with.
    """

    def __init__(self, settings: Settings, certificate: Certificate, welcome: Welcome) -> None:
        self._settings = settings
        self._logs = settings
        self._certificate = certificate
        self._welcome = welcome

    def reload(self, read: Callable[[], Settings]) -> None:
        """Do as the settings say now; a certificate that is no good is told by itself.

        :param read: raises :class:`ConfigError` when they are wrong.
        """
        try:
            wanted = read()
            text = welcome_text(wanted)
            if any(getattr(wanted, name) != getattr(self._logs, name) for name in _LOGS):
                configure_logs(wanted)
        except ConfigError as error:
            _log.warning("not_reloaded", reason=str(error))
            return
        self._logs = wanted
        self._welcome.say(text)
        if not self._has_files(wanted) or self._certificate.reload(wanted):
            _log.info("reloaded")
        if late := self._needing_a_restart(wanted):
            _log.warning("restart_needed", settings=", ".join(late))

    def reopen_logs(self) -> None:
        """Begin the log's file anew, as after it was moved away."""
        try:
            configure_logs(self._logs)
        except ConfigError as error:
            _log.warning("not_reloaded", reason=str(error))
            return
        _log.info("logs_reopened")

    def _needing_a_restart(self, wanted: Settings) -> list[str]:
        was, now = self._settings, wanted
        taken_up = {"welcome_file", *_LOGS, *(_TLS if self._has_files(now) else ())}
        return [
            now.written(name)
            for name in Settings.model_fields
            if name not in taken_up and getattr(was, name) != getattr(now, name)
        ]

    def _has_files(self, wanted: Settings) -> bool:
        """Whether there is a certificate's file, and was from the start."""
        return self._settings.tls_cert is not None and wanted.tls_cert is not None


def configure_logs(settings: Settings) -> None:
    """Have log events look, and go, as the settings say.

    :raises ConfigError: when their file cannot be written; then nothing has changed.
    """
    path = settings.log_file
    try:
        stream = None if path is None else logs.LogFile(path)
    except OSError as error:
        option = settings.written("log_file")
        raise ConfigError(f"{option}: {path} cannot be written: {reason_of(error)}") from None
    logs.configure(settings.log_level, stream, as_json=settings.log_json)


def welcome_text(settings: Settings) -> str:
    """The text with the rules.

    :raises ConfigError: when it cannot be used.
    """
    path = settings.welcome_file or folder() / "welcome.txt"
    try:
        return read_welcome(path)
    except ValueError as error:
        raise ConfigError(f"{settings.written('welcome_file')}: {path} {error}") from None
