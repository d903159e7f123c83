"""The shorter way between two numbers that begin again at 0."""

import pytest

from relay.serial import distance


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (0, 0, 0),
        (5, 9, 4),
        (9, 5, -4),
        (0xFFFFFFFF, 0, 1),
        (0, 0xFFFFFFFF, -1),
        (0, 0x7FFFFFFF, 0x7FFFFFFF),
        (0, 0x80000000, -0x80000000),
        (1 << 40, 3, 3),
    ],
)
def test_distance(earlier: int, later: int, expected: int) -> None:
    assert distance(earlier, later) == expected


@pytest.mark.parametrize(("later", "expected"), [(1, 2), (0x7FFE, 0x7FFF), (0x7FFF, -0x8000)])
def test_distance_of_shorter_numbers(later: int, expected: int) -> None:
    assert distance(0xFFFF, later, 16) == expected
