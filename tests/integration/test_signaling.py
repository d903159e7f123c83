"""The gateway over real sockets: its admission, its limits, and input that is bad."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import replace
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from structlog.testing import capture_logs

from relay.plane import Description
from relay.protocol.messages import MAX_FRAME_BYTES, MAX_SDP_CHARS
from relay.signaling import Limits
from relay.signaling.lobby import Lobby
from relay.signaling.reception import Reception
from tests.support.fake_plane import FakePlane
from tests.support.peer import PATIENCE_S, Door, Peer, serving, transport_of, until


@pytest.fixture
def plane() -> FakePlane:
    return FakePlane(connects=True)


@pytest.fixture
async def door(plane: FakePlane) -> AsyncIterator[Door]:
    async with serving(plane) as opened:
        yield opened


async def test_the_first_message_says_who_one_is_and_how_media_goes(door: Door) -> None:
    socket = await door.open()
    connected = json.loads((await socket.receive()).data)
    assert connected["type"] == "connected"
    assert len(connected["userId"]) == 24
    assert connected["iceServers"] == [{"urls": "stun:stun.example.org"}]
    assert connected["mediaMode"] == "relay"


async def test_two_meet_chat_and_part(door: Door) -> None:
    first, second = await door.pair()
    await first.send("chat_message", text="hello", id="mine")
    said = await second.hear("chat_message")
    assert (said["text"], said["id"]) == ("hello", "mine")
    assert said["sentAt"] > 1_700_000_000_000
    await second.send("chat_message", text="hi")
    assert (await first.hear("chat_message"))["id"]
    await first.send("next_partner")
    await second.hear("partner_left")
    await first.hear("waiting_for_partner")


async def test_two_tell_each_other_what_belongs_to_a_call(door: Door) -> None:
    first, second = await door.pair()
    await first.send("media_state", audio=True, video=False)
    state = await second.hear("media_state")
    assert (state["audio"], state["video"]) == (True, False)
    await first.send("typing", active=True)
    assert (await second.hear("typing"))["active"] is True
    await first.send("chat_message", text="hello", id="mine")
    await second.hear("chat_message")
    await second.send("chat_received", id="mine")
    assert (await first.hear("chat_received"))["id"] == "mine"


async def test_typing_all_the_time_is_no_fault(plane: FakePlane) -> None:
    async with serving(plane, limits=Limits(max_faults=1)) as door:
        first, second = await door.pair()
        for number in range(60):
            await first.send("typing", active=number % 2 == 0)
        await first.send("typing", active=False)
        heard = [(await second.hear("typing"))["active"]]
        while heard[-1]:
            heard.append((await second.hear("typing"))["active"])
        await second.send("next_partner")
        await first.hear("partner_left")  # no error before it


async def test_interests_are_shared_as_each_wrote_them(door: Door) -> None:
    first, second = await door.come(), await door.come()
    await first.send("find_partner", interests=["Tea", "golf"])
    await first.hear("waiting_for_partner")
    await second.send("next_partner", interests=["chess", "tea"])
    assert (await second.hear("partner_found"))["sharedInterests"] == ["tea"]
    assert (await first.hear("partner_found"))["sharedInterests"] == ["Tea"]


# Bad input


BAD_FRAMES = {
    "not JSON": ("{", "bad_message"),
    "no object": ("[1]", "bad_message"),
    "nested deeply": ("[" * 100_000, "bad_message"),
    "no type": ("{}", "bad_message"),
    "a type that is no string": ('{"type": 5}', "unknown_type"),
    "an unknown type": ('{"type": "shutdown"}', "unknown_type"),
    "a server's type": ('{"type": "partner_found"}', "unknown_type"),
    "a missing field": ('{"type": "chat_message"}', "bad_message"),
    "a wrong field": ('{"type": "webrtc_offer", "sdp": 1}', "bad_message"),
    "a lone surrogate": ('{"type": "chat_message", "text": "\\ud800"}', "bad_message"),
    "too long a text": (f'{{"type": "chat_message", "text": "{"x" * 2001}"}}', "bad_message"),
}


@pytest.mark.parametrize(("frame", "code"), BAD_FRAMES.values(), ids=BAD_FRAMES.keys())
async def test_a_bad_frame_is_answered_with_a_code(door: Door, frame: str, code: str) -> None:
    first, second = await door.pair()
    await first.socket.send_str(frame)
    await first.hear_error(code)
    # nobody else is affected, and neither is the sender's own call
    await first.send("chat_message", text="still here")
    await second.hear("chat_message")


async def test_a_binary_frame_is_a_bad_message(door: Door) -> None:
    peer = await door.come()
    await peer.socket.send_bytes(b'{"type": "find_partner"}')
    await peer.hear_error("bad_message")


async def test_the_longest_frame_is_read(door: Door) -> None:
    peer = await door.come()
    frame = '{"type": "find_partner"}'
    await peer.socket.send_str(frame + " " * (MAX_FRAME_BYTES - len(frame)))
    await peer.hear("waiting_for_partner")


@pytest.mark.parametrize("size", [MAX_FRAME_BYTES + 1, 1024 * 1024])
async def test_a_longer_frame_closes_with_1009_and_the_partner_is_told(
    door: Door, size: int
) -> None:
    first, second = await door.pair()
    await first.socket.send_str("x" * size)
    assert await first.hear_close() == 1009
    await second.hear("partner_disconnected")
    await door.until(connected=1, rooms=0)


async def test_text_that_is_no_utf8_closes_with_1007(door: Door) -> None:
    peer = await door.come()
    await peer.socket._writer.send_frame(b"\xff\xfe", aiohttp.WSMsgType.TEXT)
    assert await peer.hear_close() == 1007


async def test_an_sdp_that_the_plane_refuses(door: Door) -> None:
    peer = await door.come()
    await peer.send("webrtc_offer", sdp="bad")
    assert (await peer.hear_error("bad_sdp"))["message"] == "no audio in it"
    await peer.send("webrtc_offer", sdp="good")
    await peer.hear("webrtc_answer")


async def test_an_sdp_of_more_than_64_kb_never_reaches_the_plane(
    door: Door, plane: FakePlane
) -> None:
    peer = await door.come()
    await peer.send("webrtc_offer", sdp="v" * (MAX_SDP_CHARS + 1))
    await peer.hear_error("bad_sdp")
    assert plane.asked("answer") == []


async def test_a_message_in_the_wrong_state_changes_nothing(door: Door) -> None:
    first, second = await door.pair()
    await first.send("find_partner")
    await first.hear_error("wrong_state")
    await first.send("chat_message", text="still here")
    await second.hear("chat_message")
    third = await door.come()
    await third.send("chat_message", text="to whom?")
    await third.hear_error("wrong_state")
    await third.send("webrtc_answer", sdp="to what?")
    await third.hear_error("wrong_state")


# Too much of it


async def test_a_peer_that_keeps_being_wrong_is_closed_with_1008(plane: FakePlane) -> None:
    async with serving(plane, limits=Limits(max_faults=20)) as door:
        first, second = await door.pair()
        for _ in range(20):
            await first.socket.send_str("{")
        for _ in range(20):
            await first.hear_error("bad_message")
        assert await first.hear_close() == 1008
        await second.hear("partner_disconnected")
        await door.until(connected=1, rooms=0)


async def test_too_many_messages_are_refused(plane: FakePlane) -> None:
    limits = Limits(messages_burst=5, messages_per_s=0.01, max_faults=3)
    async with serving(plane, limits=limits) as door:
        peer = await door.come()
        for _ in range(5):
            await peer.send("find_partner")
            await peer.hear("waiting_for_partner")
        for _ in range(3):
            await peer.send("find_partner")
            assert (await peer.hear_error("rate_limited"))["retryAfter"] > 0
        assert await peer.hear_close() == 1008


async def test_a_client_that_does_not_read_is_closed_and_its_partner_told(
    plane: FakePlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = plane.answer

    async def answer(user_id: str, sdp: str, **options: Any) -> Description:
        taken = await short(user_id, sdp, **options)
        return replace(taken, sdp=taken.sdp + "x" * 60_000)

    monkeypatch.setattr("relay.signaling.connection.GRACE_S", 0.05)
    monkeypatch.setattr(plane, "answer", answer)
    async with serving(plane, limits=Limits(messages_per_s=1e9, max_unhandled=10**6)) as door:
        slow, fast = await door.pair()
        transport = stop_reading(slow)
        said = asyncio.create_task(_offer_on_and_on(slow))
        await fast.hear("partner_disconnected")
        said.cancel()
        await asyncio.wait({said})
        await door.until(connected=1, rooms=0)
        await until(lambda: len(door.gateway._sockets) == 1)
        transport.resume_reading()
        assert await slow.hear_close() == 1006  # it could not even be told


def stop_reading(peer: Peer) -> asyncio.Transport:
    """Have a client read no more; returns what can go on."""
    transport = transport_of(peer.socket)
    transport.pause_reading()
    return transport


async def _offer_on_and_on(peer: Peer) -> None:
    with suppress(ConnectionError):
        while True:
            await peer.send("webrtc_offer", sdp="mine")
            await asyncio.sleep(0)


async def test_a_partner_that_does_not_read_is_not_cut_off_by_chat(
    plane: FakePlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.signaling.talk.CHAT_BURST", 1000)
    async with serving(plane, limits=Limits(messages_per_s=1e6)) as door:
        slow, fast = await door.pair()
        transport = stop_reading(slow)
        refused = asyncio.create_task(fast.hear_error("rate_limited"))
        said = 0
        while not refused.done():
            assert said < 1000
            await fast.send("chat_message", text="🙂" * 2000)
            said += 1
            await asyncio.sleep(0)
        assert (await refused)["retryAfter"] == 1
        transport.resume_reading()
        await fast.send("media_state", audio=False, video=False)
        heard = [json.loads((await slow.socket.receive(timeout=PATIENCE_S)).data)["type"]]
        while heard[-1] == "chat_message":
            heard.append(json.loads((await slow.socket.receive(timeout=PATIENCE_S)).data)["type"])
        assert heard[-1] == "media_state"
        assert 1 < len(heard) <= said


async def test_pings_are_answered(door: Door) -> None:
    peer = await door.come()
    socket = await door.open(autoping=False)
    await socket.receive()
    await socket.ping(b"are you there?")
    answer = await socket.receive(timeout=PATIENCE_S)
    assert (answer.type, answer.data) == (aiohttp.WSMsgType.PONG, b"are you there?")
    await peer.send("find_partner")
    await peer.hear("waiting_for_partner")


async def test_pings_on_and_on_are_answered_for_a_while_and_then_close(plane: FakePlane) -> None:
    limits = Limits(messages_per_s=1e-6, frame_bytes_burst=20 * 2048)
    async with serving(plane, limits=limits) as door:
        socket = await door.open(autoping=False)
        await socket.receive()
        for _ in range(42):
            await socket.ping()
        heard = [(await socket.receive(timeout=PATIENCE_S)).type for _ in range(21)]
        assert heard == [*[aiohttp.WSMsgType.PONG] * 20, aiohttp.WSMsgType.CLOSE]
        assert socket.close_code == 1008
        await door.until(connected=0)


async def test_long_frames_on_and_on_are_not_even_read_and_then_close(plane: FakePlane) -> None:
    limits = Limits(frame_bytes_per_message=0, frame_bytes_burst=500_000)
    async with serving(plane, limits=limits) as door:
        peer = await door.come()
        for _ in range(5):
            await peer.send("stop_chat", ignored="x" * 200_000)
        heard = [await peer.hear_error("rate_limited") for _ in range(2)]
        assert {error["message"] for error in heard} == {"too much data"}
        assert await peer.hear_close() == 1008


async def test_a_client_that_is_not_answered_cannot_pile_up_messages(
    plane: FakePlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def answer(user_id: str, sdp: str, **options: Any) -> Description:
        asked.set()
        await go_on.wait()
        return Description("late")

    monkeypatch.setattr(plane, "answer", answer)
    async with serving(plane, limits=Limits(max_unhandled=3)) as door:
        peer = await door.come()
        await peer.send("webrtc_offer", sdp="mine")
        await asked.wait()
        for _ in range(4):
            await peer.send("ice_candidate", candidate=None)
        go_on.set()
        assert await peer.hear_close() == 1008


async def test_the_plane_is_told_who_is_on_this_machine(door: Door, plane: FakePlane) -> None:
    near, far = await door.come(), await door.come({"X-Forwarded-For": "192.0.2.7"})
    for peer in (near, far):
        await peer.send("webrtc_offer", sdp="mine")
        await peer.hear("webrtc_answer")
    assert plane.locals == {near.user_id: True, far.user_id: False}


# Mistakes of ours


async def test_a_crash_ends_one_connection_and_is_logged(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await door.pair()

    def crash(frame: str) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("relay.signaling.connection.parse_client", crash)
    with capture_logs() as logs:
        await first.send("find_partner")
        assert await first.hear_close() == 1011
        await second.hear("partner_disconnected")
    assert [log["event"] for log in logs if log["log_level"] == "error"] == [
        "connection_task_crashed"
    ]
    await door.until(connected=1)


async def test_a_tick_that_fails_is_logged_and_time_goes_on(
    plane: FakePlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("relay.signaling.gateway._TICK_S", 0.01)
    failed = False
    tick = Lobby.tick

    def fail_once(lobby: Lobby, now: float) -> None:
        nonlocal failed
        if not failed:
            failed = True
            raise ZeroDivisionError
        tick(lobby, now)

    monkeypatch.setattr(Lobby, "tick", fail_once)
    with capture_logs() as logs:
        async with serving(plane, limits=Limits(link_timeout_s=0.01)) as door:
            plane.connects = False
            peer = await door.come()
            await peer.send("webrtc_offer", sdp="mine")
            await peer.hear("webrtc_answer")
            await peer.hear_error("media_failed")
    assert [log["event"] for log in logs if log["log_level"] == "error"] == ["tick_failed"]


# Who may come in


@pytest.mark.parametrize("lost_already", [False, True])
async def test_who_leaves_during_the_upgrade_is_no_error(
    plane: FakePlane, monkeypatch: pytest.MonkeyPatch, lost_already: bool
) -> None:
    def admit(_: Reception, request: web.Request, *rest: object) -> None:
        if lost_already:
            request.protocol.force_close()
        elif request.transport is not None:
            request.transport.abort()

    monkeypatch.setattr(Reception, "admit", admit)
    failed: list[logging.LogRecord] = []
    monkeypatch.setattr(logging.getLogger("aiohttp.server"), "handle", failed.append)
    with capture_logs() as logs:
        async with serving(plane) as door:
            with pytest.raises(aiohttp.ClientError):
                await door.come()
            await until(lambda: not door.gateway._sockets)
            assert door.gateway.counts().connected == 0
    assert logs == []
    assert failed == []


@pytest.mark.parametrize(
    ("origin", "status"),
    [(None, 101), ("own", 101), ("https://friend.example", 101), ("https://foe.example", 403)],
)
async def test_a_websocket_from_a_foreign_origin_is_refused(
    plane: FakePlane, origin: str | None, status: int
) -> None:
    async with serving(plane, allowed_origins=frozenset({"https://friend.example"})) as door:
        headers = {} if origin is None else {"Origin": origin}
        if origin == "own":
            headers["Origin"] = door.url.removesuffix("/ws")
        if status == 101:
            await door.come(headers)
            return
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await door.come(headers)
        assert refused.value.status == status


async def test_a_full_server_refuses_with_503_until_somebody_goes(plane: FakePlane) -> None:
    async with serving(plane, limits=Limits(max_users=1)) as door:
        peer = await door.come()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await door.come()
        assert refused.value.status == 503
        assert await door.get() == 503
        assert door.gateway.tally.refusals["full"] == 1, "who only asks is no user"
        await peer.socket.close()
        while await door.get() == 503:  # its place is free a moment after it is forgotten
            pass
        await door.come()


async def test_what_is_no_websocket_is_a_bad_request(door: Door) -> None:
    assert await door.get() == 400
    assert door.gateway.counts().connected == 0


# Going away


async def test_a_socket_cut_without_goodbye(door: Door) -> None:
    first, second = await door.pair()
    first.cut()
    await second.hear("partner_disconnected")
    await door.until(connected=1, rooms=0, waiting=0)
    await second.send("find_partner")
    await second.hear("waiting_for_partner")
    second.cut()
    await door.until(connected=0, waiting=0)


async def test_a_socket_that_no_longer_answers_pings_is_dead(plane: FakePlane) -> None:
    async with serving(plane, limits=Limits(heartbeat_s=0.2)) as door:
        socket = await door.open(autoping=False)
        await door.until(connected=1)
        # pings are received, since somebody reads, but not answered
        while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
        await door.until(connected=0)


async def test_a_client_that_closes_gets_its_close_answered(door: Door) -> None:
    peer = await door.come()
    await peer.socket.close(code=1000)
    assert peer.socket.close_code == 1000
    await door.until(connected=0)


async def test_a_server_that_shuts_down_closes_with_1001(plane: FakePlane) -> None:
    async with serving(plane) as door:
        first, second = await door.pair()
        closing = asyncio.create_task(door.gateway.close())
        assert await first.hear_close() == 1001
        assert await second.hear_close() == 1001
        await closing
        assert door.gateway.counts().connected == 0
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await door.come()
        assert refused.value.status == 503


async def test_a_client_that_ignores_the_close_does_not_hold_up_the_shutdown(
    plane: FakePlane,
) -> None:
    async with serving(plane) as door:
        await door.open(autoclose=False)
        await door.until(connected=1)
        await door.gateway.close()
        assert door.gateway.counts().connected == 0


async def test_a_user_whom_the_plane_keeps_waiting_does_not_hold_up_the_shutdown(
    plane: FakePlane, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = asyncio.Event()

    async def never(user_id: str, sdp: str, **options: Any) -> Description:
        asked.set()
        await asyncio.Event().wait()
        return Description("never")

    monkeypatch.setattr(plane, "answer", never)
    monkeypatch.setattr("relay.signaling.gateway._SHUTDOWN_S", 0.1)
    async with serving(plane) as door:
        first, second = await door.pair()
        await first.send("webrtc_offer", sdp="mine")
        await asked.wait()
        closing = asyncio.create_task(door.gateway.close())
        assert await second.hear_close() == 1001
        assert await first.hear_close() in {1001, 1006}
        await closing
        assert door.gateway.counts().connected == 0


# Time


async def test_the_last_two_meet_again_on_a_tick(plane: FakePlane) -> None:
    async with serving(plane, limits=Limits(rematch_after_s=1)) as door:
        first, second = await door.pair()
        await first.send("next_partner")
        await first.hear("waiting_for_partner")
        await second.hear("partner_left")
        await second.send("find_partner")
        await second.hear("waiting_for_partner")
        await second.hear("partner_found")
        await first.hear("partner_found")


async def test_a_link_that_does_not_come_up(plane: FakePlane) -> None:
    plane.connects = False
    async with serving(plane, limits=Limits(link_timeout_s=0.5)) as door:
        peer = await door.come()
        await peer.send("webrtc_offer", sdp="mine")
        await peer.hear("webrtc_answer")
        await peer.send("find_partner")
        await peer.hear("waiting_for_partner")
        await peer.hear_error("media_failed")


async def test_direct_mode_passes_everything_on(plane: FakePlane) -> None:
    async with serving(plane, media_mode="direct") as door:
        first, second = await door.pair()
        await second.send("webrtc_offer", sdp="of the second")
        assert (await first.hear("webrtc_offer"))["sdp"] == "of the second"
        await first.send("webrtc_answer", sdp="of the first")
        assert (await second.hear("webrtc_answer"))["sdp"] == "of the first"
        candidate = {"candidate": "candidate:1", "sdpMid": "0", "sdpMLineIndex": 0}
        await first.send("ice_candidate", candidate=candidate)
        assert (await second.hear("ice_candidate"))["candidate"] == candidate
        await first.send("ice_candidate", candidate=None)
        assert (await second.hear("ice_candidate"))["candidate"] is None
        await first.send("webrtc_offer", sdp="v" * (MAX_SDP_CHARS + 1))
        await first.hear_error("bad_sdp")
        (room,) = door.gateway.rooms()
        assert (room.users, room.state) == ((first.user_id, second.user_id), "in_call")
    assert plane.calls == []
