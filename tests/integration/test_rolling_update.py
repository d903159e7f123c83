"""Three servers are replaced one after the other while people talk, and nobody is cut."""

from __future__ import annotations

import asyncio
import random
import signal
from asyncio.subprocess import Process
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    suppress,
)
from pathlib import Path

import pytest

from relay.app import Relay, running
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
from tests.support.node_process import node_process, until
from tests.support.ports import free_port, free_ports
from tests.support.redis_server import NEEDS_REDIS, RedisServer
from tests.support.served import ended, page_of

pytestmark = pytest.mark.timeout(500)

PAIRS = 100
DEADLINE_S = 60.0
TALK_S = (0.5, 4.0)
"""How long a conversation lasts: less than the deadline."""


@pytest.fixture
def noticed_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The balancer asks before each connection, and needs no time to notice."""
    monkeypatch.setattr(moving, "NOTICE_S", 0.0)


class Talker:
    """Somebody who writes with one stranger after the other, and moves when told to."""

    def __init__(self, url: str, seen: Counter[str], chance: random.Random) -> None:
        self._url = url
        self._seen = seen
        self._chance = chance
        self._client: ResumingClient | None = None
        self._next: asyncio.TimerHandle | None = None
        self._saying: set[asyncio.Task[None]] = set()
        self._searches = False

    async def run(self) -> None:
        """Until it is cancelled."""
        found = await begin_elsewhere(self._url, lambda: None)
        assert found is not None
        self._client = found[0]
        try:
            await self._search()
            while True:
                await self._hear(await self._client.receive(timeout_s=None))
        finally:
            self._calm()
            await self._client.close()

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
async def talking(url: str, seen: Counter[str]) -> AsyncIterator[None]:
    """A hundred pairs and what they see; at the end nobody may have been lost."""
    address, chance = url.replace("http", "ws") + "/ws", random.Random(15)
    talkers = [asyncio.create_task(Talker(address, seen, chance).run()) for _ in range(2 * PAIRS)]
    try:
        yield
        assert [task for task in talkers if task.done()] == [], "somebody was lost"
    finally:
        for task in talkers:
            task.cancel()
        await asyncio.gather(*talkers, return_exceptions=True)


async def many_meet(seen: Counter[str]) -> None:
    before = seen["met"]
    async with asyncio.timeout(60):
        while seen["met"] < before + PAIRS:  # noqa: ASYNC110 - counted by others
            await asyncio.sleep(0.05)


async def test_three_servers_are_replaced_under_a_hundred_talking_pairs_and_nobody_is_cut(
    noticed_at_once: None,
) -> None:
    seen: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        homes = [await stack.enter_async_context(AsyncExitStack()) for _ in range(3)]
        servers = [await home.enter_async_context(server()) for home in homes]
        balancer = await stack.enter_async_context(Balancer(*(each.url for each in servers)))
        async with talking(balancer.url, seen):
            for home, relay in zip(homes, servers, strict=True):
                await many_meet(seen)
                await drained(relay)
                await home.aclose()
                await home.enter_async_context(server(relay.port))
    assert seen["moved"] >= 2 * PAIRS
    assert (seen["cut"], seen["stayed"]) == (0, 0)


# a cluster, of which a signal ends one node after the other


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
        pace = ("--rematch-after-s", "0", "--drain-s", f"{DEADLINE_S}")
        quiet = ("--log-level", "warning")  # nobody reads what it logs before it ends
        where = number + 1, self._cluster_port
        name = f"node-{number}"
        return node_process(self._folder, self._redis, name, *where, *port, *pace, *quiet)

    async def is_whole(self, number: int) -> None:
        """Wait until one sees both others."""
        await until(self.pages[number], "relay_cluster_nodes", 2)


@NEEDS_REDIS
async def test_a_cluster_is_updated_by_signals_and_nobody_is_cut(
    tmp_path: Path, redis: RedisServer
) -> None:
    seen: Counter[str] = Counter()
    nodes = Nodes(tmp_path, redis)
    async with AsyncExitStack() as stack:
        homes = [await stack.enter_async_context(AsyncExitStack()) for _ in range(3)]
        processes = [
            await home.enter_async_context(nodes.start(number)) for number, home in enumerate(homes)
        ]
        for number, process in enumerate(processes):
            await page_of(process)
            await nodes.is_whole(number)
        balancer = await stack.enter_async_context(Balancer(*nodes.pages, takes_turns=True))
        async with talking(balancer.url, seen):
            for number, home in enumerate(homes):
                await many_meet(seen)
                processes[number].send_signal(signal.SIGTERM)
                async with asyncio.timeout(DEADLINE_S):
                    code, _, log = await ended(processes[number])
                assert code == 0, log
                assert "level=error" not in log
                await home.aclose()
                await page_of(await home.enter_async_context(nodes.start(number)))
                await nodes.is_whole(number)
            await many_meet(seen)
    assert seen["moved"] >= PAIRS
    assert (seen["cut"], seen["stayed"]) == (0, 0)
