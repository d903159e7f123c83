"""Whose handshake begins, and who waits."""

from __future__ import annotations

from collections import Counter

from relay.media.budget import HANDSHAKES_OF_ALL, HANDSHAKES_OF_NETWORK, Network
from relay.media.handshakes import Handshakes

LOOK_S = 0.1


class Crowd:
    """Links that want to begin, by the names of their networks."""

    def __init__(self) -> None:
        self.handshakes = Handshakes()
        self.begun = Counter[str]()
        self.order: list[str] = []
        self._networks: dict[str, Network] = {}

    def come(self, name: str, now: float, count: int = 1) -> None:
        for _ in range(count):
            self.handshakes.ask(self._network(name), lambda: self._begin(name), now)

    def _network(self, name: str) -> Network:
        return self._networks.setdefault(name, Network())

    def _begin(self, name: str) -> None:
        self.begun[name] += 1
        self.order.append(name)


def test_a_few_begin_at_once() -> None:
    crowd = Crowd()
    crowd.come("home", 0.0, 10)
    assert crowd.begun == {"home": 10}
    assert len(crowd.handshakes) == 0


def test_of_one_network_so_many_begin_in_a_second() -> None:
    crowd = Crowd()
    begun = []
    for tenth in range(100):
        crowd.come("crowded", tenth * LOOK_S, 10)  # 100 a second
        crowd.handshakes.look(tenth * LOOK_S)
        begun.append(crowd.begun["crowded"])
    per_s, at_once = HANDSHAKES_OF_NETWORK
    assert begun[-1] <= at_once + 10 * per_s
    assert begun[-1] - begun[49] <= 5 * per_s + 1
    assert len(crowd.handshakes) == 1000 - begun[-1], "the others wait"


def test_who_comes_from_elsewhere_does_not_wait_behind_a_crowd() -> None:
    crowd = Crowd()
    crowd.come("crowded", 0.0, 500)
    for tenth in range(1, 50):
        crowd.handshakes.look(tenth * LOOK_S)
    crowd.come("home", 5.0)
    crowd.handshakes.look(5.0)
    assert crowd.begun["home"] == 1


def test_all_networks_together_have_a_limit_and_take_turns() -> None:
    crowd = Crowd()
    for number in range(100):
        crowd.come(f"network {number}", 0.0, 3)
    per_s, at_once = HANDSHAKES_OF_ALL
    assert sum(crowd.begun.values()) == at_once
    now = 0.0
    while len(crowd.handshakes):
        now += LOOK_S
        crowd.handshakes.look(now)
        assert sum(crowd.begun.values()) <= at_once + per_s * now + 1
        assert max(crowd.begun.values()) - min(crowd.begun[f"network {n}"] for n in range(100)) <= 3
    assert crowd.begun == {f"network {number}": 3 for number in range(100)}
    assert now < 300 / per_s + 1


def test_who_has_gone_takes_no_turn() -> None:
    handshakes, network, begun = Handshakes(), Network(), []

    def begin() -> None:
        begun.append("it")

    while not network.handshakes.take(0.0):
        pass
    handshakes.ask(network, begin, 0.0)
    assert len(handshakes) == 1
    handshakes.forget(network, begin)
    handshakes.forget(network, begin)
    handshakes.look(10.0)
    assert (begun, len(handshakes)) == ([], 0)
