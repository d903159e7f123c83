"""Three servers are replaced one after the other while people talk, and nobody is cut."""

from __future__ import annotations

import asyncio
import math
import random
import signal
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from functools import partial
from pathlib import Path

import aiohttp
import pytest

from relay.api import load
from relay.app import Relay, running
from relay.bots import bot as bots
from relay.bots.moving import begin_elsewhere
from relay.bots.resuming import ResumingClient
from relay.config import Settings
from relay.errors import BotError
from relay.ops.client import Client as Operator
from relay.protocol.messages import (
    FindPartner,
    Move,
    NextPartner,
    PartnerDisconnected,
    PartnerFound,
    PartnerLeft,
    ServerMessage,
)
from relay.signaling import moving
from tests.support.balancer import Balancer
from tests.support.bots import Bot
from tests.support.node_process import node_process, until
from tests.support.ports import free_port, free_ports
from tests.support.redis_server import NEEDS_REDIS, RedisServer
from tests.support.served import ended, page_of

pytestmark = pytest.mark.timeout(500)

PAIRS = 100
FEW = 20
DEADLINE_S = 300.0
"""Nobody waits for it, unless the machine has too much to do."""
AT_ONCE = 16
TALK_S = (1.0, 3.0)
"""How long a conversation lasts: less than the deadline."""


@pytest.fixture
def noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The balancer asks before each connection, and needs no time to notice.

    It goes by who drains alone, and not by how much the machine has to do.
    """
    monkeypatch.setattr(moving, "NOTICE_S", 0.0)
    monkeypatch.setattr(load, "PATIENCE_S", math.inf)


class Talker:
    """Somebody who writes with one stranger after the other, and moves when told to.

    :param doors: those who come at once: a busy machine is not to keep all of them waiting.
    """

    def __init__(
        self, url: str, seen: Counter[str], chance: random.Random, doors: asyncio.Semaphore
    ) -> None:
        self._url = url
        self._doors = doors
        self._seen = seen
        self._chance = chance
        self._client: ResumingClient | None = None
        self._next: asyncio.TimerHandle | None = None
        self._saying: set[asyncio.Task[None]] = set()
        self._searches = False

    async def run(self) -> None:
        """Until it is cancelled."""
        self._client = await self._come()
        try:
            await self._search()
            while True:
                await self._hear(await self._client.receive(timeout_s=None))
        finally:
            self._calm()
            await self._client.close()

    async def _come(self) -> ResumingClient:
        while True:
            async with self._doors:
                found = await begin_elsewhere(self._url, lambda: None)
            if found is not None:
                return found[0]

    async def _hear(self, message: ServerMessage) -> None:
        match message:
            case PartnerFound():
                self._seen["met"] += 1
                self._searches = False
                after_s = self._chance.uniform(*TALK_S)
                self._next = asyncio.get_running_loop().call_later(after_s, self._press_next)
            case PartnerLeft():
                await self._search()
            case PartnerDisconnected():
                self._seen["cut"] += 1
                await self._search()
            case Move():
                await self._move()

    async def _search(self) -> None:
        self._calm()
        self._searches = True
        assert self._client
        await self._client.send(FindPartner(mode="text"))

    def _press_next(self) -> None:
        self._searches = True
        task = asyncio.create_task(self._say_next())
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

    async def _say_next(self) -> None:
        assert self._client
        with suppress(BotError):  # the socket is lost, which whoever reads sees
            await self._client.send(NextPartner(mode="text"))

    def _calm(self) -> None:
        if self._next is not None:
            self._next.cancel()

    async def _move(self) -> None:
        assert self._client
        async with self._doors:
            found = await begin_elsewhere(self._url, lambda: None)
        if found is None:
            self._seen["stayed"] += 1
            if self._searches:
                await self._client.send(FindPartner(mode="text", stay=True))
            return
        self._seen["moved"] += 1
        self._seen["cut"] += not self._searches
        former, self._client = self._client, found[0]
        await former.close()
        await self._search()


@asynccontextmanager
async def server(port: int = 0) -> AsyncIterator[Relay]:
    settings = Settings(host="127.0.0.1", port=port, udp_port=0, workers=0, rematch_after_s=0)
    async with running(settings) as relay:
        yield relay


async def drained(relay: Relay) -> None:
    token = relay.operator_token.get_secret_value()
    async with Operator(relay.url, token) as operator, asyncio.timeout(DEADLINE_S):
        await operator.drain(deadline_s=DEADLINE_S)
        while (await operator.totals()).connected:  # noqa: ASYNC110 - as operators see it
            await asyncio.sleep(0.1)


@asynccontextmanager
async def talking(url: str, seen: Counter[str], pairs: int = PAIRS) -> AsyncIterator[None]:
    """Many pairs and what they see; at the end nobody may have been lost."""
    address, chance = url.replace("http", "ws") + "/ws", random.Random(15)
    doors = asyncio.Semaphore(AT_ONCE)
    people = [Talker(address, seen, chance, doors) for _ in range(2 * pairs)]
    talkers = [asyncio.create_task(each.run()) for each in people]
    try:
        yield
        assert [task for task in talkers if task.done()] == [], "somebody was lost"
    finally:
        for task in talkers:
            task.cancel()
        await asyncio.gather(*talkers, return_exceptions=True)


async def many_meet(seen: Counter[str], pairs: int = PAIRS) -> None:
    before = seen["met"]
    async with asyncio.timeout(60):
        while seen["met"] < before + pairs:  # noqa: ASYNC110 - counted by others
            await asyncio.sleep(0.05)


async def test_three_servers_are_replaced_while_people_talk_and_nobody_is_cut(
    noticed_at_once: None,
) -> None:
    seen: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        homes = [await stack.enter_async_context(AsyncExitStack()) for _ in range(3)]
        servers = [await home.enter_async_context(server()) for home in homes]
        balancer = await stack.enter_async_context(Balancer(*(each.url for each in servers)))
        async with talking(balancer.url, seen, FEW):
            for home, relay in zip(homes, servers, strict=True):
                await many_meet(seen, FEW)
                await drained(relay)
                await home.aclose()
                await home.enter_async_context(server(relay.port))
    assert seen["moved"] >= 2 * FEW
    assert (seen["cut"], seen["stayed"]) == (0, 0)


# a cluster, of which a signal ends one node after the other

SEERS = 4
FRAMES = 5
NOTICED_AT_ONCE = "from relay.signaling import moving; moving.NOTICE_S = 0.0"


@pytest.fixture
def seers_among_themselves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bots with media meet each other, and nobody who only writes."""
    monkeypatch.setattr(bots, "FindPartner", partial(FindPartner, interests=["pictures"]))


