// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { FINE, NONE, Page, REMOTE } from "./transcript.js";

test("a partner on an early link is met without negotiation, and told what is on", () => {
  const page = Page.searching();
  page.sent = [];
  assert.deepEqual(page.meet(true), ["meet", "> media_state"]);
  assert.deepEqual(page.sent, [{ type: "media_state", audio: true, video: true }]);
  assert.equal(page.says, "Found someone | Connecting the video…");
  page.on({ type: "media_arrived", kind: "audio" });
  assert.equal(page.says, "Found someone | Connecting the video…");
  page.on({ type: "media_arrived", kind: "video" });
  assert.equal(page.says, "Connected | You can see and hear each other.");
});

test("what both like is said", () => {
  const page = Page.searching("relay", { interests: ["cats", "chess"] });
  page.meet(false, ["cats", "chess"]);
  page.arrive();
  assert.equal(page.says, "Connected | You both like: cats, chess");
});

test("Next leaves the partner and keeps the link", () => {
  const page = Page.inCall();
  assert.deepEqual(page.do("next_pressed"), ["part", "> next_partner"]);
  assert.equal(page.state.linked, true);
  assert.equal(page.state.remoteStream, REMOTE);
  assert.deepEqual(page.meet(), ["meet", "> media_state"]);
});

test("Next without a partner does nothing", () => {
  assert.deepEqual(Page.searching().do("next_pressed"), []);
  assert.deepEqual(new Page().do("next_pressed"), []);
});

test("Esc is Next only when it comes twice within two seconds", () => {
  const page = Page.inCall();
  assert.deepEqual(page.do("escape_pressed"), []);
  assert.match(page.says, /^Press Esc again for the next person\. \| Connected/);
  assert.deepEqual(page.wait(), { waitedMs: 2_000, commands: [] });
  assert.match(page.says, /^Connected/);
  page.do("escape_pressed");
  page.nowMs += 1_900;
  assert.deepEqual(page.do("escape_pressed"), ["part", "> next_partner"]);
  assert.deepEqual(page.do("escape_pressed"), []);
});

for (const type of /** @type {const} */ (["partner_left", "partner_disconnected"])) {
  test(`${type}: says so, keeps their last words, searches again`, () => {
    const page = Page.inCall();
    page.hear({ type: "chat_message", text: "bye", id: "1" });
    assert.deepEqual(page.hear({ type }), ["part", "> find_partner"]);
    assert.equal(page.state.chat.at(-1)?.text, "bye");
    assert.match(page.says, /^Your partner (left|was disconnected)\. \| Looking for someone…/);
    page.meet();
    assert.deepEqual(page.state.chat.map(({ text, isFormer, isMark }) => [text, isFormer, isMark]),
      [["bye", true, undefined], ["", undefined, true]], "above the line");
    page.do("next_pressed");
    assert.deepEqual(page.state.chat, [], "who goes on by themselves has read it");
    page.meet();
    assert.equal(page.says, "Found someone | Connecting the video…");
  });

  test(`${type} that crosses with Next is ignored`, () => {
    const page = Page.inCall();
    page.do("next_pressed");
    assert.deepEqual(page.hear({ type }), []);
  });
}

test("who does not search on by itself rests until Next, on the same link", () => {
  const page = Page.inCall("relay", { searchesOn: false });
  assert.deepEqual(page.hear({ type: "partner_left" }), ["part"]);
  assert.equal(
    page.says,
    "Your partner left. | Ready when you are | Press Next to meet someone else.",
  );
  assert.deepEqual(page.do("next_pressed"), ["> find_partner"]);
  assert.deepEqual(page.meet(), ["meet", "> media_state"]);
});

test("who rests while the server restarts rests on, and Next opens a link", () => {
  const page = Page.inCall("relay", { searchesOn: false });
  page.hear({ type: "partner_left" });
  page.lost(false);
  assert.deepEqual(page.connect(), []);
  assert.deepEqual(page.do("next_pressed"), ["open_link", "make_offer"]);
  assert.deepEqual(page.offerMade(), ["> webrtc_offer", "> find_partner"]);
});

test("a partner of whom nothing comes is left after 8 s", () => {
  const page = Page.searching("relay", { searchesOn: false });
  page.meet();
  assert.deepEqual(page.wait(), { waitedMs: 8_000, commands: ["part", "> next_partner"] });
  assert.match(page.says, /^Nothing arrived from them\. \| Looking for someone…/);
});

