"""Bots that get to the server over TURN alone, with media in its own process and in others."""

from __future__ import annotations

import asyncio
import socket
import ssl
from contextlib import suppress
from typing import Any

import aiohttp
import pytest
from aioice import turn
from aiortc import RTCConfiguration, RTCIceTransportPolicy

from relay.bots import bot, client, peer
from relay.protocol.messages import Connected
from tests.support.bots import Bot, relay
from tests.support.wires import TurnClient


@pytest.fixture
def relayed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bots have no candidates but those of TURN servers, and believe every certificate."""

    def only_relayed(**options: Any) -> RTCConfiguration:
        return RTCConfiguration(**options, iceTransportPolicy=RTCIceTransportPolicy.RELAY)

    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    endpoint = turn.create_turn_endpoint

    async def trusting_endpoint(*args: Any, **options: Any) -> Any:
        return await endpoint(*args, **{**options, "ssl": options.get("ssl") and trusting})

    session = aiohttp.ClientSession

    def trusting_session(**options: Any) -> aiohttp.ClientSession:
        return session(connector=aiohttp.TCPConnector(ssl=False), **options)

    monkeypatch.setattr(peer, "RTCConfiguration", only_relayed)
    monkeypatch.setattr(peer, "gather_loopback_too", lambda _: None)
    monkeypatch.setattr(bot, "elsewhere", lambda servers, _: servers)
    monkeypatch.setattr(turn, "create_turn_endpoint", trusting_endpoint)
    monkeypatch.setattr(aiohttp, "ClientSession", trusting_session)


def nominated(each: Bot) -> list[Any]:
    """The pairs of candidates that are in use."""
    assert each._peer is not None
    (transceiver, *_) = each._peer._connection.getTransceivers()
    connection = transceiver.receiver.transport.transport._connection
    return list(connection._nominated.values())


@pytest.mark.usefixtures("relayed")
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("tls", [False, True], ids=["tcp", "tls"])
async def test_two_bots_meet_over_turn(workers: int, tls: bool) -> None:
    async with (
        relay(workers=workers, tls_self_signed=tls) as url,
        Bot(url, 1) as one,
        Bot(url, 2) as two,
    ):
        await one.find_partner()
        await two.find_partner()
        async with asyncio.timeout(60):
            while min(one.report.frames, two.report.frames) < 10:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        for each in (one, two):
            assert {pair.local_candidate.type for pair in nominated(each)} == {"relay"}


async def test_bots_leave_the_relay_itself_out() -> None:
    async with relay() as url, Bot(url, 1) as one:
        assert one._ice_servers == []


async def test_it_is_not_named_where_it_is_switched_off() -> None:
    async with relay(tcp_media=False) as url, client.Client(url) as one:
        assert (await one.expect(Connected)).ice_servers == []


async def test_a_port_for_media_alone_takes_no_http() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    async with relay(tcp_port=port) as url, client.Client(url) as one:
        (own,) = (await one.expect(Connected)).ice_servers
        assert own["urls"] == [f"turn:127.0.0.1:{port}?transport=tcp"]
        turned = await TurnClient.connect(port, own)
        assert "XOR-RELAYED-ADDRESS" in (await turned.allocate()).attributes
        turned.writer.close()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        with suppress(ConnectionError):
            assert await reader.read() == b""
        writer.close()
