"""Two clocks that are read at different times."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.store.times import Times

AHEAD_US = 1_700_000_000_000_000


def heard(times: Times, asked_s: float, answered_s: float, ahead_us: int = AHEAD_US) -> None:
    middle_us = round((asked_s + answered_s) / 2 * 1e6)
    times.heard(middle_us + ahead_us, asked_s, answered_s)


def test_nothing_is_translated_before_the_store_has_said_what_time_it_is() -> None:
    with pytest.raises(RuntimeError):
        Times().there(1.0)


def test_a_moment_goes_there_and_back() -> None:
    times = Times()
    heard(times, 10.0, 10.5)
    assert times.there(12.25) == AHEAD_US + 12_250_000
    assert times.here(AHEAD_US + 12_250_000) == 12.25


def test_a_difference_that_is_about_right_is_kept() -> None:
    times = Times()
    heard(times, 10.0, 10.2)
    there = times.there(5.0)
    for late_us in (-190_000, 40_000, 199_000, -3):
        heard(times, 20.0, 20.2, AHEAD_US + late_us)
        assert times.there(5.0) == there


def test_a_clock_that_is_set_is_followed_as_far_as_it_must() -> None:
    times = Times()
    heard(times, 10.0, 10.2)
    for hour_us in (3_600_000_000, -3_600_000_000):
        heard(times, 20.0, 20.2, AHEAD_US + hour_us)
        assert abs(times.there(0.0) - AHEAD_US - hour_us) <= 210_000
    heard(times, 30.0, 30.0)
    assert abs(times.there(0.0) - AHEAD_US) <= 110_000


def test_nothing_is_before_the_beginning_of_the_stores_time() -> None:
    times = Times()
    times.heard(1_000_000, 100.0, 100.0)
    assert times.there(1.0) == 0


@given(st.floats(0, 1e7), st.floats(0, 1e7), st.integers(0, 2**51))
def test_every_microsecond_comes_back(moment_s: float, asked_s: float, store_us: int) -> None:
    times = Times()
    times.heard(store_us + 10**14, asked_s, asked_s + 0.1)
    us = round(moment_s * 1e6)
    assert round(times.here(times.there(us / 1e6)) * 1e6) == us
