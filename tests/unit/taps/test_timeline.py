"""Frames find their time."""

from relay.taps.frames import Frame
from relay.taps.timeline import Timeline


def frame(rtp_ts: int, at_s: float, ssrc: int = 7) -> Frame:
    return Frame(rtp_ts & 0xFFFFFFFF, ssrc, at_s, b"")


def test_the_first_frames_time_is_that_of_its_arrival() -> None:
    assert Timeline("video", 100.0).place(frame(12345, 100.25)) == 250


def test_the_pace_is_that_of_the_timestamps_whenever_packets_come() -> None:
    line = Timeline("video", 100.0)
    assert line.place(frame(0, 100.1)) == 100
    assert line.place(frame(9000, 100.35)) == 200
    assert line.place(frame(18000, 100.3)) == 300


def test_timestamps_wrap_around() -> None:
    line = Timeline("audio", 0.0)
    assert line.place(frame(-960, 1.0)) == 1000
    assert line.place(frame(0, 1.02)) == 1020
    assert line.place(frame(960, 1.04)) == 1040


def test_another_ssrc_begins_when_it_comes() -> None:
    line = Timeline("video", 0.0)
    line.place(frame(0, 1.0))
    assert line.place(frame(777_777, 5.0, ssrc=8)) == 5000
    assert line.place(frame(777_777 + 9000, 5.1, ssrc=8)) == 5100


def test_a_sender_that_sets_its_clock_is_followed() -> None:
    line = Timeline("video", 0.0)
    line.place(frame(0, 1.0))
    assert line.place(frame(90_000_000, 1.1)) == 1100
    assert line.place(frame(90_009_000, 1.2)) == 1200


def test_time_never_goes_back() -> None:
    line = Timeline("video", 0.0)
    assert line.place(frame(9000, 1.0)) == 1000
    assert line.place(frame(0, 1.0)) == 1001
    assert Timeline("video", 10.0).place(frame(0, 9.0)) == 0


def test_silence_takes_its_time() -> None:
    line = Timeline("audio", 0.0)
    line.place(frame(0, 1.0))
    assert line.place(frame(48_000 * 600, 601.0)) == 601_000
