"""Settings, metrics and log events; words about the last two are in docs/reference/*.toml."""

import tomllib
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

from relay.api.metrics import OF_WORKERS, TABLE
from relay.config import Settings
from relay.setting import flag, variable
from scripts import log_events as log

_SETTINGS = """Each is a key of the TOML file, a variable of the environment, and a flag of
`relay serve` and `relay doctor`; [how they go together](../settings.md).
"""
_METRICS = """# All metrics

Those of `GET /metrics`; see [Monitoring](../monitoring.md). `process_*` are the Prometheus client's
own.

"""
_EVENTS = """# All events of the log

Those above `debug`; see [Logs](../logs.md). Not every line of an event has all of its fields.

"""


class NotTold(Exception):
    """The code and the words about it are not of the same things."""


def settings() -> str:
    """Each setting by its names."""
    parts = ["# All settings\n", _SETTINGS]
    for name, field in Settings.model_fields.items():
        is_switch = field.annotation is bool
        written = f"`{flag(name)}`" if is_switch else f"`{flag(name)} {field.title}`"
        if is_switch:
            written += f" or `--no-{flag(name)[2:]}`"
        default = f"; default `{_toml(field.default)}`" if field.default not in (None, ()) else ""
        parts.append(
            f"## `{name}`\n\n{written}, `{variable(name)}`{default}\n\n{field.description}\n"
        )
    return "\n".join(parts)


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def metrics(words: Path) -> str:
    """Each metric with its type and labels.

    :raises NotTold: one has no words, or words are of none.
    """
    families = [
        (kind.__name__, name, labels)
        for kind, found in TABLE.items()
        for name, (_, _, *labels) in found.items()
    ]
    families += [
        (k.__name__, name, ["worker"]) for k, found in OF_WORKERS.items() for name in found
    ]
    types = {
        name + ("_total" if kind.startswith("Counter") else ""): (
            kind.removesuffix("MetricFamily").lower(),
            labels,
        )
        for kind, name, labels in families
    }
    rows = []
    for names, told in _groups(words, types.keys()):
        shown = [
            f"`{name}{{{','.join(labels)}}}`" if (labels := types[name][1]) else f"`{name}`"
            for name in names
        ]
        kinds = _once(types[name][0] for name in names)
        rows.append((", ".join(shown), kinds, told))
    return _METRICS + _table(("Metric", "Type", "Meaning"), rows)


def log_events(words: Path, code: Path) -> str:
    """Each event of the log with its levels and fields.

    :raises NotTold: one has no words, or words are of none.
    """
    levels: dict[str, set[str]] = {}
    fields: dict[str, set[str]] = {}
    for call in log.calls(code):
        levels.setdefault(call.event, set()).add(call.level)
        fields.setdefault(call.event, set()).update(call.fields)
    rows = [
        (
            ", ".join(f"`{name}`" for name in names),
            _once(level for name in names for level in sorted(levels[name])),
            ", ".join(f"`{field}`" for field in sorted({f for n in names for f in fields[n]})),
            told,
        )
        for names, told in _groups(words, levels.keys())
    ]
    return _EVENTS + _table(("Event", "Level", "Fields", "Meaning"), rows)


def _groups(words: Path, names: Set[str]) -> Iterator[tuple[list[str], str]]:
    """Names that are told together, and what is told of them."""
    told = tomllib.loads(words.read_text())
    groups = [(key.split(), text) for key, text in told.items()]
    seen = [name for group, _ in groups for name in group]
    for name in sorted({*names} ^ {*seen}) or [n for n in seen if seen.count(n) > 1]:
        raise NotTold(f"{name} is in the code or in {words.name}, and has to be once in both")
    yield from groups


def _once(words: Iterator[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
