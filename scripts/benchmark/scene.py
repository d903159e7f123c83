"""What a camera and a microphone get: as much as a person gives them to encode.

A browser's own fake devices beep, of which Opus repairs nothing in-band (it does so for speech:
RFC 6716 section 2.1.7), and draw so little that no bit rate is ever used up.
"""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np

RATE = 48_000
SECONDS = 20
PICTURES = 60
"""After so many all begins again; what moves is where it was then."""
_GRAIN = 4
_SYLLABLE_S = 0.2
_PAUSE_S = 0.04
_VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (570, 840, 2410),
    (530, 1840, 2480),
    (300, 870, 2240),
)
"""The formants of some vowels of men, in Hz (Peterson and Barney, 1952)."""
_WIDTH_HZ = 90.0


def write_speech(path: Path) -> None:
    """Vowels, one after the other, by a voice whose pitch rises and falls (WAV)."""
    dice = np.random.default_rng(1)
    syllables = [_syllable(dice, number) for number in range(round(SECONDS / _SYLLABLE_S))]
    loud = np.concatenate(syllables)
    samples = (loud / np.abs(loud).max() * 0.5 * 32767).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes(samples.tobytes())


def write_picture(path: Path, width: int, height: int, per_s: int) -> None:
    """Somebody who moves before a wall, with a camera's grain (YUV4MPEG2)."""
    dice = np.random.default_rng(2)
    down, across = np.mgrid[0:height, 0:width]
    wall = 90 + 50 * across / width + 12 * np.sin(across / 9) * np.sin(down / 13)
    colours = np.full(width * height // 2, 128, np.uint8).tobytes()
    with path.open("wb") as file:
        file.write(f"YUV4MPEG2 W{width} H{height} F{per_s}:1 Ip A1:1 C420jpeg\n".encode())
        for number in range(PICTURES):
            turn = 2 * np.pi * number / PICTURES
            x, y = width * (0.5 + 0.12 * np.sin(turn)), height * (0.5 + 0.05 * np.sin(3 * turn))
            is_head = ((across - x) / 0.28 / height) ** 2 + ((down - y) / 0.38 / height) ** 2 < 1
            skin = 170 + 30 * np.sin((across - x) / 6) * np.sin((down - y) / (7 + np.cos(5 * turn)))
            luma = np.where(is_head, skin, wall) + dice.normal(0, _GRAIN, wall.shape)
            file.write(b"FRAME\n" + luma.clip(16, 235).astype(np.uint8).tobytes() + colours)


def _syllable(dice: np.random.Generator, number: int) -> np.ndarray:
    count = round(RATE * (_SYLLABLE_S - _PAUSE_S))
    at_s = np.arange(count) / RATE
    pitch = 120 + 25 * np.sin(number / 3) + dice.uniform(-10, 10)
    turns = 2 * np.pi * (pitch * at_s + 40 * at_s**2)
    formants = _VOWELS[dice.integers(len(_VOWELS))]
    sound = np.zeros(count)
    for harmonic in range(1, 30):
        hertz = harmonic * pitch
        strength = sum(1 / (1 + ((hertz - each) / _WIDTH_HZ) ** 2) for each in formants)
        sound += strength * np.sin(harmonic * turns)
    sound *= np.hanning(count) ** 0.5
    sound += dice.normal(0, 0.02, count)
    return np.concatenate([sound, np.zeros(round(RATE * _PAUSE_S))])
