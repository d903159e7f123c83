"""Sound and picture stay together in Chromium, also when the next partner's clock is another."""

import asyncio
from statistics import median
from typing import Any

from playwright.async_api import Page

from relay.protocol.messages import PartnerFound
from tests.browser.conftest import OpenWindow
from tests.browser.guests import MICROPHONE, ChromiumGuest
from tests.browser.outside import ThinGuest
from tests.browser.seat import Seat
from tests.browser.server import Server
from tests.support.flashing import PERIOD_S

OTHER_CLOCK_S = 3.0
SETTLING_S = 5
BEFORE_S, AFTER_S = 10, 14
"""How long is watched: a wrong clock shows when there are some reports of each partner."""
MOST_S = 0.12

_WATCH = """
async (watchedMs) => {
  const { video } = guest;
  const flashes = [], beeps = [];
  const context = new AudioContext({ latencyHint: "interactive" });
  await context.resume();
  const code = `registerProcessor("level", class extends AudioWorkletProcessor {
    process([[samples]]) {
      let most = 0;
      for (const one of samples ?? []) most = Math.max(most, Math.abs(one));
      this.port.postMessage([currentTime, most]);
      return true;
    }
  })`;
  const program = new Blob([code], { type: "text/javascript" });
  await context.audioWorklet.addModule(URL.createObjectURL(program));
  const source = context.createMediaStreamSource(video.srcObject);
  const meter = new AudioWorkletNode(context, "level");
  let wasLoud = true, quietSinceS = 0;
  meter.port.onmessage = ({ data: [atS, most] }) => {
    const isLoud = most > 0.02;
    const laterMs = (context.currentTime - atS) * 1000; // until we were told
    if (isLoud && !wasLoud && atS - quietSinceS > 0.5) beeps.push(performance.now() - laterMs);
    if (isLoud) quietSinceS = atS;
    wasLoud = isLoud;
  };
  source.connect(meter);
  const canvas = new OffscreenCanvas(1, 1);
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  let wasWhite = true, watching = true;
  const look = (nowMs, { presentationTime }) => {
    brush.drawImage(video, 0, 0, 1, 1);
    const isWhite = brush.getImageData(0, 0, 1, 1).data[0] > 128;
    if (isWhite && !wasWhite) flashes.push(presentationTime);
    wasWhite = isWhite;
    if (watching) video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
  await new Promise((resolve) => setTimeout(resolve, watchedMs));
  watching = false;
  await context.close();
  return { flashes, beeps };
}
"""


async def skew_s(page: Page, watched_s: float) -> float:
    """By how much the sound is behind the picture, over some flashes; half a period at most."""
    seen: dict[str, Any] = await page.evaluate(_WATCH, watched_s * 1000)
    assert len(seen["flashes"]) >= 2, seen
    assert len(seen["beeps"]) >= 2, seen
    half_ms = PERIOD_S * 1000 / 2
    skews = [
        (beep - flash + half_ms) % (2 * half_ms) - half_ms
        for flash in seen["flashes"]
        for beep in seen["beeps"]
        if abs(beep - flash) < half_ms
    ]
    return float(median(skews)) / 1000


async def test_sound_and_picture_stay_together_after_next(
    server: Server, open_window: OpenWindow
) -> None:
    watcher = ChromiumGuest(await open_window(), device=MICROPHONE)
    async with (
        Seat(server.url, watcher) as seat,
        Seat(server.url, ThinGuest()) as one,
        Seat(server.url, ThinGuest(OTHER_CLOCK_S)) as two,
    ):
        await seat.find()
        await one.find()
        await seat.hears(PartnerFound)
        await asyncio.sleep(SETTLING_S)
        before_s = await skew_s(watcher.page, BEFORE_S)
        await two.find()
        await seat.next()
        await asyncio.sleep(SETTLING_S)
        after_s = await skew_s(watcher.page, AFTER_S)
        print(f"\nsound behind picture: {before_s:.3f} s, after Next {after_s:.3f} s")
    assert abs(after_s) < MOST_S
