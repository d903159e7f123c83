"""A node of the next release, which knows more words, beside one of this release."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from relay.ops.client import Client as Operator
from relay.protocol.messages import Report
from tests.integration.test_cluster_calls import meet, see_each_other
from tests.support.balancer import Balancer
from tests.support.bots import Bot
from tests.support.node_process import figure, node_process, until
from tests.support.ports import free_port
from tests.support.redis_server import NEEDS_REDIS, RedisServer
from tests.support.served import page_of

pytestmark = [pytest.mark.timeout(240), NEEDS_REDIS]

TOKEN = "the-token-of-all-nodes"

NEXT_RELEASE = """
from dataclasses import field, make_dataclass

from relay.cluster import interface, messages
from relay.errors import ClusterError

mood = [("mood", str, field(default="new"))]


def renew(*kinds, more=()):
    for kind in kinds:
        new = make_dataclass(kind.__name__, [*more, *mood], bases=(kind,), frozen=True)
        new.__module__ = kind.__module__
        setattr(messages, kind.__name__, new)


renew(messages.Person, messages.Said, messages.Parted, messages.Resuming, messages.Frame)
renew(messages.Accepted, messages.Offer, more=[("person", messages.Person)])
messages.Novelty = make_dataclass("Novelty", [("what", str)], frozen=True)

names = [*messages.VOCABULARY._readers, "Novelty"]
messages.VOCABULARY = messages.Vocabulary(getattr(messages, name) for name in names)

from relay.cluster.nodes import Nodes

tell, ask = Nodes.tell, Nodes.ask


def tells(self, node, message):
    tell(self, node, messages.Novelty("told"))
    tell(self, node, message)


async def asks(self, node, request, patience_s=interface.ANSWER_S):
    try:
        await ask(self, node, messages.Novelty("asked"), patience_s)
    except ClusterError as error:
        assert "not understood" in str(error), error
    else:
        raise AssertionError("it is understood")
    return await ask(self, node, request, patience_s)


Nodes.tell, Nodes.ask = tells, asks

from relay.signaling import moving
moving.NOTICE_S = 0.0
"""
"""Has a field more in some messages, and says a kind more before each other message."""

THIS_RELEASE = "from relay.signaling import moving; moving.NOTICE_S = 0.0"


async def test_two_releases_are_one_cluster_both_ways(tmp_path: Path, redis: RedisServer) -> None:
    port = free_port()
    shared = ("--rematch-after-s", "0", "--workers", "1", "--operator-token", TOKEN)
    async with AsyncExitStack() as stack:
        started = [
            node_process(tmp_path, redis, name, number, port, *shared, before=before)
            for number, (name, before) in enumerate(
                (("athens", THIS_RELEASE), ("berlin", NEXT_RELEASE)), 1
            )
        ]
        processes = await asyncio.gather(*map(stack.enter_async_context, started))
        pages = [await page_of(process) for process in processes]
        for page in pages:
            await until(page, "relay_cluster_nodes", 1)
            await until(page, "relay_cluster_store_up", 1)
        athens = await stack.enter_async_context(Balancer(*pages))
        berlin = await stack.enter_async_context(Balancer(*pages, takes_turns=True))
        one = await stack.enter_async_context(Bot(socket_of(athens.url), 1, resumes=True))
        two = await stack.enter_async_context(Bot(socket_of(berlin.url), 2, resumes=True))
        await meet(one, two)
        await talk_and_press_next(one, two)
        await comes_back(two, one)
        await two._client.send(Report(reason="spam"))
        await one.until(lambda: one.room_id is None, 30, "end")
        await two.leave()
        three = await stack.enter_async_context(Bot(socket_of(pages[1]), 3))
        await three.find_partner()
        await see_each_other(one, three)
        async with Operator(pages[0], TOKEN) as operator:
            await operator.drain(deadline_s=600)
            await comes_back(one, three)
            assert (await operator.totals(node="athens")).connected == 1
            await operator.drain(deadline_s=0)
        await one.until(lambda: one.report.moves == 1, 30, "move")
        await see_each_other(one, three)
        assert await figure(pages[0], "relay_cluster_unknown_total") > 0
        assert [await figure(page, "relay_cluster_nodes_lost_total") for page in pages] == [0, 0]
        assert await figure(pages[1], "relay_cluster_unknown_total") == 0
        assert [list(bot.report.errors) for bot in (one, two, three)] == [[], [], []]
    for process in processes:
        assert process.returncode == 0


def socket_of(page: str) -> str:
    return page.replace("http", "ws") + "/ws"


async def talk_and_press_next(one: Bot, two: Bot) -> None:
    """Each writes to the other, and each presses Next once."""
    await one.say("hello")
    await two.until(lambda: [chat.text for chat in two.chats] == ["hello"], 30, "chat")
    await two.say("hello to you")
    await one.until(lambda: [chat.text for chat in one.chats] == ["hello to you"], 30, "chat")
    for bot in (one, two):
        room = bot.room_id
        await bot.next_partner()
        for each in (one, two):
            await each.until(lambda: each.room_id not in (None, room), 30, "partner")  # noqa: B023
        await see_each_other(one, two)


async def comes_back(bot: Bot, partner: Bot) -> None:
    """Its socket is lost, and comes to the other node."""
    room = bot.room_id
    bot.cut()
    await bot.until(lambda: bot.report.resumes == 1, 30, "resumption")
    await see_each_other(bot, partner)
    assert (bot.room_id, partner.room_id) == (room, room)
