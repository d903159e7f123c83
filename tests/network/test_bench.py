"""``scripts/bench --only loss`` as a process: one short call, whose numbers mean nothing."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE
from pathlib import Path
from typing import Any

import pytest

from tests.browser.namespace import need_namespaces

ROOT = Path(__file__).parents[2]


@pytest.mark.timeout(240)
async def test_two_browsers_are_measured_over_a_bad_line() -> None:
    need_namespaces()
    short = ("--lines", "2%", "--runs", "1", "--seconds", "2")
    others = ("--before", "no-such-revision", "--no-janus")
    bench = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.benchmark", "--only", "loss"),
        *(*short, *others, "--json"),
        cwd=ROOT,
        stdout=PIPE,
        stderr=PIPE,
    )
    told, said = await bench.communicate()
    assert bench.returncode == 0, said.decode()
    found: dict[str, Any] = json.loads(told)
    assert "no-such-revision" in found["missing"]["relay at no-such-revision"]
    [row] = found["loss"]
    assert (row["line"], row["server"], row["runs"]) == ("2%", "relay", 1), said.decode()
    assert row["pictures_per_s"] > 0
    assert 0 <= row["made_up_percent"] <= 100
    [call] = found["loss_calls"]
    assert all(side["counts"]["sound_packets"] > 0 for side in call["sides"])
