"""Numbers with their units."""

import pytest

from relay.ops import figures
from tests.unit.ops.samples import track


@pytest.mark.parametrize(
    ("bps", "told"),
    [
        (0, "0 kbit/s"),
        (499, "0 kbit/s"),
        (64_000, "64 kbit/s"),
        (999_499, "999 kbit/s"),
        (999_500, "1.00 Mbit/s"),
        (1_234_000, "1.23 Mbit/s"),
        (250e6, "250 Mbit/s"),
    ],
)
def test_bitrate(bps: float, told: str) -> None:
    assert figures.bitrate(bps) == told


@pytest.mark.parametrize(
    ("ratio", "told"),
    [(0, "0%"), (0.0001, "<0.1%"), (0.004, "0.4%"), (0.0995, "10%"), (0.5, "50%"), (1, "100%")],
)
def test_ratio_is_nought_only_when_nothing_is_lost(ratio: float, told: str) -> None:
    assert figures.ratio(ratio) == told


@pytest.mark.parametrize(
    ("ms", "told"),
    [
        (None, "-"),
        (0.04, "0.0 ms"),
        (9.94, "9.9 ms"),
        (48.4, "48 ms"),
        (999.4, "999 ms"),
        (1240, "1.2 s"),
    ],
)
def test_milliseconds(ms: float | None, told: str) -> None:
    assert figures.milliseconds(ms) == told


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, "-"),
        (0.4, "0 s"),
        (59.9, "59 s"),
        (60, "1:00"),
        (185, "3:05"),
        (3600, "1:00:00"),
        (2 * 86400 + 3 * 3600, "2 d 3 h"),
    ],
)
def test_duration(seconds: float | None, told: str) -> None:
    assert figures.duration(seconds) == told


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (3_440_000, "3.4 MB"), (5e13, "50000 GB")],
)
def test_size(count: float, told: str) -> None:
    assert figures.size(count) == told


def test_media_tells_what_is_known() -> None:
    assert figures.media(track()) == "vp8 640x480@30"
    assert figures.media(track(fps=None)) == "vp8 640x480"
    assert figures.media(track(width=None, height=None)) == "vp8"
    assert figures.media(track(codec="opus", kind="audio", width=None, fps=None)) == "opus"


def test_problems_are_short_and_unknown_ones_are_told_as_they_are() -> None:
    assert figures.problems(("loss", "round_trip")) == "loss, rtt"
    assert figures.problems(("made_up_later",)) == "made up later"


def test_idle_is_silent_while_packets_flow() -> None:
    assert figures.idle(track(idle_s=0.9)) == ""
    assert figures.idle(track(idle_s=12.3)) == "12 s"
    assert figures.idle(track(idle_s=None)) == "never"
