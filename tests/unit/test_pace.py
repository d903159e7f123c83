"""How often something may happen."""

import pytest

from relay.pace import Paces, Seldom, TokenBucket, Window, take_all


def test_a_burst_passes_and_then_the_rate() -> None:
    bucket = TokenBucket(rate_per_s=10, burst=3)
    assert [bucket.take(5.0) for _ in range(3)] == [0, 0, 0]
    assert bucket.take(5.0) == pytest.approx(0.1)
    assert bucket.take(5.06) == pytest.approx(0.04)
    assert bucket.take(5.11) == 0
    assert bucket.take(5.11) > 0


def test_what_is_not_used_is_not_saved_beyond_the_burst() -> None:
    bucket = TokenBucket(rate_per_s=10, burst=2)
    bucket.take(0.0)
    assert [bucket.take(1000.0) == 0 for _ in range(3)] == [True, True, False]


def test_what_is_left_out_is_counted_until_the_next_line() -> None:
    told = Seldom(every_s=5, burst=2)
    assert [told.due(0.0) for _ in range(4)] == [0, 0, None, None]
    assert [told.due(4.9), told.due(5.0), told.due(5.1)] == [None, 3, None]
    assert [told.due(60.0), told.due(60.0), told.due(60.0)] == [1, 0, None]


def test_asking_takes_nothing() -> None:
    bucket = TokenBucket(rate_per_s=10, burst=1)
    assert [bucket.wait_s(0.0) for _ in range(3)] == [0, 0, 0]
    assert bucket.take(0.0) == 0
    assert [bucket.wait_s(0.05) for _ in range(3)] == [pytest.approx(0.05)] * 3
    assert bucket.take(0.1) == 0


def test_a_burst_is_whole_whatever_the_clock_says() -> None:
    bucket = TokenBucket(rate_per_s=50, burst=100)
    assert [bucket.take(123456.789) for _ in range(100)] == [0] * 100
    assert bucket.take(123456.789) > 0


def test_so_many_within_the_window_are_told_from_so_many_in_a_longer_time() -> None:
    window = Window(limit=3, window_s=10.0)
    assert [window.add(now) for now in (0.0, 5.0, 11.0, 15.0, 15.5)] == [
        False,
        False,
        False,
        True,
        True,
    ]


@pytest.mark.parametrize("pause_s", [0.0, 10 / 19])
def test_twenty_within_ten_seconds_are_told_at_once_and_when_they_are_spread_out(
    pause_s: float,
) -> None:
    window = Window(limit=20, window_s=10.0)
    assert [window.add(number * pause_s) for number in range(20)] == [False] * 19 + [True]


def test_those_that_are_further_apart_are_never_too_many() -> None:
    window = Window(limit=20, window_s=10.0)
    assert not any(window.add(number * 10.01 / 19) for number in range(1000))


def test_a_budget_can_be_overdrawn_and_earns_it_back() -> None:
    budget = TokenBucket(rate_per_s=10, burst=100)
    assert budget.spend(5.0, 60) == 40
    assert budget.spend(5.0, 60) == -20
    assert budget.spend(6.0, 5) == -15
    assert budget.spend(7.5, 0) == 0


def test_what_is_not_spent_is_not_saved_beyond_the_most() -> None:
    budget = TokenBucket(rate_per_s=10, burst=100)
    budget.spend(0.0, 100)
    assert budget.spend(1000.0, 0) == 100


def test_a_bucket_pays_in_amounts() -> None:
    bucket = TokenBucket(rate_per_s=10, burst=20)
    assert bucket.take(0.0, 15) == 0
    assert bucket.take(0.0, 15) == pytest.approx(1.0)
    assert bucket.left(0.5) == pytest.approx(10)
    bucket.give_back(100)
    assert bucket.left(0.5) == 20


def test_who_owes_waits_until_it_is_earned() -> None:
    bucket = TokenBucket(rate_per_s=10, burst=20)
    bucket.owe(50)
    assert bucket.wait_s(0.0) == pytest.approx(3.1)
    assert bucket.take(3.1) == 0


def test_of_several_all_are_taken_or_none() -> None:
    one, two = TokenBucket(1, 1), TokenBucket(0.5, 2)
    assert take_all([one, two], 10.0) == 0
    assert take_all([one, two], 10.0) == 1
    assert two.left(10.0) == 1, "what one refuses costs nothing of the other"
    assert take_all([one, two], 11.0) == 0
    assert take_all([], 11.0) == 0


def test_a_name_has_a_bucket_until_others_are_asked_for() -> None:
    paces = Paces(2)
    assert paces.of("a", 1, 1).take(10.0) == 0
    assert paces.of("a", 1, 1).take(10.0) == 1
    paces.of("b", 1, 1)
    assert paces.of("a", 1, 1).take(10.0) == 1
    paces.of("c", 1, 1)
    assert paces.of("a", 1, 1).take(10.0) == 1, "b was asked for longest ago"
    paces.of("d", 1, 1)
    paces.of("e", 1, 1)
    assert paces.of("a", 1, 1).take(10.0) == 0
