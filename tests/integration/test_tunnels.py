"""Media over TCP: links of real peers, and connections that lie, flood or read nothing."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import pytest_asyncio
from aioice import stun

from relay.door import Door, DoorLimits
from relay.media.link import Link
from relay.media.paths import path
from relay.tunnel import credentials, tunnels
from relay.tunnel.arrival import Reception
from relay.tunnel.handover import Handover
from relay.tunnel.tunnel import MAX_UNSENT_BYTES
from relay.tunnel.tunnels import ANSWER_S, IDLE_S, Tunnels
from tests.support.exchange import CHROMIUM, FIREFOX, Exchange
from tests.support.news import Up
from tests.support.packets import KEYFRAME, read_rtp, rtp
from tests.support.thin import ThinPeer
from tests.support.wires import Framed, TurnClient, until

SECRET = b"secret"


class House:
    """A media plane with a door before it."""

    def __init__(self) -> None:
        self.exchange = Exchange()
        self.skew_s = 0.0
        self.wires: list[Framed] = []
        self.clients: list[TurnClient] = []

    @asynccontextmanager
    async def open(self) -> AsyncIterator[House]:
        plane = self.exchange.plane
        await plane.start()
        self.tunnels = Tunnels(plane.landing, self.now)
        gate = credentials.Gate(SECRET, "relay")
        self.reception = Reception(self.tunnels, gate, self.now)
        self.door = Door(DoorLimits(100, 100), media=self.reception.receive)
        self.port = self.door.open(None, "127.0.0.1", 0)
        plane.announce_tcp(self.port)
        try:
            yield self
        finally:
            for wire in self.wires:
                await wire.close()
            for client in self.clients:
                client.writer.close()
            for peer in self.exchange.peers:
                await peer.close()
            await self.door.close()
            await plane.close()
            self.tunnels.close()
            await self.reception.close()

    def now(self) -> float:
        return asyncio.get_running_loop().time() + self.skew_s

    @property
    def drops(self) -> dict[str, int]:
        return self.exchange.plane.landing.drops

    async def join_over_tcp(self, user: str, numbering: Any = None) -> ThinPeer:
        """A user whose link is up, over ICE-TCP."""
        wire = await Framed.connect(self.port)
        self.wires.append(wire)
        peer = self.exchange.peer(numbering)
        answer = await self.exchange.answer(user, peer.offer())
        assert f" 127.0.0.1 {self.port} typ host tcptype passive" in answer
        udp = self.exchange.plane.udp_port
        peer.take_answer(answer.replace(f" 127.0.0.1 {udp} ", f" 127.0.0.1 {wire.address[1]} "))
        await peer.connect()
        await self.exchange.hears(Up(user))
        return peer

    async def turn(self, user: str = "user") -> TurnClient:
        username, credential = credentials.made(SECRET, user, self.now())
        server = {"username": username, "credential": credential}
        client = await TurnClient.connect(self.port, server)
        self.clients.append(client)
        return client

    def bind(self, client: TurnClient) -> None:
        """Have a client name the relay as its peer: its connection is a tunnel from then on."""
        own = "127.0.0.1", self.exchange.plane.udp_port
        client.writer.write(
            client.request(stun.Method.CHANNEL_BIND, CHANNEL_NUMBER=0x4000, XOR_PEER_ADDRESS=own)
        )

    async def stranger(self) -> TurnClient:
        """Somebody whose check is for no link."""
        check = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
        check.attributes["USERNAME"] = "00nobody:x"
        data = bytes(check)
        return await self.raw(struct.pack("!H", len(data)) + data)

    async def raw(self, data: bytes) -> TurnClient:
        """Somebody who says this."""
        client = await self.turn()
        client.writer.write(data)
        return client


@pytest_asyncio.fixture
async def house() -> AsyncIterator[House]:
    async with House().open() as opened:
        yield opened


async def hears(sender: ThinPeer, receiver: ThinPeer, number: int) -> None:
    """Have a packet get from one to the other."""
    while not receiver.rtp.empty():
        receiver.rtp.get_nowait()
    packet = rtp(
        sender.ssrcs.video, number, payload_type=sender._local.numbering.vp8, payload=KEYFRAME
    )
    sender.send_rtp(packet)
    async with asyncio.timeout(20):
        assert read_rtp(await receiver.rtp.get()).payload


def kind_of(link: Link) -> str:
    """How the path in use goes."""
    assert link.paths.in_use is not None
    return link.kind_of(link.paths.in_use)


async def test_two_hear_each_other_over_ice_tcp_and_udp(house: House) -> None:
    a = await house.join_over_tcp("a", CHROMIUM)
    b = await house.exchange.join("b", FIREFOX)
    house.exchange.plane.pair("a", "b")
    for number in range(20):
        await hears(a, b, 100 + number)
        await hears(b, a, 100 + number)
    assert house.tunnels.counts() == {"tcp": 1}
    link = house.exchange.plane._links["a"]
    assert kind_of(link) == "tcp"
    assert link.remote_address is not None
    near = house.wires[0]._writer.get_extra_info("sockname")
    assert link.remote_address == near, "where the user is, and not the tunnel"
    assert kind_of(house.exchange.plane._links["b"]) == "udp"


async def test_a_nomination_over_tcp_does_not_take_the_place_of_udp(house: House) -> None:
    """Firefox nominates each pair that works."""
    a = await house.exchange.join("a", CHROMIUM)
    b = await house.exchange.join("b", FIREFOX)
    house.exchange.plane.pair("a", "b")
    link = house.exchange.plane._links["a"]
    over_udp, udp = a.ice._target, link.paths.in_use
    wire = await Framed.connect(house.port)
    house.wires.append(wire)
    a.ice.aim(wire.address, a.ice.credentials, controlling=True)
    async with asyncio.timeout(20):
        await a.ice.check()  # is answered
    assert link.paths.in_use is udp
    a.ice.aim(over_udp, a.ice.credentials, controlling=True)
    await hears(a, b, 3)
    await hears(b, a, 3)
    a.ice.aim(wire.address, a.ice.credentials, controlling=True)
    house.exchange.skew_s += path.UDP_ALIVE_S + 1
    async with asyncio.timeout(20):
        await a.ice.check()
    assert kind_of(link) == "tcp"


async def test_a_connection_ends_with_its_link(house: House) -> None:
    await house.join_over_tcp("a")
    house.exchange.plane.close_link("a")
    house.skew_s = IDLE_S + 1
    house.tunnels.look()
    assert len(house.tunnels) == 0
    assert not house.exchange.plane.landing.tunnelled


async def test_a_tunnel_ends_with_its_connection(house: House) -> None:
    await house.join_over_tcp("a")
    await house.wires[0].close()
    await until(lambda: len(house.tunnels) == 0)
    assert not house.exchange.plane.landing.tunnelled
    house.wires.clear()


async def test_who_is_nobody_is_not_kept(house: House) -> None:
    stranger = await house.stranger()
    await until(lambda: len(house.tunnels) == 1)
    house.skew_s = ANSWER_S + 1
    house.tunnels.look()
    assert await stranger.is_cut_off()


async def test_data_goes_through_turn_and_comes_back(house: House) -> None:
    plane = house.exchange.plane
    client = await house.turn()
    allocated = await client.allocate()
    assert allocated.attributes["XOR-RELAYED-ADDRESS"][0] == "127.0.0.1"
    own = "127.0.0.1", plane.udp_port
    bound = await client.ask(stun.Method.CHANNEL_BIND, CHANNEL_NUMBER=0x4001, XOR_PEER_ADDRESS=own)
    assert bound.message_class == stun.Class.RESPONSE
    peer = house.exchange.peer()
    peer.take_answer(await house.exchange.answer("user", peer.offer()))
    check = stun.Message(message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST)
    ours = peer.ice.credentials
    check.attributes["USERNAME"] = f"{ours.remote_ufrag}:{ours.ufrag}"
    check.add_message_integrity(ours.remote_password.encode())
    data = bytes(check)

    client.writer.write(struct.pack("!HH", 0x4001, len(data)) + data)

    async with asyncio.timeout(20):
        answer = await said(client)
        while answer.message_class == stun.Class.REQUEST:  # the relay has its own questions
            answer = await said(client)
    relayed = allocated.attributes["XOR-RELAYED-ADDRESS"]
    assert answer.attributes["XOR-MAPPED-ADDRESS"] == relayed
    link = plane._links["user"]
    assert [link.kind_of(path) for path in link.paths.known.values()] == ["turn-tcp"]


async def said(client: TurnClient) -> stun.Message:
    """What the relay says next, over the channel."""
    channel, size = struct.unpack("!HH", await client.reader.readexactly(4))
    assert channel == 0x4001
    return stun.parse_message(await client.reader.readexactly(size + -size % 4))


async def test_other_peers_are_forbidden(house: House) -> None:
    client = await house.turn()
    await client.allocate()
    for peer in (("192.0.2.1", 53), ("::1", 53), ("::ffff:127.0.0.1", 53)):
        answer = await client.ask(stun.Method.CREATE_PERMISSION, XOR_PEER_ADDRESS=peer)
        assert answer.error_code == 403


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
        b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00",
        b"\x00\x03\xff\xf0\x21\x12\xa4\x42" + bytes(12),
        b"\x00\x03\x00\x05\x21\x12\xa4\x42" + bytes(12),
        b"\x07\xff\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(2047),
        b"\x00\x14\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12),
        b"\x00\x64\x00\x01\x00\x50\x21\x12\xa4\x42" + bytes(20_000),
    ],
    ids=["http", "tls", "zeros", "long", "odd", "no check", "no name", "much"],
)
async def test_what_is_no_media_is_cut_off(house: House, data: bytes) -> None:
    assert await (await house.raw(data)).is_cut_off()
    assert len(house.tunnels) == 0
    is_greeting = b"\x21\x12\xa4\x42" in data  # the rest is not taken for media at all
    assert +house.tunnels.refusals == ({"unclear": 1} if is_greeting else {})


async def test_a_lying_length_ends_a_tunnel_and_no_other(house: House) -> None:
    a = await house.join_over_tcp("a", CHROMIUM)
    b = await house.exchange.join("b", FIREFOX)
    house.exchange.plane.pair("a", "b")
    liar = await house.turn()
    await liar.allocate()
    own = "127.0.0.1", house.exchange.plane.udp_port
    await liar.ask(stun.Method.CHANNEL_BIND, CHANNEL_NUMBER=0x4000, XOR_PEER_ADDRESS=own)
    await until(lambda: len(house.tunnels) == 2)

    liar.writer.write(b"\x40\x00\xff\xff")

    assert await liar.is_cut_off()
    assert house.drops["tunnel_malformed"] == 1
    await hears(a, b, 7)


async def test_who_reads_nothing_loses_packets_and_takes_no_memory(house: House) -> None:
    a = await house.join_over_tcp("a", CHROMIUM)
    b = await house.exchange.join("b", FIREFOX)
    c = await house.exchange.join("c", CHROMIUM)
    d = await house.exchange.join("d", FIREFOX)
    house.exchange.plane.pair("a", "b")
    house.exchange.plane.pair("c", "d")
    await hears(b, a, 1)
    wire = house.wires[0]
    wire.pause()
    (tunnel,) = house.tunnels._sources
    number = 2
    async with asyncio.timeout(60):
        while not house.drops["tunnel_full"]:
            for _ in range(20):
                payload = KEYFRAME + bytes(1000)
                b.send_rtp(
                    rtp(b.ssrcs.video, number, payload_type=b._local.numbering.vp8, payload=payload)
                )
                number += 1
            await hears(c, d, number)
            await asyncio.sleep(0.02)  # what one may send is bounded, too
    assert len(tunnel._unsent) <= MAX_UNSENT_BYTES
    wire.resume()
    await until(lambda: not tunnel._unsent)
    await hears(b, a, number)  # whole packets were lost, and nothing of the others


async def test_a_flood_of_allocations_is_refused_and_bounded(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(credentials, "ALLOCATIONS_PER_S", 1e-9)
    monkeypatch.setattr(tunnels, "MAX_TUNNELS", 3)
    a = await house.exchange.join("a", CHROMIUM)
    b = await house.exchange.join("b", FIREFOX)
    house.exchange.plane.pair("a", "b")
    codes = []
    for _ in range(credentials.ALLOCATIONS_AT_ONCE + 3):
        client = await house.turn("greedy")
        codes.append((await client.allocate()).error_code)
    assert codes == [None] * credentials.ALLOCATIONS_AT_ONCE + [486] * 3
    assert (await house.exchange.plane.stats()).tunnel_refusals["quota"] == 3
    for client in house.clients[:5]:
        house.bind(client)
    await until(lambda: house.tunnels.refusals["evicted"] == 2)
    assert len(house.tunnels) == 3
    await hears(a, b, 9)


async def test_who_is_somebody_is_not_put_out_by_strangers(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tunnels, "MAX_TUNNELS", 1)
    await house.join_over_tcp("a")
    stranger = await house.stranger()
    assert await stranger.is_cut_off()
    assert house.tunnels.refusals["full"] == 1
    assert house.tunnels.counts() == {"tcp": 1}


async def test_a_source_has_a_bound(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tunnels, "MAX_OF_SOURCE", 1)
    monkeypatch.setattr(tunnels, "bounded_source_of", lambda address: address)
    await house.join_over_tcp("a")
    client = await house.turn()
    await client.allocate()
    house.bind(client)
    assert await client.is_cut_off()
    assert house.tunnels.refusals["source"] == 1


async def test_who_has_its_share_puts_nobody_out(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tunnels, "MAX_TUNNELS", 2)
    monkeypatch.setattr(tunnels, "MAX_OF_SOURCE", 1)
    others = []
    for host in ("93.184.216.34", "93.184.216.35", "93.184.216.35"):
        ours, other = socket.socketpair()
        others.append(other)
        house.tunnels.take(0, Handover("tcp", (host, 5000), b""), ours)
    assert +house.tunnels.refusals == {"source": 1}
    assert len(house.tunnels) == 2
    for other in others:
        other.close()


async def test_who_sends_too_much_is_read_slowly(house: House) -> None:
    await house.join_over_tcp("a")
    (tunnel,) = house.tunnels._sources
    flood = (struct.pack("!H", 1000) + b"\x80" + bytes(999)) * 2000
    house.wires[0]._writer.write(flood)
    await until(lambda: tunnel._pause is not None)
