"""A VP8 key frame becomes a WebP picture without being decoded."""

from __future__ import annotations

import io
import struct

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.bots import picture
from relay.errors import EvidenceError
from relay.evidence.webp import to_webp
from tests.support.keyframe import key_frame
from tests.support.vp8 import pictures


def test_a_reader_of_webp_sees_the_picture() -> None:
    [frame] = pictures(1, source=7)
    with av.open(io.BytesIO(to_webp(frame)), "r", format="webp_pipe") as opened:
        [decoded] = opened.decode(video=0)
    stamp = picture.read(picture.luma(decoded))
    assert stamp is not None
    assert (stamp.source, stamp.number) == (7, 0)


@pytest.mark.parametrize("size", [30, 31])
def test_the_container_is_as_long_as_it_says(size: int) -> None:
    made = to_webp(key_frame(1, size=size))
    assert (made[:4], made[8:16]) == (b"RIFF", b"WEBPVP8 ")
    assert struct.unpack_from("<I", made, 4) == (len(made) - 8,)
    assert struct.unpack_from("<I", made, 16) == (size,)
    assert len(made) % 2 == 0
    assert made[20 : 20 + size] == key_frame(1, size=size)


def test_what_would_fill_the_memory_of_who_looks_is_refused() -> None:
    to_webp(key_frame(1, width=4096, height=4096))
    with pytest.raises(EvidenceError, match="16383 x 16383"):
        to_webp(key_frame(1, width=16383, height=16383))


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        key_frame()[:9],
        b"\x51" + key_frame()[1:],  # no key frame
        b"\x58" + key_frame()[1:],  # of a version that there is not
        b"\x40" + key_frame()[1:],  # not to be shown
        b"\x50\xff\xff" + key_frame()[3:],  # its first part is longer than all of it
        key_frame()[:3] + b"\x9d\x01\x2b" + key_frame()[6:],
        key_frame(width=0),
        key_frame(height=0),
    ],
)
def test_what_is_no_picture_is_refused(frame: bytes) -> None:
    with pytest.raises(EvidenceError):
        to_webp(frame)


@given(st.binary(max_size=64))
def test_anything_else_is_refused_too(frame: bytes) -> None:
    try:
        made = to_webp(frame)
    except EvidenceError:
        return
    assert frame in made
