"""The section ``anatomy``: where the time of a forwarded packet goes.

In this process, without an event loop: batches of 60 packets wait in a real plane's real socket,
and the forwarder is called. That gives the whole; then each part is timed alone, over as many
packets. The rest is what no part has: telling packets apart, looking up tables, calling the parts.
"""

from __future__ import annotations

import asyncio
import gc
import socket
import time
from dataclasses import dataclass

from forwarding import Say
from traffic import batches, rtp
from users import AES_GCM, offer_only

from relay.bots.description import Numbering
from relay.bots.thin import ThinPeer
from relay.media import RelayPlane
from relay.media.packets.rtp import HEADERS
from relay.media.paths.transport import SLOT_BYTES
from relay.plane import LinkUp
from relay.seam import srtp_ffi, srtp_lib

PEERS, BURST, ROUNDS = 12, 5, 600
"""A batch is a burst of each peer's."""


@dataclass(frozen=True, slots=True)
class Part:
    """CPU time that a packet spends in one part, in microseconds."""

    name: str
    us: float
    share_percent: float


async def anatomy(say: Say) -> list[Part]:
    """Measure the whole and its parts."""
    offer_only([AES_GCM])  # other sections have left what Chromium offers
    say(f"anatomy of {PEERS * BURST * ROUNDS:,} packets")
    supply = _Supply()
    plane = RelayPlane("127.0.0.1", 0, clock=lambda: supply.now)
    await plane.start()
    peers: list[ThinPeer] = []
    try:
        peers = await _connected(plane)
        supply.come_from(peers)
        return _dissect(plane, supply)
    finally:
        for peer in peers:
            await peer.close()
        await plane.close()


async def _connected(plane: RelayPlane) -> list[ThinPeer]:
    up: asyncio.Queue[object] = asyncio.Queue()
    plane.subscribe(lambda event: up.put_nowait(event) if isinstance(event, LinkUp) else None)
    peers = [ThinPeer() for _ in range(PEERS)]
    for number, peer in enumerate(peers):
        peer.take_answer(await plane.answer(str(number), peer.offer()))
        await peer.connect()
        await up.get()
    for number in range(0, PEERS, 2):
        plane.pair(str(number), str(number + 1))
    return peers


class _Supply:
    """Encrypted packets of all peers, five of each at a time; SRTP takes each only once.

    Time is the packets' own, or the relay would have to hold their timestamps to the clock.
    """

    def __init__(self) -> None:
        self._peers: list[ThinPeer] = []
        self._sockets: list[socket.socket] = []
        self._media = batches(0, 1, BURST / 200)[:BURST]
        self._number = 0
        self._buffer = bytearray(2048)

    def come_from(self, peers: list[ThinPeer]) -> None:
        """Begin, when the peers' links are up."""
        self._peers = peers
        self._sockets = [peer.lend_socket() for peer in peers]

    @property
    def now(self) -> float:
        """The moment at which the next packets are sent, in seconds."""
        return self._number / 1000

    def fill(self) -> None:
        """Put one batch into the relay's socket."""
        for peer, wire in zip(self._peers, self._sockets, strict=True):
            for offset, media in enumerate(self._media):
                number = self._number + offset & 0xFFFF
                packet = rtp(media, peer.ssrcs.video, number, number * 90, number, Numbering())
                wire.send(peer.protect(packet))
        self._number += BURST

    def drain(self) -> int:
        """Take what came out; returns how many packets."""
        count = 0
        for wire in self._sockets:
            while True:
                try:
                    wire.recv_into(self._buffer)
                except BlockingIOError:
                    break
                count += 1
        return count


def _dissect(plane: RelayPlane, supply: _Supply) -> list[Part]:
    forwarder, wire = plane._forwarder, plane._socket  # noqa: SLF001
    if forwarder is None or wire is None:
        raise RuntimeError("the plane was not started")
    links = [plane._links[str(number)] for number in range(PEERS)]  # noqa: SLF001
    spent = dict.fromkeys(("whole", "receive", "srtp", "rewrite", "statistics", "send"), 0.0)
    size, clock = srtp_ffi.new("int *"), time.thread_time
    gc.disable()
    try:
        for _ in range(ROUNDS):
            supply.fill()
            began = clock()
            forwarder.on_readable()
            spent["whole"] += clock() - began
            supply.drain()

            supply.fill()
            began = clock()
            count = wire.receive()
            spent["receive"] += clock() - began

            began = clock()
            for slot in range(count):
                link = links[slot // BURST]
                size[0] = wire.size(slot)
                srtp_lib.srtp_unprotect(link.uplink.rx, wire.pointers[slot], size)
                srtp_lib.srtp_protect(link.downlink.tx, wire.pointers[slot], size)
            spent["srtp"] += clock() - began
            protected = size[0]

            headers = [HEADERS.unpack_from(wire.view, slot * SLOT_BYTES) for slot in range(count)]
            streams = [links[slot // BURST].uplink.streams[h[4]] for slot, h in enumerate(headers)]
            routes = [stream.route for stream in streams if stream.route is not None]
            began = clock()
            for slot, (header, route) in enumerate(zip(headers, routes, strict=True)):
                at = slot * SLOT_BYTES
                extended = streams[slot].highest
                route.rewrite(wire.view, at, at + protected - 16, header, extended, supply.now)
            spent["rewrite"] += clock() - began

            began = clock()
            for header, stream in zip(headers, streams, strict=True):
                stream.arrived(header[2], header[3], protected, supply.now)
            spent["statistics"] += clock() - began

            began = clock()
            for slot in range(count):
                wire.stage(slot, protected, links[slot // BURST].downlink.destination)
            wire.flush()
            spent["send"] += clock() - began
            supply.drain()
    finally:
        gc.enable()
    us = {name: 1e6 * s / (PEERS * BURST * ROUNDS) for name, s in spent.items()}
    _, profile = links[0].security or ("", "")
    return _parts(us, profile)


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
