"""The operators' client against servers that behave, and some that do not."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from relay.app import running
from relay.config import Settings
from relay.errors import OperatorError, Refused, Unreachable
from relay.ops import exchange
from relay.ops.client import Client, Wanted
from tests.support.certificates import write_certificate
from tests.unit.ops.samples import snapshot, track

TOKEN = "the-token-of-the-tests"
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """A server that answers everything with ``handler``."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
        port = runner.addresses[0][1]
        yield f"{'https' if context else 'http'}://127.0.0.1:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def asking(handler: Handler) -> AsyncIterator[Client]:
    async with serving(handler) as url, Client(url, TOKEN) as relay:
        yield relay


async def failure(handler: Handler) -> OperatorError:
    async with asking(handler) as relay:
        with pytest.raises(OperatorError) as raised:
            await relay.users()
    assert "\n" not in str(raised.value)
    return raised.value


async def test_the_token_is_shown_and_the_query_is_the_api_s() -> None:
    seen = []

    async def answer(request: web.Request) -> web.Response:
        seen.append((request.path, dict(request.query), request.headers["Authorization"]))
        return web.json_response({"tracks": [], "total": 0})

    async with asking(answer) as relay:
        await relay.tracks(Wanted(bad=True, sort="round_trip", room="r"), limit=7)
    query = {"bad": "true", "sort": "round_trip", "room": "r", "limit": "7", "offset": "0"}
    assert seen == [("/api/v1/tracks", query, f"Bearer {TOKEN}")]


async def test_pages_are_asked_for_until_there_are_no_more() -> None:
    async def answer(request: web.Request) -> web.Response:
        offset, limit = int(request.query["offset"]), int(request.query["limit"])
        ids = [f"t{number}" for number in range(offset, min(offset + limit, 1203))]
        tracks = [track(id=each).model_dump(mode="json") for each in ids]
        return web.json_response({"tracks": tracks, "total": 1203})

    async with asking(answer) as relay:
        assert [each.id for each in await relay.tracks()] == [f"t{n}" for n in range(1203)]
        assert len(await relay.tracks(limit=501)) == 501


async def test_what_a_newer_relay_adds_is_ignored() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response(track().model_dump(mode="json") | {"brandNew": 1})

    async with asking(answer) as relay:
        assert await relay.track("x") == track()


async def test_ids_are_quoted() -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response({"error": {"code": "x", "message": request.raw_path}}, status=404)

    async with asking(answer) as relay:
        with pytest.raises(Refused, match=r"/api/v1/users/a%2F\.\.%3Fb$"):
            await relay.disconnect("a/..?b")


@pytest.mark.parametrize("status", [403, 409, 422, 429, 503])
async def test_the_relay_s_own_words_are_passed_on(status: int) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"error": {"code": "x", "message": "so it is"}}, status=status)

    error = await failure(answer)
    assert isinstance(error, Refused)
    assert (error.status, str(error)) == (status, "so it is")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("<html>", "text/html"),
        ("[]", "application/json"),
        ("{}", "application/json"),
        ('{"users": [{"id": 1}], "total": 1}', "application/json"),
        ("", "application/json"),
    ],
)
async def test_nonsense_is_no_relay_s_answer(body: str, content_type: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, content_type=content_type)

    assert "does not answer as a relay" in str(await failure(answer))


@pytest.mark.parametrize("body", ["<html>", "[]", '{"error": 1}', '{"error": {}}'])
async def test_an_error_that_is_no_relay_s_is_told_by_its_status(body: str) -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=body, status=502, content_type="application/json")

    assert str(await failure(answer)).endswith("answered with HTTP 502")


async def test_another_site_is_not_taken_for_a_relay_without_users() -> None:
    async def answer(_: web.Request) -> web.Response:
        raise web.HTTPNotFound

    assert "is it a relay" in str(await failure(answer))


async def test_a_redirect_does_not_get_the_token() -> None:
    asked = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        raise web.HTTPFound("/elsewhere")

    assert str(await failure(answer)).endswith("redirects to /elsewhere: give that as --url")
    assert asked == ["/api/v1/users"]


async def test_a_server_that_hangs_up() -> None:
    async def answer(request: web.Request) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    assert "closed the connection" in str(await failure(answer))


async def test_a_server_that_says_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "TIMEOUT_S", 0.1)
    let_go = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await let_go.wait()
        return web.Response()

    assert "does not answer in time" in str(await failure(answer))
    let_go.set()


async def test_events_come_as_snapshots_and_other_events_are_ignored() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        assert request.query["limit"] == "3"
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await response.write(b"event: other\ndata: {}\n\n")
        for name in ("a", "b"):
            data = snapshot(track(id=name)).model_dump_json()
            await response.write(f"event: snapshot\ndata: {data}\n\n".encode())
        return response

    async with asking(answer) as relay, aclosing(relay.events(limit=3)) as events:
        assert [each.tracks[0].id async for each in events] == ["a", "b"]


async def test_a_stream_that_breaks_off_says_so_after_what_came() -> None:
    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"some")
        assert request.transport is not None
        request.transport.close()
        return response

    async with asking(answer) as relay, relay.record("room") as chunks:
        assert await anext(chunks) == b"some"
        with pytest.raises(Unreachable, match="broke off"):
            await anext(chunks)


async def test_the_reader_s_own_failure_is_not_the_network_s() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=b"x")

    async def fail(relay: Client) -> None:
        async with relay.capture("link", 1.5, payload=True) as chunks:
            await anext(chunks)
            raise OSError("mine")

    async with asking(answer) as relay:
        with pytest.raises(OSError, match="mine"):
            await fail(relay)


async def test_a_certificate_nobody_signed_is_refused_unless_it_is_the_pinned_one() -> None:
    settings = Settings(host="127.0.0.1", port=0, udp_port=0, workers=0, tls_self_signed=True)
    async with running(settings) as server:
        token = server.operator_token.get_secret_value()
        async with Client(server.url, token) as relay:
            with pytest.raises(Unreachable, match=r"not to be trusted .* --fingerprint accepts"):
                await relay.users()
        async with Client(server.url, token, server.fingerprint) as relay:
            assert await relay.users() == []
        async with Client(server.url, token, "00" * 32) as relay:
            with pytest.raises(Unreachable, match="another certificate than --fingerprint"):
                await relay.users()
        async with Client(server.url.replace("https", "http"), token) as relay:
            with pytest.raises(OperatorError):
                await relay.users()


async def test_https_to_a_server_without_tls() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    async with serving(answer) as url, Client(url.replace("http", "https"), TOKEN) as relay:
        with pytest.raises(Unreachable, match="does not speak TLS; is it http:// instead"):
            await relay.users()


async def test_a_signed_certificate_of_another_kind_is_refused(tmp_path: Path) -> None:
    files = write_certificate(tmp_path, days_left=-1)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)

    async def answer(_: web.Request) -> web.Response:
        return web.Response()

    async with serving(answer, context) as url, Client(url, TOKEN) as relay:
        with pytest.raises(Unreachable, match="not to be trusted"):
            await relay.users()
