"""VP8 in RTP: key frames, sizes, and the numberings in front of a frame."""

import struct

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.media import vp8

PLAIN = b"\x10"  # a descriptor: S set, nothing else
DESCRIPTORS = [
    PLAIN,
    b"\x90\x00",  # X, with no field
    b"\x90\x80\x11",  # 7-bit picture id
    b"\x90\x80\x81\x11",  # 15-bit picture id
    b"\x90\xe0\x81\x11\x22\x33",  # and TL0PICIDX, TID
    b"\x90\x10\x33",  # KEYIDX alone
]


def frame(width: int, height: int, scale: int = 0) -> bytes:
    return b"\x50\x01\x00\x9d\x01\x2a" + struct.pack(
        "<HH", width | scale << 14, height | scale << 14
    )


def size(payload: bytes, before: int = 3) -> tuple[int, int] | None:
    buffer = memoryview(b"\xff" * before + payload + b"\xff" * 20)
    return vp8.size(buffer, before, before + len(payload))


@pytest.mark.parametrize("descriptor", DESCRIPTORS)
@pytest.mark.parametrize("pixels", [(640, 480), (1, 1), (16383, 16383), (1920, 1080)])
def test_the_size_stands_behind_any_descriptor(descriptor: bytes, pixels: tuple[int, int]) -> None:
    assert size(descriptor + frame(*pixels) + bytes(50)) == pixels


def test_the_scaling_bits_are_no_part_of_it() -> None:
    assert size(PLAIN + frame(320, 240, scale=3)) == (320, 240)


@pytest.mark.parametrize("descriptor", DESCRIPTORS)
def test_a_cut_header_has_no_size(descriptor: bytes) -> None:
    whole = descriptor + frame(640, 480)
    for length in range(len(whole)):
        assert size(whole[:length]) is None


def test_without_the_start_code_or_pixels_there_is_no_size() -> None:
    assert size(PLAIN + b"\x50\x01\x00\x9d\x01\x2b" + bytes([1, 1, 1, 1])) is None
    assert size(PLAIN + frame(0, 480)) is None


@given(st.binary(max_size=40))
def test_any_bytes_have_a_plausible_size_or_none(payload: bytes) -> None:
    found = size(payload)
    assert found is None or all(1 <= pixels <= 16383 for pixels in found)


@pytest.mark.parametrize(("width", "height"), [(320, 240), (638, 358)])
def test_an_encoders_key_frame(width: int, height: int) -> None:
    encoder = av.CodecContext.create("libvpx", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
    encoder.options = {"deadline": "realtime", "lag-in-frames": "0"}
    picture = av.VideoFrame.from_ndarray(
        np.zeros((height, width, 3), np.uint8), format="rgb24"
    ).reformat(format="yuv420p")
    [packet] = encoder.encode(picture)
    assert packet.is_keyframe
    assert size(PLAIN + bytes(packet)) == (width, height)


# key frames

KEYFRAMES = {
    "plain": "10 00",
    "non-reference bit": "30 00",
    "extension without fields": "90 00 00",
    "picture id of 7 bits": "90 80 7f 00",
    "picture id of 15 bits": "90 80 ff ff 00",
    "TL0PICIDX": "90 40 05 00",
    "T": "90 20 05 00",
    "K": "90 10 05 00",
    "T and K share a byte": "90 30 05 00",
    "all": "90 f0 81 02 03 04 00",
    "all but a long picture id": "90 f0 01 03 04 00",
    "other header bits": "10 fe",
}


@pytest.mark.parametrize("payload", KEYFRAMES.values(), ids=KEYFRAMES.keys())
def test_a_key_frames_start(payload: str) -> None:
    assert keyframe(payload)
    last = bytes.fromhex(payload)
    other = last[:-1] + bytes([last[-1] | 1])
    assert not keyframe(other.hex()), "the P bit says: no key frame"
    assert not keyframe(last[:-1].hex()), "cut before the frame's first byte"


@pytest.mark.parametrize(
    "payload",
    ["", "00 00", "11 00", "17 00", "07 00", "10", "90", "90 80", "90 80 80", "90 f0 81 02 03"],
)
def test_no_key_frames_start(payload: str) -> None:
    assert not keyframe(payload)


def keyframe(payload: str) -> bool:
    """Ask about a payload that is followed by zeros which do not belong to it."""
    body = bytes.fromhex(payload)
    return vp8.is_keyframe_start(memoryview(b"\xff" * 4 + body + bytes(8)), 4, 4 + len(body))
