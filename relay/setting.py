"""One of the settings: how its field is written, and what it is called where it is given."""

import re
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator
from pydantic_core import PydanticKnownError

_NUMBERS: dict[object, str] = {int: "int_type", int | None: "int_type", float: "float_type"}
_PATHS = (Path, Path | None)


class Part(BaseModel):
    """Some of the settings; :class:`relay.config.Settings` is made of these."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _is_what_it_seems(cls, value: object, info: ValidationInfo) -> object:
        """``true`` would be 1 to Python, and so a port; and "" the working directory."""
        annotation = cls.model_fields[info.field_name or ""].annotation
        kind = _NUMBERS.get(annotation)
        if isinstance(value, bool) and kind is not None:
            raise PydanticKnownError(kind)  # type: ignore[arg-type] # one of its own names
        if annotation in _PATHS and isinstance(value, str) and not value.strip():
            raise ValueError("should be the name of a file")
        return value


def setting(default: Any, metavar: str, description: str, **limits: Any) -> Any:
    """A field of the settings.

    :param metavar: what stands for its value in ``--help``; empty for a switch.
    :param limits: as :func:`pydantic.Field` takes them: ``ge``, ``le`` and so on.
    """
    return Field(default, title=metavar, description=description, **limits)


_SERVICE = re.compile(r"(tcp|udp|sctp)://\S+:\d+")


def is_of_a_service(name: str, value: str) -> bool:
    """Whether a variable that is called like a setting's was set by Kubernetes or Docker.

    Beside a Service that is named ``relay``, every container finds its address as
    ``RELAY_PORT=tcp://10.0.0.1:8080`` (Kubernetes' documentation, "Environment variables" of
    Services), and beside ``relay-udp`` one as ``RELAY_UDP_PORT``.
    """
    return name.endswith("port") and _SERVICE.fullmatch(value) is not None


def flag(name: str) -> str:
    """The setting's name on the command line."""
    return "--" + name.replace("_", "-")


def variable(name: str) -> str:
    """The setting's name in the environment."""
    return "RELAY_" + name.upper()
