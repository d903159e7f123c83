"""The guide tells every setting, metric, event, reason and sort as it is."""

import re
from pathlib import Path
from typing import get_args

import pytest

from relay import __version__
from relay.api.queries import TrackQuery
from relay.config import Settings
from relay.media.budget import REASONS
from relay.media.verdict import GOES_OUT, Verdict
from relay.records.schema import HEAD
from relay.setting import flag, variable
from scripts import reference
from scripts.reference import tables

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
MADE = reference.pages(ROOT)


@pytest.mark.parametrize("path", MADE, ids=lambda path: path.name)
def test_the_reference_is_what_the_code_says(path: Path) -> None:
    assert path.read_text() == MADE[path], "run scripts/generate"


def test_each_setting_is_told_by_all_of_its_names() -> None:
    told = tables.settings()
    for name, field in Settings.model_fields.items():
        part = told.partition(f"## `{name}`\n")[2].partition("\n## ")[0]
        assert f"`{flag(name)}" in part
        assert f"`{variable(name)}`" in part
        assert str(field.description) in part


def test_the_table_of_releases_has_this_one_with_its_tables() -> None:
    assert f"| {__version__} | {HEAD} |" in (DOCS / "upgrading.md").read_text()


def test_what_has_no_words_is_named(tmp_path: Path) -> None:
    words = tmp_path / "events.toml"
    code = tmp_path / "code"
    code.mkdir()
    (code / "part.py").write_text("log.info('met', room=1)\nlog.warning('parted')\n")
    words.write_text('met = "two meet"\n')
    with pytest.raises(tables.NotTold, match=r"^parted is in the code or in events\.toml"):
        tables.log_events(words, code)
    words.write_text('met = "two meet"\n"met parted" = "twice"\n')
    with pytest.raises(tables.NotTold, match=r"^met is"):
        tables.log_events(words, code)
    words.write_text('"met parted" = "two meet, or no more"\n')
    told = tables.log_events(words, code)
    assert "| `met`, `parted` | info, warning | `room` | two meet, or no more |" in told


def test_the_table_of_dropped_packets_has_every_reason() -> None:
    media = [
        path.read_text()
        for part in ("media", "tunnel", "workers")
        for path in (ROOT / "relay" / part).rglob("*.py")
    ]
    reasons = {*re.findall(r'drops\["(\w+)"\]', "".join(media)), "send"}
    reasons |= set(REASONS.values())
    reasons |= {verdict.name.lower() for verdict in Verdict if verdict not in GOES_OUT}
    page = (DOCS / "monitoring.md").read_text()
    table = page.partition("\n## Dropped packets\n")[2].partition("\n\n## ")[0]
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
    page = (DOCS / "endpoints.md").read_text()
    (row,) = re.findall(r"^\| `GET /api/v1/tracks` \|.*$", page, re.MULTILINE)
    told = re.findall(r"`(\w+)`", row.partition("`sort` by")[2])
    assert sorted(told) == sorted(sorts), "the row of GET /api/v1/tracks names other sorts"
