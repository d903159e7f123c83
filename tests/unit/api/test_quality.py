"""What is said to be bad about a track."""

from typing import Any

import pytest

from relay.api.models import PROBLEMS
from relay.api.quality import problems
from tests.unit.api.observed import track

BAD = [
    ({"loss_ratio": 0.05}, "loss"),
    ({"jitter_ms": 100.0}, "jitter"),
    ({"round_trip_ms": 500.0}, "round_trip"),
    ({"idle_s": 3.0}, "silent"),
    ({"idle_s": None}, "silent"),
    ({"waits_for_keyframe": True}, "no_keyframe"),
]


def test_a_good_track_has_no_problem() -> None:
    assert problems(track("ann", loss_ratio=0.049, jitter_ms=99, round_trip_ms=499), 60) == []


@pytest.mark.parametrize(("changed", "problem"), BAD)
def test_each_problem(changed: dict[str, Any], problem: str) -> None:
    assert problem in PROBLEMS
    assert problems(track("ann", **changed), 60) == [problem]


@pytest.mark.parametrize("changed", [changed for changed, _ in BAD])
def test_nothing_is_expected_of_a_user_without_a_partner(changed: dict[str, Any]) -> None:
    assert problems(track("ann", **changed), None) == []


@pytest.mark.parametrize("changed", [{"idle_s": None}, {"waits_for_keyframe": True}])
def test_media_may_take_a_moment_to_begin(changed: dict[str, Any]) -> None:
    assert problems(track("ann", **changed), 2.9) == []
    assert len(problems(track("ann", **changed), 3.0)) == 1


def test_a_key_frame_is_missed_only_by_somebody() -> None:
    held: dict[str, Any] = {"waits_for_keyframe": True, "counterpart_id": None}
    assert problems(track("ann", **held), 60) == []
    assert problems(track("ann", **held, idle_s=3.0), 60) == ["silent"]
