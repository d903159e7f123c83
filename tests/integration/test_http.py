"""The page and the endpoints, over real sockets."""

import asyncio
import re
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import aiohttp
import pytest
import structlog
from pydantic import SecretStr

from relay.api.attempts import BURST
from relay.api.page import folder
from relay.app import Relay, running
from relay.config import Settings
from relay.errors import ConfigError
from relay.media.paths.idle import IdleCores
from relay.media.plane import RelayPlane
from relay.plane import PlaneStats

TOKEN = "the-token-of-the-tests"


def settings(**changed: object) -> Settings:
    chosen = {
        "host": "127.0.0.1",
        "port": 0,
        "udp_port": 0,
        "workers": 0,
        "operator_token": TOKEN,
    } | changed
    return Settings.model_validate(chosen)


@pytest.fixture(params=["relay", "direct"])
async def relay(request: pytest.FixtureRequest) -> AsyncIterator[Relay]:
    async with running(settings(media_mode=request.param)) as started:
        yield started


@pytest.fixture
async def http(relay: Relay) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(relay.url) as session:
        yield session


async def raw(relay: Relay, request: bytes) -> bytes:
    """The answer to a request that no client library would send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
    writer.write(request)
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return answer


async def test_health(http: aiohttp.ClientSession) -> None:
    async with http.get("/health") as response:
        assert response.status == 200
        assert await response.json() == {"status": "ok"}


async def test_stats_follow_the_users(http: aiohttp.ClientSession) -> None:
    async def stats() -> dict[str, float]:
        async with http.get("/stats") as response:
            counts: dict[str, float] = await response.json()
            return counts

    at_first = await stats()
    assert at_first.pop("uptimeSeconds") >= 0
    assert at_first == dict.fromkeys(
        ("connected", "waiting", "rooms", "inCall", "links", "packetsForwarded"), 0
    )
    async with http.ws_connect("/ws") as one, http.ws_connect("/ws") as other:
        await one.receive_json()
        await other.receive_json()
        await one.send_json({"type": "find_partner"})
        assert (await one.receive_json())["type"] == "waiting_for_partner"
        waiting = await stats()
        assert (waiting["connected"], waiting["waiting"], waiting["rooms"]) == (2, 1, 0)
        await other.send_json({"type": "find_partner"})
        while (await other.receive_json())["type"] != "partner_found":
            pass
        paired = await stats()
        assert (paired["connected"], paired["waiting"], paired["rooms"]) == (2, 0, 1)


async def test_rooms_are_for_operators(http: aiohttp.ClientSession) -> None:
    async with http.get("/rooms") as response:
        assert response.status == 401
        assert response.headers["WWW-Authenticate"] == "Bearer"
        assert (await response.json())["error"]["code"] == "unauthorized"
    async with http.get("/rooms", headers={"Authorization": "Bearer wrong"}) as response:
        assert response.status == 401
    async with http.get("/rooms", headers={"Authorization": f"Bearer {TOKEN}"}) as response:
        assert response.status == 200
        assert await response.json() == {"rooms": []}


async def test_rooms_are_listed(http: aiohttp.ClientSession) -> None:
    async with http.ws_connect("/ws") as one, http.ws_connect("/ws") as other:
        users = [(await one.receive_json())["userId"], (await other.receive_json())["userId"]]
        await one.send_json({"type": "find_partner"})
        await one.receive_json()
        await other.send_json({"type": "find_partner"})
        while (found := await other.receive_json())["type"] != "partner_found":
            pass
        async with http.get("/rooms", headers={"Authorization": f"Bearer {TOKEN}"}) as response:
            [room] = (await response.json())["rooms"]
        assert room.pop("ageSeconds") >= 0
        assert room == {"roomId": found["roomId"], "users": users, "state": "matched"}


async def test_a_token_that_is_no_text_is_refused(relay: Relay) -> None:
    answer = await raw(
        relay,
        b"GET /rooms HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        b"Authorization: Bearer \xff\xfe\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 401 ")


async def test_the_page_is_served_and_asked_for_again_each_time(
    http: aiohttp.ClientSession,
) -> None:
    async with http.get("/") as response:
        assert response.status == 200
        assert response.headers["Content-Type"] == "text/html; charset=utf-8"
        assert response.headers["Cache-Control"] == "private, no-cache"
        assert b'<h1 id="greeting">' in await response.read()
        known = {"If-None-Match": response.headers["ETag"]}
    async with http.get("/", headers=known) as response:
        assert response.status == 304
        assert await response.read() == b""


@pytest.mark.parametrize(
    ("suffix", "content_type"),
    [(".js", "text/javascript"), (".css", "text/css"), (".svg", "image/svg+xml")],
)
async def test_files_have_the_type_that_browsers_insist_on(
    http: aiohttp.ClientSession, suffix: str, content_type: str
) -> None:
    for path in folder().rglob(f"*{suffix}"):
        async with http.get(f"/{path.relative_to(folder()).as_posix()}") as response:
            assert (response.status, response.content_type) == (200, content_type)


@pytest.mark.parametrize(
    "path",
    [
        "/../pyproject.toml",
        "/%2e%2e/pyproject.toml",
        "/..%2fpyproject.toml",
        "/%2e%2e%2f%2e%2e%2fetc/passwd",
        "//etc/passwd",
        "/.gitignore",
        "/index.html%00",
        "/" + "a" * 4000,
    ],
)
async def test_nothing_but_the_page_is_served(relay: Relay, path: str) -> None:
    request = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    answer = await raw(relay, request.encode())
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b'"not_found"' in answer


async def test_unknown_paths_and_wrong_methods_get_json(http: aiohttp.ClientSession) -> None:
    async with http.get("/no/such/thing") as response:
        assert response.status == 404
        assert await response.json() == {
            "error": {"code": "not_found", "message": "there is nothing here"}
        }
    async with http.post("/stats") as response:
        assert response.status == 405
        assert response.headers["Allow"] == "GET,HEAD"
        assert (await response.json())["error"]["code"] == "method_not_allowed"


async def test_a_foreign_page_cannot_open_the_socket(http: aiohttp.ClientSession) -> None:
    with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
        await http.ws_connect("/ws", origin="https://elsewhere.example")
    assert refused.value.status == 403


@pytest.mark.parametrize("path", ["/", "/main.js", "/health", "/rooms", "/none", "/ws"])
async def test_every_answer_has_the_security_headers(
    http: aiohttp.ClientSession, path: str
) -> None:
    async with http.get(path) as response:
        headers = response.headers
    policy = dict(part.split(" ", 1) for part in headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["connect-src"] == "'self'"
    own = r"'self'( 'sha256-[\w+/=]{44}')+" if path == "/" else "'self'"
    assert re.fullmatch(own, policy["script-src"])
    assert re.fullmatch(own, policy["style-src"])
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["Content-Security-Policy"]
    allowed = dict(part.split("=") for part in headers["Permissions-Policy"].split(", "))
    assert allowed["camera"] == allowed["microphone"] == "(self)"
    assert allowed["display-capture"] == allowed["geolocation"] == "()"
    assert policy["require-trusted-types-for"] == "'script'"
    assert policy["trusted-types"] == "workers"
    assert policy["worker-src"] == "'self'"
    assert headers["Server"] == "relay"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["X-Content-Type-Options"] == "nosniff"


async def test_bytes_that_are_not_http_leave_no_traceback(
    relay: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    answer = await raw(relay, b"\x16\x03\x01\x02\x00 this is no request\r\n\r\n")
    assert answer.startswith(b"HTTP/1.0 400 ")
    assert caplog.records == []


async def test_a_crash_is_a_500_without_details() -> None:
    class BrokenPlane(RelayPlane):
        async def stats(self) -> PlaneStats:
            raise RuntimeError("a detail")

    plane = BrokenPlane("127.0.0.1", 0)
    with structlog.testing.capture_logs() as logged:
        async with running(settings(), plane=plane) as relay:
            assert relay.udp_ports[0] == plane.udp_port
            async with (
                aiohttp.ClientSession(relay.url) as http,
                http.get("/stats") as response,
            ):
                assert response.status == 500
                assert (await response.json())["error"]["code"] == "internal_server_error"
                assert "a detail" not in await response.text()
                assert "Content-Security-Policy" in response.headers
    # Once a second the load is looked at, which fails as well.
    [crash] = [event for event in logged if event["event"] == "request_failed"]
    assert (crash["log_level"], crash["path"]) == ("error", "/stats")


async def test_a_generated_token_opens_and_differs_each_time() -> None:
    tokens = set()
    for _ in range(2):
        async with running(settings(operator_token=None)) as relay:
            token = relay.operator_token.get_secret_value()
            headers = {"Authorization": f"Bearer {token}"}
            async with (
                aiohttp.ClientSession(relay.url) as http,
                http.get("/rooms", headers=headers) as response,
            ):
                assert response.status == 200
            tokens.add(token)
    assert len(tokens) == 2
    assert all(re.fullmatch(r"[\w-]{32}", token) for token in tokens)


async def test_stopping_closes_the_sockets_with_going_away() -> None:
    async with running(settings()) as relay:
        session = aiohttp.ClientSession(relay.url)
        socket = await session.ws_connect("/ws")
        await socket.receive_json()
        closed = asyncio.create_task(socket.receive())
    assert (await closed).type is aiohttp.WSMsgType.CLOSE
    assert socket.close_code == aiohttp.WSCloseCode.GOING_AWAY
    with pytest.raises(aiohttp.ClientConnectorError):
        await session.get("/health")
    await session.close()


async def test_a_port_in_use_is_told_with_the_options_name() -> None:
    async with running(settings()) as relay:
        with pytest.raises(ConfigError, match=r"^--port: cannot listen on 127\.0\.0\.1 port \d+"):
            async with running(settings(port=relay.port)):
                pass
        with pytest.raises(ConfigError, match=r"^--udp-port: .* address already in use$"):
            async with running(settings(udp_port=relay.udp_ports[0])):
                pass


async def test_an_address_of_another_machine_is_told_with_the_options_name() -> None:
    with pytest.raises(ConfigError, match=r"^--host: cannot listen on 192\.0\.2\.1 port 0"):
        async with running(settings(host="192.0.2.1", media_mode="direct")):
            pass


async def test_idle_cores_that_cannot_be_kept_awake_are_told_with_the_options_name(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("relay.carrier.IdleCores", partial(IdleCores, tmp_path / "device"))
    with pytest.raises(ConfigError, match=r"^--poll-idle: .*: no such file or directory$"):
        async with running(settings(poll_idle=True)):
            pass
    async with running(settings(poll_idle=True, media_mode="direct")):
        pass  # it is not needed
    (tmp_path / "device").touch()
    async with running(settings(poll_idle=True)):
        pass


async def test_settings_reach_the_client() -> None:
    server = {"urls": ["turn:t.example"], "username": "u", "credential": "p"}
    chosen = settings(media_mode="direct", ice_servers=[server, "stun:s.example"])
    async with (
        running(chosen) as relay,
        aiohttp.ClientSession(relay.url) as http,
        http.ws_connect("/ws") as socket,
    ):
        connected = await socket.receive_json()
    assert connected["mediaMode"] == "direct"
    assert connected["iceServers"] == [server, {"urls": ["stun:s.example"]}]


async def test_operator_token_is_a_secret() -> None:
    assert isinstance(settings().operator_token, SecretStr)


async def test_connections_are_counted_by_what_they_do(
    relay: Relay, http: aiohttp.ClientSession
) -> None:
    operator = {"Authorization": f"Bearer {TOKEN}"}
    silent = [await asyncio.open_connection("127.0.0.1", relay.port) for _ in range(3)]
    async with http.ws_connect("/ws"), http.get("/metrics", headers=operator) as response:
        counted = re.findall(
            r'^relay_connections\{state="(\w+)"\} (\d)', await response.text(), re.MULTILINE
        )
    for _, writer in silent:
        writer.close()
        await writer.wait_closed()
    assert dict(counted) == {"silent": "3", "idle": "0", "busy": "2"}


async def test_guesses_of_the_token_are_slowed_wherever_they_are_tried(
    http: aiohttp.ClientSession,
) -> None:
    async def status(path: str, token: str) -> int:
        async with http.get(path, headers={"Authorization": f"Bearer {token}"}) as response:
            return response.status

    paths = ("/metrics", "/rooms", "/api/v1/totals", "/metrics", "/rooms")
    assert [await status(path, "a-guess") for path in paths] == [401] * BURST
    assert [await status(path, TOKEN) for path in paths] == [429] * BURST
    async with http.get("/health") as response:
        assert response.status == 200


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("evil.example", "http://evil.example", 421),
        ("chat.example.org", "https://chat.example.org", 101),
        ("chat.example.org", None, 101),
        ("localhost", "http://localhost", 101),
        ("127.0.0.1", "https://evil.example", 403),
    ],
)
async def test_a_page_whose_name_was_rebound_opens_no_socket(
    relay: Relay, host: str, origin: str | None, status: int
) -> None:
    answer = await raw(
        relay,
        "\r\n".join(
            (
                "GET /ws HTTP/1.1",
                f"Host: {host}",
                *([f"Origin: {origin}"] if origin else []),
                "Upgrade: websocket",
                "Sec-WebSocket-Version: 13",
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                *(["Connection: upgrade"] if status == 101 else ["Connection: upgrade, close"]),
                "",
                "\x88\x80abcd" if status == 101 else "",  # and closes it
            )
        ).encode("latin-1"),
    )
    assert answer.startswith(f"HTTP/1.1 {status} ".encode())
    assert (b"misdirected_request" in answer) is (status == 421)


async def test_with_allowed_hosts_every_request_has_to_name_one() -> None:
    async with (
        running(settings(allowed_hosts=["chat.example.org"])) as relay,
        aiohttp.ClientSession(relay.url) as http,
    ):

        async def status(host: str) -> int:
            async with http.get("/stats", headers={"Host": host}) as response:
                return response.status

        assert await status("chat.example.org") == 200
        assert await status("localhost:1") == 200
        assert await status("evil.example") == 421


@pytest.mark.parametrize(("trusted", "others"), [(["127.0.0.1", "::1"], 401), ([], 429)])
async def test_who_guesses_behind_a_trusted_proxy_makes_nobody_else_wait(
    trusted: list[str], others: int
) -> None:
    async with (
        running(settings(trusted_proxies=trusted)) as relay,
        aiohttp.ClientSession(relay.url) as http,
    ):

        async def status(client: str) -> int:
            headers = {"X-Forwarded-For": client, "Authorization": "Bearer a-guess"}
            async with http.get("/rooms", headers=headers) as response:
                return response.status

        assert [await status("192.0.2.1") for _ in range(BURST)] == [401] * BURST
        assert await status("192.0.2.1") == 429
        assert await status("192.0.2.2") == others
        async with http.ws_connect("/ws", headers={"X-Forwarded-For": "192.0.2.2"}) as socket:
            assert (await socket.receive_json())["type"] == "connected"
