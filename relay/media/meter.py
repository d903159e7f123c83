"""Rates, from counters that are read once a second: the hot path knows nothing of them."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

SAMPLE_S = 1.0
"""How often the counters are read."""

SAMPLES = 11
"""So many seconds, less one, are looked back upon for losses, which are rare."""

RATE_SPAN = 2
"""So many seconds for all other rates."""


class Sample(NamedTuple):
    """A stream's counters at one moment; ``lost`` of ``expected`` packets did not arrive.

    Of those ``left`` did not come by repair either; ``withheld`` were dropped by the relay.
    """

    at_s: float
    packets: int
    bytes: int
    repair_bytes: int
    frames: int
    lost: int
    expected: int
    left: int = 0
    withheld: int = 0


class Rates(NamedTuple):
    """What the counters did in the last seconds."""

    packets_per_s: float = 0.0
    bitrate_bps: float = 0.0
    repair_bitrate_bps: float = 0.0
    fps: float = 0.0
    loss_ratio: float = 0.0
    left_ratio: float = 0.0
    withheld_ratio: float = 0.0


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
        return Rates(
            (last.packets - recent.packets) / seconds,
            8 * (last.bytes - recent.bytes) / seconds,
            8 * (last.repair_bytes - recent.repair_bytes) / seconds,
            (last.frames - recent.frames) / seconds,
            _share(last.lost - oldest.lost, expected),
            _share(last.left - oldest.left, expected),
            _share(last.withheld - oldest.withheld, expected),
        )


class Unsent:
    """How much of all that a plane has to send its socket does not take."""

    __slots__ = ("_looked_at", "_meter")

    def __init__(self) -> None:
        self._meter = Meter()
        self._looked_at = float("-inf")

    def look(self, now: float, packets: int, unsent: int) -> None:
        """Read the counters, when they have not been read for a second.

        :param now: seconds of the plane's clock.
        :param packets: that were to be sent so far, and ``unsent`` those that were not.
        """
        if now - self._looked_at >= SAMPLE_S:
            self._looked_at = now
            self._meter.take(Sample(now, packets, 0, 0, 0, unsent, packets))

    @property
    def ratio(self) -> float:
        """In the last 10 s."""
        return self._meter.rates().loss_ratio


def _share(part: int, whole: int) -> float:
    return min(max(part / whole, 0.0), 1.0) if whole > 0 else 0.0
