"""Sessions that outlive their sockets, over real sockets: cut, taken over, flooded, shut down."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest
from structlog.testing import capture_logs

from relay.signaling import Limits
from tests.support.fake_plane import FakePlane
from tests.support.peer import Door, Peer, serving, until


@pytest.fixture
def plane() -> FakePlane:
    return FakePlane(connects=True)


@pytest.fixture
async def door(plane: FakePlane) -> AsyncIterator[Door]:
    async with serving(plane) as opened:
        yield opened


@pytest.fixture
def fast(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time is looked at often, and the partner told at once."""
    monkeypatch.setattr("relay.signaling.gateway._TICK_S", 0.01)
    monkeypatch.setattr("relay.signaling.sessions.MISSED_S", 0.0)


async def cut(door: Door, peer: Peer) -> None:
    """Lose a socket, and wait until the server knows."""
    away = door.gateway.away
    peer.cut()
    await until(lambda: door.gateway.away > away)


async def refused(door: Door, token: str | None, received: int = 0) -> Peer:
    """Somebody who cannot resume, and is a new user then."""
    peer = await door.come(resume="back")
    await peer.resume(token, received)
    await peer.hear_error("resume_failed")
    return peer


async def test_only_a_client_that_can_resume_gets_a_token(door: Door) -> None:
    socket = await door.open("new")
    connected = await Peer(socket).hear("connected")
    assert len(connected["resumeToken"]) == 43
    assert connected["resumeWithin"] == 30
    plain = await Peer(await door.open()).hear("connected")
    assert {"resumeToken", "resumeWithin"}.isdisjoint(plain)


async def test_switched_off_nobody_gets_one(plane: FakePlane) -> None:
    async with serving(plane, limits=Limits(resume_s=0)) as door:
        first, second = await door.pair(resume="new")
        assert first.token is None
        first.cut()
        await second.hear("partner_disconnected")
        peer = await door.come(resume="back")
        await peer.resume("x", 0)
        await peer.hear_error("wrong_state")


async def test_who_is_cut_off_in_a_call_goes_on_where_it_was(door: Door) -> None:
    first, second = await door.pair(resume="new")
    await second.send("chat_message", text="one", id="1")
    await first.hear("chat_message")
    with capture_logs() as logs:
        await cut(door, first)
        await second.send("chat_message", text="two", id="2")
        await second.send("chat_message", text="three", id="3")
        back, resumed = await door.come_back(first)
        assert [(await back.hear("chat_message"))["text"] for _ in range(2)] == ["two", "three"]
    assert resumed["userId"] == first.user_id
    assert resumed["roomId"] == door.gateway.rooms()[0].room_id
    assert (resumed["received"], resumed["missed"], resumed["state"]) == (1, 2, "matched")
    await back.send("chat_message", text="here I am", id="4")
    await second.hear("chat_message")  # and nothing before it
    assert [log["event"] for log in logs] == ["user_interrupted", "user_resumed"]
    tally = door.gateway.tally
    assert (tally.users, tally.resumes, door.gateway.counts().connected) == (2, 1, 2)


async def test_what_was_on_its_way_is_sent_again_in_order_and_before_all_else(door: Door) -> None:
    first, second = await door.pair(resume="new")
    for number in range(5):
        await second.send("chat_message", text=str(number))
        await first.hear("chat_message")
    await cut(door, first)
    for number in range(5, 9):
        await second.send("chat_message", text=str(number))
    await second.send("next_partner")
    await second.hear("waiting_for_partner")
    back, resumed = await door.come_back(first, lost=3)
    assert (resumed["missed"], resumed["state"]) == (8, "connected")
    assert "roomId" not in resumed
    said = [(await back.hear("chat_message"))["text"] for _ in range(7)]
    assert said == [str(number) for number in range(2, 9)]
    await back.hear("partner_left")
    await back.send("find_partner")
    await back.hear("waiting_for_partner")


