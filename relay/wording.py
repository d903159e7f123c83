"""What is said of a setting with a wrong value: one line, with its name as the user wrote it."""

from collections.abc import Mapping
from datetime import date, time

from pydantic import ValidationError

_WORDS = {
    "int_parsing": "should be a whole number",
    "int_type": "should be a whole number",
    "int_from_float": "should be a whole number",
    "float_type": "should be a number",
    "float_parsing": "should be a number",
    "bool_parsing": "should be true or false",
    "bool_type": "should be true or false",
    "path_type": "should be the name of a file",
    "string_type": "should be text in quotes",
    "tuple_type": 'should be a list, such as ["a", "b"]',
    "list_type": 'should be a list, such as ["a", "b"]',
    "extra_forbidden": "is not a known option",
    "model_type": "should be a URL or an RTCIceServer object",
    "too_short": "should not be empty",
}
_MAX_SHOWN = 100
"""Characters of a wrong value that are repeated."""
SECRET = (
    "operator_token",
    "turn_secret",
    "ice_servers",
    "database_url",
    "webhook_url",
    "webhook_secret",
    "cluster",
    "cluster_secret",
)
"""A wrong value of these is not repeated."""


def one_line(error: ValidationError, names: Mapping[str, str]) -> str:
    """The first fault, with the setting as the user wrote it, and the value if it is no secret.

    :param names: how the settings' names were written.
    """
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0])
    where = "".join(
        f", entry {part + 1}" if isinstance(part, int) else f", {part}" for part in first["loc"][1:]
    )
    said = first["msg"].removeprefix("Value error, ").replace("Input should", "should", 1)
    line = f"{names[name]}{where}: {_WORDS.get(first['type'], said)}"
    if name in SECRET or first["type"] == "extra_forbidden":
        return line
    shown = _shown(first["input"])
    return f"{line}, not {shown if len(shown) <= _MAX_SHOWN else f'{shown[:_MAX_SHOWN]}...'}"


def _shown(value: object) -> str:
    """As it stands in TOML, or nearly so."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, date | time) else repr(value)
