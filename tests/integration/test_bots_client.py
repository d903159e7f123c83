"""The bots' signalling client against a server that says what the test tells it to."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from relay.bots.client import ConnectionClosed
from relay.errors import BotError
from relay.protocol.messages import (
    ChatDelivery,
    ChatMessage,
    Connected,
    Error,
    FindPartner,
    PartnerFound,
    PartnerLeft,
    WaitingForPartner,
)
from tests.support.bots import Client

CONNECTED = {"type": "connected", "userId": "u1", "iceServers": [], "mediaMode": "relay"}
WAITING = {"type": "waiting_for_partner"}
FROM_LATER = {"type": "weather_report", "rain": True}
FOUND = {"type": "partner_found", "roomId": "r", "isInitiator": True, "mediaMode": "relay"}
LEFT = {"type": "partner_left"}
BUSY = {"type": "error", "code": "server_busy", "message": "try later"}

Script = Callable[[web.WebSocketResponse], Awaitable[None]]


@contextlib.asynccontextmanager
async def server(script: Script) -> AsyncIterator[str]:
    async def handle(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await script(socket)
        await socket.close()
        return socket

    app = web.Application()
    app.router.add_get("/ws", handle)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        yield f"ws://127.0.0.1:{runner.addresses[0][1]}/ws"
    finally:
        await runner.cleanup()


def saying(*messages: dict[str, Any]) -> Script:
    async def script(socket: web.WebSocketResponse) -> None:
        for message in messages:
            await socket.send_json(message)
        async for _ in socket:
            pass

    return script


async def test_messages_arrive_in_order_and_typed() -> None:
    async with server(saying(CONNECTED, WAITING, FOUND)) as url, Client(url) as client:
        kinds = [type(await client.receive()) for _ in range(3)]
        assert kinds == [Connected, WaitingForPartner, PartnerFound]


async def test_what_comes_before_the_expected_is_kept_for_later() -> None:
    async with server(saying(CONNECTED, WAITING, FOUND, LEFT)) as url, Client(url) as client:
        assert (await client.expect(PartnerFound)).room_id == "r"
        assert isinstance(await client.receive(), Connected)
        assert isinstance(await client.expect(PartnerLeft), PartnerLeft)
        assert isinstance(await client.expect(WaitingForPartner), WaitingForPartner)


async def test_an_error_while_expecting_something_else_is_raised() -> None:
    async with server(saying(CONNECTED, BUSY)) as url, Client(url) as client:
        with pytest.raises(BotError, match="server_busy: try later"):
            await client.expect(PartnerFound)


async def test_an_error_can_be_expected() -> None:
    async with server(saying(BUSY)) as url, Client(url) as client:
        assert (await client.expect(Error)).code == "server_busy"


async def test_too_many_other_messages_are_an_error() -> None:
    async with server(saying(*[WAITING] * 257)) as url, Client(url) as client:
        with pytest.raises(BotError, match="more than 256 messages"):
            await client.expect(PartnerFound)


async def test_silence_is_an_error_in_time() -> None:
    async with server(saying()) as url, Client(url) as client:
        with pytest.raises(BotError, match="no message within"):
            await client.receive(timeout_s=0.05)
        with pytest.raises(BotError, match="no PartnerFound within"):
            await client.expect(PartnerFound, timeout_s=0.05)


async def test_what_is_sent_arrives() -> None:
    received: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def script(socket: web.WebSocketResponse) -> None:
        async for frame in socket:
            received.put_nowait(json.loads(frame.data))

    async with server(script) as url, Client(url) as client:
        await client.send(FindPartner(interests=["chess"]))
        await client.send(ChatMessage(text="hi"))
        sought = await received.get()
        assert (sought["type"], sought["interests"]) == ("find_partner", ["chess"])
        assert await received.get() == {"type": "chat_message", "text": "hi"}


async def test_iteration_ends_when_the_server_closes() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        await socket.send_json(CONNECTED)
        await socket.send_json({"type": "chat_message", "text": "a", "id": "1", "sentAt": 5})

    async with server(script) as url, Client(url) as client:
        assert [type(message) async for message in client] == [Connected, ChatDelivery]
        with pytest.raises(BotError):
            await client.send(FindPartner())


async def test_the_close_code_is_told() -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        await socket.close(code=1008)

    async with server(script) as url, Client(url) as client:
        with pytest.raises(ConnectionClosed) as closed:
            await client.receive()
        assert closed.value.code == 1008


@pytest.mark.parametrize("frame", ["{", "[]", "{}", '{"type":"connected"}'])
async def test_a_server_that_breaks_the_protocol(frame: str) -> None:
    async def script(socket: web.WebSocketResponse) -> None:
        await socket.send_str(frame)
        await socket.receive()

    async with server(script) as url, Client(url) as client:
        with pytest.raises(BotError, match="broke the protocol"):
            await client.receive()


async def test_vanishing_says_no_goodbye() -> None:
    closed: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    async def script(socket: web.WebSocketResponse) -> None:
        await socket.receive()
        closed.set_result(socket.close_code)

    async with server(script) as url:
        client = Client(url)
        await client.connect()
        await client.vanish()
        async with asyncio.timeout(5):
            assert await closed == aiohttp.WSCloseCode.ABNORMAL_CLOSURE


async def test_a_refused_handshake() -> None:
    async with server(saying()) as url:
        with pytest.raises(BotError, match="refused the WebSocket: HTTP 404"):
            await Client(url.replace("/ws", "/nothing")).connect()


@pytest.mark.parametrize("url", ["ws://127.0.0.1:1/ws", "nonsense", "http://"])
async def test_a_server_that_is_not_there(url: str) -> None:
    with pytest.raises(BotError, match="cannot reach"):
        await Client(url).connect()


async def test_sending_before_connecting() -> None:
    with pytest.raises(BotError, match="not connected"):
        await Client("ws://127.0.0.1/ws").send(FindPartner())


async def test_messages_of_later_servers_are_ignored() -> None:
    script = saying(FROM_LATER, CONNECTED, FROM_LATER, WAITING)
    async with server(script) as url, Client(url) as client:
        assert isinstance(await client.receive(), Connected)
        assert isinstance(await client.receive(), WaitingForPartner)
