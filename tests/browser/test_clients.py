"""Other people's clients, and what browsers can do besides a plain call, through the relay."""

from collections.abc import Callable

import pytest

from relay.protocol.messages import PartnerDisconnected, PartnerFound
from tests.browser.conftest import OpenWindow
from tests.browser.guests import (
    AiortcGuest,
    ChromiumGuest,
    Guest,
    Seat,
    node_guest,
)
from tests.browser.server import Server
from tests.browser.visitor import until

CAMERA = {"audio": True, "video": {"width": 320, "height": 240}}
MICROPHONE = {"audio": True}

CLIENTS: dict[str, Callable[[], Guest]] = {
    "aiortc": AiortcGuest,
    "werift": lambda: node_guest("werift.js"),
    "node-datachannel": lambda: node_guest("datachannel.js"),
}


async def receives(guest: Guest, *kinds: str) -> None:
    """Wait until more of each kind comes, from now on."""
    before = await guest.received()
    await until(guest.received, lambda now: all(now[kind] >= before[kind] + 10 for kind in kinds))


@pytest.mark.parametrize("client", CLIENTS)
async def test_it_exchanges_media_with_chromium(
    client: str, server: Server, open_window: OpenWindow
) -> None:
    chromium, guest = ChromiumGuest(await open_window(), device=CAMERA), CLIENTS[client]()
    async with Seat(server, chromium) as one, Seat(server, guest) as two:
        for seat in (one, two):
            await seat.find()
        await two.hears(PartnerFound)
        await receives(chromium, "audio", "video")
        await receives(guest, "audio", "video")


async def test_frames_that_are_encrypted_end_to_end_arrive(
    server: Server, open_window: OpenWindow
) -> None:
    """Nothing of a frame is left readable, so that nobody on the way can tell a key frame."""
    ends = [ChromiumGuest(await open_window(), device=CAMERA, scrambled=True) for _ in range(2)]
    async with Seat(server, ends[0]) as one, Seat(server, ends[1]) as two:
        for seat in (one, two):
            await seat.find()
        for end in ends:
            await receives(end, "audio", "video")


async def test_a_call_without_pictures(server: Server, open_window: OpenWindow) -> None:
    """One offers sound alone, the other both."""
    quiet = ChromiumGuest(await open_window(), kinds=("audio",), device=MICROPHONE)
    full = ChromiumGuest(await open_window(), device=CAMERA)
    async with Seat(server, quiet) as one, Seat(server, full) as two:
        for seat in (one, two):
            await seat.find()
        await receives(quiet, "audio")
        await receives(full, "audio")


async def test_stop_and_add_on_a_link_that_stays(server: Server, open_window: OpenWindow) -> None:
    """Sound is stopped and added again: it moves to another section, with another first one."""
    changing = ChromiumGuest(await open_window(), device=CAMERA)
    other = ChromiumGuest(await open_window(), device=CAMERA)
    async with Seat(server, changing) as one, Seat(server, other) as two:
        for seat in (one, two):
            await seat.find()
        for guest in (changing, other):
            await receives(guest, "audio", "video")
        for kind in ("audio", "video"):
            await changing.stop_and_add(kind)
            await one.renegotiate()
            for guest in (changing, other):
                await receives(guest, "audio", "video")
        assert two.count(PartnerDisconnected) == 0
