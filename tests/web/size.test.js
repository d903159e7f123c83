// @ts-check
/** How large the picture is sent. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { FIRST_STEP, fitOf, nextStep, wantedSize } from "../../web/media/size.js";

const CAMERA = { width: 1280, height: 720 };
const PHONE = { width: 720, height: 1280 };
const STAGE = { width: 1920, height: 1080 };
const NONE = { isSaving: false, isLeast: false };

/** @param {(number | null)[]} estimates in bit/s, one a second @returns {import("../../web/media/size.js").Step} */
function after(...estimates) {
  return estimates.reduce((step, bps) => nextStep(step, bps, false), FIRST_STEP);
}

/** @param {(number | null)[]} estimates */
function sent(...estimates) {
  const { scale, framesPerS } = fitOf(after(...estimates), CAMERA, STAGE, NONE);
  return [CAMERA.height / scale, framesPerS];
}

for (const [kbps, height, framesPerS] of /** @type {const} */ ([
  [0, 180, 15], [119, 180, 15], [120, 180, 20], [200, 270, 20], [350, 360, 30], [700, 540, 30],
  [1_199, 540, 30], [1_200, 720, 30], [9_000, 720, 30],
])) {
  test(`${kbps} kbit/s in the first second: ${height} lines, ${framesPerS} times a second`, () => {
    assert.deepEqual(sent(kbps * 1_000), [height, framesPerS]);
  });
}

test("before anything is known the picture is as browsers begin", () => {
  assert.deepEqual(sent(), [360, 30]);
});

test("a browser that gives no estimate adapts the picture by itself", () => {
  assert.deepEqual(sent(null), [720, 30]);
});

test("a better line is believed after two seconds, and then for all that it bears", () => {
  assert.deepEqual(sent(150_000, 290_000), [180, 20]);
  assert.deepEqual(sent(150_000, 290_000, 290_000), [270, 20]);
  assert.deepEqual(sent(150_000, 290_000, 150_000, 290_000), [180, 20], "not in a row");
});

test("a line that bears half as much again as a larger picture needs is believed at once", () => {
  assert.deepEqual(sent(150_000, 300_000), [270, 20]);
  assert.deepEqual(sent(150_000, 2e6), [720, 30]);
});

test("a worse line is believed after two seconds, and then for all that it lacks", () => {
  assert.deepEqual(sent(2e6, 150_000), [720, 30]);
  assert.deepEqual(sent(2e6, 150_000, 150_000), [180, 20]);
  assert.deepEqual(sent(2e6, 150_000, 2e6, 150_000), [720, 30]);
});

/** @param {import("../../web/media/size.js").Step} step @param {number} seconds @param {boolean} isStrained */
function good(step, seconds, isStrained) {
  return Array(seconds).fill(9e6).reduce((before, bps) => nextStep(before, bps, isStrained), step);
}

test("a machine that is too slow for a size for four seconds gets the next smaller one, and keeps to it", () => {
  const whole = after(9e6);
  assert.equal(good(good(whole, 3, true), 1, false).level, whole.level);
  const smaller = good(whole, 4, true);
  assert.equal(smaller.level, 4);
  assert.equal(good(smaller, 60, false).level, 4);
  assert.equal(good(whole, 60, true).level, 2, "there it ends");
  const worse = nextStep(nextStep(smaller, 0, false), 0, false);
  assert.equal(worse.level, 0);
  assert.equal(good(worse, 2, false).level, 4);
  assert.equal(nextStep({ ...smaller, level: null }, 9e6, false).level, 4);
});

test("an estimate near a border changes nothing, from either side", () => {
  const near = Array(20).fill([580_000, 790_000]).flat();
  assert.deepEqual(sent(720_000, ...near), [540, 30]);
  assert.deepEqual(sent(690_000, ...near.reverse()), [360, 30]);
  assert.deepEqual(sent(720_000, 550_000, 550_000), [360, 30]);
  assert.deepEqual(sent(690_000, 810_000, 810_000), [540, 30]);
});

test("a camera that has no more is not made larger", () => {
  const small = { width: 320, height: 240 };
  assert.equal(fitOf(after(9e6), small, STAGE, NONE).scale, 1);
  assert.equal(fitOf(after(0), small, STAGE, NONE).scale, 240 / 180);
});

test("a phone held upright sends the same, the other way round", () => {
  for (const kbps of [0, 150, 300, 500, 800, 2_000]) {
    const step = after(kbps * 1_000);
    const turned = { width: STAGE.height, height: STAGE.width };
    const lying = fitOf(step, CAMERA, STAGE, NONE);
    for (const stage of [STAGE, turned]) assert.deepEqual(fitOf(step, PHONE, stage, NONE), lying);
  }
});

test("of a picture of another shape, the longer excess counts", () => {
  assert.equal(fitOf(after(500_000), { width: 640, height: 480 }, STAGE, NONE).scale, 480 / 360);
  assert.equal(fitOf(after(500_000), { width: 1280, height: 480 }, STAGE, NONE).scale, 2);
});

test("no more is sent than the stage shows, but for one that says nothing of the partner's", () => {
  const scale = (/** @type {number} */ width, /** @type {number} */ height) =>
    fitOf(after(9e6), CAMERA, { width, height }, NONE).scale;
  assert.equal(scale(960, 540), 720 / 540);
  assert.equal(scale(540, 960), 720 / 540);
  assert.equal(scale(960, 2_000), 1, "its short side is what counts");
  assert.equal(scale(100, 50), 2);
  assert.equal(scale(0, 0), 2);
});

test("who saves data sends little, whatever the line bears", () => {
  const wish = { ...NONE, isSaving: true };
  assert.deepEqual(fitOf(after(9e6), CAMERA, STAGE, wish), { scale: 2, framesPerS: 15, maxBps: 300_000 });
  assert.deepEqual(fitOf(after(0), CAMERA, STAGE, wish), { scale: 4, framesPerS: 15, maxBps: 300_000 });
});

test("over a partner's poor line the least is sent", () => {
  for (const isSaving of [false, true]) {
    assert.deepEqual(fitOf(after(9e6), CAMERA, STAGE, { isSaving, isLeast: true }),
      { scale: 4, framesPerS: 8, maxBps: 60_000 });
  }
});

test("the camera is asked for 720 lines where the stage has them, and data is not saved", () => {
  const large = { width: 1280, height: 720 };
  const usual = { width: 640, height: 480 };
  assert.deepEqual(wantedSize({ width: 960, height: 540 }, false), large);
  assert.deepEqual(wantedSize({ width: 540, height: 960 }, false), large);
  assert.deepEqual(wantedSize({ width: 959, height: 2_000 }, false), large);
  assert.deepEqual(wantedSize({ width: 2_000, height: 539 }, false), usual);
  assert.deepEqual(wantedSize({ width: 959, height: 700 }, false), usual);
  assert.deepEqual(wantedSize(STAGE, true), usual);
});
