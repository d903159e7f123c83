"""How often something took how long."""

import pytest

from relay.histogram import Histogram


def test_each_value_is_counted_once_below_the_first_bound_that_it_does_not_exceed() -> None:
    histogram = Histogram((0.1, 1, 10))
    for seconds in (0.0, 0.1, 0.11, 1, 9.9, 10, 10.1, 1000):
        histogram.observe(seconds)
    assert histogram.counts == [2, 2, 2, 2]
    assert histogram.count == 8
    assert histogram.sum_s == pytest.approx(1031.21)


def test_without_bounds_everything_is_beyond() -> None:
    histogram = Histogram()
    histogram.observe(3)
    assert (histogram.counts, histogram.count, histogram.sum_s) == ([1], 1, 3)