async def test_the_server_says_how_many_messages_it_has_got(door: Door) -> None:
    first, _ = await door.pair(resume="new")
    await first.send("typing", active=True)
    await first.socket.send_str("{")
    await first.hear_error("bad_message")
    back, resumed = await door.come_back(first)
    assert resumed["received"] == 3
    await back.send("typing", active=True)
    await back.socket.send_bytes(b"x")
    await back.hear_error("bad_message")
    _, resumed = await door.come_back(back)
    assert resumed["received"] == 5


async def test_a_socket_that_the_server_takes_for_alive_is_replaced(door: Door) -> None:
    first, second = await door.pair(resume="new")
    back, _ = await door.come_back(first)
    assert await first.hear_close() == 4003
    await second.send("chat_message", text="hello")
    await back.hear("chat_message")
    await back.send("chat_message", text="hello")
    await second.hear("chat_message")
    assert door.gateway.counts().connected == 2


async def test_both_of_a_call_are_cut_at_once(door: Door) -> None:
    first, second = await door.pair(resume="new")
    first.cut()
    second.cut()
    await until(lambda: door.gateway.away == 2)
    one, _ = await door.come_back(first)
    two, _ = await door.come_back(second)
    await one.send("chat_message", text="there you are")
    await two.hear("chat_message")
    assert door.gateway.away == 0


async def test_everybody_is_cut_at_once_as_by_a_proxy(door: Door) -> None:
    pairs = [await door.pair(resume="new") for _ in range(20)]
    peers = [peer for pair in pairs for peer in pair]
    for peer in peers:
        peer.cut()
    await until(lambda: door.gateway.away == 40)
    back = [peer for peer, _ in await asyncio.gather(*map(door.come_back, peers))]
    for first, second in zip(back[::2], back[1::2], strict=True):
        await first.send("chat_message", text="there you are")
        await second.hear("chat_message")
    counts = door.gateway.counts()
    assert (counts.connected, counts.rooms, door.gateway.away) == (40, 20, 0)
    assert door.gateway.tally.users == 40


async def test_of_two_who_resume_at_once_one_wins(door: Door) -> None:
    first, second = await door.pair(resume="new")
    await cut(door, first)
    rivals = [await door.come(resume="back") for _ in range(5)]
    await asyncio.gather(*(rival.resume(first.token, first.received) for rival in rivals))
    heard = [(await rival.socket.receive_json(timeout=10)) for rival in rivals]
    assert sorted(message["type"] for message in heard) == ["error"] * 4 + ["resumed"]
    winner = next(rival for rival, said in zip(rivals, heard, strict=True) if "userId" in said)
    await second.send("chat_message", text="which of you is it?")
    await winner.hear("chat_message")
    assert door.gateway.tally.resumes_refused["used"] == 4
    # the others are users as any
    assert door.gateway.counts().connected == 6


async def test_a_token_that_was_used_or_stolen_late_is_refused(door: Door) -> None:
    first, second = await door.pair(resume="new")
    back, _ = await door.come_back(first)
    thief = await refused(door, first.token, first.received)
    await thief.send("find_partner")
    await thief.hear("waiting_for_partner")
    await back.socket.close()
    await second.hear("partner_disconnected")
    await refused(door, back.token, back.received)
    await refused(door, "x" * 43)
    refusals = {why: many for why, many in door.gateway.tally.resumes_refused.items() if many}
    assert refusals == {"used": 1, "ended": 1, "unknown": 1}


async def test_who_comes_back_too_late_is_somebody_new(plane: FakePlane, fast: None) -> None:
    async with serving(plane, limits=Limits(resume_s=1)) as door:
        first, second = await door.pair(resume="new")
        first.cut()
        assert (await second.hear("partner_connection"))["interrupted"] is True
        await second.hear("partner_disconnected")
        peer = await refused(door, first.token, first.received)
        await peer.send("find_partner")
        await peer.hear("waiting_for_partner")
        assert peer.token is not None


