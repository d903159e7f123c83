"""WebM that is written while it is made, to where nothing can be changed afterwards.

Written by hand, since libavformat keeps everything back for as long as one VP8 stream is silent
(``av_interleaved_write_frame`` waits for it without a bound), as that of a camera that is off.

The element ids are those of RFC 9559; a file is one segment of unknown size, whose clusters are
whole as soon as they are there: wherever it is cut off, what is before can be played.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import relay

_EBML = 0x1A45DFA3
_EBML_VERSION, _EBML_READ_VERSION = 0x4286, 0x42F7
_EBML_MAX_ID_BYTES, _EBML_MAX_SIZE_BYTES = 0x42F2, 0x42F3
_DOC_TYPE, _DOC_TYPE_VERSION, _DOC_TYPE_READ_VERSION = 0x4282, 0x4287, 0x4285
_SEGMENT = b"\x18\x53\x80\x67" + b"\x01" + b"\xff" * 7  # of unknown size (RFC 8794 section 6.2)
_INFO, _TIMESTAMP_SCALE, _MUXING_APP, _WRITING_APP = 0x1549A966, 0x2AD7B1, 0x4D80, 0x5741
_TRACKS, _TRACK_ENTRY = 0x1654AE6B, 0xAE
_TRACK_NUMBER, _TRACK_UID, _TRACK_TYPE, _FLAG_LACING = 0xD7, 0x73C5, 0x83, 0x9C
_NAME, _CODEC_ID, _CODEC_PRIVATE, _SEEK_PRE_ROLL = 0x536E, 0x86, 0x63A2, 0x56BB
_VIDEO, _PIXEL_WIDTH, _PIXEL_HEIGHT = 0xE0, 0xB0, 0xBA
_AUDIO, _SAMPLING_FREQUENCY, _CHANNELS = 0xE1, 0xB5, 0x9F
_CLUSTER, _TIMESTAMP, _SIMPLE_BLOCK = 0x1F43B675, 0xE7, 0xA3

_NS_PER_MS = 1_000_000
_SEEK_PRE_ROLL_NS = 80_000_000  # what an Opus decoder needs (RFC 7845 section 4.6)
_MAX_CLUSTER_MS = 30_000  # a block's time is 16 bits, signed
_KEY = 0x80

_OPUS_HEAD = struct.pack("<8sBBHIhB", b"OpusHead", 1, 2, 0, 48000, 0, 0)
"""RFC 7845 section 5.1: two channels, as WebRTC's Opus always announces, and nothing to skip."""


@dataclass(frozen=True, slots=True)
class TrackEntry:
    """One track; ``size``, in pixels, makes it a VP8 one, else it is Opus."""

    name: str
    size: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Block:
    """A frame at its time; ``track`` counts from 0."""

    at_ms: int
    track: int
    data: bytes
    is_key: bool


def header(tracks: Sequence[TrackEntry]) -> bytes:
    """The beginning of a file, which can be played as it is, though it shows nothing yet."""
    entries = b"".join(_track_entry(index + 1, track) for index, track in enumerate(tracks))
    app = f"relay {relay.__version__}".encode()
    return (
        _element(
            _EBML,
            _number(_EBML_VERSION, 1)
            + _number(_EBML_READ_VERSION, 1)
            + _number(_EBML_MAX_ID_BYTES, 4)
            + _number(_EBML_MAX_SIZE_BYTES, 8)
            + _element(_DOC_TYPE, b"webm")
            + _number(_DOC_TYPE_VERSION, 4)
            + _number(_DOC_TYPE_READ_VERSION, 2),
        )
        + _SEGMENT
        + _element(
            _INFO,
            _number(_TIMESTAMP_SCALE, _NS_PER_MS)
            + _element(_MUXING_APP, app)
            + _element(_WRITING_APP, app),
        )
        + _element(_TRACKS, entries)
        + _cluster(0, [])  # FFmpeg opens no file without one
    )


def clusters(blocks: Iterable[Block]) -> bytes:
    """What comes next; ``blocks`` are in the order of their times."""
    found: list[bytes] = []
    inside: list[bytes] = []
    began_ms = 0
    for block in blocks:
        if inside and block.at_ms - began_ms > _MAX_CLUSTER_MS:
            found.append(_cluster(began_ms, inside))
            inside = []
        if not inside:
            began_ms = block.at_ms
        head = struct.pack(
            ">BhB", 0x80 | block.track + 1, block.at_ms - began_ms, _KEY if block.is_key else 0
        )
        inside.append(_element(_SIMPLE_BLOCK, head + block.data))
    if inside:
        found.append(_cluster(began_ms, inside))
    return b"".join(found)


def _cluster(began_ms: int, blocks: list[bytes]) -> bytes:
    return _element(_CLUSTER, _number(_TIMESTAMP, began_ms) + b"".join(blocks))


def _track_entry(number: int, track: TrackEntry) -> bytes:
    common = (
        _number(_TRACK_NUMBER, number)
        + _number(_TRACK_UID, number)
        + _number(_FLAG_LACING, 0)
        + _element(_NAME, track.name.encode())
    )
    return _element(_TRACK_ENTRY, common + (_vp8(track.size) if track.size else _opus()))


def _vp8(size: tuple[int, int]) -> bytes:
    width, height = size
    return (
        _number(_TRACK_TYPE, 1)
        + _element(_CODEC_ID, b"V_VP8")
        + _element(_VIDEO, _number(_PIXEL_WIDTH, width) + _number(_PIXEL_HEIGHT, height))
    )


def _opus() -> bytes:
    return (
        _number(_TRACK_TYPE, 2)
        + _element(_CODEC_ID, b"A_OPUS")
        + _element(_CODEC_PRIVATE, _OPUS_HEAD)
        + _number(_SEEK_PRE_ROLL, _SEEK_PRE_ROLL_NS)
        + _element(
            _AUDIO,
            _element(_SAMPLING_FREQUENCY, struct.pack(">d", 48000.0)) + _number(_CHANNELS, 2),
        )
    )


def _number(element: int, value: int) -> bytes:
    return _element(element, value.to_bytes(max((value.bit_length() + 7) // 8, 1), "big"))


def _element(element: int, body: bytes) -> bytes:
    """An element: its id, the size of its body in as few bytes as it takes, its body."""
    id_bytes = element.to_bytes((element.bit_length() + 7) // 8, "big")
    size = len(body)
    length = next(n for n in range(1, 9) if size < (1 << 7 * n) - 1)
    return id_bytes + (size | 1 << 7 * length).to_bytes(length, "big") + body
