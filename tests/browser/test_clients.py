"""Other people's clients, and what browsers can do besides a plain call, through the relay."""

from collections.abc import Callable

import pytest

from relay.protocol.messages import PartnerDisconnected, PartnerFound
from tests.browser.conftest import OpenWindow
from tests.browser.guests import CAMERA, MICROPHONE, PICTURE, SOUND, ChromiumGuest
from tests.browser.outside import AiortcGuest, node_guest
from tests.browser.seat import Guest, Seat, receives
from tests.browser.server import Server

CLIENTS: dict[str, Callable[[], Guest]] = {
    "aiortc": AiortcGuest,
    "werift": lambda: node_guest("werift.js"),
    "node-datachannel": lambda: node_guest("datachannel.js"),
}


@pytest.mark.parametrize("client", CLIENTS)
async def test_it_exchanges_media_with_chromium(
    client: str, server: Server, open_window: OpenWindow
) -> None:
    chromium, guest = ChromiumGuest(await open_window(), device=CAMERA), CLIENTS[client]()
    async with Seat(server.url, chromium) as one, Seat(server.url, guest) as two:
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
    async with Seat(server.url, ends[0]) as one, Seat(server.url, ends[1]) as two:
        for seat in (one, two):
            await seat.find()
        for end in ends:
            await receives(end, "audio", "video")


async def test_a_call_without_pictures(server: Server, open_window: OpenWindow) -> None:
    """One offers sound alone, the other both."""
    quiet = ChromiumGuest(await open_window(), kinds=("audio",), device=MICROPHONE)
    full = ChromiumGuest(await open_window(), device=CAMERA)
    async with Seat(server.url, quiet) as one, Seat(server.url, full) as two:
        for seat in (one, two):
            await seat.find()
        await receives(quiet, "audio")
        await receives(full, "audio")


async def test_stop_and_add_on_a_link_that_stays(server: Server, open_window: OpenWindow) -> None:
    """Sound is stopped and added again: it moves to another section, with another first one."""
    changing = ChromiumGuest(await open_window(), device=CAMERA)
    other = ChromiumGuest(await open_window(), device=CAMERA)
    async with Seat(server.url, changing) as one, Seat(server.url, other) as two:
        for seat in (one, two):
            await seat.find()
        for guest in (changing, other):
            await receives(guest, "audio", "video")
        for kind, added in (("audio", SOUND), ("video", PICTURE)):
            await changing.do(f"stop('{kind}')", added)
            await one.renegotiate()
            for guest in (changing, other):
                await receives(guest, "audio", "video")
        assert two.count(PartnerDisconnected) == 0


async def test_a_phone_turns_its_pictures_itself(server: Server, open_window: OpenWindow) -> None:
    """It leaves them on their side only for who has agreed to turn them (3GPP TS 26.114, 6.2.3).

    No partner, snapshot or recording has to turn anything, then.
    """
    chromium = ChromiumGuest(await open_window(), device=CAMERA)
    async with Seat(server.url, chromium) as seat:
        agreed = await chromium.run("guest.agreedExtensions('video')")
        assert agreed, "Chromium says what was agreed"
        assert "urn:3gpp:video-orientation" not in agreed
        assert "video-orientation" not in seat.answer
