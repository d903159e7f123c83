"""What a user has seen, of what the browser tells."""

from typing import Any

import pytest

from scripts.benchmark.seen import Look, back_s, looks, side


def look(at_s: float, **changed: Any) -> Look:
    """Of a call of 20 pictures a second in which nothing goes wrong."""
    plain: dict[str, Any] = {
        "at_s": at_s,
        "frames": round(20 * at_s),
        "width": 640,
        "freezes": 0,
        "frozen_s": 0.0,
        "samples": round(48_000 * at_s),
        "made_up": 0,
        "estimate_bps": 500e3,
        "is_strained": False,
        "counts": {"nacks": round(10 * at_s), "lost": 0},
    }
    return Look(**plain | changed)


def test_a_call_in_which_all_is_well() -> None:
    seen = side([look(number / 5) for number in range(5, 56)])
    assert seen.pictures_per_s == pytest.approx(20)
    assert (seen.freezes, seen.frozen_s, seen.longest_s, seen.made_up_percent) == (0, 0, 0, 0)
    assert (seen.width, seen.estimate_kbps, seen.strained_percent) == (640, 500, 0)
    assert seen.counts == {"nacks": 100, "lost": 0}


def test_freezes_are_counted_with_the_longest() -> None:
    freezes = [(0, 0.0), (0, 0.0), (1, 0.5), (1, 0.5), (3, 0.9)]
    seen = side([look(n, freezes=count, frozen_s=s) for n, (count, s) in enumerate(freezes)])
    assert (seen.freezes, seen.frozen_s, seen.longest_s) == pytest.approx((3, 0.9, 0.5))


def test_of_a_freeze_that_was_there_before_only_the_rest_counts() -> None:
    seen = side([look(10), look(10.2, freezes=1, frozen_s=4.0), look(11, freezes=1, frozen_s=4.0)])
    assert seen.frozen_s == pytest.approx(0.2)


def test_a_picture_that_stands_at_the_end_is_a_freeze() -> None:
    seen = side([look(number / 5, frames=min(number, 10)) for number in range(31)])
    assert (seen.freezes, seen.frozen_s) == pytest.approx((1, 4))


def test_a_picture_that_never_moves_is_frozen_all_the_time() -> None:
    seen = side([look(number / 5, frames=0) for number in range(31)])
    assert (seen.freezes, seen.frozen_s, seen.longest_s) == (1, 6, 6)


def test_sound_made_up_is_a_share_of_all() -> None:
    assert side([look(0), look(1, made_up=4800)]).made_up_percent == pytest.approx(10)


def test_without_sound_all_of_it_is_made_up() -> None:
    assert side([look(0, samples=0), look(1, samples=0)]).made_up_percent == 100


def test_counters_of_a_new_link_begin_anew_and_losses_may_become_fewer() -> None:
    counts = [{"lost": value} for value in (10, 8, 3)]
    seen = side([
        look(1, samples=9, frames=9, counts=counts[0]),
        look(2, samples=19, frames=19, counts=counts[1]),
        look(3, samples=5, frames=2, counts=counts[2]),
    ])  # fmt: skip
    assert seen.pictures_per_s == pytest.approx(6)
    assert seen.counts == {"lost": 1}


def test_one_look_tells_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        side([look(0)])


def test_looks_before_the_link_are_left_out() -> None:
    counts = [(0, 0), (0, 3), (5, 3)]
    told = [{**vars_of(look(1)), "samples": sound, "frames": shown} for sound, shown in counts]
    assert [(each.samples, each.frames) for each in looks(told)] == counts[1:]


def vars_of(of: Look) -> dict[str, Any]:
    return {name: getattr(of, name) for name in Look.__slots__}


def test_the_picture_is_back_when_it_is_whole_for_a_second() -> None:
    def at(number: int) -> Look:
        at_s = number / 5
        small, slow = at_s < 12, 12 <= at_s < 14
        frames = round(20 * at_s) - (round(10 * (at_s - 12)) if slow else 20 if at_s >= 14 else 0)
        return look(at_s, width=320 if small else 640, frames=frames)

    seen = [at(number) for number in range(100)]
    assert back_s(seen, 10.0, 640, 20) == pytest.approx(4, abs=0.41)


def test_a_picture_that_was_never_worse_is_back_at_once() -> None:
    assert back_s([look(number / 5) for number in range(100)], 10.0, 640, 20) == 0


def test_a_picture_that_stays_small_is_not_back() -> None:
    assert back_s([look(number / 5, width=320) for number in range(99)], 10.0, 640, 20) is None
