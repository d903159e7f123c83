"""The page in a network that lets no UDP through: how long Start takes is printed."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from time import monotonic

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright, expect

from tests.browser.chromium import chromium_in
from tests.browser.namespace import need_namespaces
from tests.browser.server import Server, running
from tests.browser.visitor import Visitor
from tests.network.inside import WITHOUT_ICE_TCP, arrive, trusting, way
from tests.network.routed import SERVER, UDP, Routed


@pytest.fixture(scope="module")
def routed() -> Iterator[Routed]:
    need_namespaces()
    with Routed() as made:
        yield made


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="session",
    params=[(), ("--tls-self-signed",)],
    ids=["http", "https"],
)
async def server(
    request: pytest.FixtureRequest, routed: Routed, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Server]:
    flags = ("--rematch-after-s", "0", "--workers", "1", *request.param)
    folder = tmp_path_factory.mktemp("server")
    async with running(Server(folder, *flags, prefix=routed.server.prefix, host=SERVER)) as server:
        yield server


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browsers(
    routed: Routed,
    server: Server,
    playwright: Playwright,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[tuple[Browser, Browser]]:
    """One in the client's network, and one in the server's own."""
    folder, flags = tmp_path_factory.mktemp("chromium"), trusting(server.url)
    async with (
        chromium_in(routed.client, playwright, folder, *flags) as inside,
        chromium_in(routed.server, playwright, folder, *flags) as outside,
    ):
        yield inside, outside


@contextmanager
def without_udp(routed: Routed) -> Iterator[None]:
    routed.block(*UDP)
    try:
        yield
    finally:
        routed.unblock(*UDP)


async def go(person: Visitor) -> None:
    """Leave nobody behind for the next test."""
    await person.leaves()
    await person.page.context.close()


async def start(person: Visitor, when: str) -> list[str]:
    """Press Start, and wait for a partner; returns which way their media takes."""
    began = monotonic()
    await person.press("Start")
    await person.sees_somebody()
    took_s, found = monotonic() - began, await way(person)
    print(f"{when}: {took_s:.2f} s from Start to moving pictures, by {' '.join(found)}")
    return found


@pytest.mark.parametrize("spell", ["", WITHOUT_ICE_TCP], ids=["ice-tcp", "turn"])
async def test_somebody_without_udp_meets_somebody_with_it(
    routed: Routed, server: Server, browsers: tuple[Browser, Browser], spell: str
) -> None:
    inside, outside = browsers
    async with AsyncExitStack() as stack:
        other, one = await arrive(outside, server), await arrive(inside, server, spell)
        for person in (other, one):
            stack.push_async_callback(go, person)
        await other.press("Start")
        with without_udp(routed):
            for when in ("without UDP", "without UDP, again"):
                found = await start(one, when)
                assert found[0] != "udp"
                if spell:
                    assert found == ["tls" if server.url.startswith("https") else "tcp", "relay"]
                await other.sees_somebody()
                await one.press("Stop")
            assert (await way(other))[0] == "udp"
        assert (await start(one, "UDP again"))[0] == "udp"
        assert one.complaints == other.complaints == []


@pytest.mark.parametrize("server", [("--tls-self-signed",)], indirect=True, ids=["https"])
async def test_the_page_finds_out_before_anybody_is_met(
    routed: Routed, server: Server, browsers: tuple[Browser, Browser]
) -> None:
    async with AsyncExitStack() as stack:
        one = await arrive(browsers[0], server)
        stack.push_async_callback(go, one)
        with without_udp(routed):
            await one.press("Test my connection")
            summary = one.page.locator("#trial-summary")
            await expect(summary).to_contain_text("UDP is blocked here", timeout=60_000)
        _, udp, tcp, turn, _, _ = await one.page.locator("#trial-rows dd").all_inner_texts()
        assert udp == "Did not get through"
        assert tcp.startswith("Gets through in ")
        assert turn.startswith("Gets through in ")
        assert one.complaints == []
