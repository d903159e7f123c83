"""Rates from counters."""

import pytest

from relay.media.meter import Meter, Rates, Sample, Unsent


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


def test_what_is_left_after_repair_and_what_the_relay_dropped() -> None:
    meter = Meter()
    meter.take(Sample(0, 0, 0, 0, 0, 0, 0))
    meter.take(Sample(1, 100, 0, 0, 0, 20, 100, 5, 3))
    rates = meter.rates()
    assert (rates.loss_ratio, rates.left_ratio, rates.withheld_ratio) == (0.2, 0.05, 0.03)
    meter.take(Sample(2, 100, 0, 0, 0, 20, 100, -5, 3))
    assert meter.rates().left_ratio == 0, "more was sent again than was lost"


def test_what_the_socket_does_not_take_is_looked_at_once_a_second() -> None:
    unsent = Unsent()
    unsent.look(1.0, 1000, 0)
    unsent.look(1.9, 1100, 50)
    assert unsent.ratio == 0
    unsent.look(2.0, 1200, 50)
    assert unsent.ratio == 0.25


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
