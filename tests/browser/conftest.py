"""One Chromium for all browser tests; a server and clean windows for each."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from shutil import which

import aiohttp
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, Playwright, Route, async_playwright, expect

from tests.browser.chromium import ALLOWED, FAKE_DEVICES, QUIET, executable
from tests.browser.desk import Desk
from tests.browser.firefox import Firefox
from tests.browser.namespace import Namespace, need_namespaces
from tests.browser.opening import open_page
from tests.browser.server import SERVE, Server, running
from tests.browser.visitor import Visitor, together, until
from tests.support.operating import TOKEN

expect.set_options(timeout=20_000)

WINDOW = {"width": 1366, "height": 680}
"""Of a small laptop; wide enough for all the buttons of a call in one row."""

StartServer = Callable[..., Awaitable[Server]]
Arrive = Callable[..., Awaitable[Visitor]]
Meet = Callable[..., Awaitable[tuple[Visitor, Visitor]]]
OpenWindow = Callable[[], Awaitable[Page]]
SitDown = Callable[..., Awaitable[Desk]]
OpenFirefox = Callable[[str], Awaitable[Firefox]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest.fixture(scope="module")
def namespace() -> Iterator[Namespace]:
    """A network of its own, which the tests of a module share."""
    need_namespaces()
    with Namespace() as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def playwright() -> AsyncIterator[Playwright]:
    async with async_playwright() as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium(playwright: Playwright) -> AsyncIterator[Browser]:
    """A browser with a camera and a microphone that anybody may use."""
    browser = await playwright.chromium.launch(
        executable_path=executable(), args=[*QUIET, *FAKE_DEVICES, *ALLOWED]
    )
    yield browser
    await browser.close()


@pytest_asyncio.fixture(loop_scope="session")
async def wary_chromium(playwright: Playwright) -> AsyncIterator[Browser]:
    """A browser with a camera that nobody may use without permission."""
    browser = await playwright.chromium.launch(
        executable_path=executable(), args=[*QUIET, *FAKE_DEVICES]
    )
    yield browser
    await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    """One server for all tests that leave it as it is; who has parted may meet again at once."""
    pace = ("--messages-per-s", "500", "--hasty-nexts", "0", "--same-texts", "0")
    flags = ("--rematch-after-s", "0", *pace, "--links-after-s", "0", "--metrics-public")
    async with running(Server(tmp_path_factory.mktemp("shared"), *flags)) as server:
        yield server
        async with aiohttp.ClientSession(server.url) as http, http.get("/metrics") as response:
            metrics = await response.text()
    assert "relay_packets_forwarded_total" in metrics
    assert "over_budget" not in metrics, "a browser needs more than it may"


@pytest_asyncio.fixture(loop_scope="session")
async def server(shared_server: Server) -> Server:
    """The shared server, when the last test's visitors are gone from it."""
    async with aiohttp.ClientSession(shared_server.url) as http:

        async def connected() -> int:
            async with http.get("/stats") as response:
                return int((await response.json())["connected"])

        # Who was killed is waited for.
        await until(connected, lambda count: count == 0, 60)
    return shared_server


@pytest_asyncio.fixture(loop_scope="session")
async def start_server(tmp_path: Path) -> AsyncIterator[StartServer]:
    """Starts servers with the flags given; none may log a crash."""
    async with AsyncExitStack() as stack:

        async def start(*flags: str, program: tuple[str, ...] = SERVE) -> Server:
            server = Server(tmp_path, *flags, program=program)
            return await stack.enter_async_context(running(server))

        yield start


