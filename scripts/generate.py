"""Writes what follows from the code, when that has changed: ``scripts/generate``.

``docs/openapi.json`` is what ``relay/api`` says of itself; ``relay/ops/models.py`` and
``web/admin/wire/types.js`` are made of it, for those who know the API by that document alone.

``docs/log-events.json`` is the schema of the log's lines; ``docs/reference`` and ``docs/relay.1``
are pages made of the code.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from pydantic.alias_generators import to_snake

from relay.api import openapi
from scripts import log_events, reference

ROOT = Path(__file__).parents[1]
_Json = dict[str, Any]

_PYTHON = '''"""What the operators' API answers; made of docs/openapi.json by ``scripts/generate``.

Fields are added within ``v1`` and never removed, so unknown ones are ignored; and so that a newer
relay can be watched, words that may be added to (states, problems) are plain text.
"""

from typing import NamedTuple

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class Model(BaseModel):
    """camelCase outside; read-only inside."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        defer_build=True,
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        serialize_by_alias=True,
    )


class Figure(NamedTuple):
    """What a figure of a track is called."""

    title: str
    word: str | None = None
    """As a column, by which lists can be sorted; None: it is none."""

'''
_JAVASCRIPT = """// @ts-check
/**
 * What the operators' API says. Made of docs/openapi.json by scripts/generate.
 *
"""


def files() -> dict[Path, str]:
    """What each file has to hold."""
    document = openapi.document()
    told = document["components"]["schemas"].items()
    schemas = {name: schema for name, schema in told if openapi.SENT not in schema}
    return {
        ROOT / "docs/openapi.json": openapi.text(),
        ROOT / "docs/log-events.json": log_events.text(ROOT / "relay"),
        ROOT / "relay/ops/models.py": _python(schemas),
        ROOT / "web/admin/wire/types.js": _javascript(schemas),
        **reference.pages(ROOT),
    }


def _figures(schemas: _Json) -> dict[str, tuple[str, str | None]]:
    """Titles and words of the fields of a track that are figures: those with a title."""
    fields = schemas["Track"]["properties"].items()
    return {name: (f["title"], f.get("x-column")) for name, f in fields if "title" in f}


# Python


def _python(schemas: _Json) -> str:
    written: list[str] = []
    parts = [_PYTHON]
    while left := [name for name in schemas if name not in written]:
        name = next(name for name in left if set(_named_in(schemas[name])) <= set(written))
        written.append(name)
        parts.append(_class(name, schemas[name]))
    parts.append("\nFIGURES = {\n")
    for name, (title, word) in _figures(schemas).items():
        told = json.dumps(title) + (f", {json.dumps(word)}" if word else "")
        parts.append(f'    "{to_snake(name)}": Figure({told}),\n')
    return "".join([*parts, '}\n"""Those of a track, by their names."""\n'])


def _named_in(schema: object) -> list[str]:
    """The schemas that one refers to, which have to come first."""
    if isinstance(schema, list):
        return [name for each in schema for name in _named_in(each)]
    if not isinstance(schema, dict):
        return []
    if "$ref" in schema:
        return [_name_of(schema["$ref"])]
    return _named_in(list(schema.values()))


def _class(name: str, schema: _Json) -> str:
    lines = [f"\nclass {name}(Model):", f'    """{schema["description"]}"""', ""]
    for field, kind in schema["properties"].items():
        default = "" if field in schema["required"] else f" = {_default(kind)}"
        lines.append(f"    {to_snake(field)}: {_type(kind, _IN_PYTHON)}{default}")
    return "\n".join([*lines, "", ""])


def _default(kind: _Json) -> str:
    return "()" if kind["default"] == [] else str(kind["default"])


# JavaScript


def _javascript(schemas: _Json) -> str:
    lines = []
    for name, schema in schemas.items():
        lines += [f" * {schema['description']}", f" * @typedef {{object}} {name}"]
        for field, kind in schema["properties"].items():
            written = field if field in schema["required"] else f"[{field}]"
            lines.append(f" * @property {{{_type(kind, _IN_JAVASCRIPT)}}} {written}")
        lines.append(" *")
    lines[-1] = " */"
    lines += ["", "/** Those of a track. */", "export const FIGURES = /** @type {const} */ (["]
    for name, (title, word) in _figures(schemas).items():
        told = {"name": name, "title": title, "word": word}
        lines.append(f"  {{ {', '.join(f'{k}: {json.dumps(v)}' for k, v in told.items())} }},")
    return _JAVASCRIPT + "\n".join([*lines, "]);", ""])


# types

_IN_PYTHON = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"} | {
    "null": "None",
    "list": "tuple[{}, ...]",
    "tuple": "tuple[{}]",
}
_IN_JAVASCRIPT = {"string": "string", "integer": "number", "number": "number"} | {
    "boolean": "boolean",
    "null": "null",
    "list": "{}[]",
    "tuple": "[{}]",
}


def _type(schema: _Json, words: dict[str, str]) -> str:
    if "$ref" in schema:
        return _name_of(schema["$ref"])
    if "anyOf" in schema:
        return " | ".join(_type(choice, words) for choice in schema["anyOf"])
    if "prefixItems" in schema:
        return words["tuple"].format(", ".join(_type(i, words) for i in schema["prefixItems"]))
    if schema["type"] == "array":
        return words["list"].format(_type(schema["items"], words))
    return words[schema["type"]]


def _name_of(reference: str) -> str:
    return reference.rpartition("/")[2]


def _holds(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text


def main(arguments: list[str] | None = None) -> int:
    """Write them; with ``--check`` only say which are not current."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--check", action="store_true", help="write nothing, and fail if one would")
    options = parser.parse_args(arguments)
    old = {file: text for file, text in files().items() if not _holds(file, text)}
    for file, text in old.items():
        if options.check:
            print(f"{file.relative_to(ROOT)} is not current: run scripts/generate", file=sys.stderr)
        else:
            file.write_text(text)
            print(file.relative_to(ROOT))
    return 1 if options.check and old else 0


if __name__ == "__main__":
    sys.exit(main())