test("what arrives in time ends the wait", () => {
  assert.throws(() => Page.inCall().wait(), /nothing is due/);
});

test("of a partner without a camera only sound is waited for", () => {
  const page = Page.searching();
  page.meet();
  page.hear({ type: "media_state", audio: true, video: false });
  assert.match(page.says, /^Found someone/);
  page.on({ type: "media_arrived", kind: "audio" });
  assert.match(page.says, /^Connected/);
  assert.throws(() => page.wait(), /nothing is due/);
});

test("of a partner who only writes nothing is waited for", () => {
  const page = Page.searching();
  page.meet();
  page.hear({ type: "media_state", audio: false, video: false });
  assert.equal(page.says, "Connected | You can write to each other.");
  assert.throws(() => page.wait(), /nothing is due/);
});

test("a partner who switches the camera on later stays met", () => {
  const page = Page.searching();
  page.meet();
  page.hear({ type: "media_state", audio: false, video: false });
  page.hear({ type: "media_state", audio: false, video: true });
  assert.match(page.says, /^Connected/);
  assert.throws(() => page.wait(), /nothing is due/);
});

test("a partner of whom nothing comes any more is reconnecting, until something comes", () => {
  const page = Page.inCall();
  page.measure(3);
  page.measure(3, {}, false);
  assert.match(page.says, /^Connected/);
  page.measure(1, {}, false);
  assert.match(page.says, /^Partner reconnecting…/);
  page.measure(1);
  assert.match(page.says, /^Connected/);
});

/** @param {Page} page @param {boolean} interrupted */
function told(page, interrupted) {
  return page.hear({ type: "partner_connection", interrupted });
}

const THEIRS = /^Their connection is interrupted… \| It may come back by itself\.$/;

test("a partner of whom nothing comes to the server is interrupted, until media is back", () => {
  const page = Page.inCall();
  page.measure(2);
  page.measure(4, {}, false);
  assert.match(page.says, /^Partner reconnecting…/, "the page sees it first");
  told(page, true);
  assert.match(page.says, THEIRS);
  page.measure(10, {}, false);
  assert.match(page.says, THEIRS);
  page.measure(1);
  assert.match(page.says, /^Connected/);
  told(page, false);
  assert.match(page.says, /^Connected/);
});

test("a partner whose socket is away while media comes is not said to be interrupted", () => {
  const page = Page.inCall();
  page.measure(2);
  told(page, true);
  assert.match(page.says, /^Connected/);
  page.measure(3);
  assert.match(page.says, /^Connected/);
  page.measure(1, {}, false);
  assert.match(page.says, /^Connected/);
  page.measure(1, {}, false);
  assert.match(page.says, THEIRS, "until that stops, too");
});

test("a partner who is back without media yet is reconnecting", () => {
  const page = Page.inCall();
  page.measure(1);
  page.measure(6, {}, false);
  told(page, true);
  told(page, false);
  assert.match(page.says, /^Partner reconnecting…/);
});

test("a partner who has all switched off is interrupted, too, until the server says that they are back", () => {
  const page = Page.inCall();
  page.measure(1);
  page.hear({ type: "media_state", audio: false, video: false });
  told(page, true);
  page.measure(5, {}, false);
  page.hear({ type: "media_state", audio: false, video: false });
  assert.match(page.says, THEIRS);
  told(page, false);
  assert.match(page.says, /^Connected \| You can write/);
});

test("somebody who is met interrupted is said to be, and left when nothing comes", () => {
  const page = Page.searching();
  page.meet();
  told(page, true);
  assert.match(page.says, THEIRS);
  assert.deepEqual(page.wait(), { waitedMs: 8_000, commands: ["part", "> next_partner"] });
});

test("an interruption is the partner's own: Next takes it away, and late news is nobody's", () => {
  const page = Page.inCall();
  told(page, true);
  page.do("next_pressed");
  assert.match(page.says, /^Looking for someone/);
  told(page, true);
  assert.equal(page.state.partner, null);
  page.hear({ type: "waiting_for_partner", online: 2 });
  page.meet();
  page.arrive();
  assert.match(page.says, /^Connected/);
});

