"""What Chromium offers in its life: one kind alone, sections that stop and come, one each way."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.caller import Caller
from tests.browser.server import Server
from tests.browser.visitor import together

SOUND = "link.addTransceiver(caller.sound())"
PICTURE = "link.addTransceiver(caller.picture())"
LOST = {"error", "partner_disconnected", "partner_left"}

Call = Callable[..., Awaitable[Caller]]


@pytest_asyncio.fixture(loop_scope="session")
async def call(server: Server, chromium: Browser) -> AsyncIterator[Call]:
    """Opens a client of its own with the media given."""
    async with AsyncExitStack() as stack:

        async def call(*media: str) -> Caller:
            context = await chromium.new_context()
            stack.push_async_callback(context.close)
            page = await context.new_page()
            await page.goto(server.url)
            caller = Caller(page.evaluate)
            await caller.arrive(*media)
            return caller

        yield call


async def nothing_was_lost(*callers: Caller) -> None:
    for caller in callers:
        assert not LOST & set((await caller.look())["heard"])


@pytest.mark.parametrize(("kind", "added"), [("audio", SOUND), ("video", PICTURE)])
async def test_a_call_survives_what_stops_and_what_is_added(
    call: Call, kind: str, added: str
) -> None:
    """Sound stands first in the BUNDLE: when it stops, the browser begins a new transport."""
    stop = f"link.getTransceivers().find((each) => each.receiver.track.kind === '{kind}').stop()"
    anna, berta = await together(call(SOUND, PICTURE), call(SOUND, PICTURE))
    await together(*(one.receives("audio", "video") for one in (anna, berta)))
    (other,) = {"audio", "video"} - {kind}
    await anna.do(stop)
    assert f"m={kind} 0 " in await anna.offer()
    await together(anna.receives(other), berta.receives(other))
    await berta.is_told(audio=kind != "audio", video=kind != "video")
    await anna.do(added)
    await anna.offer()
    await together(*(one.receives("audio", "video") for one in (anna, berta)))
    await berta.is_told(audio=True, video=True)
    await anna.do(stop, added)
    await anna.offer()
    await together(*(one.receives("audio", "video") for one in (anna, berta)))
    await nothing_was_lost(anna, berta)


async def test_sound_alone_meets_sound_and_picture(call: Call) -> None:
    anna, berta = await together(call(SOUND), call(SOUND, PICTURE))
    await together(anna.receives("audio"), berta.receives("audio"))
    await berta.is_told(audio=True, video=False)
    assert (await berta.look())["video"] == (await anna.look())["video"] == 0
    await anna.do(PICTURE)
    await anna.offer()
    await together(*(one.receives("audio", "video") for one in (anna, berta)))
    await berta.is_told(audio=True, video=True)
    await nothing_was_lost(anna, berta)


async def test_sections_that_receive_before_sections_that_send(call: Call) -> None:
    one_each_way = (
        "link.addTransceiver('audio', { direction: 'recvonly' })",
        "link.addTransceiver('video', { direction: 'recvonly' })",
        "link.addTransceiver(caller.sound(), { direction: 'sendonly' })",
        "link.addTransceiver(caller.picture(), { direction: 'sendonly' })",
    )
    anna, berta = await together(call(*one_each_way), call(SOUND, PICTURE))
    await together(*(one.receives("audio", "video") for one in (anna, berta)))
    assert (await anna.look())["sections"] == [
        "0 audio recvonly",
        "1 video recvonly",
        "2 audio sendonly",
        "3 video sendonly",
    ]
    await nothing_was_lost(anna, berta)


async def test_a_picture_without_vp8_is_rejected_and_sound_goes_on(call: Call) -> None:
    without_vp8 = (
        "link.getTransceivers()[1].setCodecPreferences(RTCRtpReceiver.getCapabilities('video')"
        ".codecs.filter(({ mimeType }) => mimeType !== 'video/VP8'))"
    )
    anna, berta = await together(call(SOUND, PICTURE, without_vp8), call(SOUND, PICTURE))
    await together(anna.receives("audio"), berta.receives("audio"))
    await berta.is_told(audio=True, video=False)
    assert (await anna.look())["sections"] == ["0 audio sendrecv"]
    await nothing_was_lost(anna, berta)
