from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.bots.picture import HEIGHT, WIDTH, Stamp, draw, luma, read

stamps = st.builds(
    Stamp,
    source=st.integers(0, 2**16 - 1),
    number=st.integers(0, 2**24 - 1),
    time_ms=st.integers(0, 2**36 - 1),
)


@given(stamps)
def test_what_is_drawn_is_read(stamp: Stamp) -> None:
    assert read(draw(stamp)[:HEIGHT]) == stamp


@pytest.mark.parametrize(("width", "height"), [(160, 120), (640, 480), (426, 240), (98, 74)])
def test_any_size_is_read(width: int, height: int) -> None:
    stamp = Stamp(7, 1234, 987654321)
    picture = draw(stamp, width, height)
    assert picture.shape == (height * 3 // 2, width)
    assert read(picture[:height]) == stamp


def test_noise_does_not_hurt() -> None:
    stamp = Stamp(3, 99, 123456789012 % 2**36)
    noise = np.random.default_rng(1).normal(0, 40, (HEIGHT, WIDTH))
    noisy = np.clip(draw(stamp)[:HEIGHT] + noise, 0, 255).astype(np.uint8)
    assert read(noisy) == stamp


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_plain_picture_says_nothing(level: int) -> None:
    assert read(np.full((HEIGHT, WIDTH), level, np.uint8)) is None


def test_one_wrong_bit_is_noticed() -> None:
    damaged = draw(Stamp(3, 99, 5))[:HEIGHT].copy()
    damaged[:16, :16] = 251 - damaged[:16, :16]
    assert read(damaged) is None


def test_every_size_of_noise_says_nothing() -> None:
    random = np.random.default_rng(2)
    for size in ((2, 2), (17, 31), (240, 320)):
        assert read(random.integers(0, 256, size, np.uint8)) is None


def test_numbers_beyond_their_bits_wrap() -> None:
    assert read(draw(Stamp(2**16 + 1, 2**24 + 2, 2**36 + 3))[:HEIGHT]) == Stamp(1, 2, 3)


@pytest.mark.parametrize(
    ("made_ms", "now_ms", "latency_ms"),
    [(1000, 1040, 40), (1000, 990, -10), (2**36 - 5, 2**36 + 5, 10), (2**36 - 5, 5, 10)],
)
def test_latency(made_ms: int, now_ms: int, latency_ms: int) -> None:
    assert Stamp(1, 1, made_ms).latency_ms(now_ms) == latency_ms


def test_every_frame_survives_vp8_at_150_kilobits_per_second() -> None:
    sent = [Stamp(0xBEEF, 100 + i, 1_700_000_000_000 % 2**36 + i * 67) for i in range(60)]
    encoded = encode_vp8(sent, bitrate_bps=150_000)
    assert sum(map(len, encoded)) * 8 < 150_000 * len(sent) / 15 * 1.5
    decoder = av.CodecContext.create("libvpx", "r")
    received = [
        read(luma(frame)) for packet in encoded for frame in decoder.decode(av.Packet(packet))
    ]
    assert received == sent


def encode_vp8(stamps: list[Stamp], bitrate_bps: int) -> list[bytes]:
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.bit_rate = bitrate_bps
    encoder.framerate = Fraction(15)
    encoder.options = {
        "deadline": "realtime",
        "cpu-used": "-6",
        "lag-in-frames": "0",
        "minrate": str(bitrate_bps),
        "maxrate": str(bitrate_bps),
    }
    packets = []
    for index, stamp in enumerate(stamps):
        frame = av.VideoFrame.from_ndarray(draw(stamp), format="yuv420p")
        frame.pts = index
        packets += [bytes(packet) for packet in encoder.encode(frame)]
    return packets + [bytes(packet) for packet in encoder.encode(None)]
