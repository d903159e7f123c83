"""When the process counts as overloaded."""

import asyncio

import pytest
from structlog.testing import capture_logs

from relay.api.load import CPU_LIMIT, LAG_LIMIT_S, PATIENCE_S, Load
from relay.plane import MediaView, WorkerLoad
from tests.unit.api.observed import counting, worker


class Machine:
    """A clock, a processor and some traffic that a test moves on."""

    def __init__(self) -> None:
        self.now = 100.0
        self.cpu_s = 5.0
        self.media = counting()
        self.load = Load(self.media, lambda: self.now, lambda: self.cpu_s)
        self.load._loop._cpu_s = self.cpu_s

    async def run(self, seconds: float, *, cpu: float = 0.1, late_s: float = 0.001) -> None:
        """Let time pass; the event loop comes late once a second."""
        for _ in range(round(seconds)):
            self.now += 1
            self.cpu_s += cpu
            period_s = self.load._loop.woke(late_s)
            assert period_s is not None
            self.load.end_period(period_s)


@pytest.fixture
def machine() -> Machine:
    return Machine()


async def test_at_rest(machine: Machine) -> None:
    await machine.run(60)
    assert not machine.load.overloaded
    assert machine.load.cpu_ratio == pytest.approx(0.1)
    assert machine.load.worst_lag_s == 0.001
    assert machine.load.lag.count == 60


@pytest.mark.parametrize("much", [{"cpu": CPU_LIMIT + 0.01}, {"late_s": LAG_LIMIT_S}])
async def test_too_much_for_some_seconds_is_overload_until_it_is_less_for_as_long(
    machine: Machine, much: dict[str, float]
) -> None:
    await machine.run(60)
    await machine.run(PATIENCE_S - 1, **much)
    assert not machine.load.overloaded
    await machine.run(1, **much)
    assert machine.load.overloaded
    await machine.run(PATIENCE_S - 1)
    assert machine.load.overloaded
    await machine.run(1)
    assert not machine.load.overloaded


BUSY = [WorkerLoad(CPU_LIMIT, 0.001), WorkerLoad(0.1, LAG_LIMIT_S)]


@pytest.mark.parametrize("busy", BUSY)
async def test_a_server_is_overloaded_when_all_of_its_workers_are(
    machine: Machine, busy: WorkerLoad
) -> None:
    machine.media.view = MediaView(workers=[worker(0, load=busy), worker(1)])
    await machine.run(60)
    assert not machine.load.overloaded, "newcomers are put on the other one"
    machine.media.view = MediaView(workers=[worker(0, load=busy), worker(1, load=busy)])
    await machine.run(PATIENCE_S - 1)
    assert not machine.load.overloaded
    with capture_logs() as events:
        await machine.run(1)
    assert machine.load.overloaded
    [event] = events
    assert (event["event"], event["of"]) == ("overloaded", "workers")
    assert (event["cpu_ratio"], event["loop_lag_s"]) == (
        round(busy.cpu_ratio, 2),
        round(busy.loop_lag_s, 3),
    )


async def test_a_worker_that_is_down_takes_nobody(machine: Machine) -> None:
    full = worker(0, load=BUSY[0])
    machine.media.view = MediaView(workers=[full, worker(1, process_id=None)])
    await machine.run(60)
    assert machine.load.overloaded
    machine.media.view = MediaView(workers=[worker(0, process_id=None)])
    await machine.run(60)
    assert not machine.load.overloaded, "it is down, and not busy"


async def test_a_full_front_is_overload_whatever_the_workers_do(machine: Machine) -> None:
    machine.media.view = MediaView(workers=[worker()])
    with capture_logs() as events:
        await machine.run(PATIENCE_S, cpu=1)
    assert machine.load.overloaded
    assert [event["of"] for event in events] == ["server"]


async def test_a_moment_of_rest_begins_the_patience_anew(machine: Machine) -> None:
    for _ in range(5):
        await machine.run(PATIENCE_S - 1, cpu=1)
        await machine.run(1)
    assert not machine.load.overloaded


async def test_overload_is_logged_once_each_way(machine: Machine) -> None:
    with capture_logs() as events:
        await machine.run(30, cpu=1)
        await machine.run(30)
    assert [event["event"] for event in events] == ["overloaded", "no_longer_overloaded"]
    assert events[0]["cpu_ratio"] == 1


async def test_traffic_by_the_second(machine: Machine) -> None:
    await machine.run(1)
    machine.media.view = counting(packets_forwarded=500, bytes_forwarded=50_000).view
    await machine.run(1)
    assert (machine.load.packets_per_s, machine.load.bitrate_bps) == (500, 400_000)
    await machine.run(1)
    assert machine.load.packets_per_s == 0


async def test_what_adopted_workers_have_counted_before_is_no_traffic(machine: Machine) -> None:
    machine.media.view = counting(packets_forwarded=9_000_000, bytes_forwarded=10**10).view
    await machine.run(1)
    assert (machine.load.packets_per_s, machine.load.bitrate_bps) == (0, 0)
    machine.media.view = counting(packets_forwarded=9_000_500, bytes_forwarded=10**10).view
    await machine.run(1)
    assert machine.load.packets_per_s == 500


async def test_coming_early_is_not_late(machine: Machine) -> None:
    await machine.run(2, late_s=-0.001)
    assert (machine.load.worst_lag_s, machine.load.lag.sum_s) == (0, 0)


async def test_it_watches_the_loop_on_which_it_is_started() -> None:
    load = Load(counting())
    load.start()
    async with asyncio.timeout(5):
        while load.lag.count < 2:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await load.close()
    count = load.lag.count
    await asyncio.sleep(0)
    assert load.lag.count == count


async def test_its_crash_is_logged(monkeypatch: pytest.MonkeyPatch) -> None:
    load = Load(counting())
    monkeypatch.setattr(load._loop, "lag", None)
    with capture_logs() as events:
        load.start()
        task = load._loop._task
        assert task is not None
        await asyncio.wait({task}, timeout=5)
        await asyncio.sleep(0)
    assert [event["event"] for event in events] == ["task_crashed"]
    await load.close()
