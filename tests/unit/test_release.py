"""What is released: its SBOM and its notes."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from scripts import release_notes

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "scripts/lock/requirements.txt").read_text()
SBOM: dict[str, Any] = json.loads((ROOT / "scripts/lock/relay.cdx.json").read_text())
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]

CHANGELOG = """# Changelog

## [Unreleased]

- new

## [1.1.0] - 2026-01-02

### Fixed
- old
"""


def test_the_sbom_has_the_versions_of_the_lock() -> None:
    """``scripts/lock/update --sbom`` makes it anew."""
    pins = re.findall(r"^([\w.-]+)==([\w.]+)(?: ; (.+?))? \\$", LOCK, re.MULTILINE)
    assert len(pins) > 40
    locked: dict[str, set[str]] = {}
    for name, version, _ in pins:
        locked.setdefault(name, set()).add(version)
    listed = {
        each["name"].lower().replace("_", "-"): each["version"] for each in SBOM["components"]
    }
    assert {name for name, _, marker in pins if not marker} <= listed.keys() <= locked.keys()
    assert all(version in locked[name] for name, version in listed.items())


def test_the_sbom_says_what_of_others_is_in_the_page() -> None:
    """With the digests that the files have."""
    files = [
        file
        for library in SBOM["metadata"]["component"]["components"]
        for file in library["components"]
    ]
    assert {Path(file["name"]).suffix for file in files} >= {".js", ".css"}
    for file in files:
        path = ROOT / file["name"].removeprefix("relay/")
        assert file["hashes"][0]["content"] == hashlib.sha256(path.read_bytes()).hexdigest()
    folders = {Path(file["name"]).parent for file in files}
    assert folders == {Path("relay") / readme.parent for readme in vendored()}


def vendored() -> list[Path]:
    return [path.relative_to(ROOT) for path in (ROOT / "web").glob("**/vendor/**/README.md")]


def test_each_package_has_a_licence_and_what_it_needs_is_listed() -> None:
    assert [each["name"] for each in SBOM["components"] if not each.get("licenses")] == []
    purls = {each["purl"] for each in SBOM["components"]}
    needed = {name for each in SBOM["dependencies"] for name in each.get("dependsOn", ())}
    assert needed == purls


def test_the_wheel_is_told_to_have_page_what_is_deployed_and_sbom_in_it() -> None:
    assert WHEEL["force-include"] == {
        "web": "relay/web",
        "scripts/deploy": "relay/deploy",
        "docs/alerts.yml": "relay/deploy/alerts.yml",
        "docs/grafana-dashboard.json": "relay/deploy/grafana-dashboard.json",
    }
    sdist = PROJECT["tool"]["hatch"]["build"]["targets"]["sdist"]["only-include"]
    assert all(name in sdist for name in WHEEL["force-include"])
    assert [ROOT / name for name in WHEEL["sbom-files"]] == [ROOT / "scripts/lock/relay.cdx.json"]


def test_the_distribution_has_a_name_of_its_own_and_the_command_its_old_one() -> None:
    assert release_notes.version_of(ROOT)[0] == "relay-videochat"
    assert PROJECT["project"]["scripts"] == {"relay": "relay.entry:main"}


def test_what_has_changed_is_a_versions_section_or_what_is_not_released() -> None:
    assert release_notes.changes(CHANGELOG, "1.1.0") == "### Fixed\n- old"
    assert release_notes.changes(CHANGELOG, "1.2.0") == "- new"
    with pytest.raises(release_notes.Contradiction, match="says nothing of 1"):
        release_notes.changes("# Changelog\n", "1.0")


def test_the_notes_have_files_sums_and_how_to_install() -> None:
    text = release_notes.notes("n", "1", "- new", {"n-1.whl": "aa", "n-1.tar.gz": "bb"})
    assert "pip install ./n-1.whl" in text
    assert "aa  n-1.whl\nbb  n-1.tar.gz" in text


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("relay/__init__.py", '__version__ = "', '__version__ = "9', "relay/__init__.py is not of"),
        ("scripts/lock/relay.cdx.json", '"version": "0', '"version": "9', "the SBOM is not of"),
    ],
)
def test_a_version_that_is_not_the_same_everywhere_is_told(
    tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    for name in ("pyproject.toml", "relay/__init__.py", "scripts/lock/relay.cdx.json"):
        text = (ROOT / name).read_text()
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text.replace(old, new, 1) if name == file else text)
    with pytest.raises(release_notes.Contradiction, match=said):
        release_notes.version_of(tmp_path)