class Seer(Bot):
    """Somebody with camera and microphone."""

    def __init__(self, url: str, number: int, seen: Counter[str]) -> None:
        super().__init__(url, number, resumes=True)
        self._told = seen

    async def _on_message(self, message: ServerMessage) -> None:
        self._told["cut"] += isinstance(message, PartnerDisconnected)
        self._told["seers moved"] += isinstance(message, Move)
        await super()._on_message(message)

    async def sees_on(self) -> None:
        """Wait for some more frames of this partner, or of the next one."""
        seen = self.report.frames + FRAMES
        await self.until(lambda: self.room_id and self.report.frames >= seen, 60, "picture")


@asynccontextmanager
async def seeing(url: str, seen: Counter[str]) -> AsyncIterator[list[Seer]]:
    """Pairs who see each other."""
    address = url.replace("http", "ws") + "/ws"
    async with AsyncExitStack() as stack:
        seers = [
            await stack.enter_async_context(Seer(address, number, seen))
            for number in range(1, SEERS + 1)
        ]
        for seer in seers:
            await seer.find_partner()
        yield seers
        assert [list(seer.report.errors) for seer in seers] == [[]] * SEERS


async def all_see(seers: Sequence[Seer]) -> list[str | None]:
    """Wait until there are more frames of each one's partner; in which rooms that was."""
    await asyncio.gather(*(seer.sees_on() for seer in seers))
    return [seer.room_id for seer in seers]


async def see_on_and_press_next(seers: Sequence[Seer], rooms: list[str | None]) -> None:
    """Frames go on coming in the same rooms until one in each of them presses Next."""
    assert await all_see(seers) == rooms
    for seer in dict(zip(rooms, seers, strict=True)).values():
        await seer.next_partner()


class Nodes:
    """Three servers of one cluster, each with a place of its own."""

    def __init__(self, folder: Path, redis: RedisServer) -> None:
        self.ports = free_ports(3)
        self.pages = [f"http://127.0.0.1:{port}" for port in self.ports]
        self._folder, self._redis = folder, redis
        self._cluster_port = free_port()

    def start(self, number: int) -> AbstractAsyncContextManager[Process]:
        """The process of one, which may have run before."""
        port = ("--port", str(self.ports[number]))
        pace = ("--rematch-after-s", "0", "--drain-s", f"{DEADLINE_S}", "--workers", "1")
        apart = ("--interest-wait-s", "3600")
        quiet = ("--log-level", "warning")  # nobody reads what it logs before it ends
        where = number + 1, self._cluster_port
        name = f"node-{number}"
        given = *port, *pace, *apart, *quiet
        return node_process(self._folder, self._redis, name, *where, *given, before=NOTICED_AT_ONCE)

    async def is_whole(self, number: int) -> None:
        """Wait until one sees both others."""
        await until(self.pages[number], "relay_cluster_nodes", 2)


@NEEDS_REDIS
async def test_a_cluster_is_updated_by_signals_and_nobody_is_cut(
    tmp_path: Path, redis: RedisServer, seers_among_themselves: None
) -> None:
    seen: Counter[str] = Counter()
    nodes = Nodes(tmp_path, redis)
    async with AsyncExitStack() as stack:
        homes = [await stack.enter_async_context(AsyncExitStack()) for _ in range(3)]
        processes = await asyncio.gather(
            *(home.enter_async_context(nodes.start(number)) for number, home in enumerate(homes))
        )
        await asyncio.gather(*map(page_of, processes))
        await asyncio.gather(*map(nodes.is_whole, range(3)))
        balancer = await stack.enter_async_context(Balancer(*nodes.pages, takes_turns=True))
        async with seeing(balancer.url, seen) as seers, talking(balancer.url, seen):
            for number, home in enumerate(homes):
                await many_meet(seen)
                rooms = await all_see(seers)
                processes[number].send_signal(signal.SIGTERM)
                await until_not_ready(nodes.pages[number])
                await see_on_and_press_next(seers, rooms)
                async with asyncio.timeout(DEADLINE_S):
                    code, _, log = await ended(processes[number])
                assert code == 0, log
                assert "level=error" not in log
                await home.aclose()
                await page_of(await home.enter_async_context(nodes.start(number)))
                await nodes.is_whole(number)
            await many_meet(seen)
            await all_see(seers)
            assert seen["moved"] >= PAIRS
            assert seen["seers moved"]
            assert (seen["cut"], seen["stayed"]) == (0, 0)


async def until_not_ready(page: str) -> None:
    """Wait until balancers are told that a node drains."""
    async with aiohttp.ClientSession() as http, asyncio.timeout(30):
        while True:
            async with http.get(f"{page}/ready") as answer:
                if answer.status == 503:
                    return
