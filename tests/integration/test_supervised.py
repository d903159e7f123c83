"""The server as systemd starts it: with a socket, and somebody who wants to hear how it goes."""

import asyncio
import signal
import socket
from pathlib import Path

import aiohttp

from tests.support.ports import free_ports
from tests.support.served import ended, page_of, serving

STARTED = """
import os, socket
listening = socket.create_server(("127.0.0.1", {port}))
os.dup2(listening.detach(), 3)
os.environ |= dict(LISTEN_FDS="1", LISTEN_PID=str(os.getpid()))
os.environ |= dict(NOTIFY_SOCKET={notify!r}, WATCHDOG_USEC="200000")
"""


async def test_it_takes_the_socket_and_says_how_it_goes(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    notify = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as ear:
        ear.bind(notify)
        told = listened(ear)
        before = STARTED.format(port=port, notify=notify)
        async with serving(tmp_path, "--port", str(port), before=before) as process:
            await heard(told, "WATCHDOG=1")
            page = await page_of(process)
            assert page == f"http://127.0.0.1:{port}"
            await heard(told, "READY=1")
            async with aiohttp.ClientSession() as http, http.get(page + "/health") as answer:
                assert answer.status == 200
            await heard(told, "WATCHDOG=1")
            process.send_signal(signal.SIGTERM)
            await heard(told, "STOPPING=1")
            code, _, log = await ended(process)
        asyncio.get_running_loop().remove_reader(ear)
        assert code == 0
        assert "supervisor_not_told" not in log


async def test_a_socket_that_no_setting_names_ends_the_start_with_one_line(tmp_path: Path) -> None:
    port, other = free_ports(2)
    before = STARTED.format(port=port, notify="")
    async with serving(tmp_path, "--port", str(other), "--workers", "0", before=before) as process:
        code, _, log = await ended(process)
    assert code == 2
    assert log.splitlines()[-1].startswith(
        f"relay: --port: the server was started with a socket for port {port}"
    )
    assert "Traceback" not in log


def listened(ear: socket.socket) -> asyncio.Queue[str]:
    """What comes, as it comes: the socket itself holds but a few datagrams."""
    told: asyncio.Queue[str] = asyncio.Queue()
    ear.setblocking(False)
    loop = asyncio.get_running_loop()
    loop.add_reader(ear, lambda: told.put_nowait(ear.recv(1000).decode()))
    return told


async def heard(told: asyncio.Queue[str], text: str) -> None:
    while await told.get() != text:
        pass
