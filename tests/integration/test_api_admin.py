"""The dashboard's login over real sockets: the cookie, what it opens, and how it ends."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest

from relay.api import front
from relay.api.attempts import BURST
from relay.api.sessions import COOKIE, Sessions
from tests.support.operating import TOKEN, OperatedServer, operating


@asynccontextmanager
async def a_browser(
    server: OperatedServer, *, logged_in: bool = True
) -> AsyncIterator[aiohttp.ClientSession]:
    """Without the token in its headers; its origin is the server's."""
    jar = aiohttp.CookieJar(unsafe=True)  # or it would keep no cookie of an IP address
    headers = {"Origin": server.relay.url}
    async with aiohttp.ClientSession(server.relay.url, headers=headers, cookie_jar=jar) as browser:
        if logged_in:
            assert await login(browser) == 204
        yield browser


async def login(browser: aiohttp.ClientSession, token: str = TOKEN) -> int:
    async with browser.post("/admin/login", json={"token": token}) as response:
        return response.status


async def status_of(browser: aiohttp.ClientSession, method: str, path: str) -> int:
    async with browser.request(method, path) as response:
        return response.status


async def ends(stream: aiohttp.ClientResponse) -> None:
    """Read until there is no more."""
    with contextlib.suppress(aiohttp.ClientPayloadError):  # it is cut off rather than ended
        await stream.read()


async def test_the_dashboard_is_served_to_anybody_and_tells_nothing() -> None:
    async with operating() as server, a_browser(server, logged_in=False) as browser:
        async with browser.get("/admin", allow_redirects=False) as response:
            assert (response.status, response.headers["Location"]) == (308, "admin/")
        async with browser.get("/admin/") as response:
            assert (response.status, response.content_type) == (200, "text/html")
        async with browser.get("/admin/session") as response:
            assert await response.json() == {"loggedIn": False}


async def test_the_cookie_opens_the_api_until_logout() -> None:
    async with operating() as server, a_browser(server) as browser:
        assert await status_of(browser, "GET", "/api/v1/totals") == 200
        assert await status_of(browser, "POST", "/api/v1/drain") == 200
        assert await status_of(browser, "DELETE", "/api/v1/drain") == 200
        assert await status_of(browser, "POST", "/admin/logout") == 204
        assert await status_of(browser, "GET", "/api/v1/totals") == 401


async def test_the_cookie_opens_nothing_but_the_api() -> None:
    async with operating() as server, a_browser(server) as browser:
        assert await status_of(browser, "GET", "/rooms") == 401
        assert await status_of(browser, "GET", "/metrics") == 401


async def test_another_sites_page_changes_nothing() -> None:
    async with operating() as server, a_browser(server) as browser:
        headers = {"Origin": "http://evil.example"}
        async with browser.post("/api/v1/drain", headers=headers) as response:
            assert response.status == 403
            assert (await response.json())["error"]["code"] == "forbidden"
        assert (await server.operator.get("totals"))["draining"] is False


async def test_guessing_gets_429_and_says_for_how_long() -> None:
    async with operating() as server, a_browser(server, logged_in=False) as browser:
        assert [await login(browser, "wrong") for _ in range(BURST)] == [401] * BURST
        async with browser.post("/admin/login", json={"token": TOKEN}) as response:
            assert response.status == 429
            assert 1 <= int(response.headers["Retry-After"]) <= 5


async def test_a_body_that_is_none_gets_422() -> None:
    async with operating() as server, a_browser(server, logged_in=False) as browser:
        for body, status in ((b"token=x", 422), (b"x" * 5000, 413)):
            async with browser.post("/admin/login", data=body) as response:
                assert response.status == status
                assert "error" in await response.json()


async def test_logging_out_ends_the_stream_of_events() -> None:
    async with operating() as server, a_browser(server) as browser:
        async with browser.get("/api/v1/events") as stream, asyncio.timeout(20):
            await stream.content.readuntil(b"\n\n")
            assert await status_of(browser, "POST", "/admin/logout") == 204
            await ends(stream)
        await server.operator.until("totals", lambda totals: totals["eventReaders"] == 0)


async def test_the_stream_of_events_ends_with_the_session(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(front, "Sessions", lambda path: Sessions(lifetime_s=0.5, path=path))
    async with operating() as server, a_browser(server) as browser:
        async with browser.get("/api/v1/events") as stream, asyncio.timeout(20):
            await ends(stream)
        assert await status_of(browser, "GET", "/api/v1/totals") == 401


async def test_the_cookie_is_for_the_browser_alone() -> None:
    async with operating() as server, a_browser(server, logged_in=False) as browser:
        async with browser.post("/admin/login", json={"token": TOKEN}) as response:
            cookie = response.cookies[COOKIE]
        assert (cookie["httponly"], cookie["samesite"]) == (True, "Strict")
        assert (cookie["path"], cookie["max-age"]) == ("/", str(8 * 3600))


async def test_the_history_grows() -> None:
    async with operating() as server:
        await server.come()
        told = await server.operator.until("history", lambda history: history["samples"])
        assert told["periodS"] == 5
        [sample] = told["samples"]
        assert (sample["connected"], sample["inCall"], sample["lossUpRatio"]) == (1, 0, 0)
