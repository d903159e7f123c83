// @ts-check
/** By video, by voice or in writing: what is opened, what is asked, and what both have to want. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { languagesOf } from "../../web/machine/search.js";
import { Page } from "./transcript.js";

const FOUND = { type: /** @type {const} */ ("partner_found"), roomId: "r", isInitiator: false,
  sharedInterests: [], blurred: false, isByCode: false };

/** @param {import("../../web/wire/messages.js").Mode} mode */
function inCallBy(mode) {
  const page = new Page({ mode });
  page.on({ type: "message", message: { type: "connected", iceServers: [], mediaMode: "relay",
    resumeToken: null, startBlurred: false, evidence: false } });
  page.do("start_pressed");
  page.hear({ ...FOUND, mode });
  return page;
}

test("who writes opens neither a device nor a link, and searches at once", () => {
  const page = new Page({ mode: "text" });
  page.hear({ type: "connected", iceServers: [], mediaMode: "relay", resumeToken: null,
    startBlurred: false, evidence: false });
  assert.deepEqual(page.do("start_pressed"), ["> find_partner"]);
  assert.deepEqual(page.sent.at(-1), { type: "find_partner", interests: [], mode: "text" });
  page.hear({ type: "waiting_for_partner", online: 3, looking: 0, scope: "any" });
  assert.match(page.says, /Nobody else is looking for that right now/);
  page.hear({ ...FOUND, mode: "text" });
  assert.equal(page.says, "Connected | You can write to each other.");
  assert.equal(page.state.dueMs.media, undefined);
});

test("who talks opens the microphone alone", () => {
  const page = new Page({ mode: "voice" });
  assert.deepEqual(page.do("preview_wanted"), ["open audio"]);
});

test("another way before the call closes what it has no use for", () => {
  const page = new Page();
  page.do("preview_wanted");
  page.devicesOpened();
  page.on({ type: "mode_chosen", mode: "voice" });
  assert.equal(page.state.devices.video.status, "off");
  assert.equal(page.state.devices.audio.status, "on");
  page.on({ type: "mode_chosen", mode: "video" });
  assert.equal(page.state.devices.video.status, "asking");
});

test("the partner is asked once, and nothing changes before both want it", () => {
  const page = Page.inCall();
  assert.deepEqual(page.on({ type: "mode_wanted", mode: "voice" }), ["> ask_mode"]);
  assert.deepEqual(page.on({ type: "mode_wanted", mode: "text" }), []);
  assert.equal(page.state.mode, "video");
  page.hear({ type: "mode_declined", mode: "voice" });
  assert.match(page.says, /^Your partner would rather go on as it is/);
  page.on({ type: "mode_wanted", mode: "voice" });
  page.hear({ type: "mode_changed", mode: "voice" });
  assert.equal(page.state.mode, "voice");
  assert.equal(page.state.devices.video.status, "off");
});

test("what the partner asks is answered once, and a question of one's own that crosses is forgotten", () => {
  const page = Page.inCall();
  page.on({ type: "mode_wanted", mode: "text" });
  page.hear({ type: "mode_asked", mode: "voice" });
  assert.deepEqual(page.state.partner?.asked, { mode: "voice", isMine: false });
  assert.deepEqual(page.on({ type: "mode_answered", accept: false }), ["> answer_mode"]);
  assert.deepEqual(page.on({ type: "mode_answered", accept: true }), []);
  assert.equal(page.state.partner?.asked, null);
});

test("a question is open for a while, and then is as if the answer were no", () => {
  const page = Page.inCall();
  page.hear({ type: "mode_asked", mode: "voice" });
  page.nowMs += 30_000;
  assert.deepEqual(page.on({ type: "time_passed" }), ["> answer_mode"]);
  assert.deepEqual(page.sent.at(-1), { type: "answer_mode", mode: "voice", accept: false });
  page.on({ type: "mode_wanted", mode: "text" });
  page.nowMs += 40_000;
  page.on({ type: "time_passed" });
  assert.equal(page.state.partner?.asked, null);
  assert.match(page.says, /^Your partner would rather go on as it is/);
  page.on({ type: "mode_wanted", mode: "text" });
  page.hear({ type: "mode_changed", mode: "text" });
  page.nowMs += 40_000;
  assert.deepEqual(page.on({ type: "time_passed" }), [], "nothing is open");
});

test("what the server does not pass on can be asked again", () => {
  const page = Page.inCall();
  page.on({ type: "mode_wanted", mode: "text" });
  page.hear({ type: "error", code: "rate_limited", message: "", retryAfterMs: 1, id: null });
  assert.equal(page.state.partner?.asked, null);
});

test("from writing to a picture: devices, a link, and an offer", () => {
  const page = inCallBy("text");
  page.hear({ type: "mode_changed", mode: "video" });
  assert.equal(page.state.linked, true);
  assert.ok(page.ordered.some(({ do: what }) => what === "make_offer"));
  assert.ok(page.ordered.some(({ do: what }) => what === "open_devices"));
});

test("who has agreed to write has a link again before the next partner", () => {
  const page = Page.inCall();
  page.hear({ type: "mode_changed", mode: "text" });
  assert.equal(page.state.linked, false);
  const done = page.do("next_pressed");
  assert.ok(done.includes("> stop_chat"), done.join());
  assert.ok(!done.includes("> next_partner"), done.join());
});

test("languages are the browser's, or the one that was chosen; what is no tag is left out", () => {
  const page = new Page();
  const languages = ["pt-BR", "en", "en-US", "<b>", "de", "fr", "it"];
  const of = (/** @type {string} */ speaks) =>
    languagesOf({ settings: { ...page.state.settings, speaks }, languages });
  assert.deepEqual(of(""), ["pt", "en", "de", "fr"]);
  assert.deepEqual(of("uk"), ["uk"]);
  assert.deepEqual(of("any"), []);
});

test("interests lose what the server takes of nobody", () => {
  const page = new Page();
  page.on({ type: "interest_added", text: "t\u0000e\u202Ea\n<b>" });
  assert.deepEqual(page.state.settings.interests, ["tea <b>"]);
});

test("a setting that is nonsense is video", () => {
  assert.equal(new Page({ mode: "smoke" }).state.mode, "video");
});
