"""Lines of the log, held to their schema: ``docs/log-events.json``."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema_rs
import structlog
from structlog.typing import EventDict, WrappedLogger

USUAL = structlog.get_config()["processors"][:]
"""What handles an event as long as nobody has said otherwise: the context and the level first."""

_SCHEMA = Path(__file__).parents[2] / "docs" / "log-events.json"
_OF_BOTS = ("bot_", "load_user_")
_TIME = "2026-01-01T00:00:00Z"


@cache
def _schema() -> tuple[Any, frozenset[str]]:
    schema = json.loads(_SCHEMA.read_text())
    return jsonschema_rs.validator_for(schema), frozenset(schema["$defs"])


def faults_of(line: dict[str, Any]) -> list[str]:
    """What is wrong about a line; what other packages say has their words."""
    validator, events = _schema()
    faults = [f"{line}: {error.message}" for error in validator.iter_errors(line)]
    if "logger" not in line and line.get("level") != "debug" and line.get("event") not in events:
        faults.append(f"nobody knows the event of {line}")
    return faults


class Held:
    """Looks at each event on its way, and lets it pass; bots are no part of the server."""

    def __init__(self) -> None:
        self.faults: list[str] = []

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        line = dict(event)
        if line.pop("exc_info", None):
            line["exception"] = ""
        if line["level"] != "debug" and not str(line["event"]).startswith(_OF_BOTS):
            written = json.dumps(line | {"timestamp": _TIME}, default=str)
            self.faults += faults_of(json.loads(written))
        return event
