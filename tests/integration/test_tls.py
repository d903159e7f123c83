"""HTTPS by the server itself, over real sockets."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from relay.app import Relay, running
from relay.config import Settings
from tests.support.certificates import Files, write_certificate

HSTS = "Strict-Transport-Security"


def settings(**changed: object) -> Settings:
    chosen: dict[str, object] = {"host": "127.0.0.1", "port": 0, "udp_port": 0, "workers": 0}
    return Settings.model_validate(chosen | changed)


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return write_certificate(tmp_path)


@pytest.fixture
async def self_signed() -> AsyncIterator[Relay]:
    async with running(settings(tls_self_signed=True)) as relay:
        yield relay


def pinned(relay: Relay) -> aiohttp.Fingerprint:
    assert relay.fingerprint
    return aiohttp.Fingerprint(bytes.fromhex(relay.fingerprint.replace(":", "")))


def trusting(pem: str) -> ssl.SSLContext:
    """A client that takes this certificate, if it is one for the host asked for."""
    return ssl.create_default_context(cadata=pem)


async def certificate_of(relay: Relay) -> str:
    return await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", relay.port))


async def test_the_fingerprint_told_is_that_of_the_certificate_served(self_signed: Relay) -> None:
    async with (
        aiohttp.ClientSession(self_signed.url) as http,
        http.get("/health", ssl=pinned(self_signed)) as response,
    ):
        assert self_signed.url == f"https://127.0.0.1:{self_signed.port}"
        assert response.status == 200


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "::1"])
async def test_a_self_signed_certificate_names_this_machine(self_signed: Relay, name: str) -> None:
    trust = trusting(await certificate_of(self_signed))
    _, writer = await asyncio.open_connection(
        "127.0.0.1", self_signed.port, ssl=trust, server_hostname=name
    )
    writer.close()
    await writer.wait_closed()


async def test_a_self_signed_certificate_names_nobody_else(self_signed: Relay) -> None:
    trust = trusting(await certificate_of(self_signed))
    for name in ("192.0.2.1", "example.org"):
        with pytest.raises(ssl.SSLCertVerificationError, match=r"mismatch|not valid for"):
            await asyncio.open_connection(
                "127.0.0.1", self_signed.port, ssl=trust, server_hostname=name
            )


async def test_a_page_over_https_opens_the_socket_and_others_do_not(self_signed: Relay) -> None:
    async with aiohttp.ClientSession(self_signed.url) as http:
        pin = pinned(self_signed)
        async with http.ws_connect("/ws", ssl=pin, origin=self_signed.url) as socket:
            assert (await socket.receive_json())["type"] == "connected"
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await http.ws_connect("/ws", ssl=pin, origin="https://127.0.0.1:1")
        assert refused.value.status == 403


async def test_two_users_meet_over_tls(self_signed: Relay) -> None:
    pin = pinned(self_signed)
    async with (
        aiohttp.ClientSession(self_signed.url) as http,
        http.ws_connect("/ws", ssl=pin) as one,
        http.ws_connect("/ws", ssl=pin) as other,
    ):
        for socket in (one, other):
            await socket.send_json({"type": "find_partner"})
        for socket in (one, other):
            while (await socket.receive_json())["type"] != "partner_found":
                pass


async def test_stopping_closes_sockets_over_tls_in_order() -> None:
    async with running(settings(tls_self_signed=True)) as relay:
        session = aiohttp.ClientSession(relay.url)
        socket = await session.ws_connect("/ws", ssl=pinned(relay))
        await socket.receive_json()
        closed = asyncio.create_task(socket.receive())
    assert (await closed).type is aiohttp.WSMsgType.CLOSE
    assert socket.close_code == aiohttp.WSCloseCode.GOING_AWAY
    await session.close()


async def test_old_tls_is_refused(self_signed: Relay) -> None:
    old = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    old.check_hostname = False
    old.verify_mode = ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # that they are old is the point
        old.minimum_version = ssl.TLSVersion.TLSv1
        old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        await asyncio.open_connection("127.0.0.1", self_signed.port, ssl=old)


async def test_plain_http_on_the_port_gets_nothing_and_leaves_no_traceback(
    self_signed: Relay, caplog: pytest.LogCaptureFixture
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", self_signed.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert b"HTTP" not in await reader.read()
    writer.close()
    await writer.wait_closed()
    assert caplog.records == []
    async with (
        aiohttp.ClientSession(self_signed.url) as http,
        http.get("/health", ssl=pinned(self_signed)) as response,
    ):
        assert response.status == 200


async def test_a_certificate_of_the_operators_is_served(files: Files) -> None:
    chosen = settings(tls_cert=files.cert, tls_key=files.key)
    async with running(chosen) as relay, aiohttp.ClientSession(relay.url) as http:
        assert relay.fingerprint is None
        trust = trusting(files.cert.read_text())
        async with http.get("/", ssl=trust) as response:
            assert response.status == 200
            assert response.headers[HSTS] == "max-age=15552000"
        async with http.ws_connect("/ws", ssl=trust, origin=relay.url) as socket:
            assert (await socket.receive_json())["type"] == "connected"


async def test_without_a_certificate_meant_to_stay_browsers_are_not_bound_to_https(
    self_signed: Relay,
) -> None:
    async with (
        aiohttp.ClientSession(self_signed.url) as http,
        http.get("/", ssl=pinned(self_signed)) as response,
    ):
        assert HSTS not in response.headers
    async with (
        running(settings()) as plain,
        aiohttp.ClientSession(plain.url) as http,
        http.get("/", headers={"X-Forwarded-Proto": "https"}) as response,
    ):
        assert HSTS not in response.headers


async def test_new_connections_get_the_new_certificate_and_those_that_are_there_go_on(
    files: Files,
) -> None:
    chosen = settings(tls_cert=files.cert, tls_key=files.key)
    async with running(chosen) as relay, aiohttp.ClientSession(relay.url) as http:
        first = await certificate_of(relay)
        async with http.ws_connect("/ws", ssl=trusting(first)) as socket:
            await socket.receive_json()
            write_certificate(files.cert.parent)
            relay.reloading.reload(lambda: chosen)
            assert await certificate_of(relay) == files.cert.read_text() != first
            await socket.send_json({"type": "find_partner"})
            assert (await socket.receive_json())["type"] == "waiting_for_partner"
