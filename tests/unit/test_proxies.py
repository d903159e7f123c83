"""Whose a request is that came through reverse proxies."""

from ipaddress import ip_network

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from relay.proxies import Proxies
from tests.support.accepted import Accepted

PROXIES = Proxies([ip_network("10.0.0.0/8"), ip_network("2001:db8:aaaa::/48")])


@pytest.mark.parametrize(
    ("peer", "told", "client"),
    [
        ("10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["203.0.113.9", "192.0.2.7"], "192.0.2.7"),  # the first is its own invention
        ("10.0.0.1", ["192.0.2.7", "10.9.9.9"], "192.0.2.7"),  # two of ours in a row
        ("10.0.0.1", ["10.9.9.9"], "10.9.9.9"),  # one of ours has asked
        ("::ffff:10.0.0.1", ["192.0.2.7"], "192.0.2.7"),
        ("2001:db8:aaaa::1", ["2001:db8::7"], "2001:db8::7"),
        ("10.0.0.1", [" 192.0.2.7 "], "192.0.2.7"),
        ("10.0.0.1", ["192.0.2.7:4711"], "192.0.2.7"),
        ("10.0.0.1", ["[2001:db8::7]:4711"], "2001:db8::7"),
        ("10.0.0.1", ["[2001:db8::7]"], "2001:db8::7"),
        ("10.0.0.1", ["::ffff:192.0.2.7"], "192.0.2.7"),
        ("10.0.0.1", ["192.0.2.7:_port"], "192.0.2.7"),
    ],
)
def test_a_trusted_proxy_tells_of_its_client(peer: str, told: list[str], client: str) -> None:
    assert PROXIES.client_of(peer, told) == client


@pytest.mark.parametrize("peer", ["192.0.2.66", "2001:db8:bbbb::1", "fe80::1%eth0", "", None])
def test_nobody_else_is_believed(peer: str | None) -> None:
    assert PROXIES.client_of(peer, ["203.0.113.9"]) == peer


@pytest.mark.parametrize(
    "node",
    [
        "unknown",
        "_hidden",
        "",
        "[",
        "[]",
        "[192.0.2.7",
        "1.2.3",
        "a" * 8000,
        "192.0.2.7;x",
        "\u0661",
    ],
)
def test_who_hides_has_its_proxys_address(node: str) -> None:
    assert PROXIES.client_of("10.0.0.1", ["203.0.113.9", node]) == "10.0.0.1"
    assert PROXIES.client_of("10.0.0.1", ["203.0.113.9", node, "10.2.2.2"]) == "10.2.2.2"
    assert PROXIES.client_of("10.0.0.1", []) == "10.0.0.1"


@pytest.mark.parametrize(
    ("headers", "client"),
    [
        ([("X-Forwarded-For", "203.0.113.9, 192.0.2.7")], "192.0.2.7"),
        ([("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-For", "192.0.2.7")], "192.0.2.7"),
        ([("Forwarded", 'for=203.0.113.9, for="[2001:db8::7]:47";proto=https')], "2001:db8::7"),
        ([("Forwarded", "for=203.0.113.9"), ("X-Forwarded-For", "192.0.2.7")], "192.0.2.7"),
        ([("Forwarded", "by=10.0.0.1")], "10.0.0.1"),
        ([], "10.0.0.1"),
    ],
)
async def test_a_request_is_its_clients(headers: list[tuple[str, str]], client: str) -> None:
    seen = await _remote(PROXIES, headers)
    assert seen == client


async def test_without_proxies_nothing_is_believed() -> None:
    assert await _remote(Proxies(), [("X-Forwarded-For", "192.0.2.7")]) == "10.0.0.1"


def test_a_proxy_is_not_bounded_by_its_address() -> None:
    public = Proxies([ip_network("192.88.99.0/24")])
    assert public.bounded_source_of("192.88.99.7") == ""
    assert public.bounded_source_of("8.8.8.8") == "8.8.8.8"


async def _remote(proxies: Proxies, headers: list[tuple[str, str]]) -> str | None:
    """Whom a handler takes a request for that came from 10.0.0.1."""
    seen = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request.remote)
        return web.Response()

    request = make_mocked_request(
        "GET", "/", CIMultiDict(headers), transport=Accepted(("10.0.0.1", 5))
    )
    await proxies.attend(request, handler)
    return seen[0]
