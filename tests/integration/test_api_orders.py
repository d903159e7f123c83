"""Operators act: disconnect a user, end a room, drain the server."""

import asyncio

import aiohttp
import pytest
from structlog.testing import capture_logs

from relay.signaling import gateway, moving
from relay.store import MemoryStore, Room
from tests.support.operating import KEYFRAME, VIDEO, operating


async def test_a_disconnected_user_is_gone_and_its_partner_is_told() -> None:
    async with operating() as server:
        ann, bob, _ = await server.pair()
        with capture_logs() as events:
            status, body = await server.operator.ask(f"/api/v1/users/{ann.user_id}", "DELETE")
        assert (status, body) == (204, None)
        assert {
            "event": "user_kicked",
            "user": ann.user_id,
            "by": "operator",
            "log_level": "info",
        } in events
        users = (await server.operator.get("users"))["users"]
        assert [user["id"] for user in users] == [bob.user_id]
        assert (await server.operator.get("links"))["total"] == 1
        await bob.hear("partner_disconnected")
        frame = await ann.socket.receive(timeout=10)
        assert frame.type is aiohttp.WSMsgType.CLOSE
        assert (ann.socket.close_code, frame.extra) == (4001, "disconnected by the operator")
        status, _ = await server.operator.ask(f"/api/v1/users/{ann.user_id}", "DELETE")
        assert status == 404


async def test_the_users_of_an_ended_room_are_told_and_can_meet_others() -> None:
    async with operating() as server:
        ann, bob, room_id = await server.pair()
        assert await server.operator.ask(f"/api/v1/rooms/{room_id}", "DELETE") == (204, None)
        await ann.hear("partner_left")
        await bob.hear("partner_left")
        assert (await server.operator.get("rooms"))["rooms"] == []
        users = (await server.operator.get("users"))["users"]
        assert {user["state"] for user in users} == {"connected"}
        assert (await server.operator.get("links"))["total"] == 2, "links stay"
        status, body = await server.operator.ask(f"/api/v1/rooms/{room_id}", "DELETE")
        assert (status, body["error"]["code"]) == (404, "not_found")
        await ann.say("find_partner")
        eve = await server.come()
        await eve.link()
        await eve.say("find_partner")
        assert (await ann.hear("partner_found"))["roomId"] != room_id


async def test_a_draining_server_takes_nobody_new_and_calls_go_on() -> None:
    async with operating() as server:
        ann, bob, _ = await server.pair()
        for _ in range(2):  # harmless when repeated
            assert await server.operator.ask("/api/v1/drain", "POST") == (
                200,
                {"draining": True, "deadlineS": None, "node": None},
            )
        assert await server.operator.ask("/ready") == (
            503,
            {"status": "not_ready", "reasons": ["draining"]},
        )
        assert (await server.operator.ask("/health"))[0] == 200
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await server.come()
        assert refused.value.status == 503
        assert refused.value.headers is not None
        assert "Retry-After" in refused.value.headers
        # A page cannot see that, and asks what its WebSocket was told.
        status, body = await server.operator.ask("/ws")
        assert (status, body["error"]["code"]) == (503, "draining")
        ann.send(VIDEO, KEYFRAME)
        await bob.received(1)
        await ann.say("next_partner")
        await ann.hear("waiting_for_partner")
        totals = await server.operator.get("totals")
        assert (totals["draining"], totals["ready"], totals["reasons"]) == (
            True,
            False,
            ["draining"],
        )
        for _ in range(2):
            assert await server.operator.ask("/api/v1/drain", "DELETE") == (
                200,
                {"draining": False, "deadlineS": None, "node": None},
            )
        assert (await server.operator.ask("/ready"))[0] == 200
        await server.come()


async def test_draining_is_logged_when_it_changes() -> None:
    async with operating() as server:
        with capture_logs() as events:
            for method in ("POST", "POST", "DELETE", "DELETE"):
                await server.operator.ask("/api/v1/drain", method)
        changes = [event["draining"] for event in events if event["event"] == "drain_changed"]
        assert changes == [True, False]


async def test_users_who_wait_while_it_drains_still_meet() -> None:
    async with operating() as server:
        ann, bob = await server.come(), await server.come()
        await server.operator.ask("/api/v1/drain", "POST")
        for user in (ann, bob):
            await user.say("find_partner")
        await ann.hear("partner_found")
        await bob.hear("partner_found")


async def test_a_deadline_is_told_and_put_off_and_those_who_are_left_are_let_go(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(moving, "NOTICE_S", 0.0)
    async with operating() as server:
        ann, bob, _ = await server.pair()
        with capture_logs() as events:
            body = {"deadline": 600}
            status, told = await server.operator.ask("/api/v1/drain", "POST", json=body)
            assert (status, told["draining"]) == (200, True)
            first_s = told["deadlineS"]
            assert 570 < first_s <= 600
            _, told = await server.operator.ask("/api/v1/drain", "POST")
            assert 570 < told["deadlineS"] <= first_s, "it stays when none is named"
            await server.operator.ask("/api/v1/drain", "POST", json={"deadline": 0})
            for user in (ann, bob):  # who cannot move
                async with asyncio.timeout(10):
                    while (await user.socket.receive()).type is not aiohttp.WSMsgType.CLOSE:
                        pass
                assert user.socket.close_code == 1012
        changes = [event for event in events if event["event"] == "drain_changed"]
        assert [event["deadline_s"] for event in changes] == [600, 0]
        assert [event["users"] for event in events if event["event"] == "drain_deadline"] == [2]


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"deadline": "1"}', b'{"deadline": -1}', b'{"until": 1}', b" "]
)
async def test_a_deadline_that_makes_no_sense_changes_nothing(body: bytes) -> None:
    async with operating() as server:
        status, told = await server.operator.ask("/api/v1/drain", "POST", data=body)
        assert (status, told["error"]["code"]) == (422, "invalid_parameter")
        assert not (await server.operator.get("totals"))["draining"]


@pytest.mark.parametrize("path", ["users/x", "rooms/x", "drain", "tracks/x", "openapi.json"])
async def test_a_method_that_an_endpoint_lacks(path: str) -> None:
    async with operating() as server:
        status, body = await server.operator.ask(f"/api/v1/{path}", "PATCH")
        assert (status, body["error"]["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize("noun", ["users", "rooms"])
async def test_an_order_that_takes_too_long_is_told_to_be_under_way(
    noun: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release, leave_room = asyncio.Event(), MemoryStore.leave_room

    async def leave_slowly(store: MemoryStore, user_id: str) -> Room | None:
        await release.wait()
        return await leave_room(store, user_id)

    monkeypatch.setattr(gateway, "_PATIENCE_S", 0.05)
    monkeypatch.setattr(MemoryStore, "leave_room", leave_slowly)
    async with operating() as server:
        ann, _, room_id = await server.pair()
        path = f"/api/v1/{noun}/{ann.user_id if noun == 'users' else room_id}"
        async with server.operator.http.delete(path) as response:
            assert response.status == 503
            assert response.headers["Retry-After"] == "5"
            assert "not done yet" in (await response.json())["error"]["message"]
        assert (await server.operator.get("rooms"))["total"] == 1
        release.set()
        await server.operator.until("rooms", lambda found: found["total"] == 0)
