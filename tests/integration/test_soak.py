"""A thousand pairings, after which everything is back where it was.

One half is for everything to warm up; the other must leave nothing behind. In both, users come and
go, since what is kept for a user who has gone is the leak that matters.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import random
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from relay import app, application, clustered
from relay.config import Settings
from relay.media.meter import SAMPLE_S, SAMPLES
from relay.media.plane import RelayPlane
from relay.media.uplink import MAX_STREAMS
from relay.plane import LinkState
from relay.protocol.messages import (
    Connected,
    FindPartner,
    NextPartner,
    PartnerFound,
    PartnerLeft,
    StopChat,
    WaitingForPartner,
    WebrtcAnswer,
    WebrtcOffer,
)
from relay.signaling import Gateway
from relay.store import MemoryStore
from tests.support.bots import Client
from tests.support.exchange import CHROMIUM, FIREFOX, Exchange, audio, take, until, video
from tests.support.holdings import Holdings, entries, holdings, table_sizes
from tests.support.packets import DELTA, KEYFRAME, nack, pli, read_rtp, rr, rtx, sr
from tests.support.thin import ThinPeer

pytestmark = [
    pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc"),
    pytest.mark.timeout(300),
]

PAIRINGS = 1000
PEERS = 12
SERVED_PAIRINGS = 100
GUESTS = 6
PAIRINGS_PER_CHANGE = 10
"""After so many one peer leaves and another one comes."""

MORE_BLOCKS = 900
"""Of Python's memory. Two halves differ by some hundred either way, since numbers are objects. A
leak of two objects in each pairing would be 1000; of all that a link is made of, much more."""
MORE_BYTES = 200_000
"""Of libc's. Two halves differ by up to 50,000; what OpenSSL keeps for 50 links is millions."""


class Crowd:
    """Peers on a plane, some of whom leave and others come in their place."""

    def __init__(self, exchange: Exchange, seed: int) -> None:
        self.exchange = exchange
        self.dice = random.Random(seed)
        self.peers: dict[str, ThinPeer] = {}
        self.numbers = itertools.count(1)
        self.names = (f"user {number}" for number in itertools.count())
        self.opened = self.sent_by_former = 0

    async def come(self) -> None:
        name = next(self.names)
        peer = self.peers[name] = self.exchange.peer(self.dice.choice([CHROMIUM, FIREFOX]))
        peer.take_answer(await self.exchange.answer(name, peer.offer()))
        await peer.connect()
        await until(lambda: self.exchange.link_state(name) is LinkState.UP)
        self.opened += 1

    async def leave(self) -> None:
        """Say goodbye, or be sent away, or vanish, from within a pair."""
        name = self.dice.choice(list(self.peers))
        peer = self.peers.pop(name)
        how = self.dice.choice(["goodbye", "sent away", "vanishes"])
        if how == "goodbye":
            await peer.close()
            await until(lambda: self.exchange.link_state(name) is LinkState.NONE)
        elif how == "sent away":
            self.exchange.plane.close_link(name)
            await peer.closed.wait()
        else:
            await peer.vanish()
            self.exchange.plane.close_link(name)
        self.exchange.plane.unpair(name)
        await peer.close()
        self.exchange.peers.remove(peer)
        self.sent_by_former += peer.counters.sent

    async def pair_everybody(self) -> int:
        """All meet somebody, and media goes both ways; returns how many pairs there were."""
        names = list(self.peers)
        self.dice.shuffle(names)
        pairs = list(zip(names[::2], names[1::2], strict=True))
        for a, b in pairs:
            self.exchange.plane.pair(a, b)
        for a, b in pairs:
            await self.carry(self.peers[a], self.peers[b])
            await self.carry(self.peers[b], self.peers[a])
        return len(pairs)

    async def carry(self, one: ThinPeer, other: ThinPeer) -> None:
        """A little of everything: pictures, a repair, sound, reports and requests."""
        number = next(self.numbers)
        one.send_rtp(video(one, 2 * number, KEYFRAME))
        one.send_rtp(video(one, 2 * number + 1, DELTA))
        repair_type = one._local.numbering.rtx
        one.send_rtp(rtx(one.ssrcs.rtx, number, 2 * number, payload_type=repair_type))
        one.send_rtp(audio(one, number, payload=b"%d" % number))
        heard = [read_rtp(await take(other.rtp)) for _ in range(4)]
        assert heard[-1].payload == b"%d" % number
        one.send_rtcp(sr(one.ssrcs.video, 7) + rr(1) + rr(2))
        outlet = heard[0].ssrc
        other.send_rtcp(rr(3) + nack(3, outlet, (heard[0].number, 0)) + pli(3, outlet))
        again = read_rtp(await take(other.rtp))
        assert again.payload == heard[0].number.to_bytes(2) + heard[0].payload

    def _nothing_is_on_its_way(self) -> bool:
        sent = self.sent_by_former + sum(peer.counters.sent for peer in self.peers.values())
        return self.exchange.stats().packets_received == sent

    async def rest(self) -> Holdings:
        """Nobody has a partner, and nothing is on its way; what is held then."""
        await self.pair_everybody()  # newcomers too have sent everything once
        plane = self.exchange.plane
        for name in self.peers:
            plane.unpair(name)
        await until(lambda: not plane._closing)
        await until(self._nothing_is_on_its_way)
        for _ in range(SAMPLES):  # of links old and new, so that each has as many as it may
            self.exchange.skew_s += SAMPLE_S
            plane.tick()
        for peer in self.peers.values():
            while not (peer.rtp.empty() and peer.rtcp.empty()):
                (peer.rtcp if peer.rtp.empty() else peer.rtp).get_nowait()
        while not self.exchange.heard_nothing:
            self.exchange.events.get_nowait()
        for link in plane._links.values():
            assert len(link.uplink.streams) == 3
            assert len(link.uplink.rtcp_ssrcs) <= MAX_STREAMS
            assert link.uplink.flow is link.downlink.flow is None
        return holdings(tables=self.exchange.tables, taps=len(plane._tapping._taps))


