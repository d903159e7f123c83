"""The measurement ``cluster``: what a packet costs when its partner's link is on another node.

As ``bridge``, but that the planes are of two nodes: what crosses is encrypted, and goes over UDP.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from dataclasses import asdict
from typing import Any

from rich.table import Table

from relay.media import RelayPlane
from relay.media.plane import TICK_S
from scripts.benchmark.bench import Bench
from scripts.benchmark.bridge import ROUNDS, TURNS, Crossing, compare
from scripts.benchmark.supply import BURST, PEERS, connected
from scripts.benchmark.tables import table
from scripts.benchmark.targets import Target, judge
from scripts.benchmark.users import AES_GCM, Peer, offer_only

NODES = "first", "second"
MOST, MOST_LATER_MS = 2.2, 1.0


async def measure(bench: Bench, found: list[Crossing]) -> None:
    """Within one node and across, in turns."""
    offer_only([AES_GCM])
    bench.say(f"cluster: {2 * PEERS * BURST * ROUNDS * TURNS:,} packets")
    now = [0.0]
    planes = [RelayPlane("127.0.0.1", 0, clock=lambda: now[0]) for _ in NODES]
    peers: list[list[Peer]] = []
    try:
        for plane in planes:
            await plane.start()
            peers.append(await connected(plane))
        _open_trunks(planes)
        await asyncio.sleep(4 * TICK_S)  # as ``bridge`` does
        found.append(compare(planes, peers, now, ((0, NODES[0]), (0, NODES[1]))))
    finally:
        for peer in (peer for some in peers for peer in some):
            await peer.close()
        for plane in planes:
            await plane.close()


def _open_trunks(planes: list[RelayPlane]) -> None:
    places = [("127.0.0.1", _free_port()) for _ in planes]
    for index, plane in enumerate(planes):
        plane.pairs.open_trunk(NODES[1 - index], 0, places[index], places[1 - index])
    for ours, theirs in ((0, 1), (1, 0)):
        key = secrets.token_bytes(16)
        sender = planes[ours].pairs.trunk(NODES[theirs], 0)
        receiver = planes[theirs].pairs.trunk(NODES[ours], 0)
        if sender is None or receiver is None:
            raise RuntimeError("there is no trunk")
        receiver.decrypt_with(key, 0)
        sender.encrypt_with(key, 0)


def _free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
    return port


def as_dict(found: list[Crossing]) -> dict[str, Any]:
    """For JSON."""
    return {"cluster": [asdict(each) for each in found]}


def tables(found: list[Crossing]) -> list[Table]:
    """For people."""
    drawn = table(
        "A packet to a partner on another node (full batches)", "", "us", "p99 ms", "ratio"
    )
    for each in found:
        drawn.add_row("within one node", f"{each.direct_us:.2f}", f"{each.direct_p99_ms:.2f}", "")
        across = f"{each.bridged_us:.2f}", f"{each.bridged_p99_ms:.2f}", f"{each.ratio:.2f}"
        drawn.add_row("over a trunk, both nodes", *across)
    return [drawn]


def targets(found: list[Crossing]) -> list[Target]:
    """What crossing may cost."""
    ratio = found[0].ratio if found else None
    later_ms = found[0].bridged_p99_ms - found[0].direct_p99_ms if found else None
    return [
        judge("a packet to another node, to a local one", ratio, MOST, ""),
        judge("a burst to another node, p99 beyond a local one's", later_ms, MOST_LATER_MS, " ms"),
    ]
