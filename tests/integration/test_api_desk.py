"""The operators' desk over real sockets: reports, bans, appeals, evidence, operators, privacy."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from relay.evidence import Piece
from relay.records import (
    Appeal,
    Ban,
    Block,
    Decision,
    Evidence,
    Party,
    Reason,
    Report,
)
from tests.integration.test_api_admin import a_browser, ends, login, status_of
from tests.support.keeping import keeping, storing
from tests.support.operating import OperatedServer, Operator

ANN, BOB, BAD = Party("ann", "a-ann"), Party("bob", "a-bob"), Party("bad", "a-bad")
API = "/api/v1"


def report(report_id: str, reason: Reason = Reason.SPAM, age_s: float = 60, **more: Any) -> Report:
    told: dict[str, Any] = {"reporter": ANN, "reported": BAD, "words": "he sells things"} | more
    return Report(report_id, time.time() - age_s, reason, room_id="room", **told)


@asynccontextmanager
async def somebody(server: OperatedServer, name: str, role: str) -> AsyncIterator[Operator]:
    """Another operator."""
    status, added = await server.operator.ask(
        f"{API}/operators", "POST", json={"name": name, "role": role}
    )
    assert status == 200, added
    headers = {"Authorization": f"Bearer {added['token']}"}
    async with aiohttp.ClientSession(server.relay.url, headers=headers) as http:
        yield Operator(http)


# reports


async def test_the_queue_and_a_card() -> None:
    async with storing(
        report("spam", age_s=300),
        report("minor", Reason.MINOR),
        report("again", reporter=BOB),
    ) as (server, records):
        found = await server.operator.get("reports")
        assert [each["id"] for each in found["reports"]] == ["minor", "spam", "again"]
        assert (found["total"], found["more"]) == (3, False)
        assert {each["reporters"] for each in found["reports"]} == {2}
        page = await server.operator.get("reports?limit=1&offset=1")
        assert ([each["id"] for each in page["reports"]], page["more"]) == (["spam"], True)

        await records.add_ban(
            Ban("former", BAD, 1.0, 2.0, Reason.HATE, "rules"),
            Decision("d", 1.0, "rules", "banned", "former"),
        )
        card = await server.operator.get("reports/spam")
        assert card["report"]["words"] == "he sells things"
        assert card["report"]["reporter"] == {"visitor": "ann", "address": "a-ann"}
        assert len(card["reported"]["reportsAbout"]) == 3
        assert [ban["id"] for ban in card["reported"]["bans"]] == ["former"]
        assert [each["id"] for each in card["reporter"]["reportsMade"]] == ["minor", "spam"]
        assert card["decisions"] == card["evidence"] == []


async def test_a_decision_is_kept_with_its_reason_and_its_operator() -> None:
    async with storing(report("r1")) as (server, _), somebody(server, "mo", "moderator") as mo:
        order = {"outcome": "dismissed", "why": "only\u202erude"}
        status, decided = await mo.ask(f"{API}/reports/r1/decision", "POST", json=order)
        assert (status, decided["outcome"]) == (200, "dismissed")
        assert (await server.operator.get("reports"))["reports"] == []
        every = (await server.operator.get("reports?every=true"))["reports"]
        assert [each["outcome"] for each in every] == ["dismissed"]
        [decision] = (await server.operator.get("reports/r1"))["decisions"]
        assert (decision["by"], decision["what"], decision["why"]) == (
            "mo",
            "dismissed",
            "only\u202erude",
        )
        status, body = await mo.ask(f"{API}/reports/r1/decision", "POST", json=order)
        assert (status, body["error"]["message"]) == (409, "the report is decided already")


async def test_a_report_leads_to_a_ban() -> None:
    async with storing(report("r1", Reason.HATE)) as (server, _):
        order = {
            "outcome": "banned",
            "why": "again",
            "ban": {"scope": "both", "minutes": 60, "words": "Be kind."},
        }
        status, _ = await server.operator.ask(f"{API}/reports/r1/decision", "POST", json=order)
        assert status == 200
        [ban] = (await server.operator.get("bans"))["bans"]
        assert ban["party"] == {"visitor": "bad", "address": "a-bad"}
        assert (ban["reason"], ban["by"], ban["words"], ban["holds"]) == (
            "hate",
            "operator",
            "Be kind.",
            True,
        )


async def test_two_who_take_the_same_report_see_it() -> None:
    async with (
        storing(report("r1")) as (server, _),
        somebody(server, "mo", "moderator") as mo,
        somebody(server, "lu", "moderator") as lu,
    ):
        assert (await mo.ask(f"{API}/reports/r1/take", "POST"))[0] == 200
        assert (await mo.ask(f"{API}/reports/r1/take", "POST"))[0] == 200, "it is his already"
        status, body = await lu.ask(f"{API}/reports/r1/take", "POST")
        assert (status, body["error"]["message"]) == (409, "mo looks at this report")
        assert (await lu.get("reports"))["reports"][0]["takenBy"] == "mo"
        decision = {"outcome": "dismissed"}
        assert (await lu.ask(f"{API}/reports/r1/decision", "POST", json=decision))[0] == 409
        assert (await lu.ask(f"{API}/reports/r1/take", "DELETE"))[0] == 204, "harmless"
        assert (await lu.ask(f"{API}/reports/r1/take", "POST"))[0] == 409
        assert (await mo.ask(f"{API}/reports/r1/take", "DELETE"))[0] == 204
        assert (await lu.get("reports"))["reports"][0]["takenBy"] is None
        assert (await lu.ask(f"{API}/reports/r1/take", "POST"))[0] == 200


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"", "the body has to be JSON"),
        (b"[]", "should be an object"),
        (b'{"outcome": "forgiven"}', "outcome: "),
        (b'{"outcome": "banned"}', "belongs to the outcome"),
        (b'{"outcome": "warned", "ban": {"minutes": 60}}', "belongs to the outcome"),
        (b'{"outcome": "banned", "ban": {"minutes": 9}}', "ban.minutes: "),
        (b'{"outcome": "banned", "ban": {"minutes": "60"}}', "ban.minutes: "),
        (b'{"outcome": "banned", "ban": {}}', "ban.minutes: "),
        (b'{"outcome": "banned", "ban": {"minutes": 9e9}}', "ban.minutes: "),
        (b'{"outcome": "dismissed", "why": "' + 1001 * b"a" + b'"}', "why: "),
        (b'{"outcome": "dismissed", "why": "\\u0000"}', "why: "),
        (b'{"outcome": "dismissed", "who": "me"}', "'who' is no parameter"),
    ],
)
async def test_a_wrong_body_is_named(body: bytes, says: str) -> None:
    async with storing(report("r1")) as (server, _):
        status, told = await server.operator.ask(f"{API}/reports/r1/decision", "POST", data=body)
        assert status == 422, told
        assert says in told["error"]["message"]


async def test_a_body_has_bounds_and_an_id_is_one() -> None:
    async with storing(report("r1")) as (server, _):
        ask = server.operator.ask
        long = b'{"why": "' + 40_000 * b" " + b'"}'
        assert (await ask(f"{API}/reports/r1/decision", "POST", data=long))[0] == 413
        for wrong in ("nobody", "%00", "a%20b", 200 * "a"):
            status, body = await ask(f"{API}/reports/{wrong}")
            assert (status, body["error"]["code"]) == (404, "not_found")


# bans and appeals


@pytest.mark.parametrize(
    ("whom", "party"),
    [
        ({"report": "r1"}, {"visitor": "bad", "address": "a-bad"}),
        ({"report": "r1", "scope": "visitor"}, {"visitor": "bad", "address": None}),
        ({"visitor": "v"}, {"visitor": "v", "address": None}),
        ({"address": "a"}, {"visitor": None, "address": "a"}),
    ],
)
async def test_somebody_is_banned_and_let_in_again(whom: Any, party: Any) -> None:
    async with storing(report("r1")) as (server, _):
        order = {"minutes": None, "reason": "threat", "why": "it was real", **whom}
        status, ban = await server.operator.ask(f"{API}/bans", "POST", json=order)
        assert status == 200, ban
        assert ban["party"] == party
        assert (ban["until"] is None) == (party["visitor"] is not None)
        status, lifted = await server.operator.ask(f"{API}/bans/{ban['id']}?why=enough", "DELETE")
        assert (status, lifted["holds"]) == (200, False)
        assert (await server.operator.get("bans"))["bans"] == []
        assert [each["id"] for each in (await server.operator.get("bans?every=true"))["bans"]] == [
            ban["id"]
        ]
        assert (await server.operator.ask(f"{API}/bans/{ban['id']}", "DELETE"))[0] == 409
        assert (await server.operator.ask(f"{API}/bans/none", "DELETE"))[0] == 404


@pytest.mark.parametrize(
    ("whom", "status"),
    [
        ({}, 422),
        ({"user": "u", "report": "r1"}, 422),
        ({"report": "none"}, 404),
        ({"user": "nobody-is-called-so"}, 404),
        ({"visitor": "v", "scope": "address"}, 422),
    ],
)
async def test_nobody_in_particular_is_not_banned(whom: Any, status: int) -> None:
    async with storing(report("r1")) as (server, _):
        order = {"minutes": 10, "reason": "spam", **whom}
        assert (await server.operator.ask(f"{API}/bans", "POST", json=order))[0] == status
        assert (await server.operator.get("bans?every=true"))["bans"] == []


async def test_an_appeal_is_answered() -> None:
    async with storing() as (server, records):
        await records.add_ban(
            Ban("b1", BAD, time.time(), None, Reason.SPAM, "mo", "No ads."),
            Decision("d", time.time(), "mo", "banned", "b1", "ads"),
        )
        await records.add_appeal(Appeal("p1", "b1", time.time(), "I will not do it again"))
        [appeal] = (await server.operator.get("appeals"))["appeals"]
        assert (appeal["banId"], appeal["outcome"]) == ("b1", "open")
        card = await server.operator.get("appeals/p1")
        assert card["ban"]["words"] == "No ads."
        assert [each["why"] for each in card["decisions"]] == ["ads"]
        assert card["banned"]["party"]["visitor"] == "bad"
        answer = {"outcome": "granted", "answer": "Welcome back.", "why": "sorry enough"}
        path = f"{API}/appeals/p1/answer"
        status, answered = await server.operator.ask(path, "POST", json=answer)
        assert (status, answered["answer"]) == (200, "Welcome back.")
        assert (await server.operator.get("bans"))["bans"] == []
        assert (await server.operator.get("appeals"))["appeals"] == []
        assert len((await server.operator.get("appeals?every=true"))["appeals"]) == 1
        assert (await server.operator.ask(path, "POST", json=answer))[0] == 409


async def test_a_user_is_banned_by_its_id_and_cannot_come_back() -> None:
    async with storing() as (server, _):
        jar = aiohttp.CookieJar(unsafe=True)  # or it would keep no cookie of an IP address
        headers = {"Origin": server.relay.url}
        async with aiohttp.ClientSession(
            server.relay.url, cookie_jar=jar, headers=headers
        ) as browser:
            async with browser.get("/"):
                pass
            async with browser.ws_connect("/ws") as socket:
                user_id = (await socket.receive_json())["userId"]
                order = {"user": user_id, "minutes": 60, "reason": "hate", "words": "Be kind."}
                status, ban = await server.operator.ask(f"{API}/bans", "POST", json=order)
                assert status == 200, ban
                assert ban["party"]["visitor"]
                async with asyncio.timeout(10):
                    while (await socket.receive()).type is aiohttp.WSMsgType.TEXT:
                        pass
                assert socket.close_code == 4004
            async with browser.get("/ws") as response:
                assert response.status == 403
                assert (await response.json())["error"]["ban"]["words"] == "Be kind."
            await server.operator.ask(f"{API}/bans/{ban['id']}", "DELETE")
            async with browser.ws_connect("/ws") as socket:
                assert (await socket.receive_json())["type"] == "connected"


async def test_of_who_has_neither_cookie_nor_address_nothing_can_be_banned() -> None:
    async with storing() as (server, _):
        ann = await server.come()
        order = {"user": ann.user_id, "minutes": 60, "reason": "hate"}
        status, body = await server.operator.ask(f"{API}/bans", "POST", json=order)
        assert status == 422
        assert "nothing is known of it" in body["error"]["message"]


async def test_while_the_database_is_away_operators_are_told_so_and_still_known() -> None:
    async with keeping(report("r1")) as (server, records), somebody(server, "mo", "admin") as mo:
        records.away = True
        for method, path, body in (
            ("GET", "reports", None),
            ("GET", "reports/r1", None),
            ("POST", "reports/r1/decision", {"outcome": "dismissed"}),
            ("POST", "operators", {"name": "lu", "role": "viewer"}),
        ):
            status, told = await mo.ask(f"{API}/{path}", method, json=body)
            assert status == 503, path
            assert "cannot be reached at present" in told["error"]["message"]
        assert (await mo.ask(f"{API}/totals"))[0] == 200
        records.away = False
        assert len((await mo.get("reports"))["reports"]) == 1


# evidence


async def test_evidence_is_handed_out_once_that_is_written_down(tmp_path: Path) -> None:
    log = tmp_path / "audit.jsonl"
    async with (
        storing(report("r1"), audit_log=log) as (server, records),
        somebody(server, "mo", "moderator") as mo,
    ):
        await records.add_evidence(
            Evidence("e1", "r1", time.time(), b"\x00sealed\xff", time.time() + 1000)
        )
        [listed] = (await mo.get("reports/r1/evidence"))["evidence"]
        assert (listed["id"], listed["isKept"], listed["heldBy"]) == ("e1", True, None)
        assert (await mo.get("reports/r1"))["evidence"] == [listed]
        assert not log.exists()
        async with mo.http.get(f"{API}/evidence/e1") as response:
            assert response.status == 200
            assert response.content_type == "application/octet-stream"
            assert response.headers["Cache-Control"] == "no-store"
            piece = Piece.read(await response.read())
        assert piece.sealed == b"\x00sealed\xff"
        assert piece.place is not None
        assert (piece.place.number, piece.place.digest) == (1, listed["digest"])
        [entry] = map(json.loads, log.read_text().splitlines())
        assert (entry["event"], entry["operator"], entry["evidence"], entry["report"]) == (
            "evidence_viewed",
            "mo",
            "e1",
            "r1",
        )
        assert (await mo.ask(f"{API}/evidence/e1/hold", "POST", json={"why": "police"}))[0] == 204
        [held] = (await mo.get("evidence/chain"))["evidence"]
        assert (held["heldBy"], held["number"], len(held["digest"])) == ("mo", 1, 64)
        assert (await mo.ask(f"{API}/evidence/e1/hold", "DELETE"))[0] == 204
        assert (await mo.get("evidence/chain"))["evidence"][0]["heldBy"] is None
        assert (await mo.get("evidence/chain?after=1"))["evidence"] == []
        for path in ("evidence/none", "evidence/none/hold"):
            method = "DELETE" if path.endswith("hold") else "GET"
            assert (await mo.ask(f"{API}/{path}", method))[0] == 404


async def test_nobody_looks_when_it_cannot_be_written_down(tmp_path: Path) -> None:
    async with storing(report("r1"), audit_log=tmp_path / "no" / "audit") as (server, records):
        await records.add_evidence(Evidence("e1", "r1", 0.0, b"sealed", time.time() + 9))
        status, body = await server.operator.ask(f"{API}/evidence/e1")
        assert status == 503
        assert "the audit log cannot be written" in body["error"]["message"]


# operators and their roles


async def test_a_role_opens_what_it_may_and_says_so_otherwise() -> None:
    async with (
        storing(report("r1")) as (server, _),
        somebody(server, "vi", "viewer") as vi,
        somebody(server, "mo", "moderator") as mo,
    ):
        assert (await vi.ask(f"{API}/reports/r1"))[0] == 200
        status, body = await vi.ask(f"{API}/reports/r1/take", "POST")
        assert status == 403
        assert body["error"]["message"] == "this needs the role moderator; vi has the role viewer"
        for method, path in (
            ("POST", "drain"),
            ("GET", "operators"),
            ("POST", "operators"),
            ("GET", "privacy/ann"),
            ("POST", "tracks/none/snapshot"),
        ):
            assert (await mo.ask(f"{API}/{path}", method))[0] == 403, path
        assert (await mo.ask(f"{API}/users/none", "DELETE"))[0] == 404
        assert (await vi.ask(f"{API}/users/none", "DELETE"))[0] == 403


async def test_operators_come_and_go() -> None:
    async with storing() as (server, _), somebody(server, "mo", "moderator") as mo:
        told = (await server.operator.get("operators"))["operators"]
        assert [(each["name"], each["role"]) for each in told] == [
            ("operator", "admin"),
            ("mo", "moderator"),
        ]
        ask = server.operator.ask
        for taken in ("mo", "operator", "rules"):
            again = {"name": taken, "role": "viewer"}
            assert (await ask(f"{API}/operators", "POST", json=again))[0] == 409
        for wrong in ({"name": "M o", "role": "viewer"}, {"name": "x", "role": "king"}):
            assert (await ask(f"{API}/operators", "POST", json=wrong))[0] == 422
        assert (await ask(f"{API}/operators/operator", "DELETE"))[0] == 409
        assert (await ask(f"{API}/operators/mo", "DELETE"))[0] == 204
        assert (await mo.ask(f"{API}/reports"))[0] == 401
        assert (await ask(f"{API}/operators/mo", "DELETE"))[0] == 404


async def test_a_login_ends_with_its_operator() -> None:
    async with storing() as (server, _), a_browser(server, logged_in=False) as browser:
        order = {"name": "mo", "role": "moderator"}
        _, added = await server.operator.ask(f"{API}/operators", "POST", json=order)
        assert await login(browser, added["token"]) == 204
        async with browser.get("/admin/session") as response:
            told = await response.json()
        assert (told["name"], told["role"]) == ("mo", "moderator")
        assert await status_of(browser, "POST", f"{API}/drain") == 403
        async with browser.get(f"{API}/events") as stream:
            assert stream.status == 200
            await server.operator.ask(f"{API}/operators/mo", "DELETE")
            async with asyncio.timeout(10):
                await ends(stream)
        assert await status_of(browser, "GET", f"{API}/totals") == 401
        async with browser.get("/admin/session") as response:
            assert await response.json() == {"loggedIn": False}


# privacy


async def test_a_persons_data_is_handed_out_without_others_and_then_gone() -> None:
    made = report("made", reporter=BAD, reported=BOB, words="he insults me")
    async with storing(report("about"), made) as (server, records):
        await records.add_block(Block("k", 0.0, BAD, ANN))
        await records.add_block(Block("l", 0.0, ANN, BAD))
        found = await server.operator.get("privacy/bad")
        assert [each["words"] for each in found["reportsMade"]] == ["he insults me"]
        assert [each["id"] for each in found["reportsAbout"]] == ["about"]
        assert len(found["blocksMade"]) == 1
        assert "ann" not in json.dumps(found)
        assert "he sells things" not in json.dumps(found)
        status, told = await server.operator.ask(f"{API}/privacy/bad", "DELETE")
        assert status == 200
        assert told["changed"] >= 1
        assert (await server.operator.get("privacy/bad"))["reportsMade"] == []
