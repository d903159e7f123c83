"""``docs/operations.md`` tells every setting and every log event as it is."""

import re
from pathlib import Path
from typing import get_args

from relay import __version__
from relay.api.queries import TrackQuery
from relay.config import Settings, flag, variable
from relay.media.budget import REASONS
from relay.media.verdict import GOES_OUT, Verdict
from relay.records.schema import HEAD

ROOT = Path(__file__).parents[2]
DOC = ROOT / "docs" / "operations.md"


def row(name: str) -> str:
    field = Settings.model_fields[name]
    default = f"`{field.default}`" if field.default not in (None, (), False) else ""
    return f"| `{flag(name)}` | `{variable(name)}` | {default} | {field.description} |"


def test_the_table_of_settings_is_the_settings() -> None:
    told = [line for line in DOC.read_text().splitlines() if line.startswith("| `--")]
    assert told == [row(name) for name in Settings.model_fields]


def test_the_table_of_releases_has_this_one_with_its_tables() -> None:
    versions = (ROOT / "docs" / "versions.md").read_text()
    assert f"| {__version__} | {HEAD} |" in versions


def test_the_table_of_events_has_every_event_above_debug() -> None:
    call = re.compile(r'log\.(?:info|warning|error|exception)\(\s*"([^"]+)"')
    relay = ROOT / "relay"
    server = [path for path in relay.rglob("*.py") if relay / "bots" not in path.parents]
    logged = {event for path in server for event in call.findall(path.read_text())}
    table = DOC.read_text().partition("| Event |")[2]
    told = {
        event
        for line in table.splitlines()
        if line.startswith("| `")
        for event in re.findall(r"`([^`]+)`", line.split("|")[1])
    }
    assert told == logged


def test_the_table_of_dropped_packets_has_every_reason() -> None:
    media = [
        path.read_text()
        for part in ("media", "tunnel", "workers")
        for path in (ROOT / "relay" / part).rglob("*.py")
    ]
    reasons = {*re.findall(r'drops\["(\w+)"\]', "".join(media)), "send"}
    reasons |= set(REASONS.values())
    reasons |= {verdict.name.lower() for verdict in Verdict if verdict not in GOES_OUT}
    table = DOC.read_text().partition("reasons for dropped packets:")[2].partition("\n\n## ")[0]
    told = [
        reason
        for line in table.splitlines()
        if line.startswith("| `")
        for reason in re.findall(r"`(\w+)`", line.split("|")[1])
    ]
    assert sorted(told) == sorted(reasons)


def test_every_sort_of_tracks_is_told() -> None:
    sorts = [
        name for name in get_args(TrackQuery.model_fields["sort"].annotation) if name != "link"
    ]
    (row,) = re.findall(r"^\| `GET /api/v1/tracks` \|.*$", DOC.read_text(), re.MULTILINE)
    told = re.findall(r"`(\w+)`", row.partition("`sort` by")[2])
    assert sorted(told) == sorted(sorts), "the row of GET /api/v1/tracks names other sorts"
