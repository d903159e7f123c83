"""Networks that let little through: the page finds a way in each, in Chromium and in Firefox.

The server has HTTPS on port 443 and a name, which the network's own name server knows. How long
Start takes is printed.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from time import monotonic

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, ProxySettings

from tests.browser.chromium import chromium_in
from tests.browser.firefox import Firefox
from tests.browser.namespace import need_namespaces
from tests.browser.server import Server
from tests.browser.test_firefox import sees_somebody, start
from tests.browser.visitor import Visitor, until
from tests.network.inside import URL, attended, firefox_program, trusting, way
from tests.network.middlebox import TlsInspection
from tests.network.names import Names, names
from tests.network.proxy import PORT, proxy
from tests.network.routed import NAME, ROUTER, SERVER, SERVER_IPV6, UDP, Routed

SECOND_ADDRESS = "203.0.113.3"


@pytest.fixture(scope="module")
def routed() -> Iterator[Routed]:
    need_namespaces()
    with Routed() as made:
        made.have_ipv6()
        made.have_address(SECOND_ADDRESS)
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def known(routed: Routed) -> AsyncIterator[Names]:
    async with names(routed, SERVER, SERVER_IPV6) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def server(routed: Routed, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """One with several addresses; somebody waits there for whoever comes."""
    addresses = ",".join((SECOND_ADDRESS, SERVER, SERVER_IPV6))
    folder = tmp_path_factory.mktemp("server")
    async with attended(routed, folder, "--public-ip", addresses) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def chromium(
    routed: Routed, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Browser]:
    folder = tmp_path_factory.mktemp("chromium")
    async with chromium_in(routed.client, playwright, folder, *trusting(URL)) as browser:
        yield browser


async def start_in(browser: Browser, by: str = "") -> list[str]:
    """Come, press Start and see somebody; returns which way the media takes.

    :param by: the address of a proxy.
    """
    settings = ProxySettings(server=by) if by else None
    context = await browser.new_context(locale="en-GB", ignore_https_errors=True, proxy=settings)
    try:
        person = await Visitor.arrive(context, URL)
        began = monotonic()
        await person.press("Start")
        await person.sees_somebody()
        took_s, found = monotonic() - began, await way(person)
        print(f"{took_s:.2f} s from Start to moving pictures, by {' '.join(found)}")
        assert person.complaints == []
        await person.leaves()
        return found
    finally:
        await context.close()


async def start_in_firefox(routed: Routed, folder: Path, **preferences: object) -> list[str]:
    """The same there; a preference's name has no dots."""
    set_to = {name.replace("_", "."): value for name, value in preferences.items()}
    async with Firefox(firefox_program(), folder, routed.client, set_to) as firefox:
        await firefox.open(URL)
        began = monotonic()
        await start(firefox)
        await sees_somebody(firefox)
        took_s = monotonic() - began
        kind, protocol, to_turn = await until(lambda: firefox.run("spy.way()"), bool)
        print(f"{took_s:.2f} s from Start to moving pictures, by {to_turn or protocol} {kind}")
        await firefox.press("stop")
        return [to_turn or protocol, kind]


@pytest.fixture
def tls_alone(routed: Routed) -> Iterator[TlsInspection]:
    """Nothing gets out but TLS that asks for the page's own server."""
    with routed.middlebox() as box:
        box.judge = inspection = TlsInspection(443, NAME)
        yield inspection


@pytest.fixture
def walled(routed: Routed) -> Iterator[None]:
    """Nothing gets out, but to the router itself."""
    routed.block("iif", "wifi")
    yield
    routed.unblock("iif", "wifi")


async def test_tls_to_the_page_alone(
    tls_alone: TlsInspection, server: Server, chromium: Browser
) -> None:
    assert await start_in(chromium) == ["tls", "relay"]
    assert tls_alone.refused, "ICE-TCP was tried, and is no TLS"


async def test_tls_to_the_page_alone_in_firefox(
    routed: Routed, tls_alone: TlsInspection, server: Server, tmp_path: Path
) -> None:
    assert await start_in_firefox(routed, tmp_path) == ["tls", "relay"]


async def test_a_web_proxy_is_the_only_way_out(
    routed: Routed, walled: None, known: Names, server: Server, chromium: Browser
) -> None:
    known.knows = False
    try:
        async with proxy(routed.router, NAME, (SERVER, 443)) as between:
            assert await start_in(chromium, f"http://{ROUTER}:{PORT}") == ["tls", "relay"]
    finally:
        known.knows = True
    assert between.asked.count(f"CONNECT {NAME}:443") >= 3  # the page, its socket, its media


async def test_ipv6_alone(routed: Routed, server: Server, chromium: Browser) -> None:
    routed.lose_ipv4()
    try:
        assert await start_in(chromium) == ["udp", "host"]
    finally:
        routed.regain_ipv4()


async def test_both_families_and_a_server_with_several_addresses(
    server: Server, chromium: Browser
) -> None:
    assert (await start_in(chromium))[0] == "udp"


async def test_no_udp_in_firefox(routed: Routed, server: Server, tmp_path: Path) -> None:
    routed.block("iif", "wifi", *UDP)
    try:
        assert (await start_in_firefox(routed, tmp_path))[0] in ("tcp", "tls")
    finally:
        routed.unblock("iif", "wifi", *UDP)
