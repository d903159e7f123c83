"""The page in a network that lets no UDP through: how long Start takes is printed."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from time import monotonic

import pytest
import pytest_asyncio
from playwright.async_api import Playwright, expect

from tests.browser.chromium import chromium_in
from tests.browser.server import Server, running
from tests.browser.visitor import Visitor
from tests.network.inside import WITHOUT_ICE_TCP, arrive, trusting, way
from tests.network.routed import SERVER, UDP, Routed


@pytest_asyncio.fixture(
    loop_scope="session", params=[(), ("--tls-self-signed",)], ids=["http", "https"]
)
async def server(
    request: pytest.FixtureRequest, routed: Routed, tmp_path: Path
) -> AsyncIterator[Server]:
    flags = ("--rematch-after-s", "0", "--workers", "1", *request.param)
    made = Server(tmp_path, *flags, prefix=routed.server.prefix, host=SERVER)
    async with running(made) as server:
        yield server


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
    routed: Routed, server: Server, playwright: Playwright, tmp_path: Path, spell: str
) -> None:
    async with AsyncExitStack() as stack:
        flags = trusting(server.url)
        inside, outside = [
            await stack.enter_async_context(chromium_in(place, playwright, tmp_path, *flags))
            for place in (routed.client, routed.server)
        ]
        other, one = await arrive(outside, server), await arrive(inside, server, spell)
        await other.press("Start")
        routed.block(*UDP)
        for when in ("without UDP", "without UDP, again"):
            found = await start(one, when)
            assert found[0] != "udp"
            if spell:
                assert found == ["tls" if server.url.startswith("https") else "tcp", "relay"]
            await other.sees_somebody()
            await one.press("Stop")
        assert (await way(other))[0] == "udp"
        routed.unblock(*UDP)
        assert (await start(one, "UDP again"))[0] == "udp"
        assert one.complaints == other.complaints == []


@pytest.mark.parametrize("server", [("--tls-self-signed",)], indirect=True, ids=["https"])
async def test_the_page_finds_out_before_anybody_is_met(
    routed: Routed, server: Server, playwright: Playwright, tmp_path: Path
) -> None:
    flags = trusting(server.url)
    async with chromium_in(routed.client, playwright, tmp_path, *flags) as inside:
        one = await arrive(inside, server)
        routed.block(*UDP)
        await one.press("Test my connection")
        summary = one.page.locator("#trial-summary")
        await expect(summary).to_contain_text("UDP is blocked here", timeout=60_000)
        _, udp, tcp, turn, _, _ = await one.page.locator("#trial-rows dd").all_inner_texts()
        assert udp == "Did not get through"
        assert tcp.startswith("Gets through in ")
        assert turn.startswith("Gets through in ")
        assert one.complaints == []
