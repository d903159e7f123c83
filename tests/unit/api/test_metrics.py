"""What a scrape shows of plain counters."""

from prometheus_client.core import HistogramMetricFamily

from relay.api.metrics import _fill
from relay.histogram import Histogram


def samples(seen: Histogram) -> dict[tuple[str, str | None], float]:
    family = HistogramMetricFamily("relay_x_seconds", "told", labels=())
    _fill(family, seen)
    return {(sample.name, sample.labels.get("le")): sample.value for sample in family.samples}


def test_a_histogram_is_cumulated() -> None:
    seen = Histogram((0.1, 1))
    for seconds in (0.05, 0.5, 0.6, 7):
        seen.observe(seconds)
    assert samples(seen) == {
        ("relay_x_seconds_bucket", "0.1"): 1,
        ("relay_x_seconds_bucket", "1"): 3,
        ("relay_x_seconds_bucket", "+Inf"): 4,
        ("relay_x_seconds_count", None): 4,
        ("relay_x_seconds_sum", None): 8.15,
    }


def test_an_empty_histogram_is_there() -> None:
    assert {name for name, _ in samples(Histogram())} == {
        "relay_x_seconds_bucket",
        "relay_x_seconds_count",
        "relay_x_seconds_sum",
    }