@pytest_asyncio.fixture(loop_scope="session")
async def arrive(chromium: Browser) -> AsyncIterator[Arrive]:
    """Opens the page in a window of its own; nothing there may complain."""
    visitors: list[Visitor] = []
    async with AsyncExitStack() as stack:

        async def arrive(
            server: Server,
            browser: Browser = chromium,
            *,
            agree: bool = True,
            spell: str = "",
            url: str = "",
            **options: object,
        ) -> Visitor:
            options = {"locale": "en-GB", "viewport": WINDOW, **options}
            context = await browser.new_context(**options)  # type: ignore[arg-type]
            stack.push_async_callback(context.close)
            visitor = await Visitor.arrive(context, url or server.url, agree=agree, spell=spell)
            visitors.append(visitor)
            return visitor

        yield arrive
        for visitor in visitors:
            await visitor.leaves()
    for visitor in visitors:
        assert visitor.unexpected_complaints() == []


@pytest_asyncio.fixture(loop_scope="session")
async def open_window(chromium: Browser, server: Server) -> AsyncIterator[OpenWindow]:
    """Opens empty windows, whose origin is the server's."""
    context = await chromium.new_context()
    await context.route("**/empty", _serve_nothing)

    async def window() -> Page:
        page = await context.new_page()
        await open_page(page, f"{server.url.rstrip('/')}/empty")
        return page

    yield window
    await context.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def firefox_of(
    namespace: Namespace, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[OpenFirefox]:
    """Starts a Firefox for each name; the tests of a module share them."""
    program = which("firefox-esr") or which("firefox")
    if program is None:
        pytest.skip("firefox is missing (Debian: apt-get install firefox-esr)")
    async with AsyncExitStack() as stack:
        started: dict[str, Firefox] = {}

        async def firefox_of(name: str) -> Firefox:
            if name not in started:
                made = Firefox(program, tmp_path_factory.mktemp(name), namespace)
                started[name] = await stack.enter_async_context(made)
            return started[name]

        yield firefox_of


@pytest_asyncio.fixture(loop_scope="session")
async def open_firefox(firefox_of: OpenFirefox, server: Server) -> AsyncIterator[OpenFirefox]:
    """Opens the server's page in a clean window of somebody's Firefox; nobody has touched it."""
    async with AsyncExitStack() as stack:

        async def open_firefox(name: str) -> Firefox:
            firefox = await firefox_of(name)
            await firefox.open(server.url)
            stack.push_async_callback(firefox.close)
            return firefox

        yield open_firefox


async def _serve_nothing(route: Route) -> None:
    await route.fulfill(body="<!doctype html><title>empty</title>", content_type="text/html")


@pytest_asyncio.fixture(loop_scope="session")
async def meet(server: Server, arrive: Arrive) -> Meet:
    """Brings two into one call, on the shared server or on the one given."""

    async def meet(
        host: Server = server,
        options: dict[str, object] | None = None,
        other: dict[str, object] | None = None,
    ) -> tuple[Visitor, Visitor]:
        pair = (await arrive(host, **(options or {})), await arrive(host, **(other or {})))
        await together(*(person.press("Start") for person in pair))
        await together(*(person.sees_somebody() for person in pair))
        return pair

    return meet


# The server ends before the window is closed, which may have tried to come back by then.
ENDED = "net::ERR_CONNECTION_REFUSED"


@pytest_asyncio.fixture(loop_scope="session")
async def sit_down(chromium: Browser) -> AsyncIterator[SitDown]:
    """Opens the dashboard in a window of its own, and logs in; nothing there may complain."""
    desks: list[tuple[Desk, str]] = []
    async with AsyncExitStack() as stack:

        async def sit_down(
            url: str, *, token: str = TOKEN, complains: str = r"(?!)", **options: object
        ) -> Desk:
            options = {"locale": "en-GB", **options}
            context = await chromium.new_context(**options)  # type: ignore[arg-type]
            stack.push_async_callback(context.close)
            desk = await Desk.sit_down(context, url)
            desks.append((desk, complains))
            if token:
                await desk.log_in(token)
                await desk.is_live()
            return desk

        yield sit_down
    for desk, complains in desks:
        expected = f"{complains}|{ENDED}"
        assert [text for text in desk.complaints if not re.search(expected, text)] == []
        assert [url for url in desk.requested if not url.startswith(f"{desk.url}/")] == []
