"""One of the settings, as its field is written: what it is by default, and what is said of it."""

from typing import Any

from pydantic import Field


def setting(default: Any, metavar: str, description: str, **limits: Any) -> Any:
    """A field of the settings.

    :param metavar: what stands for its value in ``--help``; empty for a switch.
    :param limits: as :func:`pydantic.Field` takes them: ``ge``, ``le`` and so on.
    """
    return Field(default, title=metavar, description=description, **limits)
