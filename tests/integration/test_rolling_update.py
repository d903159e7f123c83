"""Three servers are replaced one after the other while people talk, and nobody is cut."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from relay.app import Relay, running
from relay.bots.moving import begin_elsewhere
from relay.bots.resuming import ResumingClient
from relay.config import Settings
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

pytestmark = pytest.mark.timeout(300)

PAIRS = 100
DEADLINE_S = 60.0
TALK_S = (0.5, 4.0)
"""How long a conversation lasts: less than the deadline."""


@pytest.fixture(autouse=True)
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
        assert self._client
        task = asyncio.create_task(self._client.send(NextPartner(mode="text")))
        self._saying.add(task)
        task.add_done_callback(self._saying.discard)

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


async def test_three_servers_are_replaced_under_a_hundred_talking_pairs_and_nobody_is_cut() -> None:
    seen: Counter[str] = Counter()
    async with AsyncExitStack() as stack:
        homes = [await stack.enter_async_context(AsyncExitStack()) for _ in range(3)]
        servers = [await home.enter_async_context(server()) for home in homes]
        balancer = await stack.enter_async_context(Balancer(*(each.url for each in servers)))
        address = balancer.url.replace("http", "ws") + "/ws"
        chance = random.Random(15)
        talkers = [
            asyncio.create_task(Talker(address, seen, chance).run()) for _ in range(2 * PAIRS)
        ]
        try:
            for home, relay in zip(homes, servers, strict=True):
                before = seen["met"]
                async with asyncio.timeout(60):
                    while seen["met"] < before + PAIRS:  # noqa: ASYNC110 - counted by others
                        await asyncio.sleep(0.05)
                await drained(relay)
                await home.aclose()
                await home.enter_async_context(server(relay.port))
            assert [task for task in talkers if task.done()] == [], "somebody was lost"
        finally:
            for task in talkers:
                task.cancel()
            await asyncio.gather(*talkers, return_exceptions=True)
    assert seen["moved"] >= 2 * PAIRS
    assert (seen["cut"], seen["stayed"]) == (0, 0)
