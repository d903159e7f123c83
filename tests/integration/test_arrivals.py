"""Limits of visitors and addresses, and work, over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from altcha import Challenge, Payload, solve_challenge

from relay.app import Relay, running
from relay.bots.client import Client
from relay.bots.resuming import ResumingClient
from relay.config import Settings
from relay.errors import BotError
from relay.protocol.messages import Connected, FindPartner, WaitingForPartner
from relay.safety import work
from relay.safety.visitors import COOKIE
from tests.support.small import small

FROM = {"X-Forwarded-For": "8.8.8.8"}


def settings(tmp_path: Path, **changed: object) -> Settings:
    chosen = {
        "trusted_proxies": "127.0.0.1",
        "users_per_visitor": 1,
        "users_per_address": 2,
        "metrics_public": True,
    }
    return small(tmp_path, **(chosen | changed))


@pytest.fixture(autouse=True)
def easy(monkeypatch: pytest.MonkeyPatch) -> None:
    """What takes a browser a second is done at once."""
    monkeypatch.setattr("relay.signaling.reception.Work", lambda: work.Work(cost=1))


@pytest.fixture
async def relay(tmp_path: Path) -> AsyncIterator[Relay]:
    async with running(settings(tmp_path)) as started:
        yield started


@pytest.fixture
async def http(relay: Relay) -> AsyncIterator[aiohttp.ClientSession]:
    """Somebody without a cookie, who does not keep any."""
    jar = aiohttp.DummyCookieJar()
    async with aiohttp.ClientSession(relay.url, cookie_jar=jar) as session:
        yield session


async def why(http: aiohttp.ClientSession, query: str = "", **headers: str) -> dict[str, Any]:
    """What a page is told that asks why its WebSocket was refused."""
    async with http.get(f"/ws{query}", headers=headers or FROM) as response:
        if response.status == 400:
            return {"code": "let in"}
        error: dict[str, Any] = (await response.json())["error"]
        return error | {"status": response.status, "retry": response.headers["Retry-After"]}


def worked(challenge: dict[str, Any]) -> str:
    given = Challenge.from_dict(challenge)
    solution = solve_challenge(given)
    assert solution is not None
    text: str = Payload(given, solution).to_base64()
    return text.replace("+", "-").replace("/", "_").rstrip("=")


async def refused(http: aiohttp.ClientSession, query: str = "", **headers: str) -> int:
    try:
        async with http.ws_connect(f"/ws{query}", headers=headers or FROM):
            return 101
    except aiohttp.WSServerHandshakeError as error:
        return error.status


async def metrics(http: aiohttp.ClientSession) -> set[str]:
    async with http.get("/metrics") as response:
        return {line for line in (await response.text()).splitlines() if not line.endswith(" 0.0")}


async def test_beyond_the_limit_work_opens_the_door_and_beyond_four_times_nothing_does(
    http: aiohttp.ClientSession,
) -> None:
    async with AsyncExitStack() as stack:

        async def come(query: str = "") -> None:
            socket = await stack.enter_async_context(http.ws_connect(f"/ws{query}", headers=FROM))
            assert (await socket.receive_json())["type"] == "connected"

        for _ in range(2):
            assert await why(http) == {"code": "let in"}
            await come()
        for _ in range(6):
            assert await refused(http) == 429
            error = await why(http)
            assert (error["status"], error["code"]) == (429, "work_wanted")
            payload = worked(error["challenge"])
            assert (await why(http, f"?altcha={payload}"))["code"] == "work_wanted"  # and unspent
            await come(f"?altcha={payload}")
            assert await refused(http, f"?altcha={payload}") == 429  # it serves once
        error = await why(http)
        assert (error["status"], error["code"], error["retry"]) == (429, "too_many", "10")
        assert "challenge" not in error
        assert await why(http, **{"X-Forwarded-For": "9.9.9.9"}) == {"code": "let in"}
        assert await refused(http, **{"X-Forwarded-For": "9.9.9.9"}) == 101
        seen = await metrics(http)
    assert 'relay_users_refused_total{reason="work_wanted"} 11.0' in seen
    assert 'relay_work_total{outcome="solved"} 6.0' in seen
    assert 'relay_work_total{outcome="used"} 5.0' in seen


async def test_who_leaves_makes_room(http: aiohttp.ClientSession) -> None:
    for _ in range(5):
        async with (
            http.ws_connect("/ws", headers=FROM) as one,
            http.ws_connect("/ws", headers=FROM) as other,
        ):
            await one.receive_json()
            await other.receive_json()
            assert await refused(http) == 429
        while (await why(http))["code"] != "let in":
            pass  # the server notices a moment later


async def test_this_machine_feels_no_limit(http: aiohttp.ClientSession) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(20):
            await stack.enter_async_context(http.ws_connect("/ws"))
        assert await refused(http, **{"X-Nothing": "x"}) == 101


async def test_a_page_view_makes_a_visitor_who_is_counted(relay: Relay) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(relay.url, cookie_jar=jar) as browser:
        async with browser.get("/") as response:
            assert COOKIE in response.cookies
        async with browser.get("/") as response:
            assert not response.cookies
        async with browser.ws_connect("/ws") as socket:
            await socket.receive_json()
            assert (await why(browser, **{"X-Nothing": "x"}))["code"] == "work_wanted"
        async with browser.get("/visitor") as response:
            assert len((await response.json())["visitor"]) == 22


async def test_a_forged_cookie_is_nobodys(relay: Relay) -> None:
    async with aiohttp.ClientSession(relay.url, cookies={COOKIE: "v" * 22}) as browser:
        async with browser.get("/visitor") as response:
            assert (await response.json())["visitor"] is None
        assert 'relay_cookies_refused_total{reason="malformed"} 1.0' in await metrics(browser)


async def test_a_visitor_is_the_same_after_a_restart(tmp_path: Path) -> None:
    jar = aiohttp.CookieJar(unsafe=True)
    seen = []
    for _ in range(2):
        async with (
            running(settings(tmp_path)) as relay,
            aiohttp.ClientSession(relay.url, cookie_jar=jar) as browser,
        ):
            await (await browser.get("/")).read()
            async with browser.get("/visitor") as response:
                seen.append((await response.json())["visitor"])
    assert seen[0] == seen[1] is not None


async def test_coming_back_is_no_way_around_a_limit(http: aiohttp.ClientSession) -> None:
    async with (
        http.ws_connect("/ws", headers=FROM) as one,
        http.ws_connect("/ws", headers=FROM) as other,
    ):
        await one.receive_json()
        await other.receive_json()
        async with http.ws_connect("/ws?resume=back", headers=FROM) as third:
            assert (await third.receive_json())["type"] == "connected"
            await third.send_json({"type": "resume", "resumeToken": "none", "received": 0})
            assert (await third.receive_json())["code"] == "resume_failed"
            assert (await third.receive()).data == 1013
        payload = worked((await why(http))["challenge"])
        async with http.ws_connect(f"/ws?resume=back&altcha={payload}", headers=FROM) as third:
            await third.receive_json()
            await third.send_json({"type": "resume", "resumeToken": "none", "received": 0})
            assert (await third.receive_json())["code"] == "resume_failed"
            await third.send_json({"type": "find_partner"})
            assert (await third.receive_json())["type"] == "waiting_for_partner"


@pytest.mark.parametrize("payload", ["", "nonsense", "e30", "%00", "A" * 3000])
async def test_nonsense_in_place_of_work_opens_nothing(
    http: aiohttp.ClientSession, payload: str
) -> None:
    async with (
        http.ws_connect("/ws", headers=FROM) as one,
        http.ws_connect("/ws", headers=FROM) as other,
    ):
        await one.receive_json()
        await other.receive_json()
        assert await refused(http, f"?altcha={payload}") == 429


async def test_bots_work_when_they_are_asked_to_and_say_so_when_nothing_helps(
    relay: Relay, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = aiohttp.ClientSession
    monkeypatch.setattr(aiohttp, "ClientSession", lambda: made(headers=FROM))
    url = f"ws://127.0.0.1:{relay.port}/ws"
    async with AsyncExitStack() as stack:
        for _ in range(7):
            client = await stack.enter_async_context(Client(url))
            await client.expect(Connected)
        last = ResumingClient(url, lambda: None)
        await stack.enter_async_context(last)
        await last.expect(Connected)
        await last.send(FindPartner())
        await last.expect(WaitingForPartner)
        with pytest.raises(BotError, match=r"HTTP 429: too many users .*\(in 10 s\)"):
            await Client(url).connect()
