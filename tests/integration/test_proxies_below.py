"""One relay below a path of its host, behind real proxies, as the documents have them."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from http.cookies import SimpleCookie
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from structlog.testing import capture_logs

from relay.app import Relay, running
from relay.config import Settings
from tests.support.balancers import CADDY, HAPROXY, NGINX, caddy, haproxy, nginx
from tests.support.certificates import Files, write_certificate
from tests.support.peer import Door
from tests.support.ports import free_port
from tests.support.recipes import recipe

TOKEN = "the-operators-token"
OTHERS = "pages of others"

KINDS = [
    pytest.param(name, marks=pytest.mark.skipif(found is None, reason=f"needs {name}"))
    for name, found in (("nginx", NGINX), ("haproxy", HAPROXY), ("caddy", CADDY))
]
needs_nginx = pytest.mark.skipif(
    NGINX is None, reason="needs nginx (scripts/need nginx nginx-light)"
)


class Place:
    """A server, other pages beside it, and who is to trust the proxies in front of them."""

    def __init__(self, relay: Relay, others: str, folder: Path) -> None:
        self.relay, self.others, self.folder = relay, others, folder
        self.files: Files = write_certificate(folder)
        self.here = relay.url.split("/")[2].replace("localhost", "127.0.0.1")
        self._trusted = ssl.create_default_context(cafile=self.files.cert)

    def http(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(ssl=self._trusted)
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())

    def proxy(self, kind: str, folder: Path, port: int) -> AbstractAsyncContextManager[object]:
        """The recipe's, at a port of this machine."""
        if kind == "nginx":
            return nginx(folder, self.nginx(port))
        if kind == "haproxy":
            both = folder / "both.pem"
            both.write_text(self.files.cert.read_text() + self.files.key.read_text())
            places = {
                "bind :443": f"bind 127.0.0.1:{port}",
                "127.0.0.1:8080": self.here,
                "127.0.0.1:8090": self.others,
                "/etc/haproxy/www.example.org.pem": str(both),
            }
            return haproxy(folder, recipe("HAProxy, below a path", "haproxy", **places))
        tls = f"tls {self.files.cert} {self.files.key}"
        places = {
            "www.example.org {": f"https://127.0.0.1:{port} {{\n\tbind 127.0.0.1\n\t{tls}",
            "127.0.0.1:8080": self.here,
            "127.0.0.1:8090": self.others,
        }
        return caddy(folder, recipe("Caddy, below a path", "caddyfile", **places))

    def nginx(self, port: int, **instead: str) -> str:
        """The recipe's block, in a server of nginx'; without an operator's other pages."""
        location = recipe(
            "A path of the host", "nginx", page=None, **{"127.0.0.1:8080": self.here, **instead}
        )
        return f"""
            server {{
                listen 127.0.0.1:{port} ssl;
                ssl_certificate {self.files.cert};
                ssl_certificate_key {self.files.key};
                {location}
                location / {{ proxy_pass http://{self.others}; }}
            }}
        """


@asynccontextmanager
async def pages_of_others() -> AsyncIterator[str]:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=OTHERS)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    yield f"127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("below")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def place(kept: Path) -> AsyncIterator[Place]:
    """One for all tests."""
    settings = Settings.model_validate(
        {
            "host": "127.0.0.1",
            "port": 0,
            "udp_port": 0,
            "workers": 0,
            "base_path": "/chat/",
            "trusted_proxies": "127.0.0.1",
            "operator_token": TOKEN,
            "data_dir": str(kept / "data"),
        }
    )
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(running(settings))
        others = await stack.enter_async_context(pages_of_others())
        yield Place(relay, others, kept)


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.mark.parametrize("kind", KINDS)
async def test_page_sockets_and_events_get_through(place: Place, kind: str, tmp_path: Path) -> None:
    port = free_port()
    host = f"https://127.0.0.1:{port}"
    async with place.proxy(kind, tmp_path, port), place.http() as http:
        await the_page_is_below_the_path(http, host)
        await two_meet(place.relay, http, host)
        await an_operator_sees_events(http, host)


async def the_page_is_below_the_path(http: aiohttp.ClientSession, host: str) -> None:
    async with http.get(f"{host}/elsewhere") as response:
        assert await response.text() == OTHERS
    async with http.get(f"{host}/chat") as response:
        assert (response.status, str(response.url)) == (200, f"{host}/chat/")
        assert "<title>" in await response.text()
        [visitor] = SimpleCookie(response.headers["Set-Cookie"]).values()
    assert (visitor.key, visitor["path"]) == ("__Secure-relay_visitor", "/chat/")
    async with http.get(f"{host}/chat/with/abc") as response:
        [there] = response.history
        assert there.headers["Location"] == "../#with=abc"
        assert str(response.url) == f"{host}/chat/"


async def two_meet(relay: Relay, http: aiohttp.ClientSession, host: str) -> None:
    """And a page of this host may, and no other one."""
    door = Door(relay.gateway, f"{host}/chat/ws", http)
    first, second = await door.pair()
    await first.send("chat_message", text="hello")
    assert (await second.hear("chat_message"))["text"] == "hello"
    await door.come({"Origin": host})
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await door.come({"Origin": "https://foe.example"})
    assert refused.value.status == 403
    await door.close()


async def an_operator_sees_events(http: aiohttp.ClientSession, host: str) -> None:
    """By the dashboard's cookie, one after the other, as they come."""
    own = {"Origin": host, "Sec-Fetch-Site": "same-origin"}
    async with http.post(
        f"{host}/chat/admin/login", json={"token": TOKEN}, headers=own
    ) as response:
        assert response.status == 204
        [session] = SimpleCookie(response.headers["Set-Cookie"]).values()
    assert (session.key, session["path"]) == ("__Secure-relay_session", "/chat/")
    shown = {"Cookie": f"{session.key}={session.value}", **own}
    async with http.get(f"{host}/chat/api/v1/events", headers=shown) as response:
        assert response.status == 200
        async with asyncio.timeout(30):
            for _ in range(2):
                await response.content.readuntil(b"\n\n")


@needs_nginx
@pytest.mark.parametrize(
    ("left_out", "status", "told"),
    [
        (
            (
                "    proxy_set_header Upgrade $http_upgrade;\n",
                "    proxy_set_header Connection upgrade;\n",
            ),
            426,
            {"event": "upgrade_missing", "headers": "Upgrade, Connection"},
        ),
        (
            ("    proxy_set_header Host $http_host;\n",),
            403,
            {"event": "origin_refused", "origin": "https://127.0.0.1:{port}", "host": "{here}"},
        ),
    ],
)
async def test_what_a_proxy_takes_away_is_told_in_one_line(
    place: Place, tmp_path: Path, left_out: tuple[str, ...], status: int, told: dict[str, str]
) -> None:
    port = free_port()
    host = f"https://127.0.0.1:{port}"
    block = place.nginx(port, **dict.fromkeys(left_out, ""))
    async with nginx(tmp_path, block), place.http() as http:
        door = Door(place.relay.gateway, f"{host}/chat/ws", http)
        with capture_logs() as logged, pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await door.come({"Origin": host})
        assert refused.value.status == status
    expected = {k: v.format(port=port, here=place.here) for k, v in told.items()}
    assert logged == [{"log_level": "warning", **expected}]
