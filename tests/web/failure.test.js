// @ts-check
/** Links that fail, again and again: what is said, and when the next one is tried. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "../../web/words/en.js";
import { Page } from "./transcript.js";

/** @param {Page} page @param {string | null} [cause] */
function fail(page, cause = null) {
  const message = "It failed.";
  return page.hear({ type: "error", code: "media_failed", message, retryAfterMs: null, id: null, cause });
}

/** Wait for the next link and have it fail. @param {Page} page @returns {number} how long it was not tried */
function failAgain(page) {
  const { waitedMs, commands } = page.wait();
  assert.deepEqual(commands, ["open_link", "make_offer"]);
  page.offerMade();
  fail(page);
  return waitedMs;
}

for (const [cause, words] of Object.entries(en.causes)) {
  test(`${cause} is said in words`, () => {
    const page = Page.searching();
    fail(page, cause);
    assert.ok(page.says.startsWith(`${en.mishaps.link_failed} ${words} | `), page.says);
  });
}

test("a cause that is not known here, or none, is no word more", () => {
  for (const cause of ["sunspots", "constructor", null]) {
    const page = Page.searching();
    fail(page, cause);
    assert.ok(page.says.startsWith(`${en.mishaps.link_failed} | `), page.says);
  }
});

test("from the third failure in a row on, the next link is tried ever less often", () => {
  const page = Page.searching();
  fail(page);
  const waits = [1, 2, 3, 4, 5, 6, 7, 8, 9].map(() => failAgain(page));
  assert.deepEqual(waits,
    [0, 3_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
});

test("a link that was up, another network, and Start begin the counting anew", () => {
  for (const begin of [
    (/** @type {Page} */ page) => { page.wait(); page.offerMade(); page.do("link_restored"); fail(page); },
    (/** @type {Page} */ page) => { page.do("network_changed"); page.offerMade(); fail(page); },
    (/** @type {Page} */ page) => {
      page.do("stop_pressed");
      page.do("start_pressed");
      page.devicesOpened();
      page.offerMade();
      fail(page);
    },
  ]) {
    const page = Page.searching();
    fail(page);
    for (const _ of [1, 2, 3]) failAgain(page);
    begin(page);
    assert.equal(page.state.failures, 1);
  }
});

test("another network is tried at once", () => {
  const page = Page.searching();
  fail(page);
  for (const _ of [1, 2, 3]) failAgain(page);
  assert.deepEqual(page.do("network_changed"), ["renew", "open_link", "make_offer"]);
});

test("the server is told how the connecting goes, as long as there is a link to it", () => {
  const report = /** @type {const} */ ({
    state: "connecting", candidateTypes: ["host/udp"], families: ["ipv4"], iceState: "checking",
    dtlsState: "new", errors: [{ code: 701, scheme: "turns" }], tookMs: 7_000,
  });
  const event = /** @type {any} */ ({ type: "link_reported", report });
  const page = Page.searching();
  assert.deepEqual(page.on(event), ["> link_report"]);
  assert.deepEqual(page.sent.at(-1), { type: "link_report", ...report });
  page.do("stop_pressed");
  assert.deepEqual(page.on(event), []);
  assert.deepEqual(Page.inCall("direct").on(event), []);
});
