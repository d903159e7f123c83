"""The recipe for an operator's own TURN server, with a real coturn: ``docs/proxies.md``.

The relay and coturn stand at a private address, in a network that the test makes, as behind a NAT:
who is refused there and who is not is what the recipe is about.
"""

from __future__ import annotations

import asyncio
import re
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from shutil import which

import pytest
from aioice import stun

from tests.browser.namespace import Namespace, need_namespaces
from tests.browser.server import Server, running
from tests.support.bots import Bot
from tests.support.recipes import recipe
from tests.support.relayed import media_by
from tests.support.wires import TurnClient

COTURN = which("turnserver")
PORT = 3478
SECRET = "north-by-northwest-1959"

pytestmark = [
    pytest.mark.skipif(COTURN is None, reason="needs coturn (scripts/need turnserver coturn)"),
    pytest.mark.usefixtures("relayed"),
]


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    need_namespaces()
    with Namespace() as made:
        yield made


@asynccontextmanager
async def coturn(namespace: Namespace, folder: Path) -> AsyncIterator[None]:
    """It serves, with nothing beside the recipe but where it listens and keeps its files."""
    conf = folder / "turnserver.conf"
    conf.write_text(
        recipe("With a coturn of your own", "ini", **{"203.0.113.10": namespace.address})
    )
    process = await asyncio.create_subprocess_exec(
        *(*namespace.prefix, str(COTURN), "-c", str(conf), "-L", namespace.address),
        *("--log-file", "stdout", "--pidfile", str(folder / "pid"), "--userdb", str(folder / "db")),
        stdout=PIPE,
        stderr=STDOUT,
    )
    assert process.stdout is not None
    reading = asyncio.create_task(process.stdout.read())
    try:
        await _until_it_listens(namespace.address, process)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
        await reading


async def _until_it_listens(host: str, process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(20):
        while True:
            assert process.returncode is None, "coturn has ended"
            try:
                _, writer = await asyncio.open_connection(host, PORT)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                return


async def test_two_meet_through_it_and_nobody_gets_anywhere_else(
    namespace: Namespace, tmp_path: Path
) -> None:
    here = namespace.address
    server = Server(
        tmp_path,
        *("--workers", "0", "--no-tcp-media", "--turn-secret", SECRET),
        *("--ice-servers", f"turn:{here}:{PORT}?transport=tcp"),
        prefix=namespace.prefix,
        host=here,
    )
    async with coturn(namespace, tmp_path), running(server):
        page = server.url.replace("http", "ws").rstrip("/") + "/ws"
        async with Bot(page, 1) as one, Bot(page, 2) as two:
            (told,) = one._ice_servers
            assert re.fullmatch(r"\d+:\S+", told["username"])
            assert told["credential"] != SECRET
            assert await media_by(one, two) == {"relay"}
            client = await TurnClient.connect(PORT, told, here)
            assert "XOR-RELAYED-ADDRESS" in (await client.allocate()).attributes
            assert await permission(client, here) is None
            for elsewhere in (namespace.gateway, "127.0.0.1", f"::ffff:{here}", "::ffff:127.0.0.1"):
                assert await permission(client, elsewhere) in (403, 443), elsewhere
            client.writer.close()


async def permission(client: TurnClient, host: str) -> int | None:
    """Ask for one; returns the code of the error."""
    said = await client.ask(stun.Method.CREATE_PERMISSION, XOR_PEER_ADDRESS=(host, 9))
    return said.error_code
