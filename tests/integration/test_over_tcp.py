"""Bots that get to the server over TURN alone, with media in its own process and in others."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from relay.bots import client
from relay.protocol.messages import Connected
from tests.support.bots import Bot, relay
from tests.support.ports import free_port
from tests.support.relayed import media_by
from tests.support.wires import TurnClient


@pytest.mark.usefixtures("relayed")
@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("tls", [False, True], ids=["tcp", "tls"])
async def test_two_bots_meet_over_turn(workers: int, tls: bool) -> None:
    async with (
        relay(workers=workers, tls_self_signed=tls) as url,
        Bot(url, 1) as one,
        Bot(url, 2) as two,
    ):
        assert await media_by(one, two) == {"relay"}


async def test_bots_leave_the_relay_itself_out() -> None:
    async with relay() as url, Bot(url, 1) as one:
        assert one._ice_servers == []


async def test_it_is_not_named_where_it_is_switched_off() -> None:
    async with relay(tcp_media=False) as url, client.Client(url) as one:
        assert (await one.expect(Connected)).ice_servers == []


async def test_a_port_for_media_alone_takes_no_http() -> None:
    port = free_port()
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
