"""What a visitor asks over HTTP, and how a banned one is kept out."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
import pytest
from aiohttp import web

from relay.api import answers
from relay.api.visitors import ASKED_BURST, VisitorApi
from relay.records import MAX_WORDS_CHARS, Party, Reason
from relay.safety import BanOrder, BanRules, Decisions, Identity, Safety
from tests.support.memory_records import MemoryRecords

OWN = {"Sec-Fetch-Site": "same-origin"}
FOREVER = BanOrder(Party("bob"), Reason.NUDITY, None, "not here")


@dataclass
class Served:
    """The endpoints; whoever asks says who it is."""

    safety: Safety
    records: MemoryRecords
    http: aiohttp.ClientSession
    url: str
    now: float = 0.0

    async def ask(
        self, method: str, path: str, visitor: str = "bob", **more: object
    ) -> tuple[int, dict[str, object]]:
        headers = OWN | {"X-Visitor": visitor}
        async with self.http.request(
            method,
            self.url + path,
            headers=more.pop("headers", headers),  # type: ignore[arg-type]
            **more,  # type: ignore[arg-type]
        ) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else {}


@asynccontextmanager
async def serving() -> AsyncIterator[Served]:
    records = MemoryRecords()
    safety = Safety(records, BanRules())
    app = web.Application(middlewares=[answers.errors_as_json])
    async with aiohttp.ClientSession() as http:
        served = Served(safety, records, http, "")
        visitors = VisitorApi(
            safety, lambda request: Identity(request.headers["X-Visitor"]), lambda: served.now
        )
        app.add_routes(visitors.routes())
        runner = web.AppRunner(app)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        try:
            yield served
        finally:
            await runner.cleanup()
            await safety.close()


async def test_somebody_of_whom_nothing_is_known() -> None:
    async with serving() as served:
        nothing: dict[str, object] = {"visitor": "bob", "ban": None, "blocks": [], "reports": []}
        assert await served.ask("GET", "/visitor") == (200, nothing)
        status, told = await served.ask("GET", "/visitor", visitor="")
        assert (status, told["visitor"]) == (200, None)


async def test_a_banned_person_sees_why_and_appeals_once() -> None:
    async with serving() as served:
        appeal = {"words": " it was\nmy cat "}
        assert (await served.ask("POST", "/visitor/appeals", json=appeal))[0] == 404
        ban = await Decisions(served.safety).ban(FOREVER, by="op", why="seen it")
        _, told = await served.ask("GET", "/visitor")
        assert told["ban"] == {
            "id": ban.id,
            "since": ban.since,
            "until": None,
            "reason": "nudity",
            "words": "not here",
            "appeal": None,
        }
        status, made = await served.ask("POST", "/visitor/appeals", json=appeal)
        assert status == 201
        assert made["words"] == "it was\nmy cat"
        assert (made["outcome"], made["answer"]) == ("open", "")
        assert (await served.ask("POST", "/visitor/appeals", json=appeal))[0] == 409
        assert len(served.records.all_appeals) == 1
        assert (await served.ask("GET", "/visitor", visitor="ann"))[1]["ban"] is None

        (stored,) = served.records.all_appeals.values()
        decisions = Decisions(served.safety)
        await decisions.answer(stored.id, "granted", by="op", answer="Sorry!", why="a cat")
        assert (await served.ask("GET", "/visitor"))[1]["ban"] is None


@pytest.mark.parametrize(
    "body",
    [
        "",
        "nonsense",
        "[]",
        '{"words": ""}',
        '{"words": "  "}',
        '{"words": 7}',
        '{"words": "x", "ban": "1"}',
        '{"words": "%s"}' % ("x" * (MAX_WORDS_CHARS + 1)),
        b'{"words": "\xff"}',
        '{"words": "a\\u0000b"}',
    ],
)
async def test_what_is_no_appeal_is_refused(body: str | bytes) -> None:
    async with serving() as served:
        await Decisions(served.safety).ban(FOREVER, by="op", why="")
        status, told = await served.ask("POST", "/visitor/appeals", data=body)
        assert status == 422
        assert str(told["error"])
        assert not served.records.all_appeals
        too_much = b"x" * 100_000
        assert (await served.ask("POST", "/visitor/appeals", data=too_much))[0] == 413


async def test_ones_own_blocks_are_told_and_undone_and_nobody_elses() -> None:
    async with serving() as served:
        mine = await served.safety.block(Identity("bob"), Identity("ann"))
        theirs = await served.safety.block(Identity("ann"), Identity("bob"))
        _, told = await served.ask("GET", "/visitor")
        assert told["blocks"] == [{"id": mine.id, "at": mine.at}], "who blocks me is not told"
        assert (await served.ask("DELETE", f"/visitor/blocks/{theirs.id}"))[0] == 404
        assert (await served.ask("DELETE", f"/visitor/blocks/{mine.id}"))[0] == 204
        assert (await served.ask("DELETE", f"/visitor/blocks/{mine.id}"))[0] == 404
        assert [*served.records.all_blocks] == [theirs.id]


async def test_ones_reports_are_told_and_not_those_about_oneself() -> None:
    async with serving() as served:
        bob, ann = Identity("bob"), Identity("ann")
        filed = await served.safety.report(bob, ann, Reason.SPAM, "buy", "room")
        await served.safety.report(ann, bob, Reason.HATE, "", "room")
        _, told = await served.ask("GET", "/visitor")
        assert told["reports"] == [
            {"id": filed.report.id, "at": filed.report.at, "reason": "spam", "outcome": "open"}
        ]


async def test_another_page_changes_nothing() -> None:
    async with serving() as served:
        mine = await served.safety.block(Identity("bob"), Identity("ann"))
        for headers in ({}, {"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
            status, _ = await served.ask(
                "DELETE", f"/visitor/blocks/{mine.id}", headers={"X-Visitor": "bob"} | headers
            )
            assert status == 403
        assert served.records.all_blocks


async def test_a_flood_is_slowed_and_time_helps() -> None:
    async with serving() as served:
        for _ in range(ASKED_BURST):
            assert (await served.ask("GET", "/visitor"))[0] == 200
        assert (await served.ask("POST", "/visitor/appeals", json={"words": "x"}))[0] == 429
        served.now += 2
        assert (await served.ask("GET", "/visitor"))[0] == 200


async def test_a_database_that_is_away_is_said_so() -> None:
    async with serving() as served:
        await Decisions(served.safety).ban(FOREVER, by="op", why="")
        served.records.away = True
        status, told = await served.ask("POST", "/visitor/appeals", json={"words": "x"})
        assert status == 503
        assert "away" in str(told["error"])
