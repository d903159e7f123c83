"""Any node of a cluster answers operators for all, and orders reach the one that is meant."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from structlog.testing import capture_logs

from relay.cluster.messages import Call, Done
from tests.integration.test_api_admin import a_browser, ends, status_of
from tests.support.clustered import Clustered, clustered
from tests.support.commands import run
from tests.support.operating import TOKEN, OperatedServer, operating

API = "/api/v1"
ROOT = Path(__file__).parents[2]


async def called(nodes: Clustered, call: Call) -> Done:
    """What node b answers node a."""
    done: Done = await nodes.between.nodes["a"].ask("b", call)
    return done


async def test_any_node_tells_of_all() -> None:
    async with clustered("a", "b") as nodes:
        ann, bob, room_id = await nodes["a"].pair()
        eve = await nodes["b"].come()
        await eve.link()
        eve.send_picture(key=True)
        await nodes["b"].operator.until("tracks?node=b", lambda found: found["total"] > 0)
        for asked in ("a", "b"):
            operator = nodes[asked].operator
            totals = await operator.get("totals")
            assert (totals["connected"], totals["rooms"], totals["nodes"]) == (3, 1, 2)
            assert (totals["links"], totals["ready"], totals["silentNodes"]) == (3, True, [])
            users = await operator.get("users")
            assert users["total"] == 3
            assert {user["id"]: user["node"] for user in users["users"]} == {
                ann.user_id: "a",
                bob.user_id: "a",
                eve.user_id: "b",
            }
            rooms = (await operator.get("rooms"))["rooms"]
            assert [(room["id"], room["nodes"]) for room in rooms] == [(room_id, ["a"])]
            links = (await operator.get("links"))["links"]
            assert sorted(link["node"] for link in links) == ["a", "a", "b"]
            tracks = (await operator.get("tracks?limit=500"))["tracks"]
            assert {track["node"] for track in tracks} == {"a", "b"}
            for track in (tracks[0], tracks[-1]):
                found = await operator.get(f"tracks/{track['id']}")
                assert (found["id"], found["node"]) == (track["id"], track["node"])
            history = await operator.get("history")
            assert history["periodS"] == 5


async def test_one_node_can_be_asked_for() -> None:
    async with clustered("a", "b") as nodes:
        await nodes["a"].come()
        for asked in ("a", "b"):
            operator = nodes[asked].operator
            assert (await operator.get("totals?node=a"))["connected"] == 1
            assert (await operator.get("totals?node=b"))["connected"] == 0
            assert (await operator.get("users?node=b"))["total"] == 0
            status, body = await operator.ask(f"{API}/users?node=c")
            assert (status, body["error"]["code"]) == (422, "invalid_parameter")
            assert "there are a, b" in body["error"]["message"]
            assert (await operator.ask(f"{API}/users?limit=0&node=b"))[0] == 422
            status, body = await operator.ask(f"{API}/users?limit=1&offset=20000")
            assert status == 422
            assert "'node'" in body["error"]["message"]


async def test_the_nodes_are_listed_with_what_they_do() -> None:
    async with clustered("a", "b") as nodes:
        nodes.leases = {"a": 4.5, "b": 3.5, "gone": 1.0}
        await nodes["b"].come()
        found = await nodes["a"].operator.get("nodes")
        assert [(n["name"], n["here"], n["leaseS"]) for n in found["nodes"]] == [
            ("a", True, 4.5),
            ("b", False, 3.5),
            ("gone", False, 1.0),
        ]
        assert [n["totals"] and n["totals"]["connected"] for n in found["nodes"]] == [0, 1, None]
        assert found["nodes"][1]["version"] == "0.1.0"
        assert (found["silentNodes"], found["storeAway"]) == (["gone"], False)
        assert (await nodes["a"].operator.get("users"))["silentNodes"] == ["gone"]
        nodes.leases = None
        assert (await nodes["a"].operator.get("nodes"))["storeAway"] is True


async def test_a_node_that_does_not_answer_is_named() -> None:
    async with clustered("a", "b", "c") as nodes:
        user = await nodes["c"].come()
        nodes.hush("a", "c")
        operator = nodes["a"].operator
        for path in ("totals", "users", "rooms", "tracks", "workers", "history", "audit", "nodes"):
            assert (await operator.get(path))["silentNodes"] == ["c"], path
        rows = (await operator.get("nodes"))["nodes"]
        assert [row["totals"] is None for row in rows] == [False, False, True]
        assert (await operator.ask(f"{API}/totals?node=c"))[0] == 503
        status, body = await operator.ask(f"{API}/users/{user.user_id}", "DELETE")
        assert (status, "c did not answer" in body["error"]["message"]) == (503, True)
        assert (await nodes["b"].operator.get("users"))["total"] == 1


async def test_orders_reach_the_node_that_is_meant() -> None:
    async with clustered("a", "b") as nodes:
        ann, bob, room_id = await nodes["b"].pair(link=False)
        operator = nodes["a"].operator
        with capture_logs() as events:
            assert await operator.ask(f"{API}/rooms/{room_id}", "DELETE") == (204, None)
            await bob.hear("partner_left")
            assert await operator.ask(f"{API}/users/{ann.user_id}", "DELETE") == (204, None)
        told = [
            (e["event"], e["by"]) for e in events if e["event"] in {"room_ended", "user_kicked"}
        ]
        assert told == [
            ("room_ended", "operator"),
            ("user_kicked", "operator"),
        ]
        assert await closed(ann.socket) == 4001
        for path in (f"users/{ann.user_id}", f"rooms/{room_id}", "users/%2e%2f%3fx"):
            status, body = await operator.ask(f"{API}/{path}", "DELETE")
            assert (status, body["error"]["code"]) == (404, "not_found")
        assert (await operator.ask(f"{API}/tracks/nothing"))[0] == 404


async def test_a_node_is_drained_from_any_other() -> None:
    async with clustered("a", "b") as nodes:
        operator = nodes["a"].operator
        assert await operator.ask(f"{API}/drain?node=b", "POST") == (
            200,
            {"draining": True, "deadlineS": None, "node": "b"},
        )
        assert (await nodes["a"].operator.ask("/ready"))[0] == 200
        assert (await nodes["b"].operator.ask("/ready"))[0] == 503
        totals = await operator.get("totals")
        assert (totals["ready"], totals["draining"], totals["reasons"]) == (True, False, [])
        assert (await operator.ask(f"{API}/drain", "POST"))[0] == 200
        totals = await operator.get("totals")
        assert (totals["ready"], totals["draining"]) == (False, True)
        assert totals["reasons"] == ["draining"]
        assert (await operator.ask(f"{API}/drain?node=b", "DELETE"))[0] == 200
        assert (await nodes["b"].operator.ask("/ready"))[0] == 200


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (Call("DELETE", "users/x", operator="vera", role="viewer"), 403),
        (Call("POST", "drain", operator="mo", role="moderator"), 403),
        (Call("DELETE", "users/x", operator="eve", role="emperor"), 403),
        (Call("GET", "totals", operator="", role="admin"), 403),
        (Call("GET", "totals", operator="eve\n" * 99, role="admin"), 403),
        (Call("DELETE", "users/x", operator="mo", role="moderator"), 404),
        (Call("GET", "totals", operator="vera", role="viewer"), 200),
        (Call("GET", "users?limit=0", operator="vera", role="viewer"), 422),
        (Call("GET", "users?" + "&".join(f"a{n}=1" for n in range(99)), "", "vera"), 422),
        (Call("GET", "operators", operator="ada", role="admin"), 404),
        (Call("DELETE", "operators/vera", operator="ada", role="admin"), 404),
        (Call("GET", "../health", operator="ada", role="admin"), 404),
        (Call("POST", "bans", "no json", operator="mo", role="moderator"), 422),
    ],
)
async def test_a_node_does_for_others_what_the_role_may(call: Call, status: int) -> None:
    async with clustered("a", "b") as nodes:
        done = await called(nodes, call)
        assert done.status == status
        if status != 200:
            assert json.loads(done.body)["error"]["message"]


async def test_events_are_of_all_nodes() -> None:
    async with clustered("a", "b") as nodes:
        await nodes["b"].pair()
        operator = nodes["a"].operator
        async with operator.http.get(f"{API}/events?sort=bitrate") as response:
            assert response.status == 200
            assert await response.content.readline() == b"event: snapshot\n"
            snapshot = json.loads((await response.content.readline()).removeprefix(b"data: "))
        assert [node["name"] for node in snapshot["nodes"]] == ["a", "b"]
        assert snapshot["totals"]["connected"] == snapshot["nodes"][1]["totals"]["connected"] == 2
        assert [room["nodes"] for room in snapshot["rooms"]] == [["b"]]
        assert {track["node"] for track in snapshot["tracks"]} == {"b"}
        assert (snapshot["silentNodes"], snapshot["storeAway"]) == ([], False)
        assert (await operator.ask(f"{API}/events?node=c"))[0] == 422


async def test_calls_are_looked_into_at_their_own_node(tmp_path: Path) -> None:
    log = tmp_path / "audit.log"
    async with clustered("a", "b", allow_taps=True, audit_log=log) as nodes:
        ann, _, room_id = await nodes["b"].pair()
        path = f"{API}/rooms/{room_id}/record?seconds=0.1"
        ann.send_picture(key=True)
        tracks = await nodes["a"].operator.until("tracks", lambda found: found["total"] > 0)
        links = await nodes["a"].operator.get("links")
        for noun, asked in (
            ("room", path),
            ("link", f"{API}/links/{links['links'][0]['id']}/pcap"),
            ("track", f"{API}/tracks/{tracks['tracks'][0]['id']}/snapshot"),
        ):
            status, body = await nodes["a"].operator.ask(asked, "POST")
            assert status == 404
            assert f"node b has this {noun}" in body["error"]["message"]
        status, body = await nodes["a"].operator.ask(f"{API}/rooms/none/record", "POST")
        assert status == 404
        assert "nor at another one" in body["error"]["message"]
        async with nodes["b"].operator.http.post(path) as response:
            assert response.status == 200
            await response.read()
        found = await nodes["a"].operator.until(  # both have the same file
            "audit?limit=1", lambda found: found["entries"][0]["event"] == "tap_ended"
        )
        assert [entry["room"] for entry in found["entries"]] == [room_id]
        nodes.hush("a", "b")
        status, body = await nodes["a"].operator.ask(path, "POST")
        assert (status, "b did not answer" in body["error"]["message"]) == (503, True)


# what is kept for all


@asynccontextmanager
async def a_visitor(server: OperatedServer) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser that can be known again."""
    jar = aiohttp.CookieJar(unsafe=True)  # or it would keep no cookie of an IP address
    headers = {"Origin": server.relay.url}
    visitor = aiohttp.ClientSession(server.relay.url, cookie_jar=jar, headers=headers)
    async with visitor as browser, browser.get("/"):
        yield browser


