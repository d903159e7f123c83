"""Bots and loads whose sockets are cut while media flows: they come back, nothing is missing."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from relay.bots import resuming
from relay.bots.load.clip import encode
from relay.bots.load.tally import Tally
from relay.bots.load.user import LoadUser
from relay.bots.resuming import ResumingClient, pauses_s
from relay.errors import BotError
from relay.protocol.messages import (
    ChatDelivery,
    ChatMessage,
    Connected,
    FindPartner,
    PartnerFound,
    WaitingForPartner,
)
from tests.support.bots import Bot, cut, relay
from tests.support.fake_plane import FakePlane
from tests.support.peer import serving, until
from tests.support.watching import sees

pytestmark = pytest.mark.timeout(180)


@asynccontextmanager
async def call(url: str) -> AsyncIterator[tuple[Bot, Bot]]:
    """Two bots who see each other, and can resume."""
    async with Bot(url, 1, resumes=True) as one, Bot(url, 2, resumes=True) as two:
        for bot in (one, two):
            await bot.find_partner()
        for bot, partner in ((one, two), (two, one)):
            await sees(bot, partner, 3)
        yield one, two


async def come_back(*bots: Bot, times: int = 1) -> None:
    for bot in bots:
        await bot.until(lambda: bot.report.resumes == times, 30, "return")  # noqa: B023


async def test_a_bot_whose_socket_is_cut_keeps_partner_link_and_chat() -> None:
    async with relay() as url, call(url) as (one, two):
        room = one.room_id
        for time_ in (1, 2, 3):
            one.cut()
            await two.say(f"said meanwhile {time_}")
            await one.say(f"and this {time_}")
            await come_back(one, times=time_)
            await one.until(lambda: len(one.chats) == time_, 10, "chat")  # noqa: B023
            await two.until(lambda: len(two.chats) == time_, 10, "chat")  # noqa: B023
        await sees(one, two, 3)
        await sees(two, one, 3)
        assert [chat.text for chat in one.chats] == [f"said meanwhile {n}" for n in (1, 2, 3)]
        assert [chat.text for chat in two.chats] == [f"and this {n}" for n in (1, 2, 3)]
        assert (one.room_id, two.room_id) == (room, room)
        for bot in (one, two):
            assert (bot.report.links, bot.report.partners) == (1, 1)
            assert list(bot.report.errors) == []
            assert bot.report.out_of_order == 0
        assert two.partner_is_interrupted is None


async def test_both_bots_are_cut_at_once() -> None:
    async with relay() as url, call(url) as (one, two):
        one.cut()
        two.cut()
        await come_back(one, two)
        await one.say("there you are")
        await two.until(lambda: two.chats, 10, "chat")
        await sees(one, two, 3)
        await sees(two, one, 3)
        assert [bot.report.partners for bot in (one, two)] == [1, 1]


class Load:
    """Two users of a load who talk; every packet has a number."""

    def __init__(self, users: list[LoadUser]) -> None:
        self.users = users

    async def play_until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(30):
            while not condition():
                for user in self.users:
                    user.play(time.monotonic())
                await asyncio.sleep(0.005)

    def has_received(self, packets: int) -> bool:
        return all(stream.received >= packets for user in self.users for stream in user._streams)


async def test_no_packet_is_missing_when_a_socket_is_cut() -> None:
    clip, tally = encode(0.5, settled=False), Tally()
    async with relay() as url:
        load = Load([LoadUser(url, clip, tally) for _ in range(2)])
        try:
            for user in load.users:
                await user.join()
                await user.search()
            await load.play_until(lambda: load.has_received(20))
            for user in load.users:
                cut(user._client)
            await load.play_until(lambda: tally.resumes == 2)
            seen = max(stream.received for user in load.users for stream in user._streams)
            await load.play_until(lambda: load.has_received(seen))
            streams = [stream for user in load.users for stream in user._streams]
            assert [stream.expected - stream.received for stream in streams] == [0] * 4
        finally:
            for user in load.users:
                await user.leave()
    assert tally.errors == {}
    assert (tally.joined, tally.matches, tally.resumes) == (2, 2, 2)


# The client alone


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resuming, "pauses_s", lambda: iter([0.0] * 20))


@asynccontextmanager
async def client(url: str) -> AsyncIterator[ResumingClient]:
    async with ResumingClient(url, lambda: None) as opened:
        await opened.expect(Connected)
        yield opened


async def test_what_is_sent_while_the_socket_is_away_arrives_in_order(at_once: None) -> None:
    async with (
        serving(FakePlane(connects=True)) as door,
        client(door.url) as one,
        client(door.url) as two,
    ):
        await one.send(FindPartner())
        await one.expect(WaitingForPartner)
        await two.send(FindPartner())
        await two.expect(PartnerFound)
        cut(two)
        for number in range(10):
            await two.send(ChatMessage(text=str(number)))
        reading = asyncio.create_task(two.expect(ChatDelivery))
        await one.expect(PartnerFound)
        said = [(await one.expect(ChatDelivery)).text for _ in range(10)]
        assert said == [str(number) for number in range(10)]
        await one.send(ChatMessage(text="got it"))
        assert (await reading).text == "got it"
        assert door.gateway.tally.resumes == 1


async def test_a_session_that_is_over_is_a_closed_connection(at_once: None) -> None:
    async with serving(FakePlane(connects=True)) as door, client(door.url) as one:
        cut(one)  # and the server does not wait for who does nothing
        await until(lambda: door.gateway.counts().connected == 0)
        assert [message async for message in one] == []
        with pytest.raises(BotError):
            await one.send(FindPartner())
        assert door.gateway.tally.resumes_refused["ended"] == 1


async def test_a_server_that_has_gone_is_tried_and_given_up(
    at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with serving(FakePlane(connects=True)) as door:
        one = ResumingClient(door.url, lambda: None)
        await one.connect()
        await one.expect(Connected)
        await one.send(FindPartner())
        await one.expect(WaitingForPartner)
        monkeypatch.setattr(one, "_back_url", "ws://127.0.0.1:1/ws")
        cut(one)
        assert [message async for message in one] == []
        await one.close()


async def test_a_server_that_shuts_down_is_not_tried(at_once: None) -> None:
    async with serving(FakePlane(connects=True)) as door, client(door.url) as one:
        await one.send(FindPartner())
        await one.expect(WaitingForPartner)
        closing = asyncio.create_task(door.gateway.close())
        assert [message async for message in one] == []
        await closing
        assert door.gateway.tally.refusals["draining"] == 0


def test_tries_come_soon_and_then_later_and_later() -> None:
    pauses = pauses_s()
    assert [next(pauses) for _ in range(3)] == [0.0, 0.3, 1.2]
    later = [next(pauses) for _ in range(5)]
    bounds = [3.0, 6.0, 10.0, 10.0, 10.0]
    assert all(0.7 * most <= pause <= most for pause, most in zip(later, bounds, strict=True))


async def test_a_socket_that_does_not_answer_is_given_up(
    at_once: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server hears that the bot will be back, and not that it leaves."""
    monkeypatch.setattr("relay.bots.resuming.DEFAULT_TIMEOUT_S", 0.2)
    connected = Connected(
        user_id="u", ice_servers=[], media_mode="relay", resume_token="t", resume_within=30
    ).encode()
    codes: asyncio.Queue[int | None] = asyncio.Queue()

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(connected)
        if request.query["resume"] == "new":
            await socket.receive()
            assert request.transport is not None
            request.transport.abort()
        else:
            async for _ in socket:
                pass  # it says nothing
            codes.put_nowait(socket.close_code)
        return socket

    app = web.Application()
    app.router.add_get("/ws", serve)
    async with TestServer(app) as server, client(f"ws://{server.host}:{server.port}/ws") as one:
        await one.send(FindPartner())
        reading = asyncio.create_task(one.receive(timeout_s=None))
        async with asyncio.timeout(20):
            assert await codes.get() == 4000
        reading.cancel()
        await asyncio.wait({reading})
