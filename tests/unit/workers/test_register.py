"""Who is there, who is missing, and what all of them have counted."""

from types import SimpleNamespace
from typing import Any, cast

from relay.plane import PlaneStats, WorkerLoad
from relay.workers.colleague import Colleague
from relay.workers.register import REPLACED_S, Register


def colleague(index: int, process_id: int, **counted: Any) -> Colleague:
    return cast(
        "Colleague",
        SimpleNamespace(
            index=index,
            process_id=process_id,
            udp_port=7882 + index,
            answers=True,
            stats=PlaneStats(**counted),
            load=WorkerLoad(0.5, 0.01, 100.0),
        ),
    )


class House:
    """Two workers, on a clock that a test moves on."""

    def __init__(self) -> None:
        self.now = 100.0
        self.register = Register(2, lambda: self.now)
        self.members = [
            colleague(0, 10, links=3, packets_forwarded=5, drops={"held": 1}),
            colleague(1, 11, links=4, packets_forwarded=7, drops={"held": 2, "send": 1}),
        ]
        for member in self.members:
            self.register.joined(member)


def test_each_is_seen_as_it_has_told_of_itself() -> None:
    house = House()
    house.now += 5
    house.members[1].answers = False
    first, second = house.register.views([0, 2])
    assert (first.index, first.process_id, first.udp_port, first.age_s) == (0, 10, 7882, 5.0)
    assert (first.load.packets_per_s, first.stats.packets_dropped) == (100.0, 1)
    assert (first.is_up, second.is_up) == (True, False)
    assert (first.restarts, second.restarts) == (0, 2)


def test_what_all_have_counted_is_summed_those_included_that_are_no_more() -> None:
    house = House()
    house.register.lost(house.members[1], links=4)
    house.register.joined(colleague(1, 12, packets_forwarded=1))
    stats = house.register.stats()
    assert (stats.packets_forwarded, stats.links) == (13, 3)
    assert stats.drops == {"held": 3, "send": 1}
    assert stats.link_losses == {"restarted": 4}


def test_one_that_has_gone_is_down_with_nothing_of_its_own() -> None:
    house = House()
    house.register.lost(house.members[1], links=4)
    house.now += 2
    gone = house.register.views([0, 1])[1]
    assert (gone.process_id, gone.is_up, gone.age_s, gone.uptime_s) == (None, False, 2.0, 0.0)
    assert (gone.udp_port, gone.restarts) == (7883, 1)
    assert gone.stats == PlaneStats()


def test_media_can_reach_a_server_whose_worker_is_replaced_in_time() -> None:
    house = House()
    house.register.lost(house.members[1], links=4)
    house.now += REPLACED_S - 0.1
    assert house.register.stats().listening
    house.now += 0.1
    assert not house.register.stats().listening
    house.register.joined(colleague(1, 12))
    assert house.register.stats().listening


def test_media_cannot_reach_a_server_before_all_are_there() -> None:
    register = Register(2, lambda: 0.0)
    register.joined(colleague(0, 10))
    assert not register.stats().listening


def test_a_worker_without_its_port_is_of_no_account_once_it_has_gone() -> None:
    house = House()
    deaf = colleague(1, 12, listening=False)
    house.register.joined(deaf)
    assert not house.register.stats().listening
    house.register.lost(deaf, links=0)
    house.register.joined(colleague(1, 13))
    assert house.register.stats().listening
