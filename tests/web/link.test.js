// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { NO_LEAST } from "../../web/machine/judgement.js";
import { CAMERA, MICROPHONE, Page, REMOTE } from "./transcript.js";

test("a link that fails again and again is opened every 3 s", () => {
  const page = Page.searching();
  page.do("link_closed");
  page.wait();
  page.do("link_closed");
  assert.deepEqual(page.wait(), { waitedMs: 3_000, commands: ["open_link", "make_offer"] });
});

test("a message from the queue that was left with a failed link does not stop the next search", () => {
  const page = Page.inCall();
  page.do("next_pressed");
  page.do("link_closed");
  page.hear({ type: "waiting_for_partner", online: 2 });
  assert.deepEqual(page.wait().commands, ["open_link", "make_offer"]);
});

test("after a restart of the relay's media the same two go on, on another link", () => {
  const page = Page.inCall();
  page.hear({ type: "chat_message", text: "hello", id: "1" });
  page.measure(2);
  const { partner, chat, told } = page.state;
  assert.deepEqual(page.hear({ type: "offer_again" }), ["replace_link", "meet", "make_offer"]);
  assert.deepEqual(page.ordered.at(-3), {
    do: "replace_link", iceServers: [], tracks: { audio: MICROPHONE, video: CAMERA },
  });
  assert.equal(page.says, "Your connection is interrupted | Trying to get it back… | Trying again now…");
  assert.equal(page.state.remoteStream, REMOTE, "the last picture stays");
  assert.deepEqual(page.offerMade(), ["> webrtc_offer"]);
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: "x" }), ["take_answer"]);
  page.do("link_restored");
  assert.match(page.says, /^Connected/);
  assert.deepEqual([page.state.chat, page.state.told], [chat, told]);
  assert.deepEqual(page.state.partner, { ...partner, bytesReceived: 0, lastBytesAtMs: page.nowMs });
  assert.equal(page.state.partnersMet, 1);
  assert.throws(() => page.wait(), /nothing is due/);
});

test("one who searches, or rests, opens another link after a restart and asks for nothing", () => {
  for (const page of [Page.searching(), Page.inCall("relay", { searchesOn: false })]) {
    page.hear({ type: "partner_left" });
    const { search, isResting } = page.state;
    assert.deepEqual(page.hear({ type: "offer_again" }), ["close_link", "open_link", "make_offer"]);
    assert.deepEqual(page.offerMade(), ["> webrtc_offer"]);
    assert.deepEqual([page.state.search, page.state.isResting], [search, isResting]);
  }
});

test("two restarts in a row: each makes another link", () => {
  const page = Page.inCall();
  page.hear({ type: "offer_again" });
  page.offerMade();
  assert.deepEqual(page.hear({ type: "offer_again" }), ["replace_link", "meet", "make_offer"]);
});

test("a partner of whom nothing had come has its full time after a restart", () => {
  const page = Page.searching();
  page.meet();
  page.nowMs += 7_000;
  page.hear({ type: "offer_again" });
  page.do("link_restored");
  assert.deepEqual(page.wait(), { waitedMs: 8_000, commands: ["part", "> next_partner"] });
});

test("who saves the line from video tries it on the new link, and tells the partner", () => {
  const page = Page.inCall();
  page.measure(7, { lossOut: 0.5, availableOutBps: 84_000 });
  assert.equal(page.state.line.isVideoPaused, true);
  page.hear({ type: "offer_again" });
  assert.equal(page.state.line.isVideoPaused, false);
  assert.deepEqual(page.sent.at(-1), { type: "media_state", audio: true, video: true });
});

test("a restart is nothing to whom has stopped, whose link has failed, or who needs no relay", () => {
  const stopped = Page.inCall();
  stopped.do("stop_pressed");
  const failed = Page.inCall();
  failed.do("link_closed");
  for (const page of [stopped, failed, Page.inCall("direct"), new Page()]) {
    const { state } = page;
    assert.deepEqual(page.hear({ type: "offer_again" }), []);
    assert.deepEqual({ ...page.state, dueMs: {} }, { ...state, dueMs: {} });
  }
});

test("a search that has no reply yet is still waited for after a restart", () => {
  const page = Page.inCall();
  page.do("next_pressed");
  page.hear({ type: "offer_again" });
  assert.equal(page.wait().commands[0], "reconnect");
});

/** @param {Page} page */
const answer = (page) => page.hear({ type: "webrtc_answer", sdp: "x" });

test("an answer that nobody awaits is not taken: it would end the link", () => {
  const page = Page.inCall();
  assert.deepEqual(answer(page), []);
  page.do("network_changed");
  page.offerMade();
  assert.deepEqual(answer(page), ["take_answer"]);
  assert.deepEqual(answer(page), []);
});

test("nor is one to an offer that another one has followed, though it shows that the server is there", () => {
  const page = Page.inCall();
  page.do("network_changed");
  page.offerMade();
  page.do("network_changed");
  page.offerMade();
  assert.deepEqual(answer(page), []);
  assert.throws(() => page.wait(), /nothing is due/);
  assert.deepEqual(answer(page), ["take_answer"]);
});

test("nor is one that comes when the link is closed, though it counts", () => {
  const page = new Page();
  page.connect();
  page.do("start_pressed");
  page.devicesOpened();
  page.offerMade();
  page.do("stop_pressed");
  assert.deepEqual(answer(page), []);
  page.do("start_pressed");
  page.devicesOpened();
  page.offerMade();
  assert.deepEqual(answer(page), ["take_answer"]);
});

