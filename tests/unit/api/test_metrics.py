"""What a scrape shows of plain counters."""

from relay.api.metrics import _histogram
from relay.histogram import Histogram


def test_a_histogram_is_cumulated() -> None:
    seen = Histogram(0.1, 1)
    for seconds in (0.05, 0.5, 0.6, 7):
        seen.observe(seconds)
    samples = {
        (sample.name, sample.labels.get("le")): sample.value
        for sample in _histogram("relay_x_seconds", "told", seen).samples
    }
    assert samples == {
        ("relay_x_seconds_bucket", "0.1"): 1,
        ("relay_x_seconds_bucket", "1"): 3,
        ("relay_x_seconds_bucket", "+Inf"): 4,
        ("relay_x_seconds_count", None): 4,
        ("relay_x_seconds_sum", None): 8.15,
    }


def test_an_empty_histogram_is_there() -> None:
    samples = _histogram("relay_x_seconds", "told", Histogram()).samples
    assert {sample.name for sample in samples} == {
        "relay_x_seconds_bucket",
        "relay_x_seconds_count",
        "relay_x_seconds_sum",
    }
