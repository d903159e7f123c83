"""Operators look: lists, one track, the document; and what they get for asking wrongly."""

import aiohttp
import pytest

from relay.api import openapi
from relay.api.attempts import BURST
from relay.api.endpoints import ENDPOINTS, PREFIX
from tests.support.operating import KEYFRAME, VIDEO, operating

GUARDED = [name for name, endpoint in ENDPOINTS.items() if not endpoint.is_public]


@pytest.mark.parametrize("header", [None, "Bearer wrong", "Basic x"])
async def test_nothing_is_told_without_the_token(header: str | None) -> None:
    async with operating() as server, aiohttp.ClientSession(server.relay.url) as http:
        headers = {"Authorization": header} if header else {}
        asked = [(e.method, PREFIX + e.path) for n, e in ENDPOINTS.items() if n in GUARDED]
        for number, (method, path) in enumerate([*asked, ("GET", "/metrics")]):
            async with http.request(method, path.format(id="x"), headers=headers) as response:
                if header and number >= BURST:
                    assert response.status == 429, path
                    continue
                assert response.status == 401, path
                assert response.headers["WWW-Authenticate"] == "Bearer"
                assert (await response.json())["error"]["code"] == "unauthorized"
        async with http.get("/ready") as response:
            assert (response.status, (await response.json())["reasons"]) == (200, [])


async def test_the_document_is_for_everyone() -> None:
    async with (
        operating() as server,
        aiohttp.ClientSession(server.relay.url) as http,
        http.get("/api/v1/openapi.json") as response,
    ):
        assert response.content_type == "application/json"
        assert await response.json() == openapi.document()


@pytest.mark.parametrize("media_mode", ["relay", "direct"])
async def test_lists_follow_the_users(media_mode: str) -> None:
    async with operating(media_mode=media_mode) as server:
        for name in ("users", "rooms", "links", "tracks"):
            found = await server.operator.get(name)
            assert (found[name], found["total"], found["silentNodes"]) == ([], 0, [])
        ann, bob, room_id = await server.pair(link=media_mode == "relay")
        users = (await server.operator.get("users"))["users"]
        assert [user["id"] for user in users] == [ann.user_id, bob.user_id]
        assert users[0]["partnerId"] == bob.user_id
        assert users[0]["roomId"] == users[1]["roomId"] == room_id
        [room] = (await server.operator.get("rooms"))["rooms"]
        assert (room["id"], room["users"]) == (room_id, [ann.user_id, bob.user_id])
        assert room["state"] == "matched"
        links = (await server.operator.get("links"))["links"]
        if media_mode == "direct":
            assert links == []
            assert users[0]["linkId"] is None
        else:
            assert [link["userId"] for link in links] == [ann.user_id, bob.user_id]
            assert {link["state"] for link in links} == {"up"}
            assert {link["roomId"] for link in links} == {room_id}
            assert users[0]["linkId"] == links[0]["id"]
        totals = await server.operator.get("totals")
        assert (totals["connected"], totals["rooms"], totals["links"]) == (2, 1, len(links))
        assert totals["ready"] is True


async def test_one_track() -> None:
    async with operating() as server:
        ann, bob, room_id = await server.pair()
        ann.send(VIDEO, KEYFRAME)
        await bob.received(1)
        await server.operator.until("rooms", lambda found: found["rooms"][0]["state"] == "in_call")
        [listed] = (await server.operator.get("tracks?direction=up"))["tracks"]
        track = await server.operator.get(f"tracks/{listed['id']}")
        assert (track["id"], track["userId"], track["roomId"]) == (
            listed["id"],
            ann.user_id,
            room_id,
        )
        other = await server.operator.get(f"tracks/{track['counterpartId']}")
        assert (other["userId"], other["direction"]) == (bob.user_id, "down")
        assert set(track) == set(openapi.document()["components"]["schemas"]["Track"]["required"])


@pytest.mark.parametrize("seen", [False, True])
async def test_addresses_are_told_only_where_the_setting_allows_it(seen: bool) -> None:
    async with operating(operator_sees_addresses=seen) as server:
        ann = await server.come()
        await ann.link()
        [link] = (await server.operator.get("links"))["links"]
        host, port = ann.peer.address
        assert link["path"] == {
            "protocol": "udp",
            "localFamily": "ipv4",
            "remoteFamily": "ipv4",
            "localAddress": f"127.0.0.1:{server.relay.udp_ports[0]}" if seen else None,
            "remoteAddress": f"{host}:{port}" if seen else None,
        }


@pytest.mark.parametrize(
    ("method", "path", "noun"),
    [
        ("GET", "tracks/nothing", "track"),
        ("DELETE", "users/nobody", "user"),
        ("DELETE", "rooms/nowhere", "room"),
        ("DELETE", "users/%F0%9F%99%82%00%0a", "user"),
    ],
)
async def test_an_unknown_id_is_told_where_the_known_ones_are(
    method: str, path: str, noun: str
) -> None:
    async with operating() as server:
        status, body = await server.operator.ask(f"/api/v1/{path}", method)
        assert (status, body["error"]["code"]) == (404, "not_found")
        assert f"/api/v1/{noun}s" in body["error"]["message"]


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("users?limit=0", "limit: should be greater than or equal to 1"),
        ("users?limit=501", "limit: should be less than or equal to 500"),
        ("users?limit=many", "limit: should be a valid integer"),
        ("users?offset=-1", "offset: "),
        ("tracks?kind=smell", "kind: should be 'audio' or 'video'"),
        ("tracks?bad=perhaps", "bad: should be a valid boolean"),
        ("tracks?room=" + "x" * 65, "room: "),
        ("tracks?colour=red", "'colour' is no parameter of this; there are limit, "),
        ("users?bad=true", "'bad' is no parameter"),
        ("events?limit=201", "limit: should be less than or equal to 200"),
    ],
)
async def test_a_wrong_parameter_is_named(path: str, told: str) -> None:
    async with operating() as server:
        status, body = await server.operator.ask(f"/api/v1/{path}")
        assert (status, body["error"]["code"]) == (422, "invalid_parameter")
        assert body["error"]["message"].startswith(told)


@pytest.mark.parametrize(
    ("given", "kept"),
    [("from-the-proxy.1", True), ("x" * 65, False), ("with space", False), ("", False)],
)
async def test_each_answer_has_a_request_id(given: str, kept: bool) -> None:
    async with operating() as server:
        headers = {"X-Request-Id": given} if given else {}
        async with server.operator.http.get("/api/v1/users", headers=headers) as response:
            told = response.headers["X-Request-Id"]
        assert (told == given) is kept
        assert told


async def test_bounds_are_told() -> None:
    async with operating() as server:
        thresholds = await server.operator.get("thresholds")
        assert thresholds["lossRatio"] == {"warm": 0.02, "bad": 0.05}
        assert {"jitterMs", "roundTripMs", "idleS", "cpuRatio", "loopLagMs"} <= set(thresholds)
