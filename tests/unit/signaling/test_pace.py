"""How fast a peer may send, and how often it may be wrong."""

import pytest

from relay.signaling.pace import Faults, TokenBucket


def test_a_burst_passes_and_then_the_rate() -> None:
    bucket = TokenBucket(rate_per_s=10, burst=3)
    assert [bucket.take(5.0) for _ in range(3)] == [0, 0, 0]
    assert bucket.take(5.0) == pytest.approx(0.1)
    assert bucket.take(5.06) == pytest.approx(0.04)
    assert bucket.take(5.11) == 0
    assert bucket.take(5.11) > 0


def test_what_is_not_used_is_not_saved_beyond_the_burst() -> None:
    bucket = TokenBucket(rate_per_s=10, burst=2)
    bucket.take(0.0)
    assert [bucket.take(1000.0) == 0 for _ in range(3)] == [True, True, False]


def test_faults_count_within_a_window_only() -> None:
    faults = Faults(limit=3, window_s=10.0)
    assert [faults.add(now) for now in (0.0, 5.0, 11.0, 15.0, 15.5)] == [
        False,
        False,
        False,
        True,
        True,
    ]
