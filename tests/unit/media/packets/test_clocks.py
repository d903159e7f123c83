"""The relay's clock, and what makes a sender's times the relay's."""

import time

from relay.media.packets.clocks import NTP_SECOND, SenderClock, ntp


def test_the_relays_clock_is_the_wall_clock_when_the_process_starts() -> None:
    seconds = ntp(time.monotonic()) / NTP_SECOND - 2_208_988_800
    assert abs(seconds - time.time()) < 3600, "it goes on by itself, whatever sets the wall clock"


def test_it_goes_forward_with_the_planes_clock() -> None:
    assert abs(ntp(101.5) - ntp(100.0) - 1.5 * NTP_SECOND) < NTP_SECOND / 1000


def test_a_senders_first_time_is_now_and_distances_stay() -> None:
    clock = SenderClock()
    assert clock.ntp(5 * NTP_SECOND, 100.0) == ntp(100.0)
    assert clock.ntp(6 * NTP_SECOND + 7, 101.2) == ntp(100.0) + NTP_SECOND + 7
    assert clock.ntp(5 * NTP_SECOND + 1, 100.9) == ntp(100.0) + 1, "a report that came late"


def test_a_senders_clock_that_is_set_does_not_set_ours() -> None:
    clock = SenderClock()
    clock.ntp(5 * NTP_SECOND, 100.0)
    for theirs in (3600 * NTP_SECOND, 0, 1 << 63, 9 * NTP_SECOND):
        assert clock.ntp(theirs, 101.0) == ntp(101.0)
        assert clock.ntp(theirs + NTP_SECOND & (1 << 64) - 1, 102.0) - ntp(101.0) == NTP_SECOND


def test_a_senders_clock_that_is_a_little_fast_is_set_now_and_then() -> None:
    clock = SenderClock()
    for second in range(10_000):
        ours = clock.ntp(round(second * 1.001 * NTP_SECOND), 100.0 + second)
        assert abs(ours - ntp(100.0 + second)) <= 1.01 * NTP_SECOND


def test_send_times() -> None:
    clock = SenderClock()
    assert clock.send_time_ahead is None
    clock.set_send_time(0xFFFFFF, 100.0)
    assert clock.send_time_ahead is not None
    assert 0xFFFFFF + clock.send_time_ahead & 0xFFFFFF == ntp(100.0) >> 14 & 0xFFFFFF
