"""A generated picture that says, in black and white blocks, which frame it is and when it was made.

The upper third is a grid of 20 x 5 cells, one bit each, as large as a macroblock in the default
size; so the bits survive the coarsest quantizer. Below, a bar moves over a colour that belongs to
the source, so that people see something move.
"""

import zlib
from dataclasses import dataclass

import numpy as np
from av import VideoFrame
from numpy.typing import NDArray

WIDTH = 320
HEIGHT = 240
FRAMES_PER_S = 15

_COLUMNS = 20
_ROWS = 5
_ROWS_OF_PICTURE = 15  # of which the grid takes the uppermost five
_SOURCE_BITS = 16
_NUMBER_BITS = 24
_TIME_BITS = 36
_CHECK_BITS = 24
_BLACK = 16
_WHITE = 235
_MIDDLE = (_BLACK + _WHITE) / 2
_SAMPLES = (np.arange(4) + 0.5) / 8 + 0.25  # of a cell's side, the inner half


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a picture says of itself.

    ``source`` is the number of the bot that drew it (16 bits), ``number`` counts its frames
    (24 bits), ``time_ms`` is the wall clock at its making, in milliseconds (36 bits).
    """

    source: int
    number: int
    time_ms: int

    def latency_ms(self, now_ms: int) -> int:
        """How long before ``now_ms`` the frame was made; negative when clocks differ so."""
        wrap = 1 << _TIME_BITS
        age = (now_ms - self.time_ms) % wrap
        return age - wrap if age >= wrap // 2 else age


def draw(stamp: Stamp, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """The picture as yuv420p: ``height * 3 // 2`` rows of ``width`` bytes; both must be even."""
    picture = np.empty((height * 3 // 2, width), np.uint8)
    luma = picture[:height]
    luma[:] = 96
    columns = np.arange(width) * _COLUMNS // width
    grid_height = height * _ROWS // _ROWS_OF_PICTURE
    rows = np.arange(grid_height) * _ROWS // grid_height
    cells = _bits(stamp).reshape(_ROWS, _COLUMNS)
    luma[:grid_height] = np.where(cells[np.ix_(rows, columns)], _WHITE, _BLACK)
    bar = stamp.number * 4 % width
    luma[grid_height + height // 6 : height - height // 6, bar : bar + width // 10] = 180
    chroma = picture[height:].reshape(2, -1)
    chroma[0] = 64 + stamp.source * 37 % 128
    chroma[1] = 64 + stamp.source * 71 % 128
    return picture


def read(luma: NDArray[np.uint8]) -> Stamp | None:
    """Read a decoded picture's luma plane (height x width), of any size.

    :returns: None when it is no such picture, or too damaged: its checksum does not fit.
    """
    height, width = luma.shape
    rows = _sample_points(_ROWS, height * _ROWS / _ROWS_OF_PICTURE)
    columns = _sample_points(_COLUMNS, width)
    samples = luma[np.ix_(rows, columns)].reshape(_ROWS, len(_SAMPLES), _COLUMNS, len(_SAMPLES))
    bits = (samples.mean(axis=(1, 3)) > _MIDDLE).ravel()
    source, bits = _number(bits[:_SOURCE_BITS]), bits[_SOURCE_BITS:]
    number, bits = _number(bits[:_NUMBER_BITS]), bits[_NUMBER_BITS:]
    time_ms, bits = _number(bits[:_TIME_BITS]), bits[_TIME_BITS:]
    stamp = Stamp(source, number, time_ms)
    return stamp if _number(bits) == _check(stamp) else None


def luma(frame: VideoFrame) -> NDArray[np.uint8]:
    """The brightness of a decoded picture's pixels (height x width), where they come first."""
    plane = frame.planes[0]
    stored = np.frombuffer(memoryview(plane), np.uint8, plane.line_size * frame.height)
    return stored.reshape(frame.height, plane.line_size)[:, : frame.width]


def _sample_points(cells: int, length: float) -> NDArray[np.intp]:
    return ((np.arange(cells)[:, None] + _SAMPLES) * (length / cells)).ravel().astype(np.intp)


def _bits(stamp: Stamp) -> NDArray[np.bool_]:
    text = (
        f"{stamp.source % (1 << _SOURCE_BITS):0{_SOURCE_BITS}b}"
        f"{stamp.number % (1 << _NUMBER_BITS):0{_NUMBER_BITS}b}"
        f"{stamp.time_ms % (1 << _TIME_BITS):0{_TIME_BITS}b}"
        f"{_check(stamp):0{_CHECK_BITS}b}"
    )
    bits: NDArray[np.bool_] = np.frombuffer(text.encode(), np.uint8) == ord("1")
    return bits


def _number(bits: NDArray[np.bool_]) -> int:
    return int("".join("1" if bit else "0" for bit in bits), 2)


def _check(stamp: Stamp) -> int:
    said = (
        (stamp.source % (1 << _SOURCE_BITS)).to_bytes(2, "big")
        + (stamp.number % (1 << _NUMBER_BITS)).to_bytes(3, "big")
        + (stamp.time_ms % (1 << _TIME_BITS)).to_bytes(5, "big")
    )
    return zlib.crc32(said) & ((1 << _CHECK_BITS) - 1)
