"""The measurement ``cluster``: what a packet costs when its partner's link is on another node.

As ``bridge``, but that the planes are of two nodes: what crosses is encrypted, and goes over UDP.
Then nodes are processes, and their users meet (``meetings``).
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from dataclasses import asdict
from typing import Any

from rich.table import Table

from relay.media.plane import TICK_S, RelayPlane
from scripts.benchmark import meetings
from scripts.benchmark.bench import Bench
from scripts.benchmark.bridge import FULL, QUICK, Crossing, compare
from scripts.benchmark.meetings import Meeting, Rate
from scripts.benchmark.supply import BURST, PEERS, connected
from scripts.benchmark.tables import table
from scripts.benchmark.targets import Target, judge
from scripts.benchmark.users import AES_GCM, Peer, offer_only

NODES = "first", "second"
MOST, MOST_LATER_MS = 2.2, 1.0
NOISY = 1.5
"""When a local burst takes so many times its CPU time by the clock, the machine had other work."""


Found = Crossing | Meeting | Rate


async def measure(bench: Bench, found: list[Found]) -> None:
    """Packets, then meetings."""
    found.append(await _cross(bench))
    await meetings.measure(bench, found)


async def _cross(bench: Bench) -> Crossing:
    """Within one node and across, in turns."""
    length = QUICK if bench.options.quick else FULL
    offer_only([AES_GCM])
    bench.say(f"cluster: {2 * PEERS * BURST * length.turns * length.rounds:,} packets")
    now = [0.0]
    planes = [RelayPlane("127.0.0.1", 0, clock=lambda: now[0]) for _ in NODES]
    peers: list[list[Peer]] = []
    try:
        for plane in planes:
            await plane.start()
            peers.append(await connected(plane))
        _open_trunks(planes)
        await asyncio.sleep(4 * TICK_S)  # as ``bridge`` does
        return compare(planes, peers, now, ((0, NODES[0]), (0, NODES[1])), length)
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


def as_dict(found: list[Found]) -> dict[str, Any]:
    """For JSON."""
    crossings, met = _apart(found)
    return {"cluster": [asdict(each) for each in crossings]} | meetings.as_dict(met)


def tables(found: list[Found]) -> list[Table]:
    """For people."""
    crossings, met = _apart(found)
    drawn = table(
        "A packet to a partner on another node (full batches; bursts of five alone)",
        "", "us", "ratio", "burst p99 ms", "by the clock",
    )  # fmt: skip
    for each in crossings:
        near = f"{each.direct_p99_ms:.2f}", f"{each.direct_clock_p99_ms:.2f}"
        far = f"{each.bridged_p99_ms:.2f}", f"{each.bridged_clock_p99_ms:.2f}"
        drawn.add_row("within one node", f"{each.direct_us:.2f}", "", *near)
        drawn.add_row(
            "over a trunk, both nodes", f"{each.bridged_us:.2f}", f"{each.ratio:.2f}", *far
        )
    return [drawn, *meetings.tables(met)]


def targets(found: list[Found]) -> list[Target]:
    """What crossing may cost, and how soon users are to meet."""
    crossings, met = _apart(found)
    ratio = later_ms = by_clock_ms = None
    doubt = ""
    for each in crossings:
        ratio, later_ms = each.ratio, each.bridged_p99_ms - each.direct_p99_ms
        by_clock_ms = each.bridged_clock_p99_ms - each.direct_clock_p99_ms
        if each.direct_clock_p99_ms > NOISY * each.direct_p99_ms:
            doubt = " (in doubt: others wanted the core)"
    burst = "a burst to another node, p99 beyond a local one's"
    return [
        judge("a packet to another node, to a local one", ratio, MOST, ""),
        judge(burst, later_ms, MOST_LATER_MS, " ms"),
        judge(f"{burst}, by the clock", by_clock_ms, MOST_LATER_MS, " ms", doubt=doubt),
        *meetings.targets(met),
    ]


def _apart(found: list[Found]) -> tuple[list[Crossing], list[Meeting | Rate]]:
    crossings = [each for each in found if isinstance(each, Crossing)]
    return crossings, [each for each in found if not isinstance(each, Crossing)]
