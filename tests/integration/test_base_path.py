"""A server whose page is below a path of its host, behind a proxy that has other pages, too."""

from collections.abc import AsyncIterator
from http.cookies import SimpleCookie

import aiohttp
import pytest

from relay.app import Relay, running
from relay.bots import address
from relay.bots.client import Client
from relay.config import Settings
from relay.ops.client import Client as Operator
from relay.protocol.messages import Connected

TOKEN = "the-operators-token"
OVER_HTTPS = {"X-Forwarded-Proto": "https", "Sec-Fetch-Site": "same-origin"}


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    settings = Settings.model_validate(
        {
            "host": "127.0.0.1",
            "port": 0,
            "udp_port": 0,
            "workers": 0,
            "base_path": "/chat/",
            "operator_token": TOKEN,
        }
    )
    async with running(settings) as relay:
        yield relay


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield session


async def test_all_of_the_page_is_below_the_path(relay: Relay, http: aiohttp.ClientSession) -> None:
    host = relay.url.removesuffix("/chat")
    assert host != relay.url
    seen = {
        path: await answered(http, host + path)
        for path in (
            *("/", "/index.html", "/ws", "/admin/", "/api/v1/thresholds", "/visitor"),
            *("/health", "/ready", "/metrics"),
            *("/chat", "/chat/", "/chat/main.js", "/chat/welcome.txt", "/chat/visitor"),
            *("/chat/admin", "/chat/admin/", "/chat/admin/session", "/chat/api/v1/thresholds"),
            *("/chat/health", "/chat/ready", "/chat/metrics", "/chat/stats", "/chat/with/abc"),
        )
    }
    assert seen == {
        **dict.fromkeys(("/", "/index.html", "/ws", "/admin/", "/api/v1/thresholds"), (404, "")),
        "/visitor": (404, ""),
        "/health": (200, ""),
        "/ready": (200, ""),
        "/metrics": (401, ""),
        "/chat": (308, "/chat/"),
        "/chat/": (200, ""),
        "/chat/main.js": (200, ""),
        "/chat/welcome.txt": (200, ""),
        "/chat/visitor": (200, ""),
        "/chat/admin": (308, "admin/"),
        "/chat/admin/": (200, ""),
        "/chat/admin/session": (200, ""),
        "/chat/api/v1/thresholds": (401, ""),
        "/chat/health": (200, ""),
        "/chat/ready": (200, ""),
        "/chat/metrics": (401, ""),
        "/chat/stats": (200, ""),
        "/chat/with/abc": (303, "../#with=abc"),
    }


async def answered(http: aiohttp.ClientSession, url: str) -> tuple[int, str]:
    async with http.get(url, allow_redirects=False) as response:
        return response.status, response.headers.get("Location", "")


async def test_its_cookies_are_sent_to_nobody_else_on_the_host(
    relay: Relay, http: aiohttp.ClientSession
) -> None:
    async with http.get(f"{relay.url}/", headers=OVER_HTTPS) as response:
        [visitor] = SimpleCookie(response.headers["Set-Cookie"]).values()
    login = f"{relay.url}/admin/login"
    own = {**OVER_HTTPS, "Origin": "https://example.org"}
    async with http.post(login, json={"token": TOKEN}, headers=own) as response:
        assert response.status == 204
        [session] = SimpleCookie(response.headers["Set-Cookie"]).values()
    assert [visitor.key, session.key] == ["__Secure-relay_visitor", "__Secure-relay_session"]
    assert {cookie["path"] for cookie in (visitor, session)} == {"/chat/"}
    assert all(cookie["secure"] and cookie["httponly"] for cookie in (visitor, session))

    shown = {"Cookie": f"{session.key}={session.value}"}
    async with http.get(f"{relay.url}/admin/session", headers=shown) as response:
        assert (await response.json())["loggedIn"]
    shown = {**OVER_HTTPS, "Cookie": f"{visitor.key}={visitor.value}"}
    async with http.get(f"{relay.url}/visitor", headers=shown) as response:
        assert (await response.json())["visitor"]


async def test_commands_name_it_by_the_page_s_address(relay: Relay) -> None:
    server = address.read(relay.url, None)
    async with Client(server.url, server.ssl) as bot, Operator(relay.url, TOKEN, None) as operator:
        user = await bot.expect(Connected)
        assert [each.id for each in await operator.users()] == [user.user_id]
