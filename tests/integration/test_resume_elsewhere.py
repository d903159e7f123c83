"""Sockets that come to another node than their sessions: two gateways with real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from structlog.testing import capture_logs

from relay.cluster import Cluster
from relay.cluster.messages import Frame
from relay.errors import NodeLost
from relay.signaling import Limits
from relay.signaling.lines import WINDOW_BYTES
from relay.store import MemoryStore, Store
from tests.support import cluster
from tests.support.fake_plane import FakePlane
from tests.support.nodes import Between, FakeCluster
from tests.support.peer import Door, Peer, serving, transport_of, until

LONG = "🙂" * 2000


@dataclass
class Two:
    """Two nodes that know each other; those whose sockets are cut come to the second."""

    between: Between
    a: Door
    b: Door

    async def pair(self) -> tuple[Peer, Peer]:
        """Two who have met at the first node; the first has come back at the second one."""
        first, second = await self.a.pair(resume="new")
        return await self.over(first), second

    async def over(self, peer: Peer) -> Peer:
        """Somebody loses its socket, and comes back at the second node."""
        await lose(self.a, peer)
        back, _ = await self.b.come_back(peer)
        return back


@asynccontextmanager
async def nodes(limits: Limits | None = None, store: Store | None = None) -> AsyncIterator[Two]:
    """Two in one process, with what is said between them written and read."""
    between = Between()
    async with gateways(between.node("a"), between.node("b"), limits, store) as (a, b):
        yield Two(between, a, b)


@asynccontextmanager
async def gateways(
    a: Cluster, b: Cluster, limits: Limits | None = None, store: Store | None = None
) -> AsyncIterator[tuple[Door, Door]]:
    async with (
        serving(FakePlane(connects=True), limits=limits, store=store, cluster=a) as first,
        serving(FakePlane(connects=True), limits=limits, store=store, cluster=b) as second,
    ):
        yield first, second


@pytest.fixture(params=["in one process", "over TLS"])
async def two(request: pytest.FixtureRequest) -> AsyncIterator[Two]:
    async with AsyncExitStack() as stack:
        if request.param == "over TLS":
            clusters = await stack.enter_async_context(cluster.two())
            opened = Two(Between(), *await stack.enter_async_context(gateways(*clusters)))
        else:
            opened = await stack.enter_async_context(nodes())
        yield opened
        assert (opened.a.gateway.tally.users, opened.b.gateway.tally.users) == (2, 0)


@pytest.fixture
async def several() -> AsyncIterator[Two]:
    """In one process, where others may come, too."""
    async with nodes() as opened:
        yield opened


async def lose(door: Door, peer: Peer) -> None:
    """Lose a socket, and wait until the session's node knows."""
    away = door.gateway.away
    peer.cut()
    await until(lambda: door.gateway.away > away)


async def test_who_is_cut_off_goes_on_at_another_node(two: Two) -> None:
    first, second = await two.a.pair(resume="new")
    await lose(two.a, first)
    for text in ("one", "two"):
        await second.send("chat_message", text=text, id=text)
    with capture_logs() as logs:
        back, resumed = await two.b.come_back(first)
    assert (resumed["userId"], resumed["missed"]) == (first.user_id, 2)
    assert resumed["iceServers"] == first.ice_servers, "its link is there"
    assert [(await back.hear("chat_message"))["text"] for _ in range(2)] == ["one", "two"]
    await back.send("chat_message", text="here I am", id="3")
    await second.hear("chat_message")
    assert {log["event"] for log in logs} == {"user_resumed", "socket_handed_on"}
    counts = two.a.gateway.counts()
    assert (counts.connected, counts.rooms, two.a.gateway.away) == (2, 1, 0)
    assert two.b.gateway.counts().connected == 0
    assert (two.a.gateway.lines, two.b.gateway.lines) == (1, 1)


async def test_it_may_go_from_node_to_node_and_nothing_is_missing(two: Two) -> None:
    first, second = await two.a.pair(resume="new")
    said = heard = 0
    for door in (two.b, two.a, two.b, two.b, two.a):
        await lose(two.a, first)
        for _ in range(3):
            await second.send("chat_message", text=str(said))
            said += 1
        first, resumed = await door.come_back(first)
        assert resumed["missed"] == 3
        for _ in range(3):
            assert (await first.hear("chat_message"))["text"] == str(heard)
            heard += 1
        await first.send("chat_message", text=f"here I am with {heard}")
        await second.hear("chat_message")
    assert heard == said


async def test_a_token_says_whose_it_is(two: Two) -> None:
    peer, _ = await two.pair()
    assert peer.token is not None
    assert peer.token.startswith(f"{two.a.gateway._sessions._node}.")


