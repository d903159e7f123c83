"""How large a picture is sent over a good line."""

import time

from tests.browser.conftest import Arrive
from tests.browser.server import Server
from tests.browser.visitor import together, until

WHOLE = "spy.camera = {}"
"""The camera gives what the page asks for."""
SMALL_PX = 640
"""How wide a picture is at most while data is saved."""
TAKEN = "document.getElementById('local').srcObject.getVideoTracks()[0].getSettings().width"
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
    # The camera gives 1280; where the machine is too slow for all of it, the encoder sends less.
    seen = await until(berta.look, lambda now: now.width > SMALL_PX, 60)
    assert await anna.page.evaluate(TAKEN) == 1280
    print(f"\n{seen.width} wide {time.monotonic() - began:.1f} s after the first picture")
    await anna.page.evaluate("document.getElementById('saves-data').click()")
    await until(berta.look, lambda now: now.width <= SMALL_PX and now.decoded > seen.decoded)
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