async def test_the_partner_is_told_and_told_again(door: Door, fast: None) -> None:
    first, second = await door.pair(resume="new")
    await cut(door, first)
    assert (await second.hear("partner_connection"))["interrupted"] is True
    await door.come_back(first)
    assert (await second.hear("partner_connection"))["interrupted"] is False


async def test_a_page_that_is_reloaded_comes_back(door: Door) -> None:
    first, second = await door.pair(resume="new")
    await first.socket.close(code=4000)
    await until(lambda: door.gateway.away == 1)
    back, _ = await door.come_back(first)
    await back.send("chat_message", text="that was quick")
    await second.hear("chat_message")


@pytest.mark.parametrize("code", [1000, 1001])
async def test_who_closes_is_gone_at_once(door: Door, code: int) -> None:
    first, second = await door.pair(resume="new")
    await first.socket.close(code=code)
    await second.hear("partner_disconnected")
    await refused(door, first.token, first.received)


async def test_who_breaks_the_protocol_is_gone_at_once(door: Door) -> None:
    first, second = await door.pair(resume="new")
    await first.socket.send_str("x" * 300_000)
    assert await first.hear_close() == 1009
    await second.hear("partner_disconnected")


async def test_a_socket_that_answers_no_pings_is_lost_and_not_closed(plane: FakePlane) -> None:
    async with serving(plane, limits=Limits(heartbeat_s=0.2)) as door:
        socket = await door.open("new", autoping=False)
        peer = Peer(socket)
        peer.token = (await peer.hear("connected"))["resumeToken"]
        await peer.send("find_partner")
        await peer.hear("waiting_for_partner")
        while (await socket.receive()).type is aiohttp.WSMsgType.PING:
            pass
        await until(lambda: door.gateway.away == 1)
        _, resumed = await door.come_back(peer)
        assert resumed["state"] == "waiting"


# Who says something else first, or nothing


async def test_who_comes_back_and_says_something_else_is_somebody_new(door: Door) -> None:
    peer = await door.come(resume="back")
    assert door.gateway.counts().connected == 0
    await peer.send("find_partner")
    await peer.hear("waiting_for_partner")
    assert (door.gateway.counts().connected, door.gateway.tally.users) == (1, 1)
    await cut(door, peer)
    _, resumed = await door.come_back(peer)
    assert resumed["received"] == 1


async def test_resuming_later_than_first_is_a_mistake(door: Door) -> None:
    first, second = await door.pair(resume="new")
    await cut(door, first)
    peer = await door.come(resume="new")
    await peer.resume(first.token, first.received)
    await peer.hear_error("wrong_state")
    back, before = await door.come_back(first)
    await back.resume(back.token, 0)
    await back.hear_error("wrong_state")
    await back.send("chat_message", text="hello")
    await second.hear("chat_message")
    await cut(door, back)
    _, after = await door.come_back(back)
    assert after["received"] == before["received"] + 1, "it is none of the session's frames"


