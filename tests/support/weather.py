"""Virtual time, and a network that loses, delays, reorders and doubles by dice with a seed."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

HOP_S = 0.02
"""What every hop takes at least."""


class Timeline:
    """What happens when; nothing takes time by itself."""

    def __init__(self) -> None:
        self.now = 1000.0
        self._coming: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def at(self, when: float, do: Callable[[], None]) -> None:
        heapq.heappush(self._coming, (when, next(self._order), do))

    def every(self, interval_s: float, do: Callable[[], object]) -> None:
        """Do it now and again, for ever."""

        def again() -> None:
            do()
            self.at(self.now + interval_s, again)

        again()

    def step(self) -> None:
        """Let the next thing happen."""
        self.now, _, do = heapq.heappop(self._coming)
        do()

    def pass_time(self, seconds: float) -> None:
        until = self.now + seconds
        while self._coming[0][0] <= until:
            self.step()
        self.now = until

    def pass_until(self, condition: Callable[[], bool], within_s: float) -> None:
        """Let things happen, one after the other, until something is so."""
        until = self.now + within_s
        while not condition():
            assert self.now < until, "it never came to that"
            self.step()


@dataclass
class Weather:
    """What the network does to each datagram on each hop."""

    loss: float = 0.0
    jitter_s: float = 0.0
    """Datagrams are late by up to this, each by its own dice: they overtake each other."""
    doubled: float = 0.0
    seed: int = 0
    _dice: random.Random = field(init=False)

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)

    @property
    def longest_s(self) -> float:
        """A hop takes no longer."""
        return HOP_S + self.jitter_s

    def carry(self, timeline: Timeline, deliver: Callable[[], None]) -> None:
        """Take one datagram over one hop, or lose it, or deliver it twice."""
        if self._dice.random() < self.loss:
            return
        for _ in range(1 + (self._dice.random() < self.doubled)):
            timeline.at(timeline.now + HOP_S + self._dice.uniform(0, self.jitter_s), deliver)
