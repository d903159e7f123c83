"""A clock that stands while there is nothing to do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from relay.ticking import Ticking


class Timer:
    """What an event loop gives for a call that is to come."""

    def __init__(self, due_s: float, call: Callable[[], None]) -> None:
        self.due_s, self.call = due_s, call
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


class Time:
    """An event loop's time, which a test lets pass."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self._timers: list[Timer] = []

    def call_later(self, delay_s: float, call: Callable[[], None]) -> Timer:
        self._timers.append(Timer(self.now_s + delay_s, call))
        return self._timers[-1]

    @property
    def armed(self) -> list[Timer]:
        return [timer for timer in self._timers if not timer.is_cancelled]

    def run(self, seconds: float) -> None:
        until_s = self.now_s + seconds
        while due := [timer for timer in self.armed if timer.due_s <= until_s]:
            first = min(due, key=lambda timer: timer.due_s)
            self._timers.remove(first)
            self.now_s = first.due_s
            first.call()
        self.now_s = until_s


class Lodging:
    """Something with guests, and what its clock has done."""

    def __init__(self) -> None:
        self.guests = 0
        self.ticks = 0
        self.breaks = False

    def tick(self) -> None:
        self.ticks += 1
        if self.breaks:
            raise ZeroDivisionError


@pytest.fixture
def passing(monkeypatch: pytest.MonkeyPatch) -> Time:
    time = Time()
    monkeypatch.setattr(asyncio, "get_running_loop", lambda: time)
    return time


@pytest.fixture
def house() -> Lodging:
    return Lodging()


@pytest.fixture
def clock(house: Lodging) -> Ticking:
    return Ticking("house", 1.0, house.tick, lambda: house.guests > 0)


def test_with_nobody_there_nothing_is_armed(passing: Time, house: Lodging, clock: Ticking) -> None:
    passing.run(60)
    assert not clock.is_armed
    assert (passing.armed, house.ticks) == ([], 0)


def test_it_goes_while_somebody_is_there_and_once_more(
    passing: Time, house: Lodging, clock: Ticking
) -> None:
    house.guests = 1
    clock.wake()
    passing.run(3)
    assert house.ticks == 3
    house.guests = 0
    passing.run(60)
    assert house.ticks == 4, "who has gone has to be seen to be gone"
    assert passing.armed == []
    house.guests = 1
    clock.wake()
    passing.run(1)
    assert house.ticks == 5


def test_waking_it_again_and_again_makes_it_no_faster(
    passing: Time, house: Lodging, clock: Ticking
) -> None:
    house.guests = 1
    for _ in range(5):
        clock.wake()
    assert len(passing.armed) == 1
    passing.run(0.5)
    clock.wake()
    passing.run(0.5)
    assert house.ticks == 1


def test_a_tick_that_fails_is_logged_and_time_goes_on(
    passing: Time, house: Lodging, clock: Ticking
) -> None:
    house.guests, house.breaks = 1, True
    with capture_logs() as logged:
        clock.wake()
        passing.run(2)
    assert [(line["event"], line["clock"]) for line in logged] == [("tick_failed", "house")] * 2


def test_what_has_stopped_stays_so(passing: Time, house: Lodging, clock: Ticking) -> None:
    house.guests = 1
    clock.wake()
    clock.stop()
    clock.wake()
    passing.run(60)
    assert (passing.armed, house.ticks) == ([], 0)
