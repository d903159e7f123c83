"""The measurement ``tunnels``: the same calls over UDP, ICE-TCP, TURN over TCP and TURN over TLS.

Four relays at once, which take turns run by run. All users of one come the same way, so every
packet comes over it and leaves over it. What turns their datagrams into a stream runs beside the
load (``wires``), so latencies have its part in them; CPU is the server's alone, and with TLS that
is two processes'.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict
from typing import Any

from rich.table import Table

from relay.bots.client import Client
from relay.bots.description import read_remote
from relay.protocol.messages import Connected, WebrtcAnswer, WebrtcOffer
from scripts.benchmark import servers, traffic, users
from scripts.benchmark.bench import Bench
from scripts.benchmark.contenders import Contender
from scripts.benchmark.forwarding import Level
from scripts.benchmark.rows import Row
from scripts.benchmark.tables import number, table
from scripts.benchmark.targets import Target, in_doubt, judge
from scripts.benchmark.traffic import CLIP_S
from scripts.benchmark.users import Peer, User
from scripts.benchmark.wires import Wire

PAIRS = 20
UDP, ICE_TCP, TURN_TCP, TURN_TLS = "UDP", "ICE-TCP", "TURN over TCP", "TURN over TLS"
MOST = {ICE_TCP: 2.0, TURN_TCP: 2.0, TURN_TLS: 3.0}
"""CPU of a packet, over UDP's."""


async def measure(bench: Bench, found: list[Row]) -> None:
    """Calls by the four ways, in turns."""
    bench.say("recording a call")
    plan = traffic.calls(traffic.settled(traffic.record(CLIP_S)))
    pairs = min(PAIRS, max(bench.options.pairs))
    async with AsyncExitStack() as stack:
        wires = await stack.enter_async_context(_wires())
        running = [await _contender(stack, name, wires) for name in (UDP, *MOST)]
        level = Level("calls", plan, pairs, bench.options.runs, bench.options.seconds)
        await level.measure(bench, running, found)


async def _contender(stack: AsyncExitStack, name: str, wires: Wires) -> Contender:
    server = await stack.enter_async_context(servers.relay("--tls-self-signed"))
    server.name = name

    async def join(server: servers.Server, pairs: int) -> list[User]:
        return await users.join_relay(server, pairs, lambda: _connect(server, wires))

    contender = Contender(server, users.encrypting(users.AS_CHROMIUM, join))
    stack.push_async_callback(lambda: users.leave(contender.crowd))
    return contender


async def _connect(server: servers.Server, wires: Wires) -> User:
    """One user with an open link, by the way that the server is named for."""
    peer, client = Peer(), Client(server.url, ssl=False)
    user = User(peer, client)
    async with users.left_on_error(user):
        await client.connect()
        told = (await client.expect(Connected)).ice_servers
        await client.send(WebrtcOffer(sdp=peer.offer()))
        answer = (await client.expect(WebrtcAnswer)).sdp
        if server.name != UDP:
            host, port = read_remote(answer).address or ("", 0)
            wire = _wire(server, peer, port, told[-1])
            answer = answer.replace(f" {host} {port} ", f" {host} {await wires.lay(wire)} ")
        peer.take_answer(answer)
        await peer.connect()
    return user


def _wire(server: servers.Server, peer: Peer, relay_port: int, turn: dict[str, Any]) -> Wire:
    port, near = int(server.url.split("/")[2].rpartition(":")[2]), peer.ice.address[1]
    if server.name == ICE_TCP:
        return Wire(port, near, relay_port)
    is_tls = server.name == TURN_TLS
    return Wire(port, near, relay_port, turn["username"], turn["credential"], is_tls)


class Wires:
    """The process that has the clients' ends.

    :param process: see ``wires.py``; its stdin and stdout are pipes.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._turn = asyncio.Lock()

    async def lay(self, wire: Wire) -> int:
        """Lay one; returns the UDP port that stands for the relay's."""
        if self._process.stdin is None or self._process.stdout is None:
            raise ValueError("the process has no pipes")
        async with self._turn:
            self._process.stdin.write(wire.as_line().encode())
            line = await self._process.stdout.readline()
        if not line:
            raise users.CannotJoin("the load's wires have ended")
        return int(line)


@asynccontextmanager
async def _wires() -> AsyncIterator[Wires]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.benchmark.wires"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield Wires(process)
    finally:
        await process.communicate(b"")  # which ends its stdin


def as_dict(found: list[Row]) -> dict[str, Any]:
    """For JSON."""
    return {"tunnels": [asdict(each) for each in found]}


def tables(found: list[Row]) -> list[Table]:
    """For people."""
    headings = "way", "pairs", "us", "/ UDP", "spread %", "per sleep", "p50 ms", "p99 ms", "loss %"
    drawn = table("Calls over UDP and over TCP", *headings, "in doubt")
    for each in found:
        drawn.add_row(
            each.server,
            str(each.pairs),
            number(each.cpu_us_per_packet, 1),
            number(_over_udp(found, each.server), 2),
            number(each.spread_percent, 0),
            number(each.packets_per_sleep, 1),
            number(each.latency_p50_ms, 2),
            number(each.latency_p99_ms, 2),
            number(each.loss_percent, 3),
            each.doubt,
        )
    return [drawn]


def targets(found: list[Row]) -> list[Target]:
    """What a packet over TCP may cost."""
    by_name = {each.server: each for each in found}
    return [
        judge(
            f"CPU of a packet by {name}, over UDP",
            _over_udp(found, name),
            most,
            "",
            doubt=in_doubt(by_name.get(name)),
        )
        for name, most in MOST.items()
    ]


def _over_udp(found: list[Row], name: str) -> float | None:
    """What a packet costs over what it costs by UDP."""
    by_name = {each.server: each for each in found}
    row, udp = by_name.get(name), by_name.get(UDP)
    return row.cpu_us_per_packet / udp.cpu_us_per_packet if row and udp else None