async def test_the_server_counts_what_it_gets_as_from_a_socket_of_its_own(two: Two) -> None:
    first, _ = await two.pair()
    await first.send("typing", active=True)
    await first.socket.send_bytes(b"x")
    await first.hear_error("bad_message")
    await first.socket.send_str("{")
    await first.hear_error("bad_message")
    _, resumed = await two.b.come_back(first)
    assert resumed["received"] == 4, "the search, and three more"


async def test_two_of_different_nodes_talk_each_with_the_socket_at_the_others_node() -> None:
    async with nodes(store=MemoryStore()) as two:
        ann, bob = await two.a.come(resume="new"), await two.b.come(resume="new")
        await ann.send("find_partner")
        await ann.hear("waiting_for_partner")
        await bob.send("find_partner")
        await bob.hear("partner_found")
        await ann.hear("partner_found")
        await ann.hear("webrtc_offer")
        ann = await two.over(ann)
        await lose(two.b, bob)
        bob, _ = await two.a.come_back(bob)
        for text in ("one", "two", "three"):
            await ann.send("chat_message", text=text)
            assert (await bob.hear("chat_message"))["text"] == text
            await bob.send("chat_message", text=text + "?")
            assert (await ann.hear("chat_message"))["text"] == text + "?"
        await ann.socket.close()
        await bob.hear("partner_disconnected")


# How it ends


async def test_a_socket_of_another_node_replaces_one_that_is_taken_for_alive(two: Two) -> None:
    first, second = await two.a.pair(resume="new")
    there, _ = await two.b.come_back(first)
    assert await first.hear_close() == 4003
    again, _ = await two.b.come_back(there)
    assert await there.hear_close() == 4003
    home, _ = await two.a.come_back(again)
    assert await again.hear_close() == 4003
    await second.send("chat_message", text="hello")
    await home.hear("chat_message")
    await until(lambda: len(two.b.gateway._sockets) == 0)


async def test_who_closes_is_gone_at_once(two: Two) -> None:
    first, second = await two.pair()
    await first.socket.close(code=1000)
    await second.hear("partner_disconnected")


async def test_who_is_right_back_is_waited_for(two: Two) -> None:
    first, _ = await two.pair()
    await first.socket.close(code=4000)
    await until(lambda: two.a.gateway.away == 1)
    _, resumed = await two.b.come_back(first)
    assert resumed["state"] == "matched"


async def test_the_operator_of_the_sessions_node_closes_the_socket(two: Two) -> None:
    first, second = await two.pair()
    assert await two.a.gateway.disconnect(first.user_id)
    assert await first.hear_close() == 4001
    await second.hear("partner_disconnected")


async def test_a_frame_that_is_too_long_ends_the_session(two: Two) -> None:
    first, second = await two.pair()
    await first.socket.send_str("x" * 300_000)
    assert await first.hear_close() == 1009
    await second.hear("partner_disconnected")


async def test_the_sessions_node_stops(two: Two) -> None:
    first, second = await two.pair()
    closing = asyncio.create_task(two.a.gateway.close())
    codes = await asyncio.gather(first.hear_close(), second.hear_close())
    assert set(codes) == {1001}
    await closing


async def test_the_sockets_node_stops_and_the_session_is_waited_for(two: Two) -> None:
    first, second = await two.pair()
    await two.b.gateway.close()
    assert await first.hear_close() == 1006
    await until(lambda: two.a.gateway.away == 1)
    back, _ = await two.a.come_back(first)
    await back.send("chat_message", text="hello")
    await second.hear("chat_message")


# Nodes that are lost


async def test_when_the_sessions_node_is_lost_its_client_is_somebody_new_at_once(
    several: Two,
) -> None:
    first, _ = await several.pair()
    with capture_logs() as logs:
        several.between.lose("a")
        assert await first.hear_close() == 1006
        back = await several.b.come(resume="back")
        await back.resume(first.token, first.received)
        await back.hear_error("resume_failed")
        await back.send("find_partner")
        await back.hear("waiting_for_partner")
    assert [log["lines"] for log in logs if log["event"] == "lines_lost"] == [1]
    assert several.b.gateway.tally.resumes_refused["node_lost"] == 1
    assert several.b.gateway.counts().connected == 1


async def test_when_two_nodes_lose_each_other_the_session_waits_for_its_socket(
    several: Two,
) -> None:
    two = several
    first, second = await two.pair()
    two.between.part("a", "b")
    assert await first.hear_close() == 1006
    await until(lambda: two.a.gateway.away == 1)
    back, _ = await two.a.come_back(first)
    await second.send("chat_message", text="hello")
    await back.hear("chat_message")


async def test_a_session_that_cannot_be_had_there(several: Two) -> None:
    await several.a.pair(resume="new")
    back = await several.b.come(resume="back")
    await back.resume("a." + "x" * 43, 0)
    await back.hear_error("resume_failed")
    await back.send("find_partner")
    await back.hear("waiting_for_partner")
    assert several.a.gateway.tally.resumes_refused["unknown"] == 1
    assert back.token is not None
    assert back.token.startswith("b.")
    assert (several.a.gateway.counts().connected, several.b.gateway.counts().connected) == (2, 1)


