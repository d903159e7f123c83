// @ts-check
/** Asking for less for a second, so that the browser looks for more. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_DIP, hopedBps, nextDip } from "../../web/media/dip.js";
import { Page } from "./transcript.js";

/** @typedef {[loss: number | null, kbps: number | null, isSmall?: boolean]} Second */

/** @param {readonly Second[]} seconds */
function follow(...seconds) {
  let dip = NO_DIP;
  return seconds.map(([loss, kbps, isSmall = true]) => {
    dip = nextDip(dip, loss, kbps && kbps * 1000, isSmall);
    return dip;
  });
}

/** @param {readonly Second[]} seconds @returns {(number | null)[]} kbit/s asked for in each, null: all */
function asked(...seconds) {
  return follow(...seconds).map(({ maxBps }) => maxBps && maxBps / 1000);
}

test("the first second in which nothing is lost and the estimate grows asks for two fifths of it", () => {
  assert.deepEqual(asked([0.3, 150], [0.05, 150], [0.01, 200], [0, 400]), [null, null, 80, null]);
});

test("never for less than a picture needs", () => {
  assert.deepEqual(asked([0.3, 40], [0, 50]), [null, 30]);
});

test("a line that was never bad is left alone, and so are one that loses and a picture that is whole", () => {
  assert.deepEqual(asked([0, 150], [0.04, 200], [0, 300]), [null, null, null]);
  assert.deepEqual(asked([0.3, 150], [0.03, 200], [0.3, 300]), [null, null, null]);
  assert.deepEqual(asked([0.3, 150], [0, 200, false]), [null, null]);
});

test("an estimate that stands still says that much is lost, whatever the partner told of that second", () => {
  assert.deepEqual(asked([0.3, 150], [0, 150], [0, 157], [0, 120]), [null, null, null, null]);
});

test("a browser that does not tell is left alone", () => {
  assert.deepEqual(asked([0.3, null], [0, null], [null, 150], [null, 300]), [null, null, null, null]);
});

test("what did not help is done again, ever later", () => {
  /** @type {Second[]} */
  const seconds = Array.from({ length: 60 }, (_, second) => [second === 0 ? 0.3 : 0, 150 * 1.1 ** second]);
  const dips = asked(...seconds).flatMap((kbps, second) => (kbps ? [second] : []));
  assert.deepEqual(dips, [1, 5, 13, 29, 45]);
});

test("for three seconds after it, while the estimate does not fall, the line is thought to bear twice as much", () => {
  /** @param {readonly number[]} kbps */
  const hoped = (...kbps) => follow([0.3, 100], ...kbps.map((each) => /** @type {Second} */ ([0, each]))).map(hopedBps);
  assert.deepEqual(hoped(150, 200, 300, 400), [1e5, 3e5, 4e5, 6e5, 4e5]);
  assert.deepEqual(hoped(150, 140, 200), [1e5, 3e5, 1.4e5, 2e5]);
});

test("a page whose line is clean again asks for less and then for all, and each partner begins anew", () => {
  const page = Page.inCall("relay");
  const camera = { width: 1280, height: 720 };
  page.on({ type: "surroundings_seen", stage: { width: 1920, height: 1080 }, savesData: false });
  const fits = () => page.ordered.splice(0).flatMap((command) => (command.do === "fit_video" ? [command.fit.maxBps] : []));
  page.measure(5, { camera, availableOutBps: 150_000, pictureLoss: 0.3 });
  fits();
  page.measure(1, { availableOutBps: 160_000, pictureLoss: 0 });
  page.measure(1, { availableOutBps: 500_000, pictureLoss: 0 });
  assert.deepEqual(fits(), [64_000, null]);
  page.do("next_pressed");
  page.meet();
  for (const kbps of [150, 200, 300, 400]) page.measure(1, { availableOutBps: kbps * 1000, pictureLoss: 0 });
  assert.ok(fits().every((maxBps) => maxBps === null));
});
