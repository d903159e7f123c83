"""Rates, from counters that are read once a second: the hot path knows nothing of them."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

SAMPLES = 11
"""So many seconds, less one, are looked back upon for losses, which are rare."""

RATE_SPAN = 2
"""So many seconds for all other rates."""


class Sample(NamedTuple):
    """A stream's counters at one moment; ``lost`` of ``expected`` packets did not arrive."""

    at_s: float
    packets: int
    bytes: int
    repair_bytes: int
    frames: int
    lost: int
    expected: int


class Rates(NamedTuple):
    """What the counters did in the last seconds."""

    packets_per_s: float = 0.0
    bitrate_bps: float = 0.0
    repair_bitrate_bps: float = 0.0
    fps: float = 0.0
    loss_ratio: float = 0.0


class Meter:
    """The last samples of one stream's counters."""

    __slots__ = ("_rates", "_samples")

    def __init__(self) -> None:
        self._samples: deque[Sample] = deque(maxlen=SAMPLES)
        self._rates: Rates | None = None  # not computed since the last sample

    def take(self, sample: Sample) -> None:
        """Take a sample; to be called about once a second."""
        self._samples.append(sample)
        self._rates = None

    def rates(self) -> Rates:
        """The rates up to the last sample; all zero before the second one."""
        if self._rates is None:
            self._rates = self._compute()
        return self._rates

    def _compute(self) -> Rates:
        samples = self._samples
        if len(samples) < 2:
            return Rates()
        oldest, last = samples[0], samples[-1]
        recent = samples[max(len(samples) - 1 - RATE_SPAN, 0)]
        seconds = last.at_s - recent.at_s
        if seconds <= 0:
            return Rates()
        expected = last.expected - oldest.expected
        lost = last.lost - oldest.lost
        return Rates(
            (last.packets - recent.packets) / seconds,
            8 * (last.bytes - recent.bytes) / seconds,
            8 * (last.repair_bytes - recent.repair_bytes) / seconds,
            (last.frames - recent.frames) / seconds,
            min(max(lost / expected, 0.0), 1.0) if expected > 0 else 0.0,
        )
