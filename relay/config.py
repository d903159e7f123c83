"""All the settings, and the three places that their values come from.

The setting ``udp_port`` is the key ``udp_port`` of the TOML file, ``RELAY_UDP_PORT`` in the
environment and ``--udp-port`` on the command line; each of these overrides the one before. A wrong
value is named as the user wrote it.
"""

import os
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from pydantic import ValidationError, model_validator

from relay.cluster_settings import ClusterSettings
from relay.core_settings import CoreSettings
from relay.errors import ConfigError
from relay.renamed import FORMER, settle
from relay.safety_settings import SafetySettings
from relay.setting import flag, is_of_a_service, variable
from relay.wording import one_line

CONFIG_FILE = "relay.toml"
"""Read from the working directory when no other file is named."""


class Settings(ClusterSettings, SafetySettings, CoreSettings):
    """All that an operator can choose; made by :func:`load`, or directly in tests."""

    @model_validator(mode="after")
    def _webhooks_are_signed(self) -> Self:
        """A receiver that cannot tell who asks would believe anybody."""
        if self.webhook_url is not None and self.webhook_secret is None:
            raise ConfigError(f"{self.written('webhook_url')}: needs {flag('webhook_secret')}, too")
        return self

    @model_validator(mode="after")
    def _a_node_has_what_it_needs(self) -> Self:
        """Nodes know each other by a secret, and carry their users' media from worker to worker."""
        if self.cluster is None:
            return self
        if self.cluster_secret is None:
            raise ConfigError(f"{self.written('cluster')}: needs {flag('cluster_secret')}, too")
        if self.media_mode != "relay":
            other = self.written("media_mode")
            raise ConfigError(f"{self.written('cluster')}: needs {other} to be relay")
        if not self.workers:
            other = self.written("workers")
            raise ConfigError(f"{self.written('cluster')}: needs {other} to be at least 1")
        self.require_ports("cluster_port")
        return self


def foreign(environ: Mapping[str, str]) -> list[str]:
    """Variables that are called like a setting's and are somebody else's: they are not read."""
    named = ((name, environ.get(variable(name), "")) for name in known())
    return [variable(name) for name, value in named if is_of_a_service(name, value)]


def known() -> tuple[str, ...]:
    """Every name by which a setting can be given, former ones last."""
    return *Settings.model_fields, *FORMER


def renamed(settings: Settings) -> list[tuple[str, str]]:
    """What was given by its former name: as it is written, and as it is to be from now on."""
    return [
        (written, written.replace(form(former), form(present), 1))
        for former, present in FORMER.items()
        for written in (settings.written(present),)
        for form in (flag, variable, str)
        if written.split(" ")[0] == form(former)
    ]


_Value = tuple[str, object, str]  # the setting, its value, its name as the user wrote it


def load(
    flags: Mapping[str, str | bool], environ: Mapping[str, str], *, config: str | None = None
) -> Settings:
    """Settings from the file, the environment and the flags, each overriding the one before.

    :param flags: values by the settings' names, as they stand on the command line; of a switch,
        whether it is on.
    :param environ: the environment; an empty variable counts as not set.
    :param config: the TOML file; without it ``RELAY_CONFIG``, and without that ``relay.toml`` in
        the working directory when there is one.
    :raises ConfigError: with one line that names the option as the user wrote it.
    """
    given: dict[str, object] = {}
    names: dict[str, str] = {}
    for source in (_from_file(config, environ), _from_environment(environ), _from_flags(flags)):
        for name, value, written in source:
            given[name] = value
            names[name] = written
    settle(given, names)
    try:
        return Settings.model_validate(given, context=names)
    except ValidationError as error:
        raise ConfigError(one_line(error, names)) from None


def _from_flags(flags: Mapping[str, str | bool]) -> Iterator[_Value]:
    for name, value in flags.items():
        yield name, _text(value, flag(name)), flag(name)


def _from_environment(environ: Mapping[str, str]) -> Iterator[_Value]:
    for name in known():
        value = environ.get(variable(name))
        if value and not is_of_a_service(name, value):
            yield name, _text(value, variable(name)), variable(name)


def _text(value: str | bool, written: str) -> str | bool:
    """A value that came as bytes, which Python takes whatever they are.

    :raises ConfigError: when they are no text.
    """
    try:
        str(value).encode()
    except UnicodeEncodeError:
        raise ConfigError(f"{written}: is not in UTF-8") from None
    return value


def _from_file(config: str | None, environ: Mapping[str, str]) -> Iterator[_Value]:
    path = config or environ.get("RELAY_CONFIG")
    if not path:
        if not os.path.lexists(CONFIG_FILE):
            return
        path = CONFIG_FILE
    written = "--config" if config else "RELAY_CONFIG"
    try:
        table = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(f"{written}: cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise ConfigError(f"{path}: is not valid TOML: {error}") from None
    except RecursionError:
        raise ConfigError(f"{path}: is not valid TOML: one in another too often") from None
    for name, value in table.items():
        yield name, value, f"{name if name.isprintable() else repr(name)} in {path}"
