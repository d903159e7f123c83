"""What is counted of a stream that a user sends."""

import random

import pytest

from relay.media.negotiation.sdp import CLOCK_RATE_HZ
from relay.media.outlet import Outlet
from relay.media.stream import Stream


def arrivals(*numbers: int, kind: str = "video") -> Stream:
    stream = Stream(1, kind, rtx=False, first=numbers[0])
    for index, number in enumerate(numbers):
        stream.arrived(number & 0xFFFF, 0, 100, now=float(index))
    return stream


def test_a_new_stream_has_nothing() -> None:
    stream = Stream(7, "audio", rtx=False)
    assert (stream.packets, stream.bytes, stream.lost, stream.jitter_ms) == (0, 0, 0, 0.0)
    assert stream.route is None


def test_packets_and_bytes() -> None:
    stream = arrivals(1, 2, 3)
    assert (stream.packets, stream.bytes, stream.last_at) == (3, 300, 2.0)


@pytest.mark.parametrize(
    ("numbers", "lost"),
    [
        ((5,), 0),
        ((5, 6, 7), 0),
        ((5, 7), 1),
        ((5, 105), 99),
        ((5, 7, 6), 0),  # reordered
        ((5, 6, 6), -1),  # sent twice
        ((65534, 65535, 0, 1), 0),  # wrapped
        ((65534, 1), 2),
        ((65535, 0, 65534, 1), -1),  # one from before the first
        ((1, 65535, 2), -1),
        (tuple(range(0, 200_000, 2)), 99_999),  # many wraps
    ],
)
def test_loss(numbers: tuple[int, ...], lost: int) -> None:
    assert arrivals(*numbers).lost == lost


@pytest.mark.parametrize("kind", ["audio", "video"])
def test_jitter_follows_the_rfcs_formula(kind: str) -> None:
    rate = CLOCK_RATE_HZ[kind]
    rng = random.Random(4)
    stream, jitter, before = Stream(1, kind, rtx=False), 0.0, None
    for index in range(200):
        sent_s, now = index * 0.02, 50 + index * 0.02 + rng.uniform(0, 0.03)
        rtp_ts = (1000 + round(sent_s * rate)) & 0xFFFFFFFF
        stream.arrived(index, rtp_ts, 100, now)
        transit = now * rate - rtp_ts
        if before is not None:  # RFC 3550 appendix A.8
            jitter += (abs(transit - before) - jitter) / 16
        before = transit
    assert stream.jitter_ms == pytest.approx(1000 * jitter / rate)
    assert 1 < stream.jitter_ms < 30


def test_a_steady_stream_has_no_jitter() -> None:
    stream = Stream(1, "audio", rtx=False)
    for index in range(50):
        stream.arrived(index, index * 960, 100, index * 0.02)
    assert stream.jitter_ms == pytest.approx(0, abs=1e-6)


def test_a_timestamp_that_wraps_is_no_jitter() -> None:
    stream = Stream(1, "video", rtx=False)
    for index in range(50):
        stream.arrived(index, (0xFFFFFFFF - 3000 * 25 + 3000 * index) & 0xFFFFFFFF, 9, index / 30)
    assert stream.jitter_ms < 0.01


def test_an_outlet_starts_at_random_in_the_lower_half() -> None:
    outlets = [Outlet(1, "video", rtx=False) for _ in range(50)]
    assert len({outlet.progress.last for outlet in outlets}) > 40
    assert len({outlet.progress.rtp_ts for outlet in outlets}) > 40
    assert all(0 <= outlet.progress.last < 0x7FFF for outlet in outlets)
    assert all(0 <= outlet.progress.rtp_ts <= 0xFFFFFFFF for outlet in outlets)
