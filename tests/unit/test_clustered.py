"""What is said when a server cannot be a node, before there is any Redis."""

import socket

import pytest

from relay.cluster.figures import Figures
from relay.clustered import _address_towards, _host_name, clustered
from relay.config import Settings
from relay.errors import ConfigError
from relay.store import MemoryStore


async def test_a_server_that_is_alone_has_a_store_of_its_own() -> None:
    async with clustered(Settings()) as membership:
        assert isinstance(membership.store, MemoryStore)
        assert membership.cluster is None
        assert membership.figures() == Figures()


def test_its_name_is_the_first_part_of_the_host_s(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "Berlin-1.example.org")
    assert _host_name() == "berlin-1"
    monkeypatch.setattr(socket, "gethostname", lambda: "berlin_1")
    with pytest.raises(ConfigError, match=r"^--node-name: has to be given, since the host is"):
        _host_name()


def test_its_address_is_that_on_the_way_to_redis() -> None:
    assert _address_towards("redis://127.0.0.1:6379/0") == "127.0.0.1"
    assert _address_towards("redis://127.0.0.1") == "127.0.0.1"


@pytest.mark.parametrize("url", ["unix:///run/redis.sock", "redis://no-such-host.invalid/0"])
def test_without_a_way_the_address_has_to_be_given(url: str) -> None:
    with pytest.raises(ConfigError, match=r"^--cluster-address: has to be given, since "):
        _address_towards(url)