test("a lost connection takes the answers that were awaited with it", () => {
  const page = Page.inCall();
  page.do("network_changed");
  page.offerMade();
  page.lost(false);
  page.connect();
  page.offerMade();
  assert.deepEqual(answer(page), ["take_answer"]);
});

test("candidates stay at home in relay mode", () => {
  const page = Page.searching();
  assert.deepEqual(page.on({ type: "candidate_found", candidate: null }), []);
});

test("direct mode, first to come: a link for each partner, opened by their offer", () => {
  const page = Page.searching("direct");
  assert.match(page.says, /^Looking for someone… \| for 0 s · Also looking now: 3/);
  assert.deepEqual(page.meet(false), ["open_link", "meet", "> media_state"]);
  const candidate = { candidate: "candidate:1" };
  assert.deepEqual(page.hear({ type: "ice_candidate", candidate }), ["take_candidate"]);
  assert.deepEqual(page.hear({ type: "webrtc_offer", sdp: "theirs" }), ["take_offer"]);
  assert.deepEqual(page.on({ type: "candidate_found", candidate: null }), ["> ice_candidate"]);
  assert.deepEqual(page.do("next_pressed"), ["close_link", "> next_partner"]);
  assert.deepEqual(page.hear({ type: "ice_candidate", candidate }), []);
});

test("direct mode, second to come: offers, and takes the answer", () => {
  const page = Page.searching("direct");
  assert.deepEqual(page.meet(true), ["open_link", "meet", "make_offer", "> media_state"]);
  assert.deepEqual(page.offerMade(), ["> webrtc_offer"]);
  page.hear({ type: "partner_left" });
  page.meet(true);
  page.offerMade();
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: "x" }), ["take_answer"]);
});

test("direct mode: a link that fails leads to the next partner", () => {
  const page = Page.inCall("direct");
  assert.deepEqual(page.do("link_failed"), ["close_link", "> next_partner"]);
  assert.match(page.says, /^Video connection failed\. Trying again\. \| Looking for someone…/);
});

test("a goodbye on the link: the relay's is a failure", () => {
  assert.deepEqual(Page.inCall().do("link_closed"), ["> stop_chat", "close_link"]);
});

test("a goodbye on the link: a partner's is explained by the server, if soon", () => {
  const page = Page.inCall("direct");
  assert.deepEqual(page.do("link_closed"), []);
  const unexplained = page.state;
  assert.deepEqual(page.hear({ type: "partner_left" }), ["close_link", "> find_partner"]);
  page.state = unexplained;
  assert.deepEqual(page.wait().commands, ["close_link", "> next_partner"]);
});

test("a link is opened, described and fed with what belongs to it", () => {
  const page = Page.searching("direct");
  page.meet(true);
  const candidate = { candidate: "candidate:1" };
  page.offerMade();
  page.on({ type: "candidate_found", candidate });
  page.on({ type: "link_described", description: { type: "answer", sdp: "my answer" } });
  page.hear({ type: "webrtc_offer", sdp: "their offer" });
  page.hear({ type: "webrtc_answer", sdp: "their answer" });
  page.hear({ type: "ice_candidate", candidate });
  assert.deepEqual(page.ordered.filter(({ do: what }) => /^(open_link|take_)/.test(what)), [
    { do: "open_link", iceServers: [], tracks: { audio: MICROPHONE, video: CAMERA } },
    { do: "take_offer", sdp: "their offer" },
    { do: "take_answer", sdp: "their answer" },
    { do: "take_candidate", candidate },
  ]);
  assert.deepEqual(page.sent.slice(-3), [
    { type: "webrtc_offer", sdp: "mine" },
    { type: "ice_candidate", candidate },
    { type: "webrtc_answer", sdp: "my answer" },
  ]);
});

test("a link that is closed takes its stream and its deadlines with it", () => {
  const page = Page.inCall();
  page.do("link_interrupted");
  page.hear({ type: "webrtc_offer", sdp: "theirs" });
  assert.equal(page.state.remoteStream, null);
  assert.throws(() => page.wait(), /nothing is due/);
});

test("what a link says that is closed by now is not heard", () => {
  const page = Page.searching("direct");
  page.do("link_interrupted");
  assert.equal(page.state.line.isInterrupted, false);
  assert.throws(() => page.wait(), /nothing is due/);
});

test("an interruption changes nothing but that", () => {
  const page = Page.inCall();
  page.measure(7, { lossOut: 0.5, availableOutBps: 84_000 });
  const { line } = page.state;
  page.do("link_interrupted");
  assert.deepEqual(page.state.line, { ...line, isInterrupted: true });
  page.do("link_restored");
  assert.deepEqual(page.state.line, {
    ...line, poorSinceMs: null, looks: [], least: NO_LEAST, judgedFromMs: page.nowMs + 10_000,
  });
});

test("who rests is not searched for when new paths are offered", () => {
  const page = Page.inCall("relay", { searchesOn: false });
  page.hear({ type: "partner_left" });
  page.do("network_changed");
  assert.deepEqual(page.offerMade(), ["> webrtc_offer"]);
});

test("a goodbye on a link without a partner is waited for by nobody", () => {
  const page = Page.searching("direct");
  page.do("link_closed");
  assert.throws(() => page.wait(), /nothing is due/);
});

test("new paths while one searches: the search is not asked for again", () => {
  const page = Page.searching();
  page.do("network_changed");
  assert.deepEqual(page.offerMade(), ["> webrtc_offer"]);
});
