"""What is sent and answered as JSON: the operators' API, and the messages of the protocol."""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from pydantic import TypeAdapter
from pydantic.alias_generators import to_snake

from relay.api import openapi
from relay.protocol.messages import ClientMessage, ServerMessage
from relay.protocol.terms import MAX_FRAME_BYTES

_Json = Mapping[str, Any]
_ROLE = re.compile(r":\w+:`~?(?:\w+\.)*(\w+)`")
_BOUNDS = {
    "minLength": "at least {} long",
    "maxLength": "at most {} long",
    "minimum": "{} or more",
    "exclusiveMinimum": "more than {}",
    "maximum": "at most {}",
    "minItems": "{} or more",
    "maxItems": "at most {}",
}

_API = """How to log in, and what is the same for all requests, is in
[Endpoints](../endpoints.md#apiv1); all of it as OpenAPI is [openapi.json](../openapi.json). An
error's body is a [Failure](#failure).

## Requests
"""
_MESSAGES = f"""JSON in WebSocket text frames of at most {MAX_FRAME_BYTES // 1024} KiB. When each is
sent, and what comes of it, is in [the protocol](../protocol.md).
"""


def api() -> str:
    """Every request of the API, then every type."""
    document = openapi.document()
    parts = ["# The operators' API\n", document["info"]["description"], _API]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            parts.append(_request(method.upper(), path, operation))
    parts.append("## Types\n")
    parts += [_type(name, name, it) for name, it in document["components"]["schemas"].items()]
    return "\n".join(parts)


def _request(method: str, path: str, operation: _Json) -> str:
    role = operation.get("x-role")
    lines = [f"### `{method} {path}`\n", operation["summary"]]
    lines.append(f"Role: {role}.\n" if role else "Needs no token.\n")
    if query := [p for p in operation["parameters"] if p["in"] == "query"]:
        lines += ["| Parameter | Type | |", "| --- | --- | --- |"]
        for told in query:
            lines.append(_row(told["name"], told["schema"], told.get("description", "")))
        lines.append("")
    if body := operation.get("requestBody"):
        needed = "Body" if body["required"] else "Body, if any"
        lines.append(f"{needed}: {_shape(body['content']['application/json']['schema'])}.\n")
    for status, answer in operation["responses"].items():
        content = answer.get("content", {})
        shapes = [_answer(kind, told.get("schema", {})) for kind, told in content.items()]
        shown = f" ({shapes[0]})" if shapes and int(status) < 400 else ""
        lines.append(f"- `{status}`: {answer['description'].rstrip('.')}{shown}.")
    return "\n".join([*lines, ""])


def _answer(kind: str, schema: _Json) -> str:
    if kind != "application/json":
        return f"`{kind}`" + (f"; {schema['description']}" if "description" in schema else "")
    return _shape(schema)


def messages() -> str:
    """Every message of both sides, then their parts."""
    parts = ["# All messages\n", _MESSAGES]
    shared: dict[str, _Json] = {}
    for title, union, mode in _SIDES:
        parts.append(f"## {title}\n")
        for name, schema in _types(union, mode).items():
            if "type" in schema["properties"]:
                parts.append(_type(f"`{schema['properties']['type']['const']}`", name, schema))
            else:
                shared[name] = schema
    parts.append("## Parts\n")
    parts += [_type(name, name, schema) for name, schema in shared.items()]
    return "\n".join(parts)


_SIDES: tuple[tuple[str, Any, Literal["validation", "serialization"]], ...] = (
    ("From clients", ClientMessage, "validation"),
    ("From the server", ServerMessage, "serialization"),
)


def _types(union: Any, mode: Literal["validation", "serialization"]) -> _Json:
    told = TypeAdapter(union).json_schema(by_alias=True, mode=mode)
    found: _Json = told["$defs"]
    return found


def _type(title: str, name: str, schema: _Json) -> str:
    lines = [f"### {title}\n", _words(schema.get("description", name), schema), ""]
    fields = {
        n: s for n, s in schema.get("properties", {}).items() if n != "type" or "const" not in s
    }
    if fields:
        lines += ["| Field | Type | |", "| --- | --- | --- |"]
    for field, told in fields.items():
        is_needed = field in schema.get("required", ())
        lines.append(_row(field, told, _words(told.get("description", ""), schema), is_needed))
    return "\n".join([*lines, ""] if fields else lines)


def _row(name: str, schema: _Json, words: str, is_needed: bool = False) -> str:
    default = schema.get("default")
    if not is_needed and default not in (None, "", []):
        words = f"{words} Default: `{json.dumps(default)}`.".strip()
    told = words.replace("|", "\\|").replace("\n", " ")
    return f"| `{name}` | {_shape(schema)}{'' if is_needed else ', optional'} | {told} |"


def _words(text: str, schema: _Json) -> str:
    """Without the marks of docstrings, and with the fields' names as they are on the wire."""
    names = {to_snake(name): name for name in schema.get("properties", {})}
    text = _ROLE.sub(r"`\1`", text).replace("``", "`")
    return re.sub(r"`(\w+)`", lambda m: f"`{names.get(m[1], m[1])}`", text)


def _shape(schema: _Json) -> str:
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_shape(choice) for choice in schema["anyOf"])
    if "const" in schema:
        return f"`{json.dumps(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{json.dumps(choice)}`" for choice in schema["enum"])
    bounds = [text.format(f"{schema[key]:,}") for key, text in _BOUNDS.items() if key in schema]
    kind = schema.get("type", "anything")
    if kind == "array":
        kind = f"list of {_items(schema)}"
    return " ".join([kind, *([f"({', '.join(bounds)})"] if bounds else [])])


def _items(schema: _Json) -> str:
    if "prefixItems" in schema:
        return ", ".join(_shape(item) for item in schema["prefixItems"])
    return _shape(schema.get("items", {}))