async def test_a_thousand_pairings_on_a_media_plane(exchange: Exchange) -> None:
    before = holdings(tables=exchange.tables)
    crowd = Crowd(exchange, seed=1)
    for _ in range(PEERS):
        await crowd.come()
    rests, paired = [], 0
    for half in (PAIRINGS // 2, PAIRINGS):
        while paired < half:
            paired += await crowd.pair_everybody()
            while crowd.opened < PEERS + paired // PAIRINGS_PER_CHANGE:
                await crowd.leave()
                await crowd.come()
        rests.append(await crowd.rest())
    assert crowd.opened >= 100
    assert rests[0].tables["tables"] == {
        "addresses": PEERS,
        "ufrags": PEERS,
        "links": PEERS,
        "partners": 0,
    }
    check(*rests)
    while crowd.peers:
        await crowd.leave()
    await until(lambda: not exchange.plane._closing)
    assert holdings(tables=exchange.tables) == before


def check(half_way: Holdings, at_the_end: Holdings) -> None:
    assert at_the_end == half_way
    blocks, c_bytes = half_way.grown_to(at_the_end)
    assert blocks < MORE_BLOCKS
    assert c_bytes < MORE_BYTES


# the whole server


class Guest:
    """A user of the server: its WebSocket and its link."""

    def __init__(self, url: str) -> None:
        self.client, self.peer = Client(url), ThinPeer()

    async def arrive(self) -> None:
        await self.client.connect()
        await self.client.expect(Connected)
        await self.client.send(WebrtcOffer(sdp=self.peer.offer()))
        self.peer.take_answer((await self.client.expect(WebrtcAnswer)).sdp)
        await self.peer.connect()

    async def depart(self, *, politely: bool) -> None:
        """Close everything, or be gone without a word."""
        await (self.peer.close() if politely else self.peer.vanish())
        await (self.client.close() if politely else self.client.vanish())


class Party:
    """Guests of whom one always waits, until another one comes to it and one of the two goes on."""

    def __init__(self, url: str, seed: int) -> None:
        self.url = url
        self.dice = random.Random(seed)
        self.idle: list[Guest] = []
        self.all: list[Guest] = []
        self._number = itertools.count(1)

    async def come(self) -> None:
        guest = Guest(self.url)
        self.all.append(guest)
        await guest.arrive()
        self.idle.append(guest)

    async def leave(self, guest: Guest | None = None) -> None:
        guest = guest or self.dice.choice(self.idle)
        self.idle.remove(guest)
        self.all.remove(guest)
        await guest.depart(politely=self.dice.random() < 0.5)

    async def end(self) -> None:
        """Whoever is still there leaves, also when a test fails."""
        for guest in self.all:
            await guest.depart(politely=True)

    async def meet(self, pairings: int) -> None:
        """So many pairings; the guests are all idle before and afterwards."""
        waiting = self.idle.pop()
        await waiting.client.send(FindPartner())
        await waiting.client.expect(WaitingForPartner)
        for pairing in range(1, pairings + 1):
            comer = self.idle.pop(self.dice.randrange(len(self.idle)))
            await comer.client.send(FindPartner())
            for one, other in ((waiting, comer), (comer, waiting)):
                await one.client.expect(PartnerFound)
                await self._exchange(one.peer, other.peer)
            stays, goes_on = self.dice.sample([waiting, comer], 2)
            await goes_on.client.send(NextPartner() if pairing < pairings else StopChat())
            await stays.client.expect(PartnerLeft)
            if pairing < pairings:
                await goes_on.client.expect(WaitingForPartner)
            self.idle.append(stays)
            waiting = goes_on
            if pairing % PAIRINGS_PER_CHANGE == 0:
                await self.leave()
                await self.come()
        self.idle.append(waiting)
        await self.leave(waiting)  # one who has stopped has no link any more
        await self.come()

    async def _exchange(self, one: ThinPeer, other: ThinPeer) -> None:
        number = next(self._number)
        one.send_rtp(video(one, number, KEYFRAME))
        one.send_rtp(audio(one, number, payload=b"%d" % number))
        while read_rtp(await take(other.rtp)).payload != b"%d" % number:
            pass


class Server:
    """The running server's parts, to be looked into."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.plane = RelayPlane("127.0.0.1", 0)
        self.parts: list[object] = []
        for module, kind in ((application, Gateway), (clustered, MemoryStore)):
            monkeypatch.setattr(module, kind.__name__, functools.partial(self._keep, kind))

    def _keep(self, kind: type[Any], **options: Any) -> object:
        self.parts.append(kind(**options))
        return self.parts[-1]

    async def rest(self, party: Party) -> Holdings:
        """All that is left when nothing goes on."""
        await until(lambda: len(self.plane._links) == len(party.idle))
        store, gateway = self.parts
        assert isinstance(gateway, Gateway)
        await until(lambda: gateway.counts().connected == len(party.idle))
        await until(lambda: not self.plane._closing)
        for guest in party.idle:
            while not guest.peer.rtp.empty():
                guest.peer.rtp.get_nowait()
        await asyncio.sleep(0.1)  # connections that were cut are closed in a later turn of the loop
        return holdings(
            store=table_sizes(store),
            gateway=table_sizes(gateway),
            lobby=table_sizes(gateway._lobby),
            sessions=table_sizes(gateway._sessions) | table_sizes(gateway._handling),
            plane=table_sizes(self.plane) | table_sizes(self.plane._pairs),
            forwarder=entries(self.plane._running),
        )


async def test_a_hundred_pairings_in_the_whole_server(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = {"port": 0, "udp_port": 0, "workers": 0}
    paces = {"rematch_after_s": 0, "hasty_nexts": 0, "nexts_per_minute": 10_000}
    settings = Settings.model_validate({"host": "127.0.0.1", **ports, **paces})
    before = holdings()
    server = Server(monkeypatch)
    async with app.running(settings, plane=server.plane) as relay, AsyncExitStack() as stack:
        party = Party(relay.url.replace("http", "ws") + "/ws", seed=1)
        stack.push_async_callback(party.end)
        for _ in range(GUESTS):
            await party.come()
        rests = []
        for _ in range(2):
            await party.meet(SERVED_PAIRINGS // 2)
            rests.append(await server.rest(party))
        assert rests[0].tables["gateway"]["_sockets"] == GUESTS
        assert rests[0].tables["forwarder"] == (GUESTS, GUESTS)
        assert not any(rests[0].tables["store"].values())
        check(*rests)
        while party.idle:
            await party.leave()
        nobody = await server.rest(party)
        assert not any(nobody.tables["plane"][name] for name in ("_links", "partner_of"))
        assert nobody.tables["gateway"]["_sockets"] == 0
    assert holdings() == before
