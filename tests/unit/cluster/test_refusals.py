"""What is logged of those who are not let in."""

from structlog.testing import capture_logs

from relay.cluster.refusals import Refusals


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_each_reason_is_logged_once_a_minute_and_counted_each_time() -> None:
    clock = Clock()
    refusals = Refusals(clock)
    with capture_logs() as logged:
        for clock.now in (0.0, 1.0, 59.0):
            refusals.note("wrong_secret")
        refusals.note("version", "paris")
        clock.now = 61.0
        refusals.note("wrong_secret")
    assert [(each["event"], each["reason"], each.get("node")) for each in logged] == [
        ("node_refused", "wrong_secret", None),
        ("node_refused", "version", "paris"),
        ("node_refused", "wrong_secret", None),
    ]
    assert refusals.counts["wrong_secret"] == 4
    assert refusals.counts["version"] == 1
    assert refusals.counts["silent"] == 0


def test_names_without_end_do_not_fill_the_memory() -> None:
    refusals = Refusals(Clock())
    for number in range(1000):
        refusals.note("name_taken", f"node-{number}")
    assert len(refusals._told) == 256