async def test_nobody_waits_for_a_client_that_was_told_that_it_is_too_late(
    several: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await several.a.pair(resume="new")
    await lose(several.a, first)
    ask = FakeCluster.ask

    async def too_late(cluster: FakeCluster, node: str, request: object) -> object:
        await ask(cluster, node, request)
        raise NodeLost("it does not answer")

    monkeypatch.setattr(FakeCluster, "ask", too_late)
    back = await several.b.come(resume="back")
    await back.resume(first.token, first.received)
    await back.hear_error("resume_failed")
    await second.hear("partner_disconnected")


async def test_a_node_that_stops_lets_nobody_come_back(several: Two) -> None:
    first, _ = await several.a.pair(resume="new")
    await lose(several.a, first)
    several.a.gateway._reception.is_closing = True
    back = await several.b.come(resume="back")
    await back.resume(first.token, first.received)
    await back.hear_error("resume_failed")


# What is paid, and pinged, where the socket is


async def test_pings_are_answered_where_the_socket_is(several: Two) -> None:
    two = several
    first, _ = await two.a.pair(resume="new")
    await lose(two.a, first)
    socket = await two.b.open("back", autoping=False)
    peer = Peer(socket)
    await peer.hear("connected")
    await peer.resume(first.token, first.received)
    await peer.hear_resumed()
    two.between.said.clear()
    await socket.ping(b"there?")
    frame = await socket.receive(timeout=10)
    assert (frame.type, frame.data) == (aiohttp.WSMsgType.PONG, b"there?")
    assert two.between.said == []


async def test_a_socket_that_answers_no_pings_is_lost() -> None:
    async with nodes(Limits(heartbeat_s=0.2)) as two:
        first, _ = await two.a.pair(resume="new")
        await lose(two.a, first)
        socket = await two.b.open("back", autoping=False)
        peer = Peer(socket)
        await peer.hear("connected")
        await peer.resume(first.token, first.received)
        peer.received = first.received
        await peer.hear_resumed()
        while (await socket.receive()).type is aiohttp.WSMsgType.PING:
            pass
        await until(lambda: two.a.gateway.away >= 1)
        _, resumed = await two.b.come_back(peer)
        assert resumed["state"] == "matched"


async def test_too_much_is_ignored_and_counted_and_far_too_much_closes_the_socket() -> None:
    limits = Limits(frame_bytes_burst=22_000, frame_bytes_per_message=1, messages_per_s=100)
    async with nodes(limits) as two:
        first, second = await two.pair()
        two.between.said.clear()
        for _ in range(3):
            await first.send("chat_message", text="x" * 8000)
        for _ in range(2):
            await first.hear_error("bad_message")
        await first.hear_error("rate_limited")
        said = [what for who, _, what in two.between.said if who == "b"]
        skipped = [what for what in said if isinstance(what, Frame) and not what.is_paid]
        assert [frame.text for frame in skipped] == [""], "what is ignored is not carried"
        await first.socket.send_str("x" * 30_000)
        assert await first.hear_close() == 1008
        await second.hear("partner_disconnected")


async def test_who_does_not_read_makes_the_outbox_wait_and_not_the_nodes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("relay.signaling.talk.CHAT_BURST", 1000)
    async with nodes(Limits(messages_per_s=1e6)) as two:
        slow, fast = await two.pair()
        transport = transport_of(slow.socket)
        transport.pause_reading()
        refused = asyncio.create_task(fast.hear_error("rate_limited"))
        said = 0
        while not refused.done():
            assert said < 1000
            await fast.send("chat_message", text=LONG)
            said += 1
            await asyncio.sleep(0)
        lines = two.a.gateway._sockets._lines
        assert lines is not None
        (end,) = lines._ends.values()
        assert end._going._bytes < WINDOW_BYTES + 4 * len(LONG)
        session = two.a.gateway._lobby.session(slow.user_id)
        assert session is not None
        assert session.outbox.unsent_bytes >= two.a.gateway._limits.max_unsent_remarks_bytes
        transport.resume_reading()
        await slow.hear("chat_message")


async def test_many_come_back_at_once(several: Two) -> None:
    pairs = [await several.a.pair(resume="new") for _ in range(10)]
    peers = [peer for pair in pairs for peer in pair]
    for peer in peers:
        peer.cut()
    await until(lambda: several.a.gateway.away == 20)
    back = [peer for peer, _ in await asyncio.gather(*map(several.b.come_back, peers))]
    for first, second in zip(back[::2], back[1::2], strict=True):
        await first.send("chat_message", text="there you are")
        await second.hear("chat_message")
    assert several.a.gateway.away == 0
    assert len(several.b.gateway._sockets) == 20