async def test_who_says_nothing_is_nobody_and_closed(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.signaling.returning.PATIENCE_S", 0.1)
    with capture_logs() as logs:
        peer = await door.come(resume="back")
        assert await peer.hear_close() == 1013
        gone = await door.come(resume="back")
        gone.cut()
        await until(lambda: not door.gateway._sockets)
    assert (logs, door.gateway.tally.users) == ([], 0)


async def test_pings_are_answered_before_that_too(door: Door) -> None:
    socket = await door.open("back", autoping=False)
    await socket.receive()
    await socket.ping(b"there?")
    assert (await socket.receive(timeout=10)).data == b"there?"
    for _ in range(20):
        await socket.ping()
    while (frame := await socket.receive(timeout=10)).type is aiohttp.WSMsgType.PONG:
        pass
    assert frame.type is aiohttp.WSMsgType.CLOSE


# No room


async def test_who_comes_back_gets_in_although_the_server_is_full(plane: FakePlane) -> None:
    async with serving(plane, limits=Limits(max_users=2)) as door:
        first, second = await door.pair(resume="new")
        await cut(door, first)
        with pytest.raises(aiohttp.WSServerHandshakeError) as full:
            await door.come(resume="new")
        assert full.value.status == 503
        back, _ = await door.come_back(first)
        again, _ = await door.come_back(back)  # though the server takes the former for alive
        await again.send("chat_message", text="hello")
        await second.hear("chat_message")
        stranger = await door.come(resume="back")
        await stranger.resume("x", 0)
        await stranger.hear_error("resume_failed")
        assert await stranger.hear_close() == 1013


async def test_sockets_of_those_who_come_back_are_bounded(plane: FakePlane) -> None:
    async with serving(plane, limits=Limits(max_users=2)) as door:
        waiting = [await door.come(resume="back") for _ in range(6)]
        with pytest.raises(aiohttp.WSServerHandshakeError) as full:
            await door.come(resume="back")
        assert full.value.status == 503
        for peer in waiting:
            await peer.socket.close()


async def test_a_draining_server_lets_back_in_and_nobody_else(door: Door) -> None:
    first, second = await door.pair(resume="new")
    door.gateway.drain()
    await cut(door, first)
    back, _ = await door.come_back(first)
    await back.send("chat_message", text="hello")
    await second.hear("chat_message")
    stranger = await door.come(resume="back")
    await stranger.send("find_partner")
    assert await stranger.hear_close() == 1013
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await door.come(resume="new")


async def test_connecting_and_dropping_on_and_on_does_not_fill_the_server(
    plane: FakePlane, fast: None
) -> None:
    async with serving(plane, limits=Limits(max_users=3)) as door:
        first, _ = await door.pair(resume="new")
        await cut(door, first)
        await until(lambda: len(door.gateway._sockets) == 1)
        for _ in range(12):
            peer = await door.come(resume="new")
            await peer.send("find_partner")
            await peer.hear("waiting_for_partner")
            await cut(door, peer)
            assert door.gateway.away == 2
            await until(lambda: all(each.is_missed for each in door.gateway._sessions._away))
            await until(lambda: len(door.gateway._sockets) == 1)
            assert await door.get() == 400  # who only asks takes nobody's place
            assert door.gateway.away == 2
        _, resumed = await door.come_back(first)  # for whom somebody waits
        assert resumed["state"] == "matched"


async def test_a_flood_of_guesses_is_refused_and_the_calls_go_on(door: Door) -> None:
    first, second = await door.pair(resume="new")
    await cut(door, first)
    for _ in range(10):
        flood = [await refused(door, f"guess {n}") for n in range(20)]
        for peer in flood:
            await peer.socket.close()
    assert door.gateway.tally.resumes_refused["unknown"] == 200
    await door.come_back(first)
    await second.send("chat_message", text="hello")
    await until(lambda: len(door.gateway._sockets) == 2)


# The end


async def test_nobody_is_waited_for_when_the_server_stops(plane: FakePlane) -> None:
    async with serving(plane) as door:
        first, second = await door.pair(resume="new")
        third = await door.come(resume="back")  # and has said nothing
        await cut(door, first)
        closing = asyncio.create_task(door.gateway.close())
        assert await second.hear_close() == 1001
        assert await third.hear_close() in {1001, 1006}
        await closing
        assert (door.gateway.counts().connected, door.gateway.away) == (0, 0)
        with pytest.raises(aiohttp.WSServerHandshakeError) as gone:
            await door.come(resume="back")
        assert gone.value.status == 503
    assert plane.link_states == {}


async def test_the_operator_sees_who_is_away_and_can_end_it(door: Door) -> None:
    first, second = await door.pair(resume="new")
    await cut(door, first)
    views = {view.user_id: view.away_s for view in door.gateway.users()}
    assert views[second.user_id] is None
    assert views[first.user_id] is not None
    assert await door.gateway.disconnect(first.user_id)
    await second.hear("partner_disconnected")
    await refused(door, first.token, first.received)
