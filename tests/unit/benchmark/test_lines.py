"""What a bad line does to packets."""

import random
from ipaddress import ip_address

import pytest

from scripts.benchmark.lines import CLEAN, Direction, Line, Treatment

HOSTS = "10.0.0.1", "10.0.0.2"
SERVER = "192.0.2.1"


def direction(line: Line, seed: int = 1) -> Direction:
    return Direction(line, 0.0, random.Random(seed))


def packet(source: str, destination: str, size: int = 100) -> bytes:
    head = bytes([0x45, *bytes(11)]) + ip_address(source).packed + ip_address(destination).packed
    return head.ljust(size, b"\0")


def test_a_clean_line_takes_a_quarter_of_the_round_trip_for_each_access() -> None:
    assert direction(CLEAN).arrival_s(1000, 7.0) == pytest.approx(7.015)


def test_losses_are_as_many_as_are_said_and_the_same_with_the_same_seed() -> None:
    def lost(seed: int) -> list[bool]:
        way = direction(Line(loss=0.1), seed)
        return [way.arrival_s(100, float(at)) is None for at in range(2000)]

    assert 150 < sum(lost(1)) < 250
    assert lost(1) == lost(1) != lost(2)


def test_a_burst_loses_all_for_as_long_as_it_lasts_and_comes_again() -> None:
    way = direction(Line(burst_s=0.3, every_s=5))
    lost = [at for at in range(1000) if way.arrival_s(100, at / 100 + 0.001) is None]
    assert lost == [*range(30), *range(500, 530)]


def test_a_narrow_line_takes_its_time_and_then_loses_what_would_wait_too_long() -> None:
    way = direction(Line(bits_per_s=80_000, queue_s=0.25))  # 1,000 bytes take 0.1 s
    arrivals = [way.arrival_s(1000, 1.0) for _ in range(5)]
    assert arrivals == [pytest.approx(1.115 + number / 10) for number in range(3)] + [None, None]
    assert way.arrival_s(1000, 1.2) == pytest.approx(1.415)


def test_each_direction_of_each_access_is_a_line_of_its_own() -> None:
    line = Line(bits_per_s=80_000, queue_s=0)
    treatment = Treatment(HOSTS, line, 0.0, 1)
    ways = [(host, SERVER) for host in HOSTS] + [(SERVER, host) for host in HOSTS]
    assert all(treatment(packet(*way), 0.0) is not None for way in ways)
    assert all(treatment(packet(*way), 0.0) is None for way in ways)


def test_the_two_users_bursts_come_in_turn() -> None:
    treatment = Treatment(HOSTS, Line(burst_s=0.3, every_s=5), 100.0, 1)

    def passes(now: float) -> list[bool]:
        both = [packet(host, SERVER) for host in HOSTS], [packet(SERVER, host) for host in HOSTS]
        return [treatment(each, now) is not None for way in both for each in way]

    assert passes(100.1) == [False, True] * 2
    assert passes(102.6) == [True, False] * 2
    assert passes(104.0) == [True] * 4


@pytest.mark.parametrize("other", [packet("10.0.0.3", SERVER), bytes([0x60]) * 40])
def test_what_is_nobodys_is_lost(other: bytes) -> None:
    assert Treatment(HOSTS, CLEAN, 0.0, 1)(other, 0.0) is None
