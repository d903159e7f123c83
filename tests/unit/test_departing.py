"""From the first signal to the end."""

import asyncio

import pytest
from structlog.testing import capture_logs

from relay import departing
from relay.cluster.expulsion import Expulsion
from relay.departing import Departure
from relay.supervisor import Supervisor
from tests.support.party import until


class House:
    """A server with users, who leave when a test says so."""

    def __init__(self, users: int) -> None:
        self.users = users
        self.deadlines: list[float | None] = []

    @property
    def is_empty(self) -> bool:
        return self.users == 0

    def drain(self, left_s: float | None = None) -> bool:
        self.deadlines.append(left_s)
        return True


async def test_without_draining_the_first_signal_is_the_end() -> None:
    departure, house = Departure(0), House(2)
    waiting = asyncio.create_task(departure.wait(house, Expulsion()))
    assert not departure.told(drains=True)
    await waiting
    assert house.deadlines == []


async def test_ctrl_c_does_not_drain() -> None:
    departure, house = Departure(60), House(2)
    assert not departure.told(drains=False)
    await departure.wait(house, Expulsion())
    assert house.deadlines == []


async def test_it_drains_until_nobody_is_left() -> None:
    heard: list[str] = []

    class Ear(Supervisor):
        def status(self, text: str) -> None:
            heard.append(text)

    departure, house = Departure(60, Ear()), House(2)
    assert departure.told(drains=True)
    with capture_logs() as logs:
        waiting = asyncio.create_task(departure.wait(house, Expulsion()))
        await until(lambda: house.deadlines == [60])
        house.users = 0
        await waiting
    assert [each["event"] for each in logs] == ["drain_changed"]
    assert heard == ["draining: takes nobody new, ends within 60 s"]


async def test_another_signal_ends_the_draining() -> None:
    departure, house = Departure(60), House(2)
    assert departure.told(drains=True)
    waiting = asyncio.create_task(departure.wait(house, Expulsion()))
    await until(lambda: house.deadlines == [60])
    assert not departure.told(drains=True)
    await waiting
    assert house.users == 2


async def test_who_has_lost_its_place_in_the_cluster_drains_as_if_told() -> None:
    departure, house, expulsion = Departure(0), House(2), Expulsion()
    waiting = asyncio.create_task(departure.wait(house, expulsion))
    expulsion.happen("wrong_secret")
    expulsion.happen("name_taken")
    with capture_logs() as logs:
        await until(lambda: house.deadlines == [departing.EXPELLED_S])
        house.users = 0
        await waiting
    assert [(each["event"], each["by"]) for each in logs] == [("drain_changed", "wrong_secret")]


async def test_it_ends_though_somebody_cannot_be_got_rid_of(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(departing, "PATIENCE_S", 0.0)
    departure, house = Departure(0.01), House(1)
    departure.told(drains=True)
    with capture_logs() as logs:
        await departure.wait(house, Expulsion())
    assert logs[-1]["event"] == "drain_failed"
