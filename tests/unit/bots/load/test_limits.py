"""Thresholds: how they are written, and when they are exceeded."""

import re

import pytest

from relay.bots.load import limits
from relay.bots.load.limits import Limits
from relay.bots.load.tally import Tally


@pytest.mark.parametrize(
    ("text", "value"), [("1%", 0.01), ("0.5%", 0.005), ("0.01", 0.01), ("0", 0)]
)
def test_ratios(text: str, value: float) -> None:
    assert limits.ratio(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "x", "1 ms", "101%", "2", "-1%"])
def test_wrong_ratios(text: str) -> None:
    with pytest.raises(ValueError, match="should be such as 1%"):
        limits.ratio(text)


@pytest.mark.parametrize(
    ("text", "value"), [("200ms", 0.2), ("200 ms", 0.2), ("1.5s", 1.5), (".5s", 0.5), ("0ms", 0)]
)
def test_times(text: str, value: float) -> None:
    assert limits.seconds(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "200", "1m", "-1s", "ms"])
def test_wrong_times(text: str) -> None:
    with pytest.raises(ValueError, match="should be such as 200ms"):
        limits.seconds(text)


def run(*, lost: int = 0, latency_s: float = 0.01) -> Tally:
    tally = Tally()
    tally.expected, tally.received = 1000, 1000 - lost
    for _ in range(100):
        tally.times["latency"].add(latency_s)
    return tally


def test_what_is_allowed_is_not_exceeded() -> None:
    allowed = Limits(loss_ratio=0.01, times_s={"latency": 0.2})
    assert allowed.exceeded(run(lost=10, latency_s=0.19)) == []


def test_each_limit_is_named_with_what_was_measured() -> None:
    allowed = Limits(loss_ratio=0.01, times_s={"latency": 0.2})
    loss, latency = allowed.exceeded(run(lost=11, latency_s=0.3))
    assert loss == "loss 1.10%, more than 1.00%"
    assert re.fullmatch(r"latency p99 (29[7-9]|30[0-3]) ms, more than 200 ms", latency)


def test_nothing_measured_is_not_good_enough() -> None:
    assert Limits(times_s={"next": 1.0}).exceeded(run()) == ["next: nothing was measured"]


def test_no_limits_allow_anything() -> None:
    assert Limits().exceeded(run(lost=999)) == []


def test_some_things_are_wrong_whatever_the_limits_are() -> None:
    assert limits.broken(run()) == []
    tally = Tally()
    tally.fail("error media_failed")
    tally.fail("error media_failed")
    tally.without_media = 1
    assert limits.broken(tally) == [
        "2 x error media_failed",
        "1 searches brought no picture",
        "no media came at all",
    ]
