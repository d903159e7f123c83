"""Percentiles from few numbers, and from none."""

import pytest

from relay.bots.load.distribution import Distribution


def test_percentiles_are_right_to_one_percent() -> None:
    found = Distribution()
    for ms in range(1, 1001):
        found.add(ms / 1000)
    assert found.percentile(50) == pytest.approx(0.5, rel=0.011)
    assert found.percentile(95) == pytest.approx(0.95, rel=0.011)
    assert found.percentile(99) == pytest.approx(0.99, rel=0.011)
    assert (found.count, found.largest_s) == (1000, 1.0)


def test_none_of_nothing() -> None:
    assert Distribution().percentile(50) is None


def test_no_percentile_exceeds_the_largest_value() -> None:
    found = Distribution()
    found.add(0.123)
    assert found.percentile(99) == pytest.approx(0.123, rel=0.011)
    assert (found.percentile(100) or 0) <= 0.123


def test_nought_and_less_are_next_to_nothing() -> None:
    found = Distribution()
    found.add(0.0)
    found.add(-1.0)
    assert found.count == 2
    assert found.percentile(99) == 0.0
