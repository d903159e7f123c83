"""Numbers that did not come: each is asked for in time, and given up in the end."""

from __future__ import annotations

from math import inf

import pytest

from relay.media.packets.gaps import (
    EARLIEST_S,
    FIRST_S,
    LATEST_S,
    MAX_ASKS,
    MAX_OPEN,
    MAX_RESTORED,
    OPENED_AT_ONCE,
    SPARE_S,
    USABLE_S,
    Gaps,
)


def ask(gaps: Gaps, now: float, round_trip_s: float | None = 0.04) -> list[int]:
    asked, given_up = gaps.due(now, round_trip_s)
    assert given_up == []
    return asked


def test_nothing_is_due_while_nothing_is_missing() -> None:
    gaps = Gaps()
    assert gaps.due_at == inf
    assert gaps.due(100.0, None) == ([], [])
    assert len(gaps) == 0


def test_a_number_is_asked_for_after_a_little_while_and_again_after_a_round_trip() -> None:
    gaps = Gaps()
    gaps.open(7, 9, 100.0)
    assert 7 in gaps
    assert 9 not in gaps
    assert ask(gaps, 100.0 + FIRST_S - 0.001) == []
    assert gaps.due_at == pytest.approx(100.0 + FIRST_S)
    now = gaps.due_at
    assert ask(gaps, now) == [7, 8]
    assert gaps.due_at == pytest.approx(now + 1.25 * 0.04 + SPARE_S)
    assert ask(gaps, now + 0.04) == []
    assert ask(gaps, gaps.due_at) == [7, 8]


def test_what_was_only_overtaken_is_not_asked_for_and_the_next_has_longer() -> None:
    gaps = Gaps()
    gaps.open(7, 8, 100.0)
    assert gaps.came(7, 100.009)
    assert ask(gaps, 200.0) == []
    assert gaps.due_at == inf
    gaps.open(20, 21, 200.0)
    assert gaps.due_at == pytest.approx(200.0 + 1.25 * 0.009)
    assert gaps.came(20, 201.0)
    gaps.open(30, 31, 300.0)
    assert gaps.due_at == pytest.approx(300.0 + LATEST_S)


def test_where_nothing_is_overtaken_it_is_asked_sooner() -> None:
    gaps = Gaps()
    for number in range(0, 200, 2):
        gaps.open(number, number + 1, float(number))
        ask(gaps, gaps.due_at)
        assert gaps.restored(number, number + 0.06)
    gaps.open(500, 501, 500.0)
    assert gaps.due_at == pytest.approx(500.0 + EARLIEST_S)


def test_a_repeat_is_taken_once_and_the_late_packet_not_at_all() -> None:
    gaps = Gaps()
    gaps.open(7, 9, 100.0)
    assert gaps.restored(7, 100.05)
    assert not gaps.restored(7, 100.06)
    assert not gaps.came(7, 100.07), "its number has been used"
    assert gaps.came(8, 100.07)
    assert not gaps.restored(8, 100.08)
    assert gaps.came(5, 100.1), "of which nothing is known any more"


def test_what_is_not_answered_is_given_up() -> None:
    gaps = Gaps()
    gaps.open(7, 8, 100.0)
    asked, now, given_up = 0, 100.0, list[int]()
    while not given_up:
        now = gaps.due_at
        numbers, given_up = gaps.due(now, 0.001)
        asked += len(numbers)
    assert (asked, given_up) == (MAX_ASKS, [7])
    assert 100.0 + USABLE_S / 2 < now < 100.0 + USABLE_S, "nor at once, however near the sender is"
    assert 7 not in gaps
    assert gaps.due_at == inf


def test_what_cannot_be_used_any_more_is_given_up() -> None:
    gaps = Gaps()
    gaps.open(7, 8, 100.0)
    asked, now, given_up = 0, 100.0, list[int]()
    while not given_up:
        now = gaps.due_at
        numbers, given_up = gaps.due(now, 0.5)
        asked += len(numbers)
    assert asked == 3
    assert now == pytest.approx(100.0 + USABLE_S + 0.5)


