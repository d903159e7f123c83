"""Whether a server lives, asked without the rest of it."""

import asyncio
import subprocess
import sys

import pytest
from aiohttp import web

from relay import alive
from tests.support.ports import free_ports


async def asked(server: str) -> int:
    """The status, of a port at which a server of that name answers."""

    async def handler(_: web.BaseRequest) -> web.Response:
        return web.Response(headers={"Server": server})

    runner = web.ServerRunner(web.Server(handler))
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        port = runner.addresses[0][1]
        return await asyncio.to_thread(alive.main, {"RELAY_PORT": str(port)})
    finally:
        await runner.cleanup()


async def test_a_relay_that_answers_lives() -> None:
    assert await asked("relay") == 0


async def test_another_server_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    assert await asked("other") == 1
    assert "no server answers on port" in capsys.readouterr().err


def test_nobody_is_none() -> None:
    assert alive.main({"RELAY_PORT": str(free_ports()[0])}) == 1


@pytest.mark.parametrize(
    ("told", "port"), [("443", 443), ("", 8080), ("tcp://203.0.113.10:80", 8080)]
)
def test_what_is_no_number_is_no_port(told: str, port: int) -> None:
    assert alive.port_of({"RELAY_PORT": told}) == port


def test_nothing_of_the_server_is_imported() -> None:
    code = "import sys, relay.alive; print([n for n in sys.modules if n.startswith('relay.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['relay.alive']\n"
