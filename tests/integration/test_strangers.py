"""From the first view of the page to a report, a ban, an appeal and its answer: one real server."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from relay.app import Relay, running
from relay.config import Settings
from relay.safety.visitors import COOKIE
from tests.support.small import small

PATIENCE_S = 20.0
TOKEN = "the-operators-own-token"
OWN = {"Sec-Fetch-Site": "same-origin"}


def settings(tmp_path: Path) -> Settings:
    return small(tmp_path, operator_token=TOKEN)


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Relay]:
    async with running(settings(tmp_path)) as started:
        yield started


class Person:
    """A browser: it keeps its cookie."""

    def __init__(self, http: aiohttp.ClientSession) -> None:
        self.http = http
        self.socket: aiohttp.ClientWebSocketResponse | None = None

    async def enter(self) -> None:
        self.socket = await self.http.ws_connect("/ws")
        await self.hear("connected")

    async def say(self, type_: str, **fields: object) -> None:
        assert self.socket
        await self.socket.send_json({"type": type_, **fields})

    async def hear(self, type_: str) -> dict[str, Any]:
        """The next message of a type."""
        assert self.socket
        async with asyncio.timeout(PATIENCE_S):
            while (message := await self.socket.receive_json())["type"] != type_:
                pass
        heard: dict[str, Any] = message
        return heard

    async def sent_away(self) -> int | None:
        """With which code the server closes the socket."""
        assert self.socket
        async with asyncio.timeout(PATIENCE_S):
            async for _ in self.socket:
                pass
        return self.socket.close_code

    async def ask(self, method: str, path: str, **more: Any) -> tuple[int, Any]:
        async with self.http.request(method, path, headers=OWN, **more) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else None


@asynccontextmanager
async def arrived(relay: Relay) -> AsyncIterator[Person]:
    """Somebody who has opened the page."""
    jar = aiohttp.CookieJar(unsafe=True)  # of an address, too
    url = relay.url.replace("localhost", "127.0.0.1")
    async with aiohttp.ClientSession(url, cookie_jar=jar) as http:
        async with http.get("/") as page:
            assert page.status == 200
        assert [cookie.key for cookie in jar] == [COOKIE]
        yield Person(http)


async def meet(*people: Person) -> str:
    for person in people:
        await person.enter()
    for person in people:
        await person.say("find_partner")
    rooms = [(await person.hear("partner_found"))["roomId"] for person in people]
    assert len(set(rooms)) == 1
    return str(rooms[0])


async def order(relay: Relay, method: str, path: str, body: object = None) -> Any:
    """What an operator orders."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = relay.url.replace("localhost", "127.0.0.1")
    async with (
        aiohttp.ClientSession(url, headers=headers) as http,
        http.request(method, f"/api/v1{path}", json=body) as answer,
    ):
        assert answer.status < 300, await answer.text()
        return await answer.json() if answer.content_type == "application/json" else None


async def test_a_report_a_ban_an_appeal_and_its_answer(relay: Relay) -> None:
    async with arrived(relay) as ann, arrived(relay) as bob:
        room = await meet(ann, bob)
        await ann.say("report", reason="nudity", words="He undressed.")
        received = await ann.hear("report_received")
        assert received["roomId"] == room
        assert received["isStored"]
        await bob.hear("partner_left")

        (report,) = (await order(relay, "GET", "/reports"))["reports"]
        assert report["id"] == received["reportId"]
        ban = {"scope": "visitor", "minutes": 60, "words": "Not here."}
        decision = {"outcome": "banned", "why": "seen", "ban": ban}
        await order(relay, "POST", f"/reports/{report['id']}/decision", decision)
        assert (await ann.hear("report_outcome"))["outcome"] == "banned"
        assert await bob.sent_away() == 4004

        status, told = await bob.ask("GET", "/ws")
        assert status == 403
        assert told["error"]["code"] == "banned"
        assert told["error"]["ban"]["words"] == "Not here."
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await bob.http.ws_connect("/ws?resume=back")
        assert refused.value.status == 403

        status, appeal = await bob.ask("POST", "/visitor/appeals", json={"words": "Sorry!"})
        assert (status, appeal["outcome"]) == (201, "open")
        (case,) = (await order(relay, "GET", "/appeals"))["appeals"]
        answer = {"outcome": "granted", "answer": "Once.", "why": "new here"}
        await order(relay, "POST", f"/appeals/{case['id']}/answer", answer)
        await bob.enter()
        assert (await bob.ask("GET", "/visitor"))[1]["ban"] is None
        assert (await bob.ask("GET", "/visitor"))[1]["reports"] == []


async def test_what_was_confirmed_is_there_after_a_restart(tmp_path: Path) -> None:
    async with running(settings(tmp_path)) as relay, arrived(relay) as ann, arrived(relay) as bob:
        await meet(ann, bob)
        await ann.say("report", reason="hate")
        await ann.hear("report_received")
        _, told = await bob.ask("GET", "/visitor")
        order_ = {"visitor": told["visitor"], "minutes": None, "reason": "hate", "why": "seen"}
        await order(relay, "POST", "/bans", order_)
        kept = [{each.key: each.value for each in one.http.cookie_jar} for one in (ann, bob)]
    async with running(settings(tmp_path)) as again:
        url = again.url.replace("localhost", "127.0.0.1")
        banned = aiohttp.ClientSession(url, cookies=kept[1])
        async with banned as http, http.get("/ws") as answer:
            assert answer.status == 403
        async with aiohttp.ClientSession(url, cookies=kept[0]) as http:
            person = Person(http)
            _, told = await person.ask("GET", "/visitor")
            assert [each["reason"] for each in told["reports"]] == ["hate"]
            assert len(told["blocks"]) == 1
            await person.enter()
            assert person.socket
            await person.socket.close()


async def test_nobody_learns_who_has_reported_whom(relay: Relay) -> None:
    async with arrived(relay) as ann, arrived(relay) as bob:
        await meet(ann, bob)
        await ann.say("report", reason="threat", words="He knows where I live.")
        await ann.hear("report_received")
        assert bob.socket
        await bob.say("ping")
        heard: list[dict[str, Any]] = []
        async with asyncio.timeout(PATIENCE_S):
            while (message := await bob.socket.receive_json())["type"] != "pong":
                heard.append(message)
        assert [each["type"] for each in heard] == ["partner_left"]
        assert heard[0] == {"type": "partner_left"}
        told = str((await bob.ask("GET", "/visitor"))[1])
        assert "threat" not in told


async def test_a_forged_cookie_is_nobodys(relay: Relay) -> None:
    async with arrived(relay) as ann, arrived(relay) as bob:
        _, told = await bob.ask("GET", "/visitor")
        (own,) = [each.value for each in ann.http.cookie_jar]
        forged = told["visitor"] + own[own.index(".") :]
        url = relay.url.replace("localhost", "127.0.0.1")
        async with aiohttp.ClientSession(url, cookies={COOKIE: forged}) as http:
            assert (await Person(http).ask("GET", "/visitor"))[1]["visitor"] is None
