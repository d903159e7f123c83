"""What the page does with a line that is poor, and with one that is good."""

import signal
import time

import pytest

from tests.browser.conftest import Arrive, StartServer
from tests.browser.server import SERVE_LOSSY, Server
from tests.browser.visitor import Visitor, together, until

WHOLE = "spy.camera = {}"
"""The camera gives what the page asks for."""
UPRIGHT = """
navigator.mediaDevices.getUserMedia = async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 720, height: 1280 });
  const pen = canvas.getContext("2d");
  setInterval(() => pen.fillRect(0, Math.random() * 1280, 720, 9), 60);
  const [video] = canvas.captureStream(15).getVideoTracks();
  const sound = new AudioContext().createMediaStreamDestination().stream;
  return new MediaStream([video, ...sound.getAudioTracks()]);
};
"""
"""A phone that is held upright has this one."""


@pytest.mark.timeout(240)
async def test_only_whose_line_is_poor_sends_no_picture(
    start_server: StartServer, arrive: Arrive
) -> None:
    server = await start_server("--loss", "0.55", "--starts-clean", program=SERVE_LOSSY)
    anna = await arrive(server)
    await anna.press("Start")
    await anna.reads("Looking for someone…")
    await anna.way()
    server.signal(signal.SIGUSR2)  # it is her line that will be poor, whatever paths she tries
    berta = await arrive(server)
    await berta.press("Start")
    await together(anna.sees_somebody(), berta.sees_somebody())
    server.signal(signal.SIGUSR1)
    await together(
        anna.reads("Your line is too poor for video. The sound goes on;", 60),
        until(anna.is_sending, lambda sending: sending == [True, False], 60),
        berta.reads("Your partner's line is poor. Yours is fine", 60),
        berta.sees_marks("Their camera is off", timeout_s=60),
    )
    assert await berta.is_sending() == [True, True]
    server.signal(signal.SIGUSR1)
    began = time.monotonic()
    await together(
        *(back(person, began, name) for person, name in ((anna, "anna"), (berta, "berta")))
    )
    assert await anna.is_sending() == await berta.is_sending() == [True, True]


async def back(person: Visitor, began: float, name: str) -> None:
    """Wait until the partner's picture is there again, and print how long that took."""
    before = await person.look()
    await until(person.look, lambda now: now.decoded > before.decoded + 1 and now.visible, 60)
    print(f"\n{name} has a picture {time.monotonic() - began:.1f} s after the line is clean")
    await person.reads("Connected", 60)
    print(f"{name} reads that all is well after {time.monotonic() - began:.1f} s")


async def test_a_large_picture_is_sent_where_it_is_seen_and_data_is_not_saved(
    server: Server, arrive: Arrive
) -> None:
    """And it goes on while its size changes: nobody has to ask for a key frame."""
    window = {"width": 1400, "height": 900}
    anna = await arrive(server, spell=WHOLE, viewport=window)
    berta = await arrive(server, viewport=window)
    await together(anna.press("Start"), berta.press("Start"))
    await berta.sees_somebody()
    began = time.monotonic()
    seen = await until(berta.look, lambda now: now.width == 1280, 60)
    print(f"\n1280 wide {time.monotonic() - began:.1f} s after the first picture")
    await anna.page.evaluate("document.getElementById('saves-data').click()")
    await until(berta.look, lambda now: now.width <= 640 and now.decoded > seen.decoded)
    report = await berta.page.evaluate("() => spy.stats()")
    (video,) = [
        each for each in report if each["type"] == "inbound-rtp" and each["kind"] == "video"
    ]
    print({name: video[name] for name in ("freezeCount", "pliCount", "keyFramesDecoded")})
    assert video["pliCount"] <= 1


async def test_an_upright_picture_is_sent_whole(server: Server, arrive: Arrive) -> None:
    window = {"width": 1400, "height": 900}
    anna = await arrive(server, spell=UPRIGHT, viewport=window)
    berta = await arrive(server, viewport=window)
    await together(anna.press("Start"), berta.press("Start"))
    shape = "(video) => [video.videoWidth, video.videoHeight]"

    async def sides() -> list[int]:
        found: list[int] = await berta.page.locator("#remote").evaluate(shape)
        return found

    # A machine that is too slow for all of it makes it smaller.
    await until(sides, lambda seen: seen[0] > 0 and abs(seen[0] / seen[1] - 9 / 16) < 0.02, 60)
