"""Each datagram is taken once, whatever their order."""

from __future__ import annotations

import random

from relay.media.paths.window import WIDTH, Window


def came(window: Window, count: int) -> bool:
    is_new = window.is_new(count)
    if is_new:
        window.take(count)
    return is_new


def test_each_is_new_once() -> None:
    window = Window()
    assert [came(window, count) for count in (5, 5, 7, 6, 6, 5, 0, 0)] == [
        True,
        False,
        True,
        True,
        False,
        False,
        True,
        False,
    ]


def test_what_is_not_taken_is_still_new() -> None:
    window = Window()
    assert window.is_new(3)
    assert window.is_new(3), "it may have been forged"


def test_how_far_behind_one_may_come() -> None:
    window = Window()
    assert came(window, WIDTH)
    assert not window.is_new(0), "it may have come"
    assert came(window, 1)
    assert not came(window, 1)
    assert came(window, 10 * WIDTH)
    assert not window.is_new(9 * WIDTH)
    assert came(window, 9 * WIDTH + 1)


def test_against_a_set_of_all_that_have_come() -> None:
    dice = random.Random(5)
    window, seen, latest = Window(), set[int](), -1
    at = 0
    for _ in range(20_000):
        at += dice.choice((0, 0, 1, 1, 2, 700))
        count = max(at - dice.randrange(2 * WIDTH), 0)
        expected = count not in seen and count > latest - WIDTH
        assert came(window, count) is expected
        if expected:
            seen.add(count)
            latest = max(latest, count)