test("our own interruption is said before the partner's", () => {
  const page = Page.inCall();
  told(page, true);
  page.do("link_interrupted");
  assert.match(page.says, /^Your connection is interrupted/);
  page.do("link_restored");
  assert.match(page.says, THEIRS);
});

test("another link of our own does not bring an interrupted partner back", () => {
  const page = Page.inCall();
  page.measure(3);
  page.measure(2, {}, false);
  told(page, true);
  page.hear({ type: "offer_again" });
  page.do("link_restored");
  page.on({ type: "figures_measured", figures: { ...FINE, bytesReceived: 0 }, totals: NONE });
  assert.match(page.says, THEIRS);
});

test("while nobody answers, the line is not taken for a poor one", () => {
  const page = Page.inCall();
  page.measure(5, { lossOut: 0.5, availableOutBps: 84_000 }, false);
  told(page, true);
  page.measure(20, { lossOut: 0.5, availableOutBps: 84_000 }, false);
  assert.equal(page.state.line.isVideoPaused, false);
  told(page, false);
  page.measure(16, { lossOut: 0.5, availableOutBps: 84_000 });
  assert.equal(page.state.line.isVideoPaused, false, "the browser's estimate has time to recover");
  page.measure(1, { lossOut: 0.5, availableOutBps: 84_000 });
  assert.equal(page.state.line.isVideoPaused, true);
});

test("a partner who has switched all off is not reconnecting", () => {
  const page = Page.inCall();
  page.measure(1);
  page.hear({ type: "media_state", audio: false, video: false });
  page.measure(20, {}, false);
  assert.match(page.says, /^Connected/);
});

test("an offer of the relay is answered on a fresh link", () => {
  const page = Page.inCall();
  assert.deepEqual(page.hear({ type: "webrtc_offer", sdp: "theirs" }), [
    "close_link", "open_link", "meet", "take_offer",
  ]);
  const description = /** @type {const} */ ({ type: "answer", sdp: "mine" });
  assert.deepEqual(page.on({ type: "link_described", description }), ["> webrtc_answer"]);
});

test("what was paused on a link is sent on the next one, and the partner told", () => {
  const page = Page.inCall();
  page.measure(7, { lossOut: 0.5, availableOutBps: 84_000 });
  page.hear({ type: "webrtc_offer", sdp: "theirs" });
  assert.deepEqual(page.sent.at(-1), { type: "media_state", audio: true, video: true });
});

test("an offer without a partner is ignored", () => {
  assert.deepEqual(Page.searching().hear({ type: "webrtc_offer", sdp: "theirs" }), []);
});

test("a partner begins with nothing, and counts", () => {
  const page = Page.searching();
  assert.equal(page.state.partnersMet, 0);
  page.meet();
  assert.equal(page.state.partnersMet, 1);
  assert.deepEqual(page.state.partner, {
    roomId: "room 1",
    isByCode: false,
    veil: { blur: "off", hasShown: true, isReady: true, why: null, isOverruled: false },
    media: { audio: true, video: true }, arrived: { audio: false, video: false }, hasCome: false,
    mode: "video", asked: null, isForeign: false, sharedInterests: [], isTyping: false,
    exchange: { mine: false, theirs: false, isAnswered: false, isDeclined: false }, isReported: false, isInterrupted: false, isQuiet: false,
    isStalled: false, isDoubted: false, isSought: false,
    bytesReceived: 0, lastBytesAtMs: page.nowMs,
  });
});

test("Next takes all away that was the partner's, and all that was waited for", () => {
  const page = Page.searching();
  page.meet();
  page.on({ type: "text_changed", text: "x" });
  page.do("page_hidden");
  page.hear({ type: "chat_message", text: "hi", id: "2" });
  page.hear({ type: "typing", active: true });
  page.do("next_pressed");
  const { chat, told, isTyping, unread } = page.state;
  assert.deepEqual({ chat, told, isTyping, unread }, {
    chat: [], told: null, isTyping: false, unread: 0,
  });
  page.hear({ type: "waiting_for_partner", online: 2 });
  assert.throws(() => page.wait(), /nothing is due/);
});

