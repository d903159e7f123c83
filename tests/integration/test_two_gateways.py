"""Two gateways with real sockets, whose nodes know each other: what is seen, and what ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from relay.store import MemoryStore
from tests.support.fake_plane import FakePlane
from tests.support.nodes import Between
from tests.support.peer import Door, Peer, serving


@asynccontextmanager
async def two() -> AsyncIterator[tuple[Door, Door, Between]]:
    between, store = Between(), MemoryStore()
    a, b = between.node("a"), between.node("b")
    async with (
        serving(FakePlane(connects=True), store=store, cluster=a) as first,
        serving(FakePlane(connects=True), store=store, cluster=b) as second,
    ):
        yield first, second, between


async def met(here: Door, there: Door) -> tuple[Peer, Peer]:
    """A user of each, who have just met."""
    ann, bob = await here.come(), await there.come()
    for user in (ann, bob):
        await user.send("webrtc_offer", sdp="mine")
        await user.hear("webrtc_answer")
    await ann.send("find_partner")
    await ann.hear("waiting_for_partner")
    await bob.send("find_partner")
    found = await bob.hear("partner_found")
    assert (await ann.hear("partner_found"))["roomId"] == found["roomId"]
    return ann, bob


async def test_they_talk_and_press_next() -> None:
    async with two() as (a, b, _):
        ann, bob = await met(a, b)
        await ann.send("chat_message", text="hello", id="7")
        assert (await bob.hear("chat_message"))["text"] == "hello"
        await bob.send("chat_received", id="7")
        await ann.hear("chat_received")
        await bob.send("next_partner")
        await ann.hear("partner_left")
        await bob.hear("waiting_for_partner")


async def test_operators_see_the_room_at_both_and_end_it_at_either() -> None:
    async with two() as (a, b, _):
        for here, there in ((a, b), (b, a)):
            ann, bob = await met(here, there)
            (mine,), (its,) = here.gateway.rooms(), there.gateway.rooms()
            assert (mine.room_id, mine.users, mine.nodes) == (its.room_id, its.users, its.nodes)
            (user,) = here.gateway.users()
            assert user.partner_id == bob.user_id
            assert {user.partner_node, *mine.nodes} == {"a", "b"}
            assert await a.gateway.end_room(mine.room_id)
            await ann.hear("partner_left")
            await bob.hear("partner_left")
            assert not await b.gateway.end_room(mine.room_id)
            await ann.socket.close()
            await bob.socket.close()
            await here.until(connected=0)
            await there.until(connected=0)


async def test_who_is_disconnected_has_vanished() -> None:
    async with two() as (a, b, _):
        ann, bob = await met(a, b)
        assert await a.gateway.disconnect(ann.user_id)
        await bob.hear("partner_disconnected")


async def test_a_server_that_shuts_down_takes_leave() -> None:
    between, store = Between(), MemoryStore()
    first, second = between.node("a"), between.node("b")
    async with serving(FakePlane(connects=True), store=store, cluster=first) as a:
        async with serving(FakePlane(connects=True), store=store, cluster=second) as b:
            ann, _ = await met(a, b)
        await ann.hear("partner_disconnected")
        assert a.gateway.counts().rooms == 0


async def test_a_node_that_dies_leaves_its_users_partners_free() -> None:
    async with two() as (a, b, between):
        ann, _ = await met(a, b)
        between.lose("b")
        await ann.hear("partner_disconnected")
        await ann.send("find_partner")
        await ann.hear("waiting_for_partner")
        assert a.gateway.standing() == []
