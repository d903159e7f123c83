"""Whether somebody has gone quiet for longer than is their way."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from itertools import accumulate

import pytest

from relay.media.pulse import LONGEST_PAUSE_S, PAUSES, QUIET_S, WINDOW_S, Pulse

TICK_S = 0.1

Rhythm = Callable[[random.Random], Iterator[float]]


def every(least_s: float, most_s: float) -> Rhythm:
    """Moments with such pauses."""

    def moments(chance: random.Random) -> Iterator[float]:
        return accumulate(iter(lambda: chance.uniform(least_s, most_s), None))

    return moments


# As measured: with a picture to receive, and without; what comes besides are checks.
REPORTS, SPARSE_REPORTS = every(0.5, 1.5), every(2.5, 7.5)
CHROMIUM, OTHERS = every(2.4, 2.8), every(4, 6)


class Peer:
    """Whoever is listened to, on a clock of its own."""

    def __init__(self, *rhythms: Rhythm, seed: int = 1) -> None:
        self.pulse = Pulse()
        self.now = 0.0
        self.told_at = self.heard_at = 0.0
        chance = random.Random(seed)
        self._coming = [rhythm(chance) for rhythm in rhythms]
        self._next = [next(moments) for moments in self._coming]

    def live(self, seconds: float, *, is_heard: bool = True, media: bool = False) -> list[bool]:
        """Let time pass; returns what became of it each time that it changed."""
        changes = []
        until = self.now + seconds
        while self.now < until:
            self.now += TICK_S
            for number, moments in enumerate(self._coming):
                while self._next[number] <= self.now:
                    if is_heard:
                        self.told_at = self._next[number]
                    self._next[number] = next(moments)
            self.heard_at = max(self.heard_at, self.told_at, self.now if media else 0)
            if self.pulse.feel(self.told_at, self.heard_at, self.now):
                changes.append(self.pulse.is_interrupted)
        return changes


@pytest.mark.parametrize("checks", [CHROMIUM, OTHERS])
def test_who_reports_every_second_is_missed_after_five(checks: Rhythm) -> None:
    peer = Peer(REPORTS, checks)
    assert peer.live(30, media=True) == []
    last_at = peer.now
    assert peer.live(QUIET_S + 2 * TICK_S, is_heard=False) == [True]
    assert peer.now - last_at < 6
    assert peer.live(20, is_heard=False) == []
    assert peer.live(2) == [False]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "rhythms",
    [
        (REPORTS, CHROMIUM),
        (REPORTS, OTHERS),
        (SPARSE_REPORTS, CHROMIUM),
        (SPARSE_REPORTS, OTHERS),
        (CHROMIUM,),
        (OTHERS,),
    ],
)
def test_nobody_honest_is_missed(rhythms: tuple[Rhythm, ...], seed: int) -> None:
    peer = Peer(*rhythms, seed=seed)
    for _ in range(20):
        assert peer.live(60, media=True) == []
        assert peer.live(60) == [], "a camera is off, or a partner gone"


def test_of_whom_only_checks_come_two_must_be_missing() -> None:
    peer = Peer(OTHERS)
    peer.live(60)
    silent_s = peer.now - peer.told_at
    assert peer.live(2 * LONGEST_PAUSE_S - silent_s - 1, is_heard=False) == []
    assert peer.live(5, is_heard=False) == [True]


def test_a_rhythm_that_is_not_known_yet_is_taken_for_the_slowest() -> None:
    for seconds, patience_s in ((1, PAUSES * LONGEST_PAUSE_S), (WINDOW_S + 1, QUIET_S)):
        peer = Peer(REPORTS)
        peer.live(seconds)
        assert peer.live(patience_s - 2, is_heard=False) == []
        assert peer.live(2.5, is_heard=False) == [True]


def test_another_description_may_bring_another_rhythm() -> None:
    peer = Peer(REPORTS)
    peer.live(30)
    peer.pulse.begin_anew()
    peer.live(1)
    assert peer.live(10, is_heard=False) == []


def test_an_outage_is_no_part_of_the_rhythm() -> None:
    peer = Peer(REPORTS)
    peer.live(30)
    assert peer.live(12, is_heard=False) == [True]
    assert peer.live(5) == [False]
    assert peer.live(6.5, is_heard=False) == [True]


def test_media_alone_is_a_sign_of_life() -> None:
    peer = Peer(REPORTS)
    peer.live(30)
    assert peer.live(60, is_heard=False, media=True) == []
    assert peer.live(QUIET_S + TICK_S, is_heard=False) == [True]
    assert peer.live(1, is_heard=False, media=True) == [False]


def test_a_description_brings_nobody_back() -> None:
    peer = Peer(REPORTS)
    peer.live(30)
    peer.live(6, is_heard=False)
    peer.pulse.begin_anew()
    assert peer.live(3, is_heard=False) == []
    assert peer.live(2) == [False]
