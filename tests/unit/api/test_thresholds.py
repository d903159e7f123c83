"""What is called bad is the same everywhere: in the API, in its document, in docs/."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from relay.api.load import CPU_LIMIT, LAG_LIMIT_S
from relay.api.models import ALL_THRESHOLDS
from relay.track import Threshold

DOCS = Path(__file__).parents[3] / "docs"
LOSS, CPU = ALL_THRESHOLDS["loss_up_ratio"], ALL_THRESHOLDS["cpu_ratio"]
LAG_MS = ALL_THRESHOLDS["loop_lag_ms"]

ALERTS = {
    "RelayOverloaded": CPU.bad,
    "RelayWorkersOverloaded": CPU.bad,
    "RelayWorkerOverloaded": CPU.bad,
    "RelayLoopLags": LAG_MS.warm / 1000,
    "RelayWorkerLags": LAG_MS.warm / 1000,
    "RelayLosesPackets": LOSS.bad,
}
"""Those about what has thresholds; others are about rates and shares that nothing else shows."""

PANELS = {"Loss up": LOSS, "Loss down": LOSS, "CPU": CPU}


def test_a_bad_figure_is_worse_than_a_warm_one() -> None:
    assert all(0 < thresholds.warm < thresholds.bad for thresholds in ALL_THRESHOLDS.values())


def test_an_overloaded_server_is_a_bad_one() -> None:
    assert (CPU.bad, LAG_MS.bad) == (CPU_LIMIT, 1000 * LAG_LIMIT_S)


@pytest.mark.parametrize("name", ALERTS)
def test_alerts_begin_where_the_figures_bounds_are(name: str) -> None:
    [group] = yaml.safe_load((DOCS / "alerts.yml").read_text())["groups"]
    [rule] = [rule for rule in group["rules"] if rule["alert"] == name]
    assert re.match(rf".* > {ALERTS[name]:g}( and |$)", rule["expr"]), rule["expr"]


@pytest.mark.parametrize("title", PANELS)
def test_grafanas_colours_change_where_the_figures_bounds_are(title: str) -> None:
    panels: list[dict[str, Any]] = json.loads((DOCS / "grafana-dashboard.json").read_text())[
        "panels"
    ]
    [panel] = [panel for panel in panels if panel["title"] == title and panel["type"] == "stat"]
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    assert [step["value"] for step in steps] == [None, PANELS[title].warm, PANELS[title].bad]


def test_the_guide_names_them() -> None:
    guide = " ".join((DOCS / "endpoints.md").read_text().split())
    loss, jitter, trip = (
        ALL_THRESHOLDS[n].bad for n in ("loss_ratio", "jitter_ms", "round_trip_ms")
    )
    assert (
        f"`loss` ({100 * loss:g} % or more), `jitter` ({jitter:g} ms or more), `round_trip`"
        f" ({trip:g} ms or more), `silent` (nothing for {ALL_THRESHOLDS['idle_s'].bad:g} s)"
        in guide
    )
    assert f"late by {LAG_LIMIT_S:g} s, or its thread used {100 * CPU.bad:g} % of a core" in guide


def test_bounds_of_one_kind_are_the_same() -> None:
    assert (
        ALL_THRESHOLDS["loss_ratio"]
        == ALL_THRESHOLDS["loss_down_ratio"]
        == LOSS
        == Threshold(0.02, 0.05)
    )
