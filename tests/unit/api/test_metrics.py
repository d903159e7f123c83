"""What a scrape shows of plain counters."""

from prometheus_client.core import HistogramMetricFamily

from relay.api.metrics import _fill, _of_workers
from relay.histogram import Histogram
from relay.plane import PlaneStats, WorkerLoad
from tests.unit.api.observed import worker


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


def test_each_worker_has_its_own() -> None:
    busy = worker(
        1,
        load=WorkerLoad(0.5, 0.02),
        restarts=2,
        stats=PlaneStats(links=3, packets_forwarded=9, drops={"held": 1, "send": 2}),
    )
    gone = worker(2, process_id=None, age_s=7.0)
    seen = {
        (sample.name.removeprefix("relay_worker_"), sample.labels["worker"]): sample.value
        for family in _of_workers([busy, gone])
        for sample in family.samples
    }
    assert {name: value for (name, index), value in seen.items() if index == "1"} == {
        "up": 1,
        "uptime_seconds": 60,
        "links": 3,
        "cpu_ratio": 0.5,
        "loop_lag_seconds": 0.02,
        "restarts_total": 2,
        "packets_forwarded_total": 9,
        "packets_dropped_total": 3,
    }
    assert (seen["up", "2"], seen["uptime_seconds", "2"]) == (0, 0)


def test_without_workers_the_families_are_there_all_the_same() -> None:
    assert all(family.documentation and not family.samples for family in _of_workers([]))
