// @ts-check
/** Links that fail, again and again: what is said, and when the next one is tried. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isTextOffered } from "../../web/machine/state.js";
import { words as en } from "../../web/words/en.js";
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

/** Three links have failed, and the person does with text. @param {string | null} [cause] */
function textOnly(cause = null) {
  const page = Page.searching();
  fail(page);
  failAgain(page);
  page.wait();
  page.offerMade();
  fail(page, cause);
  page.do("text_chosen");
  page.hear({ type: "waiting_for_partner", online: 3 });
  return page;
}

test("text is offered from the first failure on, until a link is up", () => {
  const page = Page.searching();
  assert.ok(!isTextOffered(page.state));
  fail(page);
  for (const _ of [1, 2, 3]) {
    assert.ok(isTextOffered(page.state));
    failAgain(page);
  }
  page.wait();
  assert.match(page.says, /Trying again now…$/);
  assert.ok(isTextOffered(page.state));
  page.offerMade();
  page.do("link_restored");
  assert.ok(!isTextOffered(page.state));
});

test("text is to be had while a link is tried, which then makes way", () => {
  const page = Page.searching();
  fail(page);
  for (const _ of [1, 2]) failAgain(page);
  page.wait();
  page.offerMade();
  const commands = page.do("text_chosen");
  assert.deepEqual(commands, ["> stop_chat", "close_link", "> find_partner"]);
  assert.deepEqual(page.sent.at(-1), { type: "find_partner", interests: [], withoutMedia: true });
  assert.equal(page.wait().waitedMs, 10_000);
});

test("who has not been offered text does not get it", () => {
  const page = Page.searching();
  assert.deepEqual(page.do("text_chosen"), []);
  assert.ok(!page.state.isTextOnly);
});

test("the next try is counted down, and may be had at once", () => {
  const page = Page.searching();
  fail(page);
  for (const _ of [1, 2]) failAgain(page);
  assert.match(page.says, /Trying again in 10 s\.$/);
  page.nowMs += 4_000;
  assert.match(page.says, /Trying again in 6 s\.$/);
  assert.deepEqual(page.do("try_now_pressed"), ["open_link", "make_offer"]);
  assert.deepEqual(page.do("try_now_pressed"), []);
});

test("who does with text looks for somebody at once, and is told why there is no picture", () => {
  const page = textOnly("udp_blocked");
  assert.deepEqual(page.sent.at(-1), { type: "find_partner", interests: [], withoutMedia: true });
  const why = `${en.noVideo} ${en.causes.udp_blocked}`;
  assert.equal(page.says, `${en.searching} | ${why} | Trying for video again in 10 s.`);
  assert.deepEqual(page.meet(true), ["> media_state"], "no link is opened for a partner");
  assert.equal(page.says, `${en.textOnly} | ${why} | Trying for video again in 10 s.`);
  page.on({ type: "chat_entered", text: "Hello" });
  assert.equal(page.sent.at(-1)?.type, "chat_message");
  page.do("next_pressed");
  assert.deepEqual(page.sent.at(-1), { type: "next_partner", interests: [], withoutMedia: true });
});

test("video is tried for while the two chat, ever less often, and costs nobody the partner", () => {
  const page = textOnly();
  page.meet();
  page.on({ type: "chat_entered", text: "Hello" });
  for (const waitMs of [10_000, 20_000]) {
    const { waitedMs, commands } = page.wait();
    assert.equal(waitedMs, waitMs);
    assert.deepEqual(commands, ["open_link", "meet", "make_offer"]);
    assert.deepEqual(page.offerMade(), ["> webrtc_offer"]);
    assert.match(page.says, /Trying for video now…$/);
    assert.deepEqual(fail(page), ["close_link"]);
    assert.deepEqual(fail(page), [], "once for each link");
  }
  assert.equal(page.state.chat.length, 1);
  assert.match(page.says, /Trying for video again in 40 s\.$/);
  assert.deepEqual(page.do("try_now_pressed"), ["open_link", "meet", "make_offer"]);
});

for (const how of /** @type {const} */ (["link_failed", "link_broken", "link_closed"])) {
  test(`a try for video that ends with ${how} is no more than that`, () => {
    const page = textOnly();
    page.meet();
    page.wait();
    page.offerMade();
    assert.deepEqual(page.do(how), ["close_link"]);
    assert.ok(page.state.partner);
  });
}

test("the picture appears when the link is up, and a quiet partner is no reason to go on", () => {
  const page = textOnly();
  page.meet();
  page.hear({ type: "media_state", audio: true, video: true });
  page.wait();
  page.offerMade();
  page.do("link_restored");
  assert.ok(!page.state.isTextOnly);
  assert.equal(page.state.dueMs.media, undefined);
  page.arrive();
  assert.equal(page.says, `${en.connected} | ${en.seeAndHear}`);
  page.do("next_pressed");
  assert.deepEqual(page.sent.at(-1), { type: "next_partner", interests: [] });
});

test("a partner who goes is followed by another, for text as before", () => {
  const page = textOnly();
  page.meet();
  page.hear({ type: "partner_left" });
  assert.deepEqual(page.sent.at(-1), { type: "find_partner", interests: [], withoutMedia: true });
});

test("who rests does so without a link, and goes on", () => {
  const page = textOnly();
  page.on({ type: "setting_changed", change: { searchesOn: false } });
  page.meet();
  page.hear({ type: "partner_left" });
  assert.ok(page.state.isResting);
  page.do("next_pressed");
  assert.deepEqual(page.sent.at(-1), { type: "find_partner", interests: [], withoutMedia: true });
});

test("Stop leaves one who was met for text", () => {
  const page = textOnly();
  page.meet();
  assert.ok(page.do("stop_pressed").includes("> stop_chat"));
});

test("text goes on in another session, and ends with Stop", () => {
  const page = textOnly();
  page.lost(false);
  page.connect();
  assert.deepEqual(page.sent.at(-1), { type: "find_partner", interests: [], withoutMedia: true });
  page.do("stop_pressed");
  assert.ok(!page.state.isTextOnly);
});
