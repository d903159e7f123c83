"""Real nodes, workers and Redis: bots of different nodes in calls with each other."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from relay.api import load
from relay.app import Relay, running
from relay.config import Settings
from relay.evidence import Package
from relay.evidence.keyfiles import init
from relay.evidence.seal import unseal
from relay.protocol.messages import Report
from tests.integration.test_evidence import patience, stamp_of, stored
from tests.support.balancer import Balancer
from tests.support.bots import Bot
from tests.support.collector import Collector, a_collector, facts
from tests.support.node_process import SECRET, kill_all, node_process, until
from tests.support.ports import free_port
from tests.support.redis_server import NEEDS_REDIS, RedisServer
from tests.support.served import page_of
from tests.support.watching import sees

pytestmark = [pytest.mark.timeout(240), NEEDS_REDIS]

STEPS = ("meeting", "find", "match", "link", "first_picture")
"""What a node tells of a meeting with a user of another node."""


@pytest.fixture(autouse=True)
def never_full(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nodes are ready for balancers, though they share a process with each other and with bots."""
    monkeypatch.setattr(load, "PATIENCE_S", math.inf)


@asynccontextmanager
async def node(redis: RedisServer, number: int, **more: object) -> AsyncIterator[Relay]:
    """A node at an address of its own on loopback."""
    settings = {
        "host": "127.0.0.1",
        "port": 0,
        "udp_port": 0,
        "workers": 1,
        "rematch_after_s": 0,
        "metrics_public": True,
        "operator_token": "t" * 32,
        "cluster": redis.url,
        "cluster_secret": SECRET,
        "cluster_address": f"127.0.0.{number}",
        "cluster_port": free_port(),
        "node_name": f"node-{number}",
    }
    async with running(Settings.model_validate(settings | more)) as relay:
        yield relay


def url_of(relay: Relay) -> str:
    return relay.url.replace("http", "ws") + "/ws"


async def see_each_other(one: Bot, two: Bot, count: int = 5) -> None:
    await sees(one, two, count)
    await sees(two, one, count)


async def until_there(relays: list[Relay]) -> None:
    """Wait until each node can speak to all others."""
    async with asyncio.timeout(60), aiohttp.ClientSession() as http:
        for relay in relays:
            while True:
                async with http.get(f"{relay.url}/metrics") as response:
                    text = await response.text()
                if (
                    f"relay_cluster_nodes {len(relays) - 1}.0" in text
                    and "relay_cluster_store_up 1.0" in text
                ):
                    break
                await asyncio.sleep(0.1)


async def meet(one: Bot, two: Bot) -> None:
    for bot in (one, two):
        await bot.find_partner()
    await see_each_other(one, two)
    assert one.room_id == two.room_id


@asynccontextmanager
async def two_nodes(redis: RedisServer, *more: dict[str, object]) -> AsyncIterator[list[Relay]]:
    async with AsyncExitStack() as stack:
        relays = [
            await stack.enter_async_context(node(redis, number, **own))
            for number, own in enumerate(more or ({}, {}), 1)
        ]
        await until_there(relays)
        yield relays


async def test_users_of_two_nodes_meet_talk_press_next_and_report(
    redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, folders = tmp_path / "key.pem", (tmp_path / "1", tmp_path / "2")
    init(folders[0], key)
    init(folders[1], tmp_path / "another.pem")
    kept: list[dict[str, object]] = [
        {"evidence": True, "data_dir": each, "workers": workers}
        for each, workers in zip(folders, (2, 1), strict=True)
    ]
    async with (
        patience(),
        traced(monkeypatch) as collector,
        two_nodes(redis, *kept) as (first, second),
        Bot(url_of(first), 1) as one,
        Bot(url_of(second), 2) as two,
    ):
        await meet(one, two)
        room = one.room_id
        await collector.until(lambda: len(meetings(collector)) == 2)
        assert_is_one_trace(collector, room or "")
        await one.say("hello")
        await two.until(lambda: [chat.text for chat in two.chats] == ["hello"], 30)
        await one.next_partner()
        await one.until(lambda: one.room_id not in (None, room), 30)
        await see_each_other(one, two)
        assert [list(bot.report.errors) for bot in (one, two)] == [[], []]
        await two.say("look at me")
        await one.until(lambda: [chat.text for chat in one.chats] == ["look at me"], 30)
        await one._client.send(Report(reason="nudity"))
        await two.until(lambda: two.room_id is None, 30)
    [evidence] = await stored(folders[0])
    assert evidence.sealed is not None
    package = Package.read(unseal(evidence.sealed, key.read_bytes()))
    assert [(said.by, said.text) for said in package.chat] == [("reported", "look at me")]
    for side, source in ((package.reporter, 1), (package.reported, 2)):
        assert {stamp_of(shot).source for shot in side.pictures} == {source}
    assert await stored(folders[1]) == []


@asynccontextmanager
async def traced(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Collector]:
    """Nodes that start within it tell a collector of meetings, at once."""
    async with a_collector() as collector:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
        monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "50")
        yield collector


