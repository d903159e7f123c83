"""Datagrams forged with the peer's own address and port, while its handshake is under way."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCSessionDescription

from relay.seam import gather_loopback_too
from tests.support.dtls import (
    FATAL_ALERT,
    FORGERIES,
    fragment,
    messages,
    record,
    records,
)
from tests.support.exchange import Exchange, talk, until
from tests.support.news import Flowing, Lost, Up
from tests.support.thin import ThinPeer

ONE_BY_ONE = [name for name in FORGERIES if not name.startswith("message ")]


async def come_up(
    exchange: Exchange, user: str, change: Callable[[bytes], list[bytes]]
) -> ThinPeer:
    peer = exchange.peer()
    peer.forge(change)
    peer.take_answer(await exchange.answer(user, peer.offer()))
    await peer.connect()
    await exchange.hears(Up(user))
    return peer


@pytest.mark.parametrize("name", ONE_BY_ONE)
async def test_one_before_each_record_of_a_handshake(exchange: Exchange, name: str) -> None:
    def with_forgery(datagram: bytes) -> list[bytes]:
        return [each for one in records(datagram) for each in (FORGERIES[name], one)]

    a = await come_up(exchange, "a", with_forgery)
    b = await exchange.join("b")
    exchange.plane.pair("a", "b")
    await talk(a, b)


async def test_all_of_them_after_each_datagram_and_in_the_call(exchange: Exchange) -> None:
    a = await come_up(exchange, "a", lambda datagram: [datagram, *FORGERIES.values()])
    b = await exchange.join("b")
    exchange.plane.pair("a", "b")
    await talk(a, b)
    for forged in FORGERIES.values():
        a.send_raw(forged)
    await talk(a, b, 2)
    await exchange.hears(Flowing("a"), Flowing("b"))
    assert exchange.heard_nothing
    assert exchange.drops["dtls_invalid"] > len(FORGERIES)
    await a.close()
    await exchange.hears(Lost("a", "closed"))  # its own goodbye is authentic


async def test_a_hello_cut_by_hand_whose_end_comes_first(exchange: Exchange) -> None:
    cut: list[bytes] = []

    def in_pieces(datagram: bytes) -> list[bytes]:
        hello = messages(datagram).get(1)
        if hello is None:
            return [datagram]
        cut.extend(
            record(
                fragment(1, hello[at : at + 50], size=len(hello), offset=at),
                number=10 + at,
                version=0xFEFF,
            )
            for at in range(0, len(hello), 50)
        )
        return [*cut[::-1], FATAL_ALERT]

    await come_up(exchange, "a", in_pieces)
    assert len(cut) == 3


async def test_a_whole_flight_in_the_wrong_order(exchange: Exchange) -> None:
    await come_up(exchange, "a", lambda datagram: records(datagram)[::-1])


BELIEVED = {"message 2 as number 0", "message 3 as number 0", "message 13 as number 3"}
"""A ServerHello, HelloVerifyRequest or CertificateRequest of junk, to who waits for one."""


async def test_a_relay_that_is_the_client(exchange: Exchange) -> None:
    noise = [FORGERIES[name] for name in FORGERIES if name not in BELIEVED]
    peer = exchange.peer()
    peer.forge(lambda datagram: [*noise, datagram])
    answer = peer.answer(await exchange.offer("a")).replace("setup:active", "setup:passive")
    await exchange.plane.accept("a", answer)
    peer._remote = dataclasses.replace(peer.remote, dtls_role="client")
    await peer.connect()
    await exchange.hears(Up("a"))


async def test_a_stock_peer_whose_every_datagram_is_accompanied(exchange: Exchange) -> None:
    stock = RTCPeerConnection(
        RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_BUNDLE)
    )
    try:
        for kind in ("audio", "video"):
            stock.addTransceiver(kind)
        gather_loopback_too(stock)
        await stock.setLocalDescription(await stock.createOffer())
        answer = await exchange.answer("a", stock.localDescription.sdp)
        ice = stock.getTransceivers()[0].receiver.transport.transport
        send = ice._send
        accompanied = 0

        async def with_forgeries(data: bytes) -> None:
            nonlocal accompanied
            if 20 <= data[0] <= 63:
                accompanied += 1
                for forged in FORGERIES.values():
                    await send(forged)
            await send(data)

        ice._send = with_forgeries
        await stock.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await exchange.hears(Up("a"))
        await until(lambda: stock.connectionState == "connected")
        assert accompanied >= 2
        ice._send = send
    finally:
        await stock.close()
    await exchange.hears(Lost("a", "closed"))