@pytest.mark.parametrize("round_trip_s", [3.0, 1000.0])
def test_a_round_trip_beyond_all_bounds(round_trip_s: float) -> None:
    gaps = Gaps()
    gaps.open(7, 8, 100.0)
    times, given_up = [], list[int]()
    while not given_up:
        times.append(gaps.due_at)
        _, given_up = gaps.due(gaps.due_at, round_trip_s)
    assert len(times) == 3, "asked twice, given up"
    assert times[-1] <= 102.0


def test_the_round_trip_is_what_answers_take() -> None:
    gaps = Gaps()
    gaps.open(7, 8, 100.0)
    assert ask(gaps, 100.01, None) == [7]
    gaps.restored(7, 100.04)
    assert gaps.round_trip_s == pytest.approx(0.03)
    for number in range(10, 100):
        now = 100.0 + number
        gaps.open(number, number + 1, now)
        ask(gaps, now + LATEST_S, None)
        gaps.restored(number, now + LATEST_S + 0.2)
    assert gaps.round_trip_s == pytest.approx(0.2, rel=0.01)


def test_a_round_trip_that_was_taken_for_shorter_is_learnt_all_the_same() -> None:
    """Each answer comes when it has been asked for again."""
    gaps = Gaps()
    for number in range(0, 60, 2):
        now = 100.0 + number
        gaps.open(number, number + 1, now)
        asked_at = answered_at = 0.0
        while not answered_at or gaps.due_at < answered_at:
            now = gaps.due_at
            ask(gaps, now, None)
            asked_at = asked_at or now
            answered_at = asked_at + 0.4
        gaps.restored(number, answered_at)
    assert gaps.round_trip_s is not None
    assert gaps.round_trip_s == pytest.approx(0.4, rel=0.05)


def test_the_table_is_bounded_and_what_falls_out_is_said() -> None:
    gaps = Gaps()
    gaps.open(0, MAX_OPEN, 100.0)
    gaps.open(MAX_OPEN + 1, MAX_OPEN + 11, 100.0)
    assert len(gaps) == MAX_OPEN
    asked, given_up = gaps.due(100.0, None)
    assert (asked, given_up) == ([], list(range(10)))
    asked, given_up = gaps.due(100.0 + FIRST_S, None)
    assert (len(asked), given_up) == (MAX_OPEN, [])


def test_a_sender_that_leaves_most_out_is_not_followed() -> None:
    gaps = Gaps()
    for number in range(0, 999_000, 999):
        gaps.open(number + 1, number + 999, 100.0)
        assert len(gaps) <= MAX_OPEN
    asked, given_up = gaps.due(100.0 + FIRST_S, None)
    assert len(asked) + len(given_up) <= 2 * MAX_OPEN
    gaps = Gaps()
    opened = 0
    for number in range(0, 100_000, 100):
        gaps.open(number + 1, number + 100, 100.0)
        opened += sum(n in gaps for n in range(number + 1, number + 100))
    assert opened <= OPENED_AT_ONCE


def test_what_was_restored_is_known_for_a_while() -> None:
    gaps = Gaps()
    for number in range(2 * MAX_RESTORED):
        gaps.open(number, number + 1, float(number))
        gaps.restored(number, number + 0.5)
    assert not gaps.came(2 * MAX_RESTORED - 1, 1e6)
    assert gaps.came(0, 1e6)


def test_a_stream_that_begins_anew_is_waited_for_no_more() -> None:
    gaps = Gaps()
    assert not gaps.give_up()
    gaps.open(7, 9, 100.0)
    assert gaps.give_up()
    assert gaps.due(100.0, None) == ([], [7, 8])
    assert gaps.due_at == inf


def test_what_is_of_no_use_is_neither_asked_for_nor_given_up() -> None:
    gaps = Gaps()
    gaps.open(0, 2 * MAX_OPEN, 100.0)
    gaps.clear()
    assert (len(gaps), gaps.due_at) == (0, inf)
    assert gaps.due(200.0, None) == ([], [])
    assert gaps.came(MAX_OPEN + 1, 200.0)