def meetings(collector: Collector) -> list[Any]:
    return [span for span in collector.spans() if span.name == "meeting"]


def assert_is_one_trace(collector: Collector, room_id: str) -> None:
    """Each node has told of its own user, below a meeting of its own, and nothing is missing."""
    told = collector.by_server()
    assert told.keys() == {"node-1", "node-2"}
    sides = set()
    for spans in told.values():
        (whole,) = (span for span in spans if span.name == "meeting")
        about = facts(whole)
        assert (about["relay.across_nodes"], about["relay.outcome"]) == (True, "complete")
        assert {span.trace_id.hex() for span in spans} == {room_id + room_id[:8]}
        assert sorted(span.name for span in spans) == sorted(STEPS)
        sides |= {facts(span).get("relay.side") for span in spans} - {None}
        for span in spans:
            assert not facts(span).get("relay.unfinished")
            assert span is whole or span.parent_span_id == whole.span_id
    assert sides == {"first", "second"}


async def test_a_socket_comes_back_at_the_other_node(redis: RedisServer) -> None:
    async with two_nodes(redis) as (first, second), Balancer(first.url, second.url) as balancer:
        url = balancer.url.replace("http", "ws") + "/ws"
        async with Bot(url, 1, resumes=True) as one, Bot(url_of(second), 2) as two:
            await meet(one, two)
            room = one.room_id
            first.gateway.drain()  # the balancer gives nobody to it any more
            one.cut()
            await one.until(lambda: one.report.resumes == 1, 30)
            await see_each_other(one, two)
            await one.say("here again")
            await two.until(lambda: [chat.text for chat in two.chats] == ["here again"], 30)
            assert (one.room_id, two.room_id) == (room, room)
            assert second.gateway.counts().connected == 1, "it is still the other node's user"


async def test_calls_go_on_while_redis_is_frozen_and_users_of_one_node_meet(
    redis: RedisServer,
) -> None:
    async with (
        two_nodes(redis) as (first, second),
        Bot(url_of(first), 1) as one,
        Bot(url_of(second), 2) as two,
    ):
        await meet(one, two)
        room = one.room_id
        redis.pause()
        try:
            async with Bot(url_of(first), 3) as three, Bot(url_of(first), 4) as four:
                await meet(three, four)
                assert three.room_id != room
            await two.say("still here")
            await one.until(lambda: [chat.text for chat in one.chats] == ["still here"], 30)
            await see_each_other(one, two)
            assert (one.room_id, two.room_id) == (room, room)
            async with aiohttp.ClientSession() as http:
                for path in ("health", "ready"):
                    async with http.get(f"{first.url}/{path}") as response:
                        assert response.status == 200
        finally:
            redis.go_on()
        await until_there([first, second])
        await one.next_partner()
        await one.until(lambda: one.room_id not in (None, room), 30)
        await see_each_other(one, two)
        assert one.room_id == two.room_id


async def test_a_node_that_dies_takes_nobody_else_with_it(
    tmp_path: Path, redis: RedisServer
) -> None:
    port = free_port()
    async with AsyncExitStack() as stack:
        dying, living = [
            await stack.enter_async_context(
                node_process(tmp_path, redis, name, number, port, "--rematch-after-s", "0")
            )
            for number, name in enumerate(("dying", "living"), 1)
        ]
        pages = [await page_of(process) for process in (dying, living)]
        for page in pages:
            await until(page, "relay_cluster_nodes", 1)
            await until(page, "relay_cluster_store_up", 1)
        balancer = await stack.enter_async_context(Balancer(*pages))
        there = balancer.url.replace("http", "ws") + "/ws"
        here = pages[1].replace("http", "ws") + "/ws"
        one = await stack.enter_async_context(Bot(there, 1, resumes=True))
        two = await stack.enter_async_context(Bot(here, 2))
        await meet(one, two)
        room = two.room_id
        kill_all(dying)
        for bot in (one, two):
            await bot.until(lambda: bot.room_id not in (None, room), 60)  # noqa: B023
        await see_each_other(one, two)
        assert one.room_id == two.room_id
        await until(pages[1], "relay_rooms", 1)
