"""What a user's reports tell: losses, jitter and the round trip."""

import pytest

from relay.media.feedback.reception import Reception, ReportBlock


def report(lsr: int = 0, dlsr_s: float = 0, lost: int = 0, jitter_ts: int = 0) -> ReportBlock:
    return ReportBlock(0, lost, jitter_ts, lsr, round(dlsr_s * 65536))


def test_the_round_trip_is_the_time_since_the_senders_report_less_the_receivers_delay() -> None:
    reception = Reception()
    reception.sender_report_passed(0xABCD, 0xEEEE, 100.0)
    reception.reported(report(0xABCD, dlsr_s=0.5), 100.58)
    assert reception.round_trip_s == pytest.approx(0.08, abs=1e-4)
    assert reception.measured_at == 100.58


def test_a_report_may_be_about_an_earlier_senders_report() -> None:
    reception = Reception()
    for second in range(5):
        reception.sender_report_passed(second + 1, 0xEEEE, float(second))
    reception.reported(report(lsr=3, dlsr_s=2), 4.25)
    assert reception.round_trip_s == pytest.approx(0.25)


@pytest.mark.parametrize("lsr", [0, 77])
def test_a_report_about_no_known_senders_report_tells_no_round_trip(lsr: int) -> None:
    reception = Reception()
    reception.sender_report_passed(5, 0xEEEE, 1.0)
    reception.reported(report(lsr, lost=9, jitter_ts=4), 2.0)
    assert reception.round_trip_s is None
    assert (reception.lost, reception.jitter_ts) == (9, 4)


def test_a_round_trip_may_take_no_time() -> None:
    reception = Reception()
    reception.sender_report_passed(5, 0xEEEE, 1.0)
    reception.reported(report(5, dlsr_s=1), 2.0)
    assert reception.round_trip_s == 0


def test_a_delay_that_cannot_be_is_not_believed() -> None:
    reception = Reception()
    reception.sender_report_passed(5, 0xEEEE, 1.0)
    reception.reported(report(5, dlsr_s=60), 2.0)
    assert reception.round_trip_s is None


def test_only_a_few_senders_reports_are_remembered() -> None:
    reception = Reception()
    for number in range(1, 1000):
        reception.sender_report_passed(number, 0xEEEE, float(number))
    reception.reported(report(1), 1000.0)
    assert reception.round_trip_s is None
    reception.reported(report(999), 1000.0)
    assert reception.round_trip_s == 1.0


def told(reception: Reception, block: ReportBlock, expected: int, withheld: int = 0) -> ReportBlock:
    """What the source is told, of a report that is then taken."""
    result = reception.told(block, expected, withheld)
    reception.reported(block, 100.0)
    return result


def losses(fraction: int, lost: int) -> ReportBlock:
    return ReportBlock(fraction, lost, 5, 0, 0)


def test_a_source_is_told_of_its_own_losses_only() -> None:
    reception = Reception()
    assert told(reception, losses(64, 25), expected=100).lost == 25
    reception.source_began()
    assert told(reception, losses(0, 40), expected=10)[:2] == (0, 0), "all 15 were the former's"
    assert told(reception, losses(128, 45), expected=20)[:2] == (128, 5)
    reception.source_began()
    assert told(reception, losses(128, 60), expected=10)[:2] == (128, 5), "half of its ten"
    assert told(reception, losses(10, 61), expected=100)[:2] == (10, 6)


def test_losses_never_shrink() -> None:
    reception = Reception()
    told(reception, losses(1, 10), expected=2560)
    assert told(reception, losses(0, 7), expected=3000)[:2] == (0, 10)
    assert told(reception, losses(1, 11), expected=4000)[:2] == (1, 11)


def test_what_the_relay_dropped_is_not_told() -> None:
    reception = Reception()
    assert told(reception, losses(3, 3), expected=256, withheld=3)[:2] == (0, 0)
    assert told(reception, losses(9, 7), expected=512, withheld=5)[:2] == (9, 2)


def test_a_source_gets_the_lsr_of_its_own_report_back_and_no_other() -> None:
    reception = Reception()
    reception.sender_report_passed(0xAAAA, 0x1111, 1.0)
    assert reception.told(report(0xAAAA, dlsr_s=0.5), 1, 0)[3:] == (0x1111, 32768)
    assert reception.told(report(0xBBBB, dlsr_s=0.5), 1, 0)[3:] == (0, 0)
    reception.source_began()
    assert reception.told(report(0xAAAA, dlsr_s=0.5), 1, 0)[3:] == (0, 0)


def test_losses_fit_into_a_report() -> None:
    reception = Reception()
    told(reception, losses(0, -0x800000), expected=1)
    assert told(reception, losses(255, 0x7FFFFF), expected=2).lost == 0x7FFFFF
