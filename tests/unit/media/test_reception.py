"""What a user's reports tell: losses, jitter and the round trip."""

import pytest

from relay.media.reception import Reception, ReportBlock


def report(lsr: int = 0, dlsr_s: float = 0, lost: int = 0, jitter_ts: int = 0) -> ReportBlock:
    return ReportBlock(lost, jitter_ts, lsr, round(dlsr_s * 65536))


def test_the_round_trip_is_the_time_since_the_senders_report_less_the_receivers_delay() -> None:
    reception = Reception()
    reception.sender_report_passed(0xABCD, 100.0)
    reception.reported(report(0xABCD, dlsr_s=0.5), 100.58)
    assert reception.round_trip_s == pytest.approx(0.08, abs=1e-4)
    assert reception.measured_at == 100.58


def test_a_report_may_be_about_an_earlier_senders_report() -> None:
    reception = Reception()
    for second in range(5):
        reception.sender_report_passed(second + 1, float(second))
    reception.reported(report(lsr=3, dlsr_s=2), 4.25)
    assert reception.round_trip_s == pytest.approx(0.25)


@pytest.mark.parametrize("lsr", [0, 77])
def test_a_report_about_no_known_senders_report_tells_no_round_trip(lsr: int) -> None:
    reception = Reception()
    reception.sender_report_passed(5, 1.0)
    reception.reported(report(lsr, lost=9, jitter_ts=4), 2.0)
    assert reception.round_trip_s is None
    assert (reception.lost, reception.jitter_ts) == (9, 4)


def test_a_delay_that_cannot_be_is_not_believed() -> None:
    reception = Reception()
    reception.sender_report_passed(5, 1.0)
    reception.reported(report(5, dlsr_s=60), 2.0)
    assert reception.round_trip_s is None


def test_only_a_few_senders_reports_are_remembered() -> None:
    reception = Reception()
    for number in range(1, 1000):
        reception.sender_report_passed(number, float(number))
    reception.reported(report(1), 1000.0)
    assert reception.round_trip_s is None
    reception.reported(report(999), 1000.0)
    assert reception.round_trip_s == 1.0
