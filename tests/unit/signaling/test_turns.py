"""Whose turn it is."""

from collections import Counter

import pytest

from relay.signaling.turns import AT_ONCE, Turns


@pytest.mark.parametrize("count", [0, 1, AT_ONCE - 1, AT_ONCE])
def test_a_few_all_have_theirs_each_time(count: int) -> None:
    turns = Turns()
    for _ in range(3):
        assert sorted(turns.of(range(count))) == list(range(count))


def test_of_many_each_has_its_own_in_time() -> None:
    turns = Turns()
    had = Counter(name for _ in range(4) for name in turns.of(range(4 * AT_ONCE)))
    assert set(had.values()) == {1}
    assert len(had) == 4 * AT_ONCE


def test_it_does_not_matter_that_some_go() -> None:
    turns = Turns()
    [*turns.of(range(200))]
    assert len([*turns.of(range(70))]) == AT_ONCE
    assert [*turns.of(range(2))] in ([0, 1], [1, 0])
