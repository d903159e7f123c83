"""A visitor whose network changes in a call, or goes away: how long they see nothing is printed."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from time import monotonic

import pytest
import pytest_asyncio
from playwright.async_api import Playwright

from tests.browser.chromium import chromium_in
from tests.browser.server import Server, running
from tests.browser.visitor import Visitor, until
from tests.network.inside import WITHOUT_ICE_TCP, arrive, trusting, way
from tests.network.routed import SERVER, UDP, Routed

pytestmark = pytest.mark.timeout(300)
AWAY_S = 20.0
FORGOTTEN_S = 40.0
"""By then a browser no longer checks the paths over UDP that it had."""
PATIENCE_S = 90.0

FREEZES = """
window.freezes = [];
window.watch = () => {
  const video = document.getElementById("remote");
  let last = performance.now();
  const next = (now) => {
    if (now - last > 500) window.freezes.push((now - last) / 1000);
    last = now;
    video.requestVideoFrameCallback(next);
  };
  video.requestVideoFrameCallback(next);
};
"""

Pair = tuple[Visitor, Visitor]


@pytest_asyncio.fixture(loop_scope="session")
async def server(routed: Routed, tmp_path: Path) -> AsyncIterator[Server]:
    flags = ("--rematch-after-s", "0", "--workers", "1")
    made = Server(tmp_path, *flags, prefix=routed.server.prefix, host=SERVER)
    async with running(made) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="session")
async def pair(
    request: pytest.FixtureRequest,
    routed: Routed,
    server: Server,
    playwright: Playwright,
    tmp_path: Path,
) -> AsyncIterator[Pair]:
    """Somebody who roams, and their partner, in a call; neither may hear that they have parted."""
    spell = FREEZES + getattr(request, "param", "")
    async with AsyncExitStack() as stack:
        pair = []
        for place, magic in ((routed.client, spell), (routed.server, FREEZES)):
            chromium = chromium_in(place, playwright, tmp_path, *trusting(server.url))
            pair.append(await arrive(await stack.enter_async_context(chromium), server, magic))
        for person in pair:
            await person.press("Start")
        for person in pair:
            await person.sees_somebody()
            await person.page.evaluate("() => window.watch()")
        assert (await way(pair[0]))[0] == "udp"
        yield pair[0], pair[1]
        said = [frame for person in pair for frame in person.received]
        for person in pair:
            await person.leaves()
    assert not [frame for frame in said if re.search("partner_(left|disconnected)", frame)]


async def both_see(pair: Pair, after: str) -> None:
    for person in pair:
        await person.sees_somebody(PATIENCE_S)
    freezes = [await person.page.evaluate("() => window.freezes.splice(0)") for person in pair]
    here, there = (" and ".join(f"{each:.1f} s" for each in some) or "none" for some in freezes)
    print(f"{after}: no pictures here {here}, there {there}; by {' '.join(await way(pair[0]))}")


async def test_from_one_network_to_another_and_back(routed: Routed, pair: Pair) -> None:
    routed.go_by("mobile")
    await both_see(pair, "to mobile")
    routed.go_by("wifi")
    await both_see(pair, "back to wifi")
    assert (await way(pair[0]))[0] == "udp"


@pytest.mark.parametrize("pair", [WITHOUT_ICE_TCP], indirect=True, ids=["turn"])
async def test_to_a_network_without_udp_and_back(routed: Routed, pair: Pair) -> None:
    routed.block("iif", "mobile", *UDP)
    routed.go_by("mobile")
    await both_see(pair, "to a network without UDP")
    assert (await way(pair[0]))[0] == "tcp"
    routed.go_by("wifi")
    await both_see(pair, "back to one with it")


@pytest.mark.parametrize("pair", ["", WITHOUT_ICE_TCP], indirect=True, ids=["ice-tcp", "turn"])
async def test_udp_is_blocked_in_the_call_and_comes_back(routed: Routed, pair: Pair) -> None:
    routed.block(*UDP)
    await both_see(pair, "UDP blocked")
    await asyncio.sleep(FORGOTTEN_S)
    assert (await way(pair[0]))[0] == "tcp"
    routed.unblock(*UDP)
    began = monotonic()
    await until(partial(way, pair[0]), lambda found: found[0] == "udp", PATIENCE_S)
    await both_see(pair, f"UDP found again after {monotonic() - began:.0f} s")


async def test_no_network_and_the_browser_knows(routed: Routed, pair: Pair) -> None:
    routed.go_offline()
    await asyncio.sleep(AWAY_S)
    routed.go_by("wifi")
    await both_see(pair, f"{AWAY_S:.0f} s offline")


async def test_nothing_is_passed_on_and_nobody_knows(routed: Routed, pair: Pair) -> None:
    routed.block()
    await asyncio.sleep(AWAY_S)
    routed.unblock()
    await both_see(pair, f"{AWAY_S:.0f} s without a word")
