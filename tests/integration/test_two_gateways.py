"""Two gateways with real sockets, whose nodes know each other: what is seen, and what ends.

The nodes speak over real connections, too, or as those of other tests do.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass

import pytest

from relay.cluster import Cluster
from relay.store import MemoryStore
from tests.support import cluster
from tests.support.fake_plane import FakePlane
from tests.support.nodes import Between
from tests.support.peer import Door, Peer, serving, until

Connected = Callable[[], AbstractAsyncContextManager[tuple[Cluster, Cluster]]]


@asynccontextmanager
async def faked() -> AsyncIterator[tuple[Cluster, Cluster]]:
    between = Between()
    yield between.node("berlin"), between.node("paris")


connected = pytest.mark.parametrize("nodes", [faked, cluster.two], ids=["faked", "connected"])


@dataclass
class Two:
    """A gateway at each of two nodes."""

    berlin: Door
    paris: Door

    async def met(self, *, first_at_paris: bool = False) -> tuple[Peer, Peer]:
        """Ann of berlin and bob of paris, who have just met."""
        ann, bob = await self.berlin.come(), await self.paris.come()
        first, second = (bob, ann) if first_at_paris else (ann, bob)
        for user in (first, second):
            await user.send("webrtc_offer", sdp="mine")
            await user.hear("webrtc_answer")
        await first.send("find_partner")
        await first.hear("waiting_for_partner")
        await second.send("find_partner")
        found = await second.hear("partner_found")
        assert (await first.hear("partner_found"))["roomId"] == found["roomId"]
        return ann, bob


@asynccontextmanager
async def two(nodes: Connected) -> AsyncIterator[Two]:
    store = MemoryStore()
    async with (
        nodes() as (berlin, paris),
        serving(FakePlane(connects=True), store=store, cluster=berlin) as first,
        serving(FakePlane(connects=True), store=store, cluster=paris) as second,
    ):
        yield Two(first, second)


@connected
async def test_they_talk_and_press_next(nodes: Connected) -> None:
    async with two(nodes) as there:
        ann, bob = await there.met()
        await ann.send("chat_message", text="hello", id="7")
        assert (await bob.hear("chat_message"))["text"] == "hello"
        await bob.send("chat_received", id="7")
        await ann.hear("chat_received")
        await bob.send("next_partner")
        await ann.hear("partner_left")
        await bob.hear("waiting_for_partner")


@connected
async def test_what_is_said_comes_in_order_and_all_of_it(nodes: Connected) -> None:
    async with two(nodes) as there:
        ann, bob = await there.met()
        for number in range(20):
            await ann.send("chat_message", text=str(number))
            await bob.send("chat_message", text=str(number))
        heard = [(await bob.hear("chat_message"))["text"] for _ in range(20)]
        assert heard == [(await ann.hear("chat_message"))["text"] for _ in range(20)]
        assert heard == [str(number) for number in range(20)]


@connected
async def test_many_meet_and_part_again_and_again(nodes: Connected) -> None:
    async with two(nodes) as there:
        ann, bob = await there.met()
        for number in range(20):
            leaver, left = (ann, bob) if number % 2 else (bob, ann)
            await leaver.send("stop_chat")
            await left.hear("partner_left")
            for user in (ann, bob):
                await user.socket.close()
            await there.berlin.until(connected=0)
            await there.paris.until(connected=0)
            ann, bob = await there.met(first_at_paris=number % 2 == 0)
        for door in (there.berlin, there.paris):
            assert door.gateway.counts().rooms == 1
            assert door.gateway.tally.not_taken["no_message"] == 0


@connected
@pytest.mark.parametrize("at", ["berlin", "paris"])
async def test_operators_see_the_room_at_both_and_end_it_at_either(
    nodes: Connected, at: str
) -> None:
    async with two(nodes) as there:
        ann, bob = await there.met()
        (mine,), (its,) = there.berlin.gateway.rooms(), there.paris.gateway.rooms()
        assert (mine.room_id, mine.users, mine.nodes) == (its.room_id, its.users, its.nodes)
        assert mine.nodes == ("berlin", "paris")
        (user,) = there.berlin.gateway.users()
        assert (user.partner_id, user.partner_node) == (bob.user_id, "paris")
        door = there.berlin if at == "berlin" else there.paris
        assert await door.gateway.end_room(mine.room_id)
        await ann.hear("partner_left")
        await bob.hear("partner_left")
        for each in (there.berlin, there.paris):
            await each.until(rooms=0)
            assert not await each.gateway.end_room(mine.room_id)


@connected
async def test_who_is_disconnected_has_vanished(nodes: Connected) -> None:
    async with two(nodes) as there:
        ann, bob = await there.met()
        assert await there.berlin.gateway.disconnect(ann.user_id)
        await bob.hear("partner_disconnected")


@connected
async def test_a_server_that_shuts_down_takes_leave(nodes: Connected) -> None:
    store = MemoryStore()
    async with (
        nodes() as (berlin, paris),
        serving(FakePlane(connects=True), store=store, cluster=berlin) as first,
    ):
        async with serving(FakePlane(connects=True), store=store, cluster=paris) as second:
            ann, _ = await Two(first, second).met()
        await ann.hear("partner_disconnected")
        await first.until(rooms=0)


async def dies(between: Between) -> None:
    between.lose("paris")


async def test_a_node_that_dies_leaves_its_users_partners_free() -> None:
    between, store = Between(), MemoryStore()
    berlin, paris = between.node("berlin"), between.node("paris")
    async with (
        serving(FakePlane(connects=True), store=store, cluster=berlin) as first,
        serving(FakePlane(connects=True), store=store, cluster=paris) as second,
    ):
        await assert_free(first, second, lambda: dies(between))


async def test_so_does_one_whose_connection_is_lost() -> None:
    store = MemoryStore()
    async with (
        cluster.two() as (berlin, paris),
        serving(FakePlane(connects=True), store=store, cluster=berlin) as first,
        serving(FakePlane(connects=True), store=store, cluster=paris) as second,
    ):
        await assert_free(first, second, paris.close)
        await until(lambda: "paris" not in berlin.others)


async def assert_free(berlin: Door, paris: Door, ends: Callable[[], Awaitable[None]]) -> None:
    ann, _ = await Two(berlin, paris).met()
    async with asyncio.timeout(10):
        await ends()
    await ann.hear("partner_disconnected")
    await ann.send("find_partner")
    await ann.hear("waiting_for_partner")
    assert berlin.gateway.standing() == []
