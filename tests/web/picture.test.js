// @ts-check
/** Our picture follows the line, the stage and the person's wish. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Page, track } from "./transcript.js";

const CAMERA = { width: 1280, height: 720 };
const LARGE = /** @type {const} */ ({
  type: "surroundings_seen", stage: { width: 1920, height: 1080 }, savesData: false,
});

/** @param {Page} page */
function fits(page) {
  const made = page.ordered.flatMap((command) => (command.do === "fit_video" ? [command.fit] : []));
  page.ordered = [];
  return made.map(({ scale, framesPerS, maxBps }) => [CAMERA.height / scale, framesPerS, maxBps]);
}

/** @param {Partial<import("../../web/machine/types.js").Settings>} settings */
function inCall(settings = {}) {
  const page = Page.inCall("relay", settings);
  page.on(LARGE);
  page.ordered = [];
  return page;
}

/** @param {number} availableOutBps */
const bears = (availableOutBps) => ({ camera: CAMERA, availableOutBps });

test("the picture is as the first second shows, and then follows; it is told once", () => {
  const page = inCall();
  page.measure(5, bears(2e6));
  assert.deepEqual(fits(page), [[720, 30, null]]);
  page.measure(5, bears(250_000));
  assert.deepEqual(fits(page), [[270, 20, null]]);
  page.measure(5, { availableOutBps: 2e6 });
  assert.deepEqual(fits(page), [[720, 30, null]], "the camera is as it was");
});

test("each partner begins anew, and what the camera gives is known before the first second", () => {
  const page = inCall();
  const camera = /** @type {any} */ ({ ...track("large"), getSettings: () => CAMERA });
  page.opened("video", camera);
  page.measure(2, bears(2e6));
  page.do("next_pressed");
  page.ordered = [];
  page.meet();
  assert.deepEqual(page.ordered.map((command) => command.do).filter((name) => name !== "send"),
    ["fit_video", "meet"]);
  assert.deepEqual(fits(page), [[360, 30, null]]);
});

test("another link is told anew, and the same partner's", () => {
  const page = inCall();
  page.opened("video", /** @type {any} */ ({ ...track("large"), getSettings: () => CAMERA }));
  page.measure(2, bears(2e6));
  page.ordered = [];
  page.hear({ type: "offer_again" });
  assert.deepEqual(fits(page), [[360, 30, null]]);
});

test("a camera that turns is sent turned; one that nothing is known of is left alone", () => {
  const page = inCall();
  page.measure(3, { camera: null, availableOutBps: 500_000 });
  assert.deepEqual(fits(page), []);
  page.measure(1, bears(500_000));
  page.measure(1, { ...bears(500_000), camera: { width: 720, height: 1280 } });
  assert.deepEqual(fits(page), [[360, 30, null]]);
});

test("a stage that grows gets more, without another look for the camera", () => {
  const page = inCall();
  page.on({ ...LARGE, stage: { width: 700, height: 500 } });
  page.measure(2, bears(9e6));
  page.on(LARGE);
  assert.ok(!page.measure(1, bears(9e6)).some((command) => command.startsWith("open")));
  assert.deepEqual(fits(page).map(([height]) => height), [500, 720]);
});

test("saving data is the browser's wish until the person has one", () => {
  for (const [saver, savesData, expected] of /** @type {const} */ ([
    ["", false, 720], ["", true, 360], ["on", false, 360], ["off", true, 720],
  ])) {
    const page = inCall({ saver });
    page.on({ ...LARGE, savesData });
    page.measure(2, bears(9e6));
    assert.deepEqual(fits(page).map(([height]) => height), [expected]);
  }
});

test("saving data holds from the next second on", () => {
  const page = inCall();
  page.measure(2, bears(9e6));
  page.on({ type: "setting_changed", change: { saver: "on" } });
  page.measure(1, bears(9e6));
  assert.deepEqual(fits(page), [[720, 30, null], [360, 15, 300_000]]);
});

test("over a partner's poor line the least is sent, until it is clean", () => {
  const page = inCall();
  const poor = { ...bears(85_000), lossOut: 0.5, lossIn: 0.4, checks: { sent: 1, answered: 1 } };
  page.measure(10, poor);
  assert.deepEqual(fits(page).at(-1), [180, 8, 60_000]);
  page.measure(3, bears(9e6));
  assert.deepEqual(fits(page), [[720, 30, null]]);
});

test("a picture that comes back begins small, and grows with the estimate", () => {
  const page = inCall();
  page.measure(7, { ...bears(85_000), lossOut: 0.5, lossIn: 0.4 });
  page.ordered = [];
  page.measure(2, bears(85_000));
  assert.equal(page.state.line.isVideoPaused, false);
  page.measure(3, bears(600_000));
  assert.deepEqual(fits(page), [[180, 15, null], [360, 30, null]]);
});

test("what is measured while nothing comes does not make the picture smaller", () => {
  const page = inCall();
  page.measure(2, bears(2e6));
  page.measure(1, bears(2e6), false);
  page.ordered = [];
  page.measure(5, bears(50_000), false);
  page.do("link_interrupted");
  page.measure(5, bears(50_000));
  assert.deepEqual(fits(page), []);
});

test("the camera is asked for what the stage shows", () => {
  for (const [stage, height] of /** @type {const} */ ([[{ width: 700, height: 500 }, 480], [LARGE.stage, 720]])) {
    const page = new Page();
    page.on({ ...LARGE, stage });
    page.do("preview_wanted");
    const [asked] = page.ordered.flatMap((command) => (command.do === "open_devices" ? [command.size] : []));
    assert.equal(asked?.height, height);
  }
});
