"""Rates from counters."""

import pytest

from relay.media.meter import Meter, Rates, Sample


def steady(seconds: int, *, lost_from: int = 10**9) -> Meter:
    """50 packets and 25 frames of 100 bytes a second; from one second on every tenth is lost."""
    meter = Meter()
    for second in range(seconds + 1):
        lost = max(second - lost_from, 0) * 5
        sent = second * 50
        meter.take(Sample(10.0 + second, sent, sent * 100, second * 10, second * 25, lost, sent))
    return meter


def test_one_sample_tells_no_rate() -> None:
    assert Meter().rates() == Rates()
    assert steady(0).rates() == Rates()


@pytest.mark.parametrize("seconds", [1, 2, 30])
def test_a_steady_stream(seconds: int) -> None:
    assert steady(seconds).rates() == pytest.approx(Rates(50, 40_000, 80, 25, 0))


def test_rates_follow_within_two_seconds() -> None:
    meter = steady(20)
    last = Sample(30.0, 1000, 100_000, 200, 500, 0, 1000)
    for later in (31.0, 32.0):
        meter.take(last._replace(at_s=later))
    assert meter.rates() == Rates()


def test_losses_are_those_of_ten_seconds() -> None:
    assert steady(20, lost_from=0).rates().loss_ratio == pytest.approx(0.1)
    assert steady(20, lost_from=15).rates().loss_ratio == pytest.approx(0.05)
    assert steady(40, lost_from=45).rates().loss_ratio == 0


def test_a_packet_that_came_twice_is_no_negative_loss() -> None:
    meter = Meter()
    meter.take(Sample(0, 0, 0, 0, 0, 0, 0))
    meter.take(Sample(1, 11, 0, 0, 0, -1, 10))
    assert meter.rates().loss_ratio == 0


def test_two_samples_of_one_moment_are_no_division_by_zero() -> None:
    meter = Meter()
    meter.take(Sample(1, 0, 0, 0, 0, 0, 0))
    meter.take(Sample(1, 5, 5, 0, 0, 0, 5))
    assert meter.rates() == Rates()
