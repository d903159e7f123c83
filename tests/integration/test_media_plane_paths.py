"""Several addresses of one peer, over real sockets: NATs that rebind, copies, and nominations."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import pytest
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

from relay.seam import gather_loopback_too
from tests.support.exchange import PATIENCE_S, Exchange, audio, talk, until
from tests.support.nat import Nat
from tests.support.news import Up
from tests.support.packets import BINDING_REQUEST, check, success
from tests.support.thin import ThinPeer

FRAME_S = 0.02


@contextmanager
def nat_before(exchange: Exchange) -> Iterator[Nat]:
    nat = Nat(("127.0.0.1", exchange.plane.udp_port))
    try:
        yield nat
    finally:
        nat.close()


async def join_behind(nat: Nat, exchange: Exchange, user: str) -> ThinPeer:
    peer = exchange.peer()
    peer.take_answer(nat.stand_before(await exchange.answer(user, peer.offer())))
    await peer.connect()
    await exchange.hears(Up(user))
    return peer


@asynccontextmanager
async def speaking(peer: ThinPeer) -> AsyncIterator[Iterator[int]]:
    """Have a peer send sound all the time, and nothing else; gives the numbers of its packets."""
    numbers = itertools.count(100)

    async def speak() -> None:
        for number in numbers:
            peer.send_rtp(audio(peer, number, payload=b"a frame of sound" * 5))
            await asyncio.sleep(FRAME_S)

    task = asyncio.create_task(speak())
    try:
        yield numbers
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def address_of(exchange: Exchange, user: str) -> tuple[str, int] | None:
    return exchange.plane._links[user].remote_address


class Corner:
    """Another address of a peer's: it checks, and may answer checks."""

    def __init__(self, exchange: Exchange, peer: ThinPeer, *, answers: bool = True) -> None:
        self._peer, self._answers = peer, answers
        self.socket = exchange.stranger()
        self.heard: list[bytes] = []
        asyncio.get_running_loop().add_reader(self.socket, self._hear)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()
        return host, port

    def check(self, *, nominate: bool = False) -> None:
        remote, local = self._peer.remote, self._peer._local
        self.socket.send(check(f"{remote.ufrag}:{local.ufrag}", remote.password, nominate=nominate))

    def _hear(self) -> None:
        data = self.socket.recv(2048)
        self.heard.append(data)
        if self._answers and data[:2] == BINDING_REQUEST:
            self.socket.send(success(data, self._peer._local.password))

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self.socket)


@contextmanager
def corners(
    exchange: Exchange, peer: ThinPeer, count: int, *, answers: bool = True
) -> Iterator[list[Corner]]:
    found = [Corner(exchange, peer, answers=answers) for _ in range(count)]
    try:
        yield found
    finally:
        for each in found:
            each.close()


async def proven(exchange: Exchange, user: str, addresses: Iterable[tuple[str, int]]) -> None:
    """Wait until these addresses of the user's are."""
    wanted = set(addresses)

    def found() -> set[tuple[str, int]]:
        (paths,) = [link.paths for link in exchange.look().links if link.user_id == user]
        return {path.address for path in paths if path.is_proven}

    await until(lambda: wanted <= found())


# a NAT that gives the peer another port


@pytest.mark.parametrize("times", [1, 6])
async def test_a_call_survives_a_rebinding_of_which_nobody_is_told(
    exchange: Exchange, times: int
) -> None:
    """The peer knows nothing, and sends no check for seconds: as Firefox does."""
    b = await exchange.join("b")
    with nat_before(exchange) as nat:
        a = await join_behind(nat, exchange, "a")
        exchange.plane.pair("a", "b")
        a.ice.stop_consent()
        await talk(a, b)
        async with speaking(a) as numbers:
            for _ in range(times):
                nat.rebind()
                await until(lambda: address_of(exchange, "a") in nat.mapped)
                await talk(a, b, next(numbers))
        assert exchange.tables["addresses"] == 2


async def test_who_sends_nothing_is_found_by_its_checks(exchange: Exchange) -> None:
    b = await exchange.join("b")
    with nat_before(exchange) as nat:
        a = await join_behind(nat, exchange, "a")
        exchange.plane.pair("a", "b")
        await talk(a, b)
        nat.rebind()
        a.ice._send_check()
        await until(lambda: address_of(exchange, "a") in nat.mapped)
        await talk(a, b, 2)


