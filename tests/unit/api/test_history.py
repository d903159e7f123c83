"""The samples of the last hour."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from relay.api.history import SAMPLES, History


async def _nothing() -> None:
    return None


class Server:
    """What the history looks at, on clocks that a test moves on."""

    def __init__(self, period_s: float = 5.0) -> None:
        self.now, self.cpu_s = 50.0, 7.0
        self.told: dict[str, Any] = {
            "connected": 5,
            "waiting": 1,
            "in_call": 4,
            "bad_rooms": 1,
            "packets_forwarded": 0,
            "bytes_forwarded": 0,
            "loss_up_ratio": 0.02,
            "loss_down_ratio": 0.01,
            "worker_cpu_ratio": 0.3,
        }
        overview = SimpleNamespace(
            look=_nothing,
            totals=lambda _: SimpleNamespace(**self.told),
            sampled=lambda _: None,
        )
        self.history = History(
            cast("Any", overview),
            period_s=period_s,
            clock=lambda: self.now,
            cpu=lambda: self.cpu_s,
        )
        self.history._cpu_s = self.cpu_s

    async def run(self, seconds: float, **told: Any) -> None:
        self.now += seconds
        self.told |= told
        await self.history.take()


def test_nothing_at_first() -> None:
    answer = Server().history.answer()
    assert (answer.period_s, answer.samples) == (5.0, [])


async def test_counts_are_those_of_the_moment_and_rates_those_of_the_time_since() -> None:
    server = Server()
    server.cpu_s += 1.0
    await server.run(5, packets_forwarded=1000, bytes_forwarded=100_000)
    server.cpu_s += 4.0
    await server.run(10, packets_forwarded=1500, bytes_forwarded=150_000, in_call=2)
    first, second = server.history.answer().samples
    assert (first.packets_per_s, first.bitrate_bps, first.cpu_ratio) == (200, 160_000, 0.2)
    assert (second.packets_per_s, second.bitrate_bps, second.cpu_ratio) == (50, 40_000, 0.4)
    assert (first.in_call, second.in_call) == (4, 2)
    assert first.worker_cpu_ratio == 0.3
    assert (first.loss_up_ratio, first.bad_rooms, first.waiting) == (0.02, 1, 1)
    assert first.at < second.at or first.at == second.at


async def test_it_is_bounded_to_an_hour() -> None:
    server = Server()
    for number in range(SAMPLES + 3):
        await server.run(5, connected=number)
    samples = server.history.answer().samples
    assert len(samples) * 5 == 3600
    assert (samples[0].connected, samples[-1].connected) == (3, SAMPLES + 2)


async def test_what_adopted_workers_have_counted_before_is_no_traffic() -> None:
    server = Server(period_s=0.001)
    server.told |= {"packets_forwarded": 9_000_000, "bytes_forwarded": 10**10}
    server.history.start()
    async with asyncio.timeout(5):
        while not server.history.answer().samples:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    await server.history.close()
    first = server.history.answer().samples[0]
    assert (first.packets_per_s, first.bitrate_bps) == (0, 0)


async def test_it_takes_samples_by_itself_until_it_is_closed() -> None:
    history = Server(period_s=0.001).history
    history.start()
    async with asyncio.timeout(5):
        while len(history.answer().samples) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    await history.close()
    count = len(history.answer().samples)
    await asyncio.sleep(0.01)
    assert len(history.answer().samples) == count


@pytest.mark.parametrize("missing", ["connected"])
async def test_its_crash_is_logged(missing: str) -> None:
    server = Server(period_s=0.001)
    del server.told[missing]
    with capture_logs() as events:
        server.history.start()
        task = server.history._task
        assert task is not None
        await asyncio.wait({task}, timeout=5)
        await asyncio.sleep(0)
    assert [event["event"] for event in events] == ["task_crashed"]
    await server.history.close()
