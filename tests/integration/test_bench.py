"""``scripts/bench`` as a process: tiny runs, whose numbers mean nothing but must be there."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from relay.media.paths.idle import DEVICE
from scripts.benchmark import meetings
from scripts.benchmark.bench import Bench, Options
from tests.support.redis_server import NEEDS_REDIS

ROOT = Path(__file__).parents[2]
IDLE_IS_OURS = os.access(DEVICE, os.W_OK)

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform != "linux", reason="the bench needs Linux"),
]


def bench(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.benchmark", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=150,
        check=False,
        env=os.environ | ({"PYTHONPATH": str(path)} if path else {}),
    )


def measured(*arguments: str) -> dict[str, Any]:
    done = bench(*arguments, "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def forwarding() -> dict[str, Any]:
    return measured(
        *("--only", "batches,calls,anatomy", "--rates", "800", "--pairs", "1"),
        *("--runs", "1", "--seconds", "1", "--no-janus", "--no-stock"),
    )


@pytest.fixture(scope="module")
def matching() -> dict[str, Any]:
    return measured("--only", "matching", *(["--poll-idle"] if IDLE_IS_OURS else []))


def test_every_server_has_its_row(forwarding: dict[str, Any]) -> None:
    rows = [(row["load"], row["server"], row["pairs"]) for row in forwarding["forwarding"]]
    assert rows == [
        ("full batches", "relay", 2),
        ("full batches", "floor", 2),
        ("calls", "relay", 1),
        ("calls", "floor", 1),
    ]


def test_all_packets_come_out_later_than_they_went_in(forwarding: dict[str, Any]) -> None:
    for row in forwarding["forwarding"]:
        assert row["forwarded"] > 350  # in a second: 800 in full batches, about 400 of a call
        assert row["loss_percent"] == 0
        assert 0 < row["latency_p50_ms"] <= row["latency_p99_ms"] <= row["latency_max_ms"]
        assert row["cpu_us_per_packet"] > 0


def test_the_relay_is_compared_with_the_floor(forwarding: dict[str, Any]) -> None:
    for row in forwarding["forwarding"]:
        assert set(row["cpu_ratio"]) == ({"floor"} if row["server"] == "relay" else set())


def test_it_says_what_idle_cores_did(forwarding: dict[str, Any]) -> None:
    assert forwarding["machine"]["idle_cores"] == "sleep"


@pytest.mark.skipif(not IDLE_IS_OURS, reason=f"{DEVICE} is not ours")
def test_idle_cores_can_be_kept_awake_for_a_run(matching: dict[str, Any]) -> None:
    assert matching["machine"]["idle_cores"] == "poll"


def test_what_was_not_measured_says_so(forwarding: dict[str, Any]) -> None:
    assert forwarding["missing"] == {"Janus videocall": "not wanted (--no-janus)"}
    judged = {target["figure"]: target["met"] for target in forwarding["targets"]}
    assert judged["memory a pair"] is None


def test_matching_finds_everybody_a_partner(matching: dict[str, Any]) -> None:
    assert [(each["how"], each["waiting"]) for each in matching["matching"]] == [
        ("in this process", 10_000),
        ("through WebSockets", 100),
    ]
    assert all(each["users_per_s"] > 0 for each in matching["matching"])


def test_an_unknown_section_is_refused() -> None:
    done = bench("--only", "batches,everything")
    assert done.returncode == 2
    assert "'everything' is not one of" in done.stderr


def test_an_unknown_line_is_refused() -> None:
    done = bench("--only", "loss", "--lines", "2%,3%")
    assert done.returncode == 2
    assert "'3%' is not one of clean, 2%" in done.stderr


def test_a_plot_without_matplotlib_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    (tmp_path / "matplotlib.py").write_text("raise ImportError")
    done = bench("--plot", str(tmp_path / "plot.png"), path=tmp_path)
    assert (done.returncode, done.stderr) == (
        2,
        "bench: --plot needs matplotlib: .venv/bin/pip install matplotlib\n",
    )


def test_calls_are_measured_while_some_are_recorded() -> None:
    found = measured("--only", "taps", "--runs", "1", "--seconds", "1", "--no-janus")
    rows = [(row["load"], row["loss_percent"]) for row in found["forwarding"]]
    assert rows == [("calls, none recorded", 0), ("calls, 4 recorded", 0)]


def test_calls_spread_over_workers_arrive() -> None:
    found = measured("--only", "spread", "--pairs", "1", "--runs", "1", "--seconds", "1")
    rows = [(row["server"], row["loss_percent"]) for row in found["spread"]]
    assert rows == [("one worker", 0), ("two, pairs within", 0), ("two, pairs across", 0)]


@NEEDS_REDIS
def test_users_of_three_nodes_meet() -> None:
    found = measured("--only", "cluster", "--quick", "--users", "40")
    met = [(row["how"], row["between"]) for row in found["meetings"]]
    assert met == [
        ("one at a time", "two nodes"),
        ("42 pairs part a second", "two nodes"),
        ("42 pairs part a second", "one node"),
    ]
    for latency in (row["latency"] for row in found["meetings"]):
        assert 0 < latency["p50_ms"] <= latency["p99_ms"]
    alone, one, three = found["matches"]
    assert [row["users"] for row in found["matches"]] == [40, 40, 40]
    assert (alone["redis_us"], alone["across_percent"], one["across_percent"]) == (0, 0, 0)
    assert one["redis_us"] > 0
    assert three["redis_us"] > 0
    judged = {target["figure"]: target["met"] for target in found["targets"]}
    assert judged["matches/s of three nodes, to one node's: all on one core"] is not None
    one_at_a_time = "find_partner to partner_found of two nodes, one at a time (p50)"
    assert judged[one_at_a_time] is None  # fewer wait than it is meant for


def test_without_redis_that_part_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    options = Options(("cluster",), (), (), 1, 1.0, False, False, False, True, 40)
    run, found = Bench(options, said.append), list[object]()
    monkeypatch.setenv("PATH", "")
    asyncio.run(meetings.measure(run, found))
    assert found == []
    assert run.missing == {
        "meetings over several nodes": "needs Redis (scripts/need redis-server redis-server)"
    }
    assert "needs Redis" in said[0]


def test_pictures_are_kept_at_a_cost_that_is_told() -> None:
    [cost] = measured("--only", "keeping")["keeping"]
    assert cost["kept"] > 0
    assert 1 < cost["kb_a_user"] < 128
    assert cost["ratio"] > 0


def test_a_server_without_users_takes_something() -> None:
    [idle] = measured("--only", "idle", "--quick")["idle"]
    assert idle["workers"] == 2
    assert idle["cpu_percent"] > 0
    assert idle["resident_mb"] > 50


def test_a_packets_time_has_its_parts(forwarding: dict[str, Any]) -> None:
    parts = forwarding["anatomy"]
    assert len(parts) == 7
    assert all(part["us"] > 0 for part in parts)


def test_a_packet_is_dissected_in_the_profile_of_full_batches(forwarding: dict[str, Any]) -> None:
    (name,) = [part["name"] for part in forwarding["anatomy"] if "crypting" in part["name"]]
    assert forwarding["forwarding"][0]["srtp"] in name
