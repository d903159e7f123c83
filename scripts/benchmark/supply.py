"""Batches of packets that wait in a plane's socket, for measurements inside this process."""

from __future__ import annotations

import asyncio
import socket

from relay.bots.description import Numbering
from relay.media.link import Link
from relay.media.plane import RelayPlane
from relay.plane import LinkUp
from scripts.benchmark.traffic import batches, rtp
from scripts.benchmark.users import Peer

PEERS, BURST = 12, 5
"""A batch is a burst of each peer's."""


async def connected(plane: RelayPlane) -> list[Peer]:
    """Users 0 to 11, with their links up."""
    up: asyncio.Queue[object] = asyncio.Queue()
    plane.subscribe(lambda event: up.put_nowait(event) if isinstance(event, LinkUp) else None)
    peers = [Peer() for _ in range(PEERS)]
    for number, peer in enumerate(peers):
        peer.take_answer((await plane.answer(str(number), peer.offer())).sdp)
        await peer.connect()
        await up.get()
    return peers


class Supply:
    """Encrypted packets of all peers, five of each at a time; SRTP takes each only once.

    Time is the packets' own, or the relay would have to hold their timestamps to the clock.
    """

    def __init__(self) -> None:
        self._peers: list[Peer] = []
        self._links: list[Link] = []
        self._sockets: list[socket.socket] = []
        self._media = batches(0, 1, BURST / 200)[:BURST]
        self._number = 0
        self._buffer = bytearray(2048)

    def come_from(self, peers: list[Peer], plane: RelayPlane) -> None:
        """Begin, when the peers' links to a plane are up."""
        self._peers = peers
        self._links = list(plane._links.values())  # noqa: SLF001
        self._sockets = [peer.lend_socket() for peer in peers]

    @property
    def now(self) -> float:
        """The moment at which the next packets are sent, in seconds."""
        return self._number / 1000

    def fill(self) -> None:
        """Put one batch into the relay's socket; the links may have it, as if time passed."""
        self.burst(PEERS)

    def burst(self, peers: int) -> None:
        """Put a burst of each of so many peers into the relay's socket."""
        for link in self._links:
            link.budget.look(self.now)
        for peer, wire in list(zip(self._peers, self._sockets, strict=True))[:peers]:
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
