"""How often the event loop is looked at."""

from __future__ import annotations

import pytest

from relay.loop import LoopWatch


class Thread:
    """A thread whose time and work a test makes."""

    def __init__(self) -> None:
        self.now_s, self.cpu_s = 100.0, 5.0
        self.watch = LoopWatch(lambda: self.now_s, lambda: self.cpu_s)
        self.watch._cpu_s = self.cpu_s

    def run(self, seconds: float, *, cpu: float, late_s: float = 0.0) -> int:
        """Let time pass, of which the watch sleeps as much as it likes; returns its naps."""
        naps, until_s = 0, self.now_s + seconds
        while self.now_s < until_s:
            slept_s = self.watch.nap_s
            self.now_s += slept_s
            self.cpu_s += cpu * slept_s
            self.watch.woke(late_s)
            naps += 1
        return naps


@pytest.fixture
def thread() -> Thread:
    return Thread()


def test_a_thread_at_rest_is_woken_once_a_second(thread: Thread) -> None:
    thread.run(2, cpu=0.001)
    assert thread.run(60, cpu=0.001) == 60
    assert thread.watch.cpu_ratio == pytest.approx(0.001)


@pytest.mark.parametrize("work", [{"cpu": 0.1}, {"cpu": 0.001, "late_s": 0.05}])
def test_one_that_works_or_is_late_is_looked_at_often(
    thread: Thread, work: dict[str, float]
) -> None:
    thread.run(60, cpu=0.001)
    thread.run(1, **work)
    assert thread.run(10, **work) >= 99
    assert thread.watch.cpu_ratio == pytest.approx(work["cpu"])
    thread.run(2, cpu=0.001)
    assert thread.run(10, cpu=0.001) == 10
