// @ts-check
/** What is said of each state, where no story of the other tests comes by. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { describeProblem, startLabel } from "../../web/words/describe.js";
import { words as en } from "../../web/words/en.js";
import { MICROPHONE, Page } from "./transcript.js";

/** @param {import("../../web/media/devices.js").DeviceProblem | null} audio
 *  @param {import("../../web/media/devices.js").DeviceProblem | null} video */
function lobby(audio, video) {
  const page = new Page();
  page.do("preview_wanted");
  if (audio) page.failed("audio", audio);
  else page.opened("audio", MICROPHONE);
  if (video) page.failed("video", video);
  return page.state;
}

for (const [audio, video, headline, label] of /** @type {const} */ ([
  ["busy", null, "Your microphone is busy", "Start without sound"],
  [null, "busy", "Your camera is busy", "Start with sound only"],
  ["busy", "busy", "Camera and microphone are busy", "Start with text only"],
  ["refused", "busy", "Your camera is busy", "Start with text only"],
  [null, null, undefined, "Start"],
])) {
  test(`microphone ${audio ?? "fine"}, camera ${video ?? "fine"}: what is the matter, and what Start does`, () => {
    const state = lobby(audio, video);
    assert.equal(describeProblem(state, en)?.headline, headline);
    assert.equal(startLabel(state, en), label);
  });
}

test("of devices that are opened later in a call nothing is said", () => {
  const page = Page.inCall();
  page.do("camera_toggled");
  page.do("camera_toggled");
  assert.match(page.says, /^Connected/);
});

test("the next try is at least a second away, and whole seconds are said", () => {
  const page = Page.searching();
  page.on({ type: "wire_lost", retryAtMs: page.nowMs + 2_001, isResumable: true });
  assert.equal(page.says, "Connection lost | Trying again in 3 s.");
  page.nowMs += 2_001;
  assert.equal(page.says, "Connection lost | Trying again in 1 s.");
});

test("how long one has searched is not said while the link is interrupted", () => {
  const page = Page.searching();
  page.do("link_interrupted");
  assert.equal(page.says, "Your connection is interrupted | Trying to get it back… | Trying again in 1 s.");
});

test("how many others look for the same is said where it is known and there are some", () => {
  const page = Page.searching();
  for (const [looking, ticker] of /** @type {const} */ ([
    [null, "for 0 s"], [0, "for 0 s"], [2, "for 0 s · Also looking now: 2"],
  ])) {
    page.hear({ type: "waiting_for_partner", online: 7, looking });
    assert.ok(page.says.endsWith(` | ${ticker}`), page.says);
  }
  page.nowMs += 1_999;
  assert.match(page.says, /for 1 s/);
});

test("a line without video is spoken of while there is a partner", () => {
  const page = Page.inCall();
  page.measure(7, { lossOut: 0.5 });
  page.do("next_pressed");
  assert.match(page.says, /^Looking for someone/);
});
