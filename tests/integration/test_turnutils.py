"""coturn's own client against our TURN server, with an echo in the media plane's place."""

from __future__ import annotations

import asyncio
import re
import time
from asyncio.subprocess import PIPE, STDOUT
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from shutil import which
from typing import cast

import pytest

from relay.door import Door, DoorLimits
from relay.media.paths.landing import Landing
from relay.tls import self_signed
from relay.tunnel import credentials
from relay.tunnel.arrival import Reception
from relay.tunnel.tunnels import Tunnels

CLIENT = which("turnutils_uclient")
SECRET = b"secret"

pytestmark = pytest.mark.skipif(CLIENT is None, reason="needs coturn (scripts/need)")


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.transport.sendto(data, addr)


@asynccontextmanager
async def serving() -> AsyncIterator[tuple[int, tuple[str, int]]]:
    """The server's port, and where the echo is."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    host, port = transport.get_extra_info("sockname")
    beside = host, port + 1  # for which the client binds a channel that it does not use
    tunnels = Tunnels(Landing(((host, port), beside), (host, port), {}, Counter(), Counter()))
    gate = credentials.Gate(SECRET, "relay")
    reception = Reception(tunnels, gate, time.monotonic)
    door = Door(DoorLimits(100, 100), media=reception.receive)
    context = self_signed([]).context
    try:
        yield door.open(None, "127.0.0.1", 0, lambda: context), (host, port)
    finally:
        await door.close()
        tunnels.close()
        await reception.close()
        transport.close()


@pytest.mark.parametrize("over", [(), ("-S",)], ids=["tcp", "tls"])
@pytest.mark.parametrize("how", [(), ("-s",)], ids=["channels", "indications"])
async def test_what_it_sends_comes_back(over: tuple[str, ...], how: tuple[str, ...]) -> None:
    name, password = credentials.made(SECRET, "user", time.monotonic())
    async with serving() as (port, (host, echo)):
        to = ("-p", str(port), "-e", host, "-r", str(echo), "127.0.0.1")
        user = ("-u", name, "-w", password)
        few = ("-c", "-n", "20", "-m", "2")  # no allocations in pairs, 20 messages, two clients
        client = await asyncio.create_subprocess_exec(
            str(CLIENT), "-t", *over, *how, *few, *user, *to, stdout=PIPE, stderr=STDOUT
        )
        said = (await client.communicate())[0].decode()
    assert client.returncode == 0, said
    (received,) = re.findall(r"start_mclient: tot_send_msgs=40, tot_recv_msgs=(\d+)", said)
    # Of messages that came in one TLS record it takes the first, and calls the others lost.
    assert int(received) == 40 if not over else int(received) >= 30, said