async def closed(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(20):
        while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
            pass
    return socket.close_code


async def test_a_ban_holds_at_all_nodes_at_once_and_its_end_too() -> None:
    async with clustered("a", "b", "c") as nodes, a_visitor(nodes["b"]) as browser:
        operator, bystander = nodes["a"].operator, await nodes["b"].come()
        at_c = browser.ws_connect(f"{nodes['c'].ws_url}", origin=nodes["c"].relay.url)
        async with browser.ws_connect("/ws") as at_b, at_c as elsewhere:
            user_id = (await at_b.receive_json())["userId"]
            assert (await elsewhere.receive_json())["type"] == "connected"
            order = {"user": user_id, "minutes": 60, "reason": "spam"}
            status, ban = await operator.ask(f"{API}/bans", "POST", json=order)
            assert status == 200, ban
            assert ban["by"] == "operator"
            assert [await closed(at_b), await closed(elsewhere)] == [4004, 4004]
        assert not bystander.socket.closed
        assert [each["id"] for each in (await operator.get("bans"))["bans"]] == [ban["id"]]
        for server in nodes.servers.values():
            assert (await status_at(browser, server)) == 403
        assert (await operator.ask(f"{API}/bans/{ban['id']}", "DELETE"))[0] == 200
        async with asyncio.timeout(20):
            for server in nodes.servers.values():
                while await status_at(browser, server) == 403:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
        order = {"user": "nobody", "minutes": 60, "reason": "spam"}
        assert (await operator.ask(f"{API}/bans", "POST", json=order))[0] == 404


async def status_at(browser: aiohttp.ClientSession, server: OperatedServer) -> int:
    """What a visitor's WebSocket is told; 101 when it may come."""
    origin = server.relay.url
    try:
        async with browser.ws_connect(server.ws_url, origin=origin):
            return 101
    except aiohttp.WSServerHandshakeError as error:
        return error.status


async def test_an_operator_of_one_node_is_one_of_all() -> None:
    async with clustered("a", "b") as nodes:
        status, added = await nodes["a"].operator.ask(
            f"{API}/operators", "POST", json={"name": "vera", "role": "viewer"}
        )
        assert status == 200
        headers = {"Authorization": f"Bearer {added['token']}"}
        async with aiohttp.ClientSession(nodes["b"].relay.url, headers=headers) as http:
            async with asyncio.timeout(20):  # b reads the table anew, but not within that request
                while await status_of(http, "GET", f"{API}/totals") != 200:  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
            async with http.delete(f"{API}/users/x") as response:
                assert response.status == 403


async def test_one_login_is_for_all_nodes_until_logout() -> None:
    async with clustered("a", "b") as nodes, a_browser(nodes["a"]) as browser:
        there = nodes["b"].relay.url
        async with aiohttp.ClientSession(
            there, headers={"Origin": there}, cookie_jar=browser.cookie_jar
        ) as other:
            assert await status_of(other, "GET", f"{API}/totals") == 200
            assert await status_of(other, "DELETE", f"{API}/drain") == 200
            (cookie,) = browser.cookie_jar
            async with other.get(f"{API}/events") as stream, asyncio.timeout(20):
                await stream.content.readuntil(b"\n\n")
                assert await status_of(browser, "POST", "/admin/logout") == 204
                await ends(stream)
        headers = {"Cookie": f"{cookie.key}={cookie.value}"}
        for node in nodes.servers.values():
            async with aiohttp.ClientSession(node.relay.url, headers=headers) as again:
                assert await status_of(again, "GET", f"{API}/totals") == 401


async def test_without_a_cluster_there_are_no_nodes() -> None:
    async with operating() as server:
        operator = server.operator
        await server.pair()
        assert await operator.get("nodes") == {
            "silentNodes": [],
            "nodes": [],
            "storeAway": False,
        }
        assert (await operator.get("totals"))["nodes"] == 0
        assert {user["node"] for user in (await operator.get("users"))["users"]} == {None}
        assert (await operator.get("rooms"))["rooms"][0]["nodes"] == []
        for path in ("totals", "users", "events", "workers", "audit"):
            assert (await operator.ask(f"{API}/{path}?node=a"))[0] == 422
        async with a_browser(server) as browser:
            (cookie,) = browser.cookie_jar
            assert "." not in cookie.value, "an id that says nothing"


async def test_the_commands_show_the_cluster_and_say_who_is_silent() -> None:
    async with clustered("a", "b") as nodes:
        ann, _, room_id = await nodes["b"].pair(link=False)
        url = nodes["a"].relay.url
        env = {"PYTHONPATH": str(ROOT), "RELAY_URL": url, "RELAY_OPERATOR_TOKEN": TOKEN}
        shown = await run("nodes", env=env)
        assert (shown.code, shown.err) == (0, "")
        head, *rows = (line.split() for line in shown.out.splitlines())
        assert head[0] == "NODE"
        assert [(row[0], row[2], row[-1]) for row in rows] == [
            ("a", "0", "ready"),
            ("b", "2", "ready"),
        ]
        listed = await run("users", "--node", "b", "--json", env=env)
        assert {json.loads(line)["node"] for line in listed.out.splitlines()} == {"b"}
        assert (await run("rooms", "--node", "c", env=env)).code == 1
        await nodes["b"].come()
        drained = await run("drain", "--wait", "--timeout", "30", env=env)
        assert drained == (0, "new users are turned away at node a\n", "no user is left\n")
        drained = await run("drain", "--node", "b", env=env)
        assert drained == (0, "new users are turned away at node b\n", "")
        assert (await nodes["a"].operator.get("totals?node=b"))["draining"] is True
        assert (await run("kick", ann.user_id, env=env)).code == 0

        nodes.hush("a", "b")
        shown = await run("rooms", env=env)
        assert (shown.code, shown.out) == (0, "there are none\n")
        assert shown.err == "node b did not answer: what it has is not shown\n"
        shown = await run("nodes", "--json", env=env)
        assert [json.loads(line)["totals"] is None for line in shown.out.splitlines()] == [
            False,
            True,
        ]
        assert (await run("end", room_id, env=env)).err.endswith("b did not answer\n")
