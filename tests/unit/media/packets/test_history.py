"""What went out is kept for a while, in a ring of bytes."""

from __future__ import annotations

import random

import pytest

from relay.media.packets.history import KEPT_S, MAX_REPEATS, ON_TIME, History

NOW = 0.1


def keep(history: History, number: int, packet: bytes, now: float = 0.0) -> None:
    history.keep(number & 0xFFFF, memoryview(b"xx" + packet + b"yy"), 2, 2 + len(packet), now)


def test_a_packet_can_be_had_again() -> None:
    history = History(1024, 1024, 64)
    for number in range(65_530, 65_545):
        keep(history, number, b"%d" % number * 3)
    for number in range(65_530, 65_545):
        assert history.has(number & 0xFFFF, NOW)
        assert history.repeat(number & 0xFFFF, 0.1, None) == b"%d" % number * 3
    for number in (65_529, 65_545 & 0xFFFF, 65_530 - 64):
        assert not history.has(number, NOW)
        assert history.repeat(number, 0.1, None) is None


def test_until_its_room_is_needed() -> None:
    history = History(1024, 1024, 64)
    for number in range(30):
        keep(history, number, bytes([number]) * 100)
    held = [number for number in range(30) if history.has(number, NOW)]
    assert held == list(range(held[0], 30))
    assert 9 <= len(held) <= 10, "what is left of 1,024 bytes"
    for number in held:
        assert history.repeat(number, 0.0, None) == bytes([number]) * 100


def test_or_its_place_in_the_table_is() -> None:
    history = History(64 * 1024, 64 * 1024, 8)
    for number in range(20):
        keep(history, number, b"%d" % number)
    assert [number for number in range(20) if history.has(number, NOW)] == list(range(12, 20))


def test_what_was_sent_again_is_known() -> None:
    history = History(1024, 1024, 64)
    keep(history, 7, b"seven", now=10.0)
    assert history.is_fresh(7, 10.1)
    assert not history.is_fresh(8, 10.1)
    history.refuse(7, 10.1)
    assert history.is_fresh(7, 10.1)
    assert history.repeat(7, 10.1, None) == b"seven"
    assert not history.is_fresh(7, 10.2)


def test_what_is_too_old_is_of_no_use() -> None:
    history = History(1024, 1024, 64)
    keep(history, 7, b"seven", now=10.0)
    assert history.repeat(7, 10.0 + KEPT_S, None) == b"seven"
    assert history.repeat(7, 10.01 + KEPT_S, None) is None
    assert not history.has(7, 10.01 + KEPT_S)


def test_what_may_still_arrive_is_not_sent_again() -> None:
    history = History(1024, 1024, 64)
    keep(history, 7, b"seven", now=10.0)
    wait_s = ON_TIME * 0.2
    assert history.repeat(7, 10.0 + wait_s - 0.01, 0.2) == b""
    assert history.repeat(7, 10.0 + wait_s + 0.01, 0.2) == b"seven"
    assert history.repeat(7, 10.0 + 2 * wait_s, 0.2) == b"", "nor is the repeat"
    assert history.repeat(7, 10.0 + 2 * wait_s + 0.02, 0.2) == b"seven"


def test_a_repeat_is_under_way_for_about_a_round_trip() -> None:
    """Also when what it repeats is not there any more."""
    history = History(1024, 1024, 64)
    keep(history, 7, b"seven", now=10.0)
    assert not history.is_under_way(7, 10.5, 0.5), "it was not sent again"
    assert history.repeat(7, 10.5, 0.5) == b"seven"
    for later_s, is_under_way in ((0.0, True), (0.6, True), (0.63, False)):
        now = 10.5 + later_s
        assert history.is_under_way(7, now, 0.5) is is_under_way
        assert not history.is_under_way(7, now, None)
        assert not history.is_under_way(7 + 64, now, 0.5)


def test_nothing_is_sent_again_too_often() -> None:
    history = History(1024, 1024, 64)
    keep(history, 7, b"seven")
    assert [history.repeat(7, 0.5, None) for _ in range(MAX_REPEATS)] == [b"seven"] * MAX_REPEATS
    assert history.repeat(7, 0.5, None) is None
    assert not history.has(7, 0.5)
    keep(history, 7, b"another")
    assert history.repeat(7, 0.5, None) == b"another"


def test_what_is_refused_as_often_as_anybody_asks_is_given_up() -> None:
    history = History(1024, 1024, 64)
    keep(history, 7, b"seven")
    for _ in range(MAX_REPEATS - 1):
        history.refuse(7, 0.5)
    assert history.repeat(7, 0.5, 0.4) == b"seven", "it was not sent meanwhile"
    history.refuse(7, 0.5)
    history.refuse(8, 0.5)
    assert not history.has(7, 0.5)


def test_it_grows_while_a_second_has_no_room() -> None:
    history = History(1024, 4096, 64)
    number, now = 0, 5.0
    for _ in range(20):
        for _ in range(30):
            keep(history, number, number.to_bytes(4) * 25, now)
            number, now = number + 1, now + 0.04
        before = [n for n in range(number - 30, number) if history.has(n & 0xFFFF, now)]
        history.fit()
        for n in before:
            assert history.has(n & 0xFFFF, now), "nothing is lost when it grows"
    assert len(history) == 4096, "2.5 kB a second do not fit into less"
    for n in range(number - 24, number):
        assert history.repeat(n & 0xFFFF, now, None) == n.to_bytes(4) * 25


def test_it_does_not_grow_without_need() -> None:
    history = History(1024, 4096, 64)
    for number in range(100):
        keep(history, number, bytes(100), now=0.2 * number)
        history.fit()
    assert len(history) == 1024


@pytest.mark.parametrize("seed", range(5))
def test_what_it_gives_is_always_what_was_kept(seed: int) -> None:
    dice = random.Random(seed)
    history = History(2048, 16 * 1024, 128)
    kept: dict[int, bytes] = {}
    number, now = 65_000, 0.0
    for _ in range(3000):
        number += 1 + (dice.random() < 0.1) * dice.randrange(5)
        now += dice.random() * 0.01
        packet = dice.randbytes(dice.randrange(12, 1500))
        keep(history, number, packet, now)
        kept[number & 0xFFFF] = packet
        if dice.random() < 0.01:
            history.fit()
        asked = number - dice.randrange(100) & 0xFFFF
        given = history.repeat(asked, now, None)
        assert given is None or given == kept[asked]
        assert history.repeat(number & 0xFFFF, now, None) == packet