test("Next takes the notice away, after a rest the last words, too", () => {
  const page = Page.inCall("relay", { searchesOn: false });
  page.do("escape_pressed");
  page.do("next_pressed");
  assert.equal(page.state.notice, null);
  page.meet();
  page.hear({ type: "chat_message", text: "bye", id: "1" });
  page.hear({ type: "partner_left" });
  assert.equal(page.state.chat.length, 1);
  page.do("next_pressed");
  assert.deepEqual([page.state.notice, page.state.chat], [null, []]);
});

test("Esc twice ends a rest; the next one is the first again, and without a partner there is none", () => {
  const page = Page.inCall("relay", { searchesOn: false });
  page.hear({ type: "partner_left" });
  page.do("escape_pressed");
  assert.deepEqual(page.do("escape_pressed"), ["> find_partner"]);
  page.meet();
  assert.deepEqual(page.do("escape_pressed"), []);
  const idle = Page.searching();
  idle.do("escape_pressed");
  assert.equal(idle.state.notice, null);
});

test("a notice that has followed stays when Esc counts no more", () => {
  const page = Page.inCall();
  page.do("escape_pressed");
  page.hear({ type: "error", code: "rate_limited", message: "x", retryAfterMs: null, id: null });
  page.wait();
  assert.equal(page.state.notice?.kind, "too_fast");
});

test("what comes of nobody changes nothing", () => {
  const page = Page.searching();
  page.on({ type: "media_arrived", kind: "audio" });
  page.hear({ type: "media_state", audio: true, video: true });
  page.measure(1);
  assert.equal(page.state.partner, null);
});

test("sound and picture arrive one after the other, and are waited for again from then on", () => {
  const page = Page.inCall();
  assert.deepEqual(page.state.partner?.arrived, { audio: true, video: true });
  page.measure(1);
  page.measure(3, {}, false);
  page.on({ type: "media_arrived", kind: "video" });
  page.measure(3, {}, false);
  assert.match(page.says, /^Connected/);
  page.hear({ type: "media_state", audio: true, video: true });
  page.measure(3, {}, false);
  assert.match(page.says, /^Connected/);
  page.measure(1, {}, false);
  assert.match(page.says, /^Partner reconnecting/);
  page.hear({ type: "media_state", audio: true, video: true });
  assert.match(page.says, /^Connected/);
});

for (const kind of /** @type {const} */ (["audio", "video"])) {
  test(`a partner with ${kind} alone may stall, too`, () => {
    const page = Page.searching();
    page.meet();
    page.hear({ type: "media_state", audio: kind === "audio", video: kind === "video" });
    page.measure(6, {}, false);
    assert.doesNotMatch(page.says, /reconnecting/, "nothing has arrived yet");
    page.on({ type: "media_arrived", kind });
    assert.match(page.says, /^Connected \| You can see and hear each other\./);
    page.measure(5, {}, false);
    assert.match(page.says, /reconnecting/);
  });
}

test("a partner who was met and says goodbye is waited for, whatever they say of their media", () => {
  const page = Page.inCall("direct");
  page.do("link_closed");
  page.hear({ type: "media_state", audio: false, video: false });
  assert.deepEqual(page.wait(), { waitedMs: 8_000, commands: ["close_link", "> next_partner"] });
});

test("Next by a swipe comes after a second, in which it can be undone", () => {
  const page = Page.inCall();
  assert.deepEqual(page.do("swiped"), []);
  assert.deepEqual(page.do("undo_pressed"), []);
  page.measure(2);
  assert.ok(page.state.partner);

  page.do("swiped");
  assert.deepEqual(page.waitFor("swiped"), { waitedMs: 1_000, commands: ["part", "> next_partner"] });

  assert.deepEqual(page.do("swiped"), []);
  assert.equal(page.state.dueMs.swiped, undefined); // nobody is there to be left
});

test("a swipe is meant for nobody who comes later", () => {
  const page = Page.inCall();
  page.do("swiped");
  page.hear({ type: "partner_left" });
  page.meet();
  page.measure(2);
  assert.ok(page.state.partner);

  page.do("swiped");
  page.do("next_pressed");
  assert.equal(page.state.dueMs.swiped, undefined);

  const resting = Page.inCall("relay", { searchesOn: false });
  resting.hear({ type: "partner_left" });
  resting.do("swiped");
  assert.deepEqual(resting.waitFor("swiped").commands, ["> find_partner"]);
});
