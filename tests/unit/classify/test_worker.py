"""What the process with the model makes of what strangers send."""

from __future__ import annotations

import io
import struct

import av
import numpy as np
import pytest
from PIL import Image

from relay.classify import worker
from relay.classify.wire import LENGTH
from relay.classify.worker import decoded, serve
from relay.evidence.webp import to_webp
from tests.support.vp8 import pictures


@pytest.fixture(scope="module")
def webp() -> bytes:
    return to_webp(pictures(1)[0])


def served(*requests: bytes, tail: bytes = b"") -> list[bytes]:
    asked = b"".join(LENGTH.pack(len(request)) + request for request in requests)
    answers = io.BytesIO()
    serve(io.BytesIO(asked + tail), answers, lambda picture: picture.width / 1000)
    return answers.getvalue().splitlines()


def test_each_picture_has_an_answer_in_its_turn(webp: bytes) -> None:
    assert served(webp, b"", b"no picture", webp) == [b"0.3200", b"none", b"none", b"0.3200"]


def test_a_request_that_breaks_off_ends_it(webp: bytes) -> None:
    assert served(webp, tail=b"\0\0") == [b"0.3200"]
    assert served(webp, tail=LENGTH.pack(100) + b"half") == [b"0.3200"]


def test_a_key_frame_is_seen_as_a_decoder_of_video_sees_it(webp: bytes) -> None:
    picture = decoded(webp)
    assert picture is not None
    decoder = av.CodecContext.create("vp8", "r")
    (frame,) = [*decoder.decode(av.Packet(pictures(1)[0])), *decoder.decode(None)]
    assert isinstance(frame, av.VideoFrame)
    other = frame.to_ndarray(format="rgb24").astype(int)
    assert np.abs(np.asarray(picture).astype(int) - other).mean() < 3


def test_broken_pictures_are_none(webp: bytes) -> None:
    for cut in (0, 1, 12, 20, 29, 30, 31, 40, 200, len(webp) // 2, len(webp) - 300):
        assert decoded(webp[:cut]) is None, cut
    png = io.BytesIO()
    Image.new("RGB", (8, 8)).save(png, "PNG")
    assert decoded(png.getvalue()) is None, "only what a key frame can be"


def test_damage_is_no_picture_or_another_one_and_never_an_end(webp: bytes) -> None:
    random = np.random.default_rng(14)
    for _ in range(200):
        damaged = bytearray(webp)
        for at in random.integers(12, len(webp), 8):
            damaged[at] = random.integers(0, 256)
        decoded(bytes(damaged))


def test_a_picture_that_is_too_large_is_not_unpacked(
    webp: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "MAX_PIXELS", 320 * 240)
    assert decoded(webp) is not None
    monkeypatch.setattr(worker, "MAX_PIXELS", 320 * 240 - 1)
    assert decoded(webp) is None
    claims = bytearray(webp)
    struct.pack_into("<HH", claims, 26, 0x3FFF, 0x3FFF)
    assert decoded(bytes(claims)) is None
