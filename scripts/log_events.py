"""The log's events as a JSON Schema, read from the code: ``docs/log-events.json``.

One entry for each event above debug, with the levels at which it is logged and the fields that it
may have. Types are not told: a field is what its name says, a number or a text.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

LEVELS = {"info": "info", "warning": "warning", "error": "error", "exception": "error"}
COMMON = {
    "timestamp": {"type": "string", "format": "date-time"},
    "level": {"enum": ["debug", "info", "warning", "error", "critical"]},
    "event": {"type": "string"},
    "request": {"type": "string"},
    "exception": {"type": "string"},
}


class Call(NamedTuple):
    """One place where an event is logged."""

    event: str
    level: str
    fields: frozenset[str]
    is_open: bool
    """It has further fields, whose names are only known when it happens."""


def calls(root: Path) -> Iterator[Call]:
    """Where the server logs something above debug; the bots are no part of it."""
    for path in sorted(root.rglob("*.py")):
        if root / "bots" not in path.parents:
            yield from _of(ast.parse(path.read_text()))


def _of(tree: ast.AST) -> Iterator[Call]:
    for node in ast.walk(tree):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="log" | "_log"), attr=attr),
                args=[ast.Constant(value=str(event))],
                keywords=keywords,
            ) if attr in LEVELS:
                names = {word.arg for word in keywords}
                fields = frozenset(name for name in names if name and name != "exc_info")
                yield Call(event, LEVELS[attr], fields, None in names)


def text(root: Path) -> str:
    """The schema, for one line of ``--log-json``."""
    levels: dict[str, set[str]] = {}
    fields: dict[str, set[str]] = {}
    is_open: dict[str, bool] = {}
    for call in calls(root):
        levels.setdefault(call.event, set()).add(call.level)
        fields.setdefault(call.event, set()).update(call.fields)
        is_open[call.event] = is_open.get(call.event, False) or call.is_open
    defined: dict[str, Any] = {
        event: {
            "properties": COMMON
            | {"level": {"enum": sorted(levels[event])}, "event": {"const": event}}
            | dict.fromkeys(sorted(fields[event]), True),
            "additionalProperties": is_open[event],
        }
        for event in sorted(levels)
    }
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A line of the relay's log with --log-json",
        "type": "object",
        "properties": COMMON,
        "required": ["timestamp", "level", "event"],
        "allOf": [
            {
                "if": {"properties": {"event": {"const": event}}},
                "then": {"$ref": f"#/$defs/{event}"},
            }
            for event in defined
        ],
        "$defs": defined,
    }
    lines = ",\n".join(f'  "{key}": {_lines(value)}' for key, value in schema.items())
    return f"{{\n{lines}\n}}\n"


def _lines(value: Any) -> str:
    """JSON with one entry of a list or an object a line."""
    match value:
        case dict():
            inner = [f"    {json.dumps(key)}: {json.dumps(found)}" for key, found in value.items()]
            return "{\n" + ",\n".join(inner) + "\n  }"
        case [dict(), *_]:
            return "[\n" + ",\n".join(f"    {json.dumps(found)}" for found in value) + "\n  ]"
    return json.dumps(value)
