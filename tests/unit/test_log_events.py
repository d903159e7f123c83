"""``docs/log-events.json`` has every event of the code with all of its fields."""

import json
from pathlib import Path
from typing import Any

from scripts import log_events

ROOT = Path(__file__).parents[2]


def schema(tmp_path: Path, code: str) -> dict[str, Any]:
    (tmp_path / "part.py").write_text(code)
    found: dict[str, Any] = json.loads(log_events.text(tmp_path))["$defs"]
    return found


def test_an_event_has_the_fields_and_levels_of_all_its_places(tmp_path: Path) -> None:
    found = schema(
        tmp_path,
        "log.info('met', room=1)\n_log.warning('met', user=2)\nlog.debug('unheard')\n"
        "log.error('broke', exc_info=e, **more)\n",
    )
    assert set(found) == {"met", "broke"}
    met, broke = found["met"]["properties"], found["broke"]
    assert set(met) == {*log_events.COMMON, "room", "user"}
    assert met["level"] == {"enum": ["info", "warning"]}
    assert not found["met"]["additionalProperties"]
    assert broke["additionalProperties"]
    assert "exc_info" not in broke["properties"]


def test_no_field_holds_what_the_log_must_not_have() -> None:
    for call in log_events.calls(ROOT / "relay"):
        assert not call.fields & {"sdp", "chat", "text", "words", "token", "address", "ip"}, call
