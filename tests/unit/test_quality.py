"""One figure for what somebody sees and hears, and the leg that is to blame for it."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.quality import (
    BEST,
    GRADES,
    LEGS,
    WORST,
    Experience,
    Losses,
    frozen_by,
    grade,
    quality,
    to_blame,
    together,
)

CASES = json.loads((Path(__file__).parents[1] / "quality.json").read_text())
"""The page's are the same: ``tests/web/line.test.js``."""

SHARES = st.floats(0, 1)
EXPERIENCES = st.builds(
    Experience,
    concealed=st.none() | SHARES,
    frozen=st.none() | SHARES,
    shown=st.none() | SHARES,
    delay_ms=st.none() | st.floats(0, 10_000),
    lines=st.none() | st.integers(1, 4320),
)
WORSE: dict[str, Any] = {"concealed": 1, "frozen": 1, "shown": -1, "delay_ms": 1, "lines": -1}
"""Of each: which way it gets worse."""


@pytest.mark.parametrize("case", CASES, ids=lambda case: json.dumps(case["got"]))
def test_the_table(case: dict[str, Any]) -> None:
    got = {{"delayMs": "delay_ms"}.get(name, name): value for name, value in case["got"].items()}
    figure = quality(Experience(**got))
    assert figure == pytest.approx(case["quality"], abs=0.005)
    assert grade(figure) == case["grade"]


@given(EXPERIENCES)
def test_it_is_between_the_worst_and_the_best(got: Experience) -> None:
    assert WORST <= quality(got) <= BEST


@given(EXPERIENCES, st.sampled_from(sorted(WORSE)), st.floats(0, 1), st.integers(1, 4320))
def test_what_gets_worse_never_makes_it_better(
    got: Experience, name: str, share: float, lines: int
) -> None:
    other: float = {"delay_ms": 5000 * share, "lines": lines}.get(name, share)
    before = getattr(got, name)
    if before is None:
        changed: Any = {name: other}  # worse than if nothing is known of it
    else:
        changed = {name: WORSE[name] * max(WORSE[name] * before, WORSE[name] * other)}
    worse = replace(got, **changed)
    assert quality(worse) <= quality(got) + 1e-9


def test_all_that_can_be_known_gets_worse_some_way() -> None:
    assert {field.name for field in fields(Experience)} == set(WORSE)


def test_what_is_heard_and_moves_weighs_more_than_how_large_it_is() -> None:
    tenths = Experience(concealed=0.1), Experience(frozen=0.1)
    costs = [BEST - quality(got) for got in tenths]
    assert min(costs) > BEST - quality(Experience(lines=1))


def test_lies_beyond_all_bounds_are_as_good_as_the_bounds() -> None:
    assert quality(Experience(concealed=9.0)) == quality(Experience(concealed=1.0))
    assert quality(Experience(frozen=-9.0, shown=9.0)) == BEST


def test_the_word_is_that_of_the_figure_as_it_is_told() -> None:
    assert [grade(figure) for figure in (3.95, 3.94, 2.45, 2.44)] == [
        "good",
        "weak",
        "weak",
        "poor",
    ]
    assert set(GRADES) == {"good", "weak", "poor"}


# the leg


@pytest.mark.parametrize("leg", LEGS)
@pytest.mark.parametrize(
    "lost", [Losses(sound=0.02), Losses(picture=0.01), Losses(at_first=0.1), Losses(delay_ms=400)]
)
def test_the_leg_that_has_lost_something_is_to_blame(leg: Any, lost: Losses) -> None:
    assert to_blame({each: lost if each == leg else Losses() for each in LEGS}) == leg


def test_nobody_is_to_blame_for_next_to_nothing() -> None:
    little = Losses(sound=0.001, picture=0.0001, at_first=0.01, delay_ms=40)
    assert to_blame(dict.fromkeys(LEGS, little)) is None
    assert to_blame({}) is None


def test_what_was_not_repaired_weighs_more_than_what_was() -> None:
    legs = {"up": Losses(at_first=0.1), "relay": Losses(), "down": Losses(0.02, 0.0, 0.02)}
    assert to_blame(legs) == "down"  # type: ignore[arg-type]


@given(st.lists(SHARES, max_size=3))
def test_losses_one_after_the_other(lost: list[float]) -> None:
    assert max(lost, default=0) - 1e-9 <= together(*lost) <= min(sum(lost), 1) + 1e-9


@given(SHARES)
def test_a_picture_stands_still_for_longer_than_what_was_lost_of_it(lost: float) -> None:
    assert min(lost, 0.9) - 1e-9 <= frozen_by(lost) <= 1
