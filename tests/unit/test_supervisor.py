"""What systemd, or another supervisor, is told."""

import asyncio
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from relay.supervisor import Supervisor, supervisor


class Ear:
    """A supervisor's socket."""

    def __init__(self, address: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    async def heard(self) -> str:
        loop = asyncio.get_running_loop()
        return (await loop.sock_recv(self.socket, 1000)).decode()


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    one = Ear(str(tmp_path / "notify"))
    yield one
    one.socket.close()


async def test_it_hears_when_the_server_is_ready_and_when_it_ends(ear: Ear) -> None:
    told = supervisor({"NOTIFY_SOCKET": ear.socket.getsockname()}, 1)
    told.ready()
    assert await ear.heard() == "READY=1"
    told.status("takes new users")
    assert await ear.heard() == "STATUS=takes new users"
    told.stopping()
    assert await ear.heard() == "STOPPING=1"


async def test_its_address_may_be_abstract(tmp_path: Path) -> None:
    name = f"relay{tmp_path}"
    ear = Ear(f"\0{name}")
    with ear.socket:
        Supervisor(f"@{name}").ready()
        assert await ear.heard() == "READY=1"


async def test_it_hears_signs_of_life_twice_as_often_as_it_asks(ear: Ear) -> None:
    environ = {
        "NOTIFY_SOCKET": ear.socket.getsockname(),
        "WATCHDOG_USEC": "30000",
        "WATCHDOG_PID": "7",
    }
    told = supervisor(environ, 7)
    assert told.patience_s == 0.03
    begun = asyncio.get_running_loop().time()
    async with told.watched():
        for _ in range(4):
            assert await ear.heard() == "WATCHDOG=1"
    assert asyncio.get_running_loop().time() - begun >= 3 * 0.015 * 0.9
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"WATCHDOG_USEC": "0"},
        {"WATCHDOG_USEC": "x"},
        {"WATCHDOG_USEC": "5", "WATCHDOG_PID": "8"},
    ],
)
async def test_it_hears_none_when_it_does_not_ask(ear: Ear, asked: dict[str, str]) -> None:
    environ = {"NOTIFY_SOCKET": ear.socket.getsockname()} | asked
    told = supervisor(environ, 7)
    assert told.patience_s is None
    async with told.watched():
        told.ready()
        assert await ear.heard() == "READY=1"


async def test_children_have_none() -> None:
    environ = {"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "1", "WATCHDOG_PID": "1", "HOME": "/"}
    assert supervisor(environ, 1) == Supervisor("/x", 1e-6)
    assert environ == {"HOME": "/"}


async def test_where_there_is_none_nobody_is_told() -> None:
    for told in (supervisor({}, 1), supervisor({"NOTIFY_SOCKET": ""}, 1)):
        with capture_logs() as logs:
            async with told.watched():
                told.ready()
        assert logs == []


async def test_one_that_has_gone_disturbs_nothing(tmp_path: Path) -> None:
    with capture_logs() as logs:
        Supervisor(str(tmp_path / "gone")).ready()
    assert [(each["event"], each["told"]) for each in logs] == [("supervisor_not_told", "READY=1")]
