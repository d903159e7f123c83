"""On which families the server listens, and by which addresses it knows who comes."""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import AsyncIterator

import pytest

from relay.door.listening import Listening, listen
from tests.support.families import needs_ipv6

HOSTS = ["127.0.0.1", pytest.param("::1", marks=needs_ipv6)]


class Entrance:
    """What comes in."""

    def __init__(self) -> None:
        self.came: asyncio.Queue[str] = asyncio.Queue()
        self.listening = Listening(listen("::", 0), self._take, lambda: False)

    def _take(self, accepted: socket.socket, address: str) -> None:
        accepted.close()
        self.came.put_nowait(address)


@pytest.fixture
async def entrance() -> AsyncIterator[Entrance]:
    found = Entrance()
    yield found
    found.listening.close()


@pytest.mark.parametrize("host", HOSTS)
async def test_both_families_come_in_by_addresses_of_their_own(
    entrance: Entrance, host: str
) -> None:
    _, writer = await asyncio.open_connection(host, entrance.listening.port)
    assert await entrance.came.get() == host
    writer.close()


@needs_ipv6
async def test_a_port_that_one_family_has_lost_cannot_be_had() -> None:
    with socket.socket(socket.AF_INET6) as taken:
        taken.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        taken.bind(("::", 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            listen("::", taken.getsockname()[1])


async def test_a_machine_without_ipv6_has_ipv4(monkeypatch: pytest.MonkeyPatch) -> None:
    real = socket.create_server

    def no_ipv6(address: tuple[str, int], *, family: int, backlog: int) -> socket.socket:
        if family == socket.AF_INET6:
            raise OSError(errno.EAFNOSUPPORT, "Address family not supported by protocol")
        return real(address, family=family, backlog=backlog)

    monkeypatch.setattr(socket, "create_server", no_ipv6)
    (found,) = listen("::", 0)
    assert found.family == socket.AF_INET
    found.close()
