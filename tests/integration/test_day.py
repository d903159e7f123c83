"""A day of a server in virtual time: what it has in the evening is what it had in the morning."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from relay.signaling import diagnosis, sessions

pytestmark = pytest.mark.timeout(600)

ROOT = Path(__file__).parents[2]
HOURS = 24
MORNING, EVENING = slice(2, 8), slice(-6, None)
"""Before, the process is still finding its size."""
MEMORY = 1.05
"""So much more may be resident: pages are given back by chance."""
BOUNDED = {
    "relay.signaling.sessions.Sessions._spent": sessions._REMEMBERED,
    "relay.signaling.diagnosis.Networks._failed": diagnosis.MAX_NETWORKS,
    "relay.signaling.diagnosis.Networks._over_udp": diagnosis.MAX_NETWORKS,
    "relay.pace.Paces._table": 10_000,
}
"""Tables that remember as many as there are, up to this; a day has fewer."""


def chance(count: int) -> int:
    """How many it may be at most another time, by chance: a leak would be three times as much."""
    return count + count // 2 + 16


def test_a_day_leaves_nothing_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.support.day", str(tmp_path), str(HOURS)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    hours = [json.loads(line) for line in done.stdout.splitlines()]
    assert [hour["hour"] for hour in hours] == list(range(HOURS))
    morning, evening = hours[MORNING], hours[EVENING]
    print(
        f"\nresident {most(morning, 'rss') / 2**20:.0f} MB in the morning,"
        f" {most(evening, 'rss') / 2**20:.0f} MB in the evening;"
        f" {most(evening, 'descriptors'):.0f} descriptors; {hours[-1]['cpu_s']:.0f} s of CPU"
    )
    assert {hour["users"] for hour in hours} == {0}
    assert most(evening, "rss") <= MEMORY * most(morning, "rss")
    assert most(evening, "descriptors") <= most(morning, "descriptors")
    assert evening[-1]["tasks"] == morning[0]["tasks"]
    assert files(evening) == files(morning)
    much_has_happened(hours[-1]["seen"])

    before = highest(each["tables"] for each in morning)
    after = highest(each["tables"] for each in evening)
    for name, count in after.items():
        assert count <= BOUNDED.get(name, chance(before.get(name, 0))), name
    rows = highest(each["rows"] for each in evening)
    for name, count in highest(each["rows"] for each in morning).items():
        # A block is kept until whoever has made it undoes it.
        assert name == "blocks" or rows[name] <= chance(count), name


def most(hours: Iterable[Mapping[str, Any]], name: str) -> float:
    return max(float(hour[name]) for hour in hours)


def highest(counted: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Of each name, the most that it has been."""
    found: dict[str, int] = {}
    for each in counted:
        for name, count in each.items():
            found[name] = max(count, found.get(name, 0))
    return found


def files(hours: Iterable[Mapping[str, Any]]) -> set[str]:
    return {name for hour in hours for name in hour["files"]}


def much_has_happened(seen: Mapping[str, int]) -> None:
    for what in (
        *("heard partner_found", "heard chat_message", "heard resumed", "next_partner", "block"),
        *("report", "banned: 200", "appeal: 201", "history: 200", "error resume_failed"),
    ):
        assert seen.get(what, 0) > 0, what
