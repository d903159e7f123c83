import pytest

from relay.bots.picture import Stamp
from relay.bots.report import KEPT_FRAMES, Report, percentile
from relay.bots.tone import Sound


def report_of(*numbers: int, source: int = 2) -> Report:
    report = Report(1)
    for number in numbers:
        report.see(Stamp(source, number, 1000), 1000 + number, 320, 240)
    return report


def test_an_empty_report_saw_no_media() -> None:
    report = Report(1)
    assert not report.saw_media
    assert report.latency_ms(50) is None
    assert report.line() == "bot 1: 0 partners, saw no media"


def test_either_picture_or_sound_is_media() -> None:
    assert report_of(1).saw_media
    assert Report(1, audio_frames=1).saw_media


def test_frames_in_order() -> None:
    report = report_of(5, 6, 9)
    assert report.numbers_from(2) == [5, 6, 9]
    assert report.numbers_from(3) == []
    assert report.out_of_order == 0


def test_late_and_repeated_frames_are_out_of_order() -> None:
    assert report_of(5, 7, 6, 8, 8).out_of_order == 2


def test_another_source_starts_its_own_order() -> None:
    report = report_of(500, 501)
    report.see(Stamp(3, 1, 1000), 1000, 320, 240)
    assert report.out_of_order == 0


def test_unreadable_frames_are_counted_apart() -> None:
    report = report_of(1)
    report.see(None, 1000, 640, 480)
    assert (report.frames, report.unreadable, len(report.seen)) == (2, 1, 1)
    assert (report.width, report.height) == (640, 480)


def test_it_remembers_no_more_than_it_should() -> None:
    report = report_of(*range(KEPT_FRAMES + 10))
    assert report.frames == KEPT_FRAMES + 10
    assert len(report.seen) == KEPT_FRAMES


def test_the_line_for_people() -> None:
    report = report_of(10, 20, 30)
    report.partners, report.audio_frames = 1, 50
    report.sound = Sound(-20.04, 399.7)
    report.errors.append("media_failed")
    assert report.line() == (
        "bot 1: 1 partner, 3 frames 320x240 (0 unreadable, 0 out of order), "
        "latency 20 ms p50 30 ms p95, sound -20 dBFS at 400 Hz, error media_failed"
    )


def test_the_dict_for_json() -> None:
    said = report_of(10).as_dict()
    assert said["bot"] == 1
    assert said["latencyMsP50"] == 10
    assert said["audioHz"] == 0
    assert said["errors"] == []


@pytest.mark.parametrize(
    ("percent", "value"), [(0, 1), (1, 1), (50, 5), (51, 6), (90, 9), (100, 10)]
)
def test_percentile(percent: float, value: int) -> None:
    assert percentile(range(10, 0, -1), percent) == value


def test_percentile_of_nothing() -> None:
    assert percentile([], 50) is None
