"""A browser that gets no datagrams through: its media comes over the page's own port."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Playwright

from tests.browser.chromium import ALLOWED, FAKE_DEVICES, QUIET, executable
from tests.browser.conftest import Meet, StartServer
from tests.browser.server import Server, running

RELAY_ONLY = """
const Plain = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Plain {
  constructor(config) { super({ ...config, iceTransportPolicy: "relay" }); }
};
"""

ICE_TCP_ONLY = """
const Plain = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Plain {
  constructor(config) { super({ ...config, iceServers: [] }); }
  setRemoteDescription({ type, sdp }) {
    const left = sdp.replace(/a=candidate:\\S+ 1 udp .*\\r\\n/g, "");
    return super.setRemoteDescription({ type, sdp: left });
  }
};
"""


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def trusting_chromium(playwright: Playwright) -> AsyncIterator[Browser]:
    """A browser that believes every certificate, those of TURN servers too."""
    args = [*QUIET, *FAKE_DEVICES, *ALLOWED, "--ignore-certificate-errors"]
    browser = await playwright.chromium.launch(executable_path=executable(), args=args)
    yield browser
    await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def serve(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StartServer]:
    """Starts a server with flags, once: those who meet by another way meet there, too."""
    started: dict[tuple[str, ...], Server] = {}
    async with AsyncExitStack() as stack:

        async def serve(*flags: str) -> Server:
            if flags not in started:
                made = Server(tmp_path_factory.mktemp("server"), *flags)
                started[flags] = await stack.enter_async_context(running(made))
            return started[flags]

        yield serve


@pytest.mark.parametrize("workers", ["0", "2"])
@pytest.mark.parametrize(
    ("spell", "flags", "ways"),
    [
        (RELAY_ONLY, (), (["relay", "udp", "tcp"],)),
        (RELAY_ONLY, ("--tls-self-signed",), (["relay", "udp", "tls"],)),
        (ICE_TCP_ONLY, (), (["host", "tcp", None], ["prflx", "tcp", None])),
        (ICE_TCP_ONLY, ("--tls-self-signed",), (["host", "tcp", None], ["prflx", "tcp", None])),
    ],
    ids=["turn", "turns", "ice-tcp", "ice-tcp-beside-tls"],
)
async def test_two_meet_over_tcp(
    serve: StartServer,
    meet: Meet,
    trusting_chromium: Browser,
    spell: str,
    flags: tuple[str, ...],
    ways: tuple[list[str | None], ...],
    workers: str,
) -> None:
    server = await serve("--workers", workers, *flags)
    options = {"browser": trusting_chromium, "spell": spell, "ignore_https_errors": True}
    for person in await meet(server, options, options):
        assert await person.way() in ways


async def test_udp_is_what_is_used_where_it_works(
    start_server: StartServer, meet: Meet, trusting_chromium: Browser
) -> None:
    options: dict[str, object] = {"browser": trusting_chromium}
    for person in await meet(await start_server(), options, options):
        assert (await person.way())[1:] == ["udp", None]