async def test_stock_aiortc_survives_it_as_well(exchange: Exchange) -> None:
    stock = RTCPeerConnection(
        RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
    )
    with nat_before(exchange) as nat:
        try:
            stock.addTrack(AudioStreamTrack())
            gather_loopback_too(stock)
            await stock.setLocalDescription(await stock.createOffer())
            answer = await exchange.answer("a", stock.localDescription.sdp)
            remote = RTCSessionDescription(nat.stand_before(answer), "answer")
            await stock.setRemoteDescription(remote)
            await exchange.hears(Up("a"))
            streams = exchange.plane._links["a"].uplink.streams
            await until(lambda: len(streams) == 1)
            nat.rebind()
            await until(lambda: address_of(exchange, "a") in nat.mapped)
            (stream,) = streams.values()
            before = stream.packets
            await until(lambda: stream.packets > before + 5)
        finally:
            await stock.close()


# copies, and what is made up


async def test_a_copied_check_draws_no_media(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    with corners(exchange, a, 1, answers=False) as (thief,):
        for number in range(20):
            thief.check(nominate=True)
            await talk(a, b, number)
        await until(lambda: len(thief.heard) > 20)
    assert {data[:1] for data in thief.heard} <= {b"\0", b"\1"}
    assert address_of(exchange, "a") == a.address


async def test_an_answer_with_another_password_proves_nothing(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    with corners(exchange, a, 1, answers=False) as (thief,):
        thief.check(nominate=True)
        await until(lambda: any(data[:2] == BINDING_REQUEST for data in thief.heard))
        asked = next(data for data in thief.heard if data[:2] == BINDING_REQUEST)
        before = exchange.drops.get("stun", 0)
        thief.socket.send(success(asked, a.remote.password))
        await exchange.dropped("stun", before + 1)
        assert address_of(exchange, "a") == a.address
        await talk(a, b)


# several addresses of one peer


async def test_media_comes_in_by_a_second_proven_address(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    await talk(a, b)
    with corners(exchange, a, 1) as (other,):
        other.check()
        await proven(exchange, "a", [other.address])
        other.socket.send(a._sessions()[1].protect(audio(a, 2, payload=b"the other way")))
        async with asyncio.timeout(PATIENCE_S):
            await b.rtp.get()
        assert "unknown_address" not in exchange.drops
        assert address_of(exchange, "a") == a.address


@pytest.mark.parametrize("count", [2, 4])  # its own among them
@pytest.mark.parametrize("repeats", [1, 3])
async def test_who_nominates_all_gets_its_media_where_it_sends_its_own(
    exchange: Exchange, count: int, repeats: int
) -> None:
    a, b = await exchange.couple()
    with corners(exchange, a, count - 1) as found:
        for _ in range(repeats):
            for corner in found:
                corner.check(nominate=True)
        await proven(exchange, "a", [corner.address for corner in found])
        assert address_of(exchange, "a") in [corner.address for corner in found]
        async with speaking(a) as numbers:
            await until(lambda: address_of(exchange, "a") == a.address)
            for _ in range(repeats):
                found[-1].check(nominate=True)
            await talk(a, b, next(numbers))


async def test_a_nomination_of_another_address_is_followed_at_once(exchange: Exchange) -> None:
    a, b = await exchange.couple()
    with corners(exchange, a, 1) as (other,):
        other.check(nominate=True)
        await until(lambda: address_of(exchange, "a") == other.address)
        b.send_rtp(audio(b, 5))
        await until(lambda: any(data[0] >> 6 == 2 for data in other.heard))


async def test_operators_see_the_paths(exchange: Exchange) -> None:
    a = await exchange.join("a")
    with corners(exchange, a, 1, answers=False) as (other,):
        other.check()
        await until(lambda: len(exchange.look().links[0].paths) == 2)
        (link,) = exchange.look().links
        first, second = link.paths
        assert (first.kind, first.address) == ("udp", a.address)
        assert (first.is_proven, first.in_use) == (True, True)
        assert (second.address, second.is_proven, second.in_use) == (other.address, False, False)


def test_the_nat_of_these_tests_is_one() -> None:
    """Or they would prove nothing: it has a port of its own, and another one afterwards."""

    async def look() -> None:
        loop = asyncio.get_running_loop()
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as target,
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client,
        ):
            for each in (target, client):
                each.bind(("127.0.0.1", 0))
                each.setblocking(False)
            nat = Nat(target.getsockname())
            seen = []
            for _ in range(2):
                client.sendto(b"out", nat.address)
                _, where = await loop.sock_recvfrom(target, 100)
                await loop.sock_sendto(target, b"in", where)
                assert await loop.sock_recvfrom(client, 100) == (b"in", nat.address)
                seen.append(where)
                nat.rebind()
            nat.close()
            assert len(set(seen)) == 2
            assert client.getsockname() not in seen

    asyncio.run(look())
