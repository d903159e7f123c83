"""What is said when a server cannot be a node, before there is any Redis."""

import socket

import pytest

from relay.cluster.figures import Figures
from relay.clustered import address_of, clustered, name_of
from relay.config import Settings
from relay.errors import ConfigError
from relay.store import MemoryStore


async def test_a_server_that_is_alone_has_a_store_of_its_own() -> None:
    async with clustered(Settings()) as membership:
        assert isinstance(membership.store, MemoryStore)
        assert membership.cluster is None
        assert membership.figures() == Figures()


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


@pytest.mark.parametrize("url", ["unix:///run/redis.sock", "redis://no-such-host.invalid/0"])
def test_without_a_way_the_address_has_to_be_given(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^--cluster-address: has to be given, since "):
        address_of(node(url))
