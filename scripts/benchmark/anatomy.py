"""The measurement ``anatomy``: where the time of a forwarded packet goes.

In this process, without an event loop: batches of 60 packets wait in a real plane's real socket,
and the forwarder is called. That gives the whole; then each part is timed alone, over as many
packets. The rest is what no part has: telling packets apart, looking up tables, calling the parts.
"""

from __future__ import annotations

import contextlib
import gc
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from rich.table import Table

from relay.media.link import Link
from relay.media.packets.numbering import nearest
from relay.media.packets.rtp import HEADERS
from relay.media.paths.transport import SLOT_BYTES, DatagramSocket
from relay.media.plane import RelayPlane
from relay.srtp import srtp_ffi, srtp_lib
from scripts.benchmark.bench import Bench
from scripts.benchmark.supply import BURST, PEERS, Supply, connected
from scripts.benchmark.tables import table
from scripts.benchmark.targets import Target
from scripts.benchmark.users import AES_GCM, Peer, offer_only

ROUNDS = 600


@dataclass(frozen=True, slots=True)
class Part:
    """CPU time that a packet spends in one part, in microseconds."""

    name: str
    us: float
    share_percent: float


async def measure(bench: Bench, found: list[Part]) -> None:
    """The whole and its parts."""
    offer_only([AES_GCM])  # other measurements have left what Chromium offers
    bench.say(f"anatomy of {PEERS * BURST * ROUNDS:,} packets")
    supply = Supply()
    plane = RelayPlane("127.0.0.1", 0, clock=lambda: supply.now)
    await plane.start()
    peers: list[Peer] = []
    try:
        peers = await connected(plane)
        for number in range(0, PEERS, 2):
            plane.pair(str(number), str(number + 1))
        supply.come_from(peers, plane)
        found += _dissect(plane, supply)
    finally:
        for peer in peers:
            await peer.close()
        await plane.close()


def _dissect(plane: RelayPlane, supply: Supply) -> list[Part]:
    forwarder, wire = plane._forwarder, plane._socket  # noqa: SLF001
    if forwarder is None or wire is None:
        raise RuntimeError("the plane was not started")
    links = [plane._links[str(number)] for number in range(PEERS)]  # noqa: SLF001
    spent: dict[str, float] = defaultdict(float)
    gc.disable()
    try:
        for _ in range(ROUNDS):
            supply.fill()
            with _timed(spent, "whole"):
                forwarder.on_readable()
            supply.drain()

            supply.fill()
            _take_apart(wire, links, supply.now, spent)
            supply.drain()
    finally:
        gc.enable()
    us = {name: 1e6 * s / (PEERS * BURST * ROUNDS) for name, s in spent.items()}
    _, profile = links[0].security or ("", "")
    return _parts(us, profile)


def _take_apart(
    wire: DatagramSocket, links: list[Link], now: float, spent: dict[str, float]
) -> None:
    """Do with a waiting batch what the forwarder does, part by part."""
    with _timed(spent, "receive"):
        count = wire.receive()

    size = srtp_ffi.new("int *")
    with _timed(spent, "srtp"):
        for slot in range(count):
            link = links[slot // BURST]
            size[0] = wire.size(slot)
            srtp_lib.srtp_unprotect(link.uplink.rx, wire.pointers[slot], size)
            srtp_lib.srtp_protect(link.downlink.tx, wire.pointers[slot], size)
    protected = size[0]

    headers = [HEADERS.unpack_from(wire.view, slot * SLOT_BYTES) for slot in range(count)]
    streams = [links[slot // BURST].uplink.streams[h[4]] for slot, h in enumerate(headers)]
    routes = [stream.route for stream in streams if stream.route is not None]
    numbers = [nearest(s.highest, h[2]) for s, h in zip(streams, headers, strict=True)]
    with _timed(spent, "rewrite"):
        for slot, (header, route) in enumerate(zip(headers, routes, strict=True)):
            at = slot * SLOT_BYTES
            route.rewrite(wire.view, at, at + protected - 16, header, numbers[slot], now)

    with _timed(spent, "statistics"):
        for header, stream in zip(headers, streams, strict=True):
            stream.arrived(header[2], header[3], protected, now)

    with _timed(spent, "send"):
        for slot in range(count):
            wire.stage(slot, protected, links[slot // BURST].downlink.destination)
        wire.flush()


@contextlib.contextmanager
def _timed(spent: dict[str, float], part: str) -> Iterator[None]:
    began = time.thread_time()
    yield
    spent[part] += time.thread_time() - began


NAMES = {
    "receive": "receiving (one recvmmsg a batch)",
    "srtp": "decrypting and encrypting ({profile})",
    "rewrite": "rewriting the header",
    "statistics": "statistics of the stream",
    "send": "sending (one sendmmsg a batch)",
}


def _parts(us: dict[str, float], profile: str) -> list[Part]:
    whole = us["whole"]
    rest = whole - sum(us[name] for name in NAMES)
    named = [(text.format(profile=profile), us[name]) for name, text in NAMES.items()]
    named += [("the rest: telling apart, tables, calls", rest), ("a packet", whole)]
    return [Part(name, value, 100 * value / whole) for name, value in named]


def as_dict(found: list[Part]) -> dict[str, Any]:
    """For JSON."""
    return {"anatomy": [asdict(part) for part in found]}


def tables(found: list[Part]) -> list[Table]:
    """For people."""
    drawn = table("Where the time of a packet goes (full batches)", "part", "us", "%")
    for part in found:
        drawn.add_row(part.name, f"{part.us:.2f}", f"{part.share_percent:.0f}")
    return [drawn]


def targets(_: list[Part]) -> list[Target]:
    """None: it explains the others."""
    return []
