"""How long people wait, and hear nothing, in networks of all kinds: a table, with the targets.

```
scripts/test tests/network/test_figures.py -s --runs 5
```

Runs when it is named: it takes minutes. It is 50 ms to the server and back. A partner who is always
there is in the server's own network.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from statistics import median
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Playwright

from tests.browser.chromium import chromium_in
from tests.browser.firefox import Firefox
from tests.browser.namespace import need_namespaces
from tests.browser.visitor import until
from tests.network.inside import URL, attended, firefox_program, trusting
from tests.network.middlebox import Middlebox, PortMapping, Reset, TlsInspection
from tests.network.names import names
from tests.network.routed import NAME, SERVER, UDP, Routed

pytestmark = pytest.mark.timeout(600)
ONE_WAY_S = 0.025
AWAY_S = 20.0
LISTENED_S = 8.0
PATIENCE_S = 60.0
_SCRIPT = (Path(__file__).parent / "figures.js").read_text()
CLIENT = "10.79.1.2"
BROWSERS = ("Chromium", "Firefox")

_NEXT_STEP = """(() => {
  const shown = (id) => document.getElementById(id).checkVisibility();
  if (document.getElementById("preview").srcObject) return "start";
  return ["agree", "check-devices"].find(shown) ?? "";
})()"""
"""The button that is to be pressed."""

Run = Callable[[str], Awaitable[Any]]
"""Evaluates an expression in the page."""


class Table:
    """A row for each situation; printed at the end."""

    def __init__(self) -> None:
        self._rows: dict[str, tuple[list[float], float | None]] = {}

    def add(self, row: str, seconds: float, target_s: float | None = None) -> None:
        found, _ = self._rows.setdefault(row, ([], target_s))
        found.append(seconds)
        print(f"{row}: {seconds:.2f} s")

    def show(self) -> None:
        print(f"\n\nMedians, load average {os.getloadavg()[0]:.1f} at the end.\n")
        print("| situation | median s | each | target s |\n| --- | --- | --- | --- |")
        for row, (found, target_s) in self._rows.items():
            each = " ".join(f"{value:.2f}" for value in found)
            aim = "" if target_s is None else f"{target_s:g}"
            print(f"| {row} | {median(found):.2f} | {each} | {aim} |")


class Person:
    """Somebody at the page, in either browser; they have agreed, and may press Start."""

    def __init__(self, run: Run) -> None:
        self.run = run

    async def link_up_s(self) -> float:
        """Press Start; how long the link takes to be up."""
        await self.run("figures.start()")
        took = await until(
            lambda: self.run("figures.upMs()"), lambda ms: ms is not None, PATIENCE_S
        )
        return float(took) / 1e3

    async def hears(self) -> None:
        before = await self.run("figures.count()")
        await until(lambda: self.run("figures.count()"), lambda now: now > before + 10, PATIENCE_S)

    async def silence_s(self, listened_s: float = LISTENED_S) -> float:
        await asyncio.sleep(listened_s)
        return float(await self.run("figures.silenceMs()")) / 1e3

    async def stops(self) -> None:
        await self.run("document.getElementById('stop').click()")
        await until(lambda: self.run("figures.canStart()"), bool)


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> range:
    return range(int(request.config.getoption("--runs")))


@pytest.fixture(scope="module")
def table() -> Iterator[Table]:
    made = Table()
    yield made
    made.show()


@pytest.fixture(scope="module")
def routed() -> Iterator[Routed]:
    need_namespaces()
    with Routed() as made:
        yield made


@pytest.fixture(scope="module")
def far(routed: Routed) -> Iterator[Middlebox]:
    with routed.middlebox() as box:
        box.delay_s = ONE_WAY_S
        yield box


@pytest_asyncio.fixture(scope="module", loop_scope="session", autouse=True)
async def known(routed: Routed) -> AsyncIterator[None]:
    async with names(routed, SERVER):
        yield


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def served(routed: Routed, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[None]:
    async with attended(routed, tmp_path_factory.mktemp("server")):
        yield


Come = Callable[..., Awaitable[Person]]


@pytest_asyncio.fixture(loop_scope="session", params=BROWSERS)
async def come(
    request: pytest.FixtureRequest, routed: Routed, playwright: Playwright, tmp_path: Path
) -> AsyncIterator[Come]:
    """Opens the page; once more, the same person comes back to it."""
    async with AsyncExitStack() as stack:
        if request.param == "Chromium":
            found = chromium_in(routed.client, playwright, tmp_path, *trusting(URL))
            browser = await stack.enter_async_context(found)
            yield await _in_chromium(browser)
        else:
            firefox = Firefox(firefox_program(), tmp_path, routed.client)
            yield _in_firefox(await stack.enter_async_context(firefox))


async def _in_chromium(browser: Any) -> Come:
    context = await browser.new_context(locale="en-GB", ignore_https_errors=True)
    await context.add_init_script(_SCRIPT)
    page = await context.new_page()

    async def come(url: str = URL) -> Person:
        await page.goto(url)
        return await _ready(Person(page.evaluate))

    return come


def _in_firefox(firefox: Firefox) -> Come:
    async def come(url: str = URL) -> Person:
        await firefox.open(url)
        await firefox.run(f"(() => {{ {_SCRIPT} }})()")
        return await _ready(Person(firefox.run))

    return come


async def _ready(person: Person) -> Person:
    """Agree, where that has not been done, and see oneself."""
    while await until(lambda: person.run(_NEXT_STEP), bool, PATIENCE_S) != "start":
        await person.run(f"document.getElementById({_NEXT_STEP}).click()")
        await asyncio.sleep(0.1)
    return person


@pytest_asyncio.fixture(loop_scope="session")
async def talker(far: Middlebox, served: None, come: Come) -> AsyncIterator[Person]:
    """Somebody in a call, who listens."""
    person = await come()
    await person.link_up_s()
    await person.hears()
    await person.run("figures.listen()")
    yield person
    await person.stops()


async def one_start(come: Come, url: str = URL, *, is_known: bool = True) -> float:
    """:param is_known: whether the page may remember what this network needs."""
    person = await come(url)
    if not is_known:
        await person.run("localStorage.removeItem('relay.ways')")
        person = await come(url)
    took_s = await person.link_up_s()
    await person.stops()
    return took_s


def named(request: pytest.FixtureRequest, what: str) -> str:
    return f"{what}, {request.node.callspec.params['come']}"


@pytest.mark.parametrize("network", ["udp", "udp-blocked", "tls-alone"])
async def test_start(
    request: pytest.FixtureRequest,
    routed: Routed,
    far: Middlebox,
    served: None,
    come: Come,
    runs: range,
    table: Table,
    network: str,
) -> None:
    what, first_s, again_s = {
        "udp": ("UDP free", None, None),
        "udp-blocked": ("UDP blocked, ICE-TCP allowed", 2.0, 2.0),
        "tls-alone": ("443 alone, TLS inspected", 2.5, 1.0),
    }[network]
    if network == "tls-alone":
        far.judge = TlsInspection(443, NAME)
    elif network == "udp-blocked":
        routed.block("iif", "wifi", *UDP)
    try:
        row = named(request, f"{what}: Start to link up")
        for _ in runs:
            first = await one_start(come, is_known=False)
            table.add(f"{row}, first visit", first, first_s)
            table.add(f"{row}, again", await one_start(come), again_s)
    finally:
        far.judge = bool
        if network == "udp-blocked":
            routed.unblock("iif", "wifi", *UDP)


async def test_what_the_ways_by_tcp_add_where_udp_works(
    request: pytest.FixtureRequest,
    routed: Routed,
    far: Middlebox,
    served: None,
    come: Come,
    runs: range,
    table: Table,
    tmp_path: Path,
) -> None:
    async with attended(routed, tmp_path, "--no-tcp-media", port=8443):
        with_tcp, without = list[float](), list[float]()
        plain = URL.replace(NAME, f"{NAME}:8443")
        for _ in runs:
            with_tcp.append(await one_start(come))
            without.append(await one_start(come, plain))
    row = named(request, "UDP free: Start to link up, with ways by TCP less without")
    table.add(row, median(with_tcp) - median(without), 0.0)


async def test_a_lost_socket(
    request: pytest.FixtureRequest, far: Middlebox, talker: Person, runs: range, table: Table
) -> None:
    text = "document.getElementById('text')"
    try:
        for _ in runs:
            await talker.run("figures.listen()")
            far.change = cut = Reset(443)
            await talker.run(f"({text}.value += 'x', {text}.dispatchEvent(new Event('input')))")
            row = named(request, "WebSocket cut: without media")
            table.add(row, await talker.silence_s(), 0.1)
            assert cut.is_done
    finally:
        far.change = bytes


async def test_rebinding(
    request: pytest.FixtureRequest, far: Middlebox, talker: Person, runs: range, table: Table
) -> None:
    target_s = {"Firefox": 5.0, "Chromium": 1.5}[request.node.callspec.params["come"]]
    far.change = mapping = PortMapping(CLIENT)
    try:
        await talker.silence_s()  # it is found behind the mapping, before that is changed
        for _ in runs:
            await talker.run("figures.listen()")
            mapping.rebind()
            row = named(request, "UDP rebind: without media")
            table.add(row, await talker.silence_s(), target_s)
    finally:
        far.change = bytes


async def test_from_wifi_to_mobile(
    request: pytest.FixtureRequest, routed: Routed, talker: Person, runs: range, table: Table
) -> None:
    row = named(request, "Wi-Fi to mobile: without media")
    for _ in runs:
        for way in ("mobile", "wifi"):
            await talker.run("figures.listen()")
            routed.go_by("mobile" if way == "mobile" else "wifi")
            table.add(row, await talker.silence_s(), 3.0)


async def test_without_network(
    request: pytest.FixtureRequest, routed: Routed, talker: Person, table: Table
) -> None:
    await talker.run("figures.listen()")
    routed.block()
    await asyncio.sleep(AWAY_S)
    routed.unblock()
    await talker.hears()
    silence_s = await talker.silence_s() - AWAY_S
    table.add(named(request, f"{AWAY_S:.0f} s without network: media back after"), silence_s)
