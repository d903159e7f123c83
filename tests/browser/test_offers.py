"""What Chromium offers in its life: one kind alone, sections that stop and come, one each way."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio

from relay.protocol.messages import Error, PartnerDisconnected, PartnerLeft
from tests.browser.conftest import OpenWindow
from tests.browser.guests import CAMERA, PICTURE, SOUND, ChromiumGuest
from tests.browser.seat import Seat, receives
from tests.browser.server import Server
from tests.browser.visitor import together

LOST = (Error, PartnerDisconnected, PartnerLeft)

Call = Callable[..., Awaitable[Seat[ChromiumGuest]]]


@pytest_asyncio.fixture(loop_scope="session")
async def call(server: Server, open_window: OpenWindow) -> AsyncIterator[Call]:
    """Opens a client of its own whose link has what the steps add to it, and has it search."""
    async with AsyncExitStack() as stack:

        async def call(*steps: str) -> Seat[ChromiumGuest]:
            options = {"kinds": (), "device": CAMERA, "steps": steps, "bundle_policy": "balanced"}
            guest = ChromiumGuest(await open_window(), **options)
            seat = await stack.enter_async_context(Seat(server.url, guest))
            await seat.find()
            return seat

        yield call


async def receive(*kinds: str, seats: tuple[Seat[ChromiumGuest], ...]) -> None:
    await together(*(receives(seat.guest, *kinds) for seat in seats))


def nothing_was_lost(*seats: Seat[ChromiumGuest]) -> None:
    for seat in seats:
        assert not [message for message in seat.heard if isinstance(message, LOST)]


@pytest.mark.parametrize(("kind", "added"), [("audio", SOUND), ("video", PICTURE)])
async def test_a_call_survives_what_stops_and_what_is_added(
    call: Call, kind: str, added: str
) -> None:
    """Sound stands first in the BUNDLE: when it stops, the browser begins a new transport."""
    anna, berta = await together(call(SOUND, PICTURE), call(SOUND, PICTURE))
    await receive("audio", "video", seats=(anna, berta))
    (other,) = {"audio", "video"} - {kind}
    await anna.guest.do(f"stop('{kind}')")
    await anna.renegotiate()
    assert f"m={kind} 0 " in anna.answer
    await receive(other, seats=(anna, berta))
    await berta.is_told(audio=kind != "audio", video=kind != "video")
    await anna.guest.do(added)
    await anna.renegotiate()
    await receive("audio", "video", seats=(anna, berta))
    await berta.is_told(audio=True, video=True)
    await anna.guest.do(f"stop('{kind}')", added)
    await anna.renegotiate()
    await receive("audio", "video", seats=(anna, berta))
    nothing_was_lost(anna, berta)


async def test_sound_alone_meets_sound_and_picture(call: Call) -> None:
    anna, berta = await together(call(SOUND), call(SOUND, PICTURE))
    await receive("audio", seats=(anna, berta))
    await berta.is_told(audio=True, video=False)
    for seat in (anna, berta):
        assert (await seat.guest.received())["video"] == 0
    await anna.guest.do(PICTURE)
    await anna.renegotiate()
    await receive("audio", "video", seats=(anna, berta))
    await berta.is_told(audio=True, video=True)
    nothing_was_lost(anna, berta)


async def test_sections_that_receive_before_sections_that_send(call: Call) -> None:
    one_each_way = (
        "link.addTransceiver('audio', { direction: 'recvonly' })",
        "link.addTransceiver('video', { direction: 'recvonly' })",
        "send('audio', { direction: 'sendonly' })",
        "send('video', { direction: 'sendonly' })",
    )
    anna, berta = await together(call(*one_each_way), call(SOUND, PICTURE))
    await receive("audio", "video", seats=(anna, berta))
    assert await anna.guest.sections() == [
        "0 audio recvonly",
        "1 video recvonly",
        "2 audio sendonly",
        "3 video sendonly",
    ]
    nothing_was_lost(anna, berta)


async def test_a_picture_without_vp8_is_rejected_and_sound_goes_on(call: Call) -> None:
    without_vp8 = (
        "link.getTransceivers()[1].setCodecPreferences(RTCRtpReceiver.getCapabilities('video')"
        ".codecs.filter(({ mimeType }) => mimeType !== 'video/VP8'))"
    )
    anna, berta = await together(call(SOUND, PICTURE, without_vp8), call(SOUND, PICTURE))
    await receive("audio", seats=(anna, berta))
    await berta.is_told(audio=True, video=False)
    assert await anna.guest.sections() == ["0 audio sendrecv"]
    nothing_was_lost(anna, berta)
