"""What is said when a server cannot be a node, before there is any Redis."""

import socket
from typing import Any

import pytest

from relay.cluster.figures import Figures
from relay.clustered import Part, address_of, clustered, name_of
from relay.config import Settings
from relay.errors import ConfigError
from relay.store import MemoryStore


async def test_a_server_that_is_alone_has_a_store_of_its_own() -> None:
    async with clustered(Settings()) as membership:
        assert isinstance(membership.store, MemoryStore)
        assert membership.cluster is None
        assert membership.figures() == Figures()


class Held:
    """A lease, and a store, as a part of a cluster has them."""

    def __init__(self) -> None:
        self.refusal, self.kin = "", None
        self.is_renewed = self.is_there = False
        self.done: list[str] = []

    async def tend(self) -> None:
        self.done.append("tended")

    async def withdraw(self, why: str) -> None:
        self.done.append(why)


@pytest.mark.parametrize(
    ("is_renewed", "is_there", "refusal", "done"),
    [
        (True, False, "", ["tended"]),
        (True, True, "", ["tended"]),
        (False, True, "", ["tended"]),
        (False, False, "", []),
        (False, True, "wrong_secret", ["wrong_secret"]),
        (False, False, "name_taken", ["name_taken"]),
    ],
)
async def test_only_who_has_a_lease_comes_to_the_queue(
    is_renewed: bool, is_there: bool, refusal: str, done: list[str]
) -> None:
    held: Any = Held()
    held.is_renewed, held.is_there, held.refusal = is_renewed, is_there, refusal
    await Part(MemoryStore(), nodes=held, leases=held, shared=held)._tend()
    assert held.done == done


def node(url: str = "redis://127.0.0.1", **more: object) -> Settings:
    return Settings.model_validate({"cluster": url, "cluster_secret": 16 * "s"} | more)


def test_its_name_is_the_first_part_of_the_host_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Berlin-1.example.org")
    assert name_of(node()) == "berlin-1"
    assert name_of(node(node_name="paris")) == "paris"
    monkeypatch.setattr(socket, "gethostname", lambda: "berlin_1")
    with pytest.raises(ConfigError, match=r"^--node-name: has to be given, since the host is"):
        name_of(node())


def test_its_address_is_that_on_the_way_to_redis() -> None:
    assert address_of(node("redis://127.0.0.1:6379/0")) == "127.0.0.1"
    assert address_of(node("redis://127.0.0.1", cluster_address="192.0.2.7")) == "192.0.2.7"


def test_with_a_socket_the_address_has_to_be_given() -> None:
    with pytest.raises(ConfigError, match=r"^--cluster-address: has to be given, since "):
        address_of(node("unix:///run/redis.sock"))


def test_a_name_that_is_not_found_is_told_by_the_option_that_has_it() -> None:
    with pytest.raises(ConfigError, match=r"^--cluster: no-such-host\.invalid: .*correct the name"):
        address_of(node("redis://no-such-host.invalid/0"))
