"""Tones: made, and read back as a level and the frequency that stands out."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 48_000
LEVEL_DBFS = -20.0
SILENCE_DBFS = -120.0
"""What digital silence reads."""

_FULL_SCALE = 32767
_LOWEST_HZ = 300
_STEP_HZ = 50
_STEPS = 40


@dataclass(frozen=True, slots=True)
class Sound:
    """What some audio sounds like.

    ``level_dbfs`` is the RMS, where a full-scale sine reads 0 (AES17); ``frequency_hz`` is the
    strongest part of its spectrum, 0 in silence.
    """

    level_dbfs: float
    frequency_hz: float


def frequency_of(source: int) -> int:
    """The frequency in Hz that belongs to the bot of this number: 300 to 2250, 50 apart."""
    return _LOWEST_HZ + _STEP_HZ * (source % _STEPS)


def make(frequency_hz: float, first_sample: int, samples: int) -> NDArray[np.int16]:
    """A stretch of an endless sine at -20 dBFS and 48 kHz, starting at its ``first_sample``."""
    phase = (
        2 * np.pi * frequency_hz / SAMPLE_RATE_HZ * np.arange(first_sample, first_sample + samples)
    )
    amplitude = _FULL_SCALE * 10 ** (LEVEL_DBFS / 20)
    sine: NDArray[np.int16] = np.round(amplitude * np.sin(phase)).astype(np.int16)
    return sine


def read(samples: NDArray[np.int16], sample_rate_hz: int = SAMPLE_RATE_HZ) -> Sound:
    """Listen to one channel; 100 ms give the frequency to about 1 Hz for a pure tone.

    :param samples: at least 3 of them.
    """
    signal = samples.astype(np.float64) / _FULL_SCALE
    rms = float(np.sqrt(np.mean(signal * signal)))
    level_dbfs = 20 * float(np.log10(rms * np.sqrt(2))) if rms > 0 else SILENCE_DBFS
    if level_dbfs <= SILENCE_DBFS:
        return Sound(SILENCE_DBFS, 0.0)
    spectrum = np.abs(np.fft.rfft(signal * np.hanning(len(signal))))
    return Sound(level_dbfs, _peak(spectrum) * sample_rate_hz / len(signal))


def _peak(spectrum: NDArray[np.float64]) -> float:
    """The strongest bin, to a fraction of a bin: a parabola through its logarithms."""
    at = int(np.argmax(spectrum[1:])) + 1
    if at + 1 >= len(spectrum):
        return float(at)
    left, middle, right = np.log(spectrum[at - 1 : at + 2] + 1e-12)
    curvature = left - 2 * middle + right
    return at + float((left - right) / (2 * curvature)) if curvature < 0 else float(at)
