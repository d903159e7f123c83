// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULTS, initial } from "../../web/machine/state.js";
import { Page } from "./transcript.js";

test("nobody starts who has not agreed; agreeing is remembered and opens the preview", () => {
  const page = new Page({ agreedTo: "" });
  page.connect();
  assert.deepEqual(page.do("start_pressed"), []);
  assert.deepEqual(page.on({ type: "agreed", rules: "" }), []);
  assert.deepEqual(page.on({ type: "agreed", rules: "x" }), ["remember", "open audio and video"]);
  assert.equal(page.state.settings.agreedTo, "x");
});

test("Start opens the devices, then the link, and searches when the offer is sent", () => {
  const page = new Page();
  assert.deepEqual(page.connect(), []);
  assert.equal(page.says, "Meet someone new | Talk with a random person, face to face.");
  assert.deepEqual(page.do("start_pressed"), ["open audio and video"]);
  assert.equal(
    page.says,
    "Waiting for your camera | Allow the camera and the microphone when asked.",
  );
  assert.deepEqual(page.devicesOpened(), ["unmute", "open_link", "make_offer"]);
  assert.equal(page.says, "Connecting… | Opening your video connection.");
  assert.deepEqual(page.offerMade(), ["> webrtc_offer", "> find_partner"]);
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: "x" }), ["take_answer"]);
  page.hear({ type: "waiting_for_partner", online: 12, looking: 3 });
  page.nowMs += 4_000;
  assert.equal(page.says, "Looking for someone… | for 4 s · Also looking now: 3");
  page.hear({ type: "waiting_for_partner", online: 1 });
  assert.equal(page.says, "Looking for someone… | Nobody else is online right now. | for 4 s");
});

test("Start after the preview needs no device any more", () => {
  const page = new Page();
  page.connect();
  assert.deepEqual(page.do("preview_wanted"), ["open audio and video"]);
  assert.deepEqual(page.devicesOpened(), ["unmute"]);
  assert.deepEqual(page.do("start_pressed"), ["open_link", "make_offer"]);
});

test("Start pressed before the server is there goes on when it is", () => {
  const page = new Page();
  page.do("start_pressed");
  assert.deepEqual(page.devicesOpened(), ["unmute"]);
  assert.equal(page.says, "Connecting… | Reaching the server.");
  assert.deepEqual(page.connect(), ["open_link", "make_offer"]);
});

test("pressing Start twice starts once", () => {
  const page = new Page();
  page.connect();
  page.do("start_pressed");
  assert.deepEqual(page.do("start_pressed"), []);
});

test("interests go with every search", () => {
  const page = Page.inCall("relay", { interests: ["cats"] });
  page.do("next_pressed");
  page.meet();
  page.hear({ type: "partner_left" });
  assert.deepEqual(page.sent.filter(({ type }) => type.endsWith("_partner")), [
    { type: "next_partner", interests: ["cats"] },
    { type: "find_partner", interests: ["cats"] },
  ]);
  page.hear({ type: "waiting_for_partner", online: 4, scope: "alike" });
  assert.match(page.says, /Looking for someone… \| Someone who shares an interest comes first\./);
});

test("interests are trimmed, shortened, of which there are ten, and none twice", () => {
  const page = new Page();
  const add = (/** @type {string} */ text) => page.on({ type: "interest_added", text });
  assert.deepEqual(add("  old   films "), ["remember"]);
  assert.deepEqual(add("Old Films"), []);
  assert.deepEqual(add("   "), []);
  add("🐈".repeat(40));
  assert.deepEqual(page.state.settings.interests, ["old films", "🐈".repeat(32)]);
  for (let i = 0; i < 20; i++) add(`interest ${i}`);
  assert.equal(page.state.settings.interests.length, 10);
  page.on({ type: "interest_removed", text: "old films" });
  assert.equal(page.state.settings.interests.length, 9);
});

test("Stop leaves the server, closes link and devices, and forgets the partner", () => {
  const page = Page.inCall();
  page.on({ type: "chat_entered", text: "hello" });
  assert.deepEqual(page.do("stop_pressed"), [
    "> stop_chat", "close_link", "close audio", "close video",
  ]);
  assert.match(page.says, /^Meet someone new/);
  assert.deepEqual(page.state.chat, []);
  assert.equal(page.state.devices.video.track, null);
  assert.deepEqual(page.do("stop_pressed"), []);
});

test("the page that is left says goodbye, and connects when it comes back from the cache", () => {
  const page = Page.searching();
  assert.deepEqual(page.do("page_left"), [
    "> stop_chat", "close_link", "close audio", "close video", "disconnect",
  ]);
  assert.deepEqual(page.do("page_back"), ["arrive"]);
  assert.deepEqual(page.connect(), []);
});

test("Stop while the browser asks: what comes is closed", () => {
  const page = new Page();
  page.connect();
  page.do("start_pressed");
  assert.deepEqual(page.do("stop_pressed"), []);
  assert.deepEqual(page.devicesOpened(), ["close audio", "close video"]);
});

test("Stop and Start while the browser asks: it asks once", () => {
  const page = new Page();
  page.connect();
  page.do("start_pressed");
  page.do("stop_pressed");
  assert.deepEqual(page.do("start_pressed"), []);
  assert.deepEqual(page.devicesOpened(), ["unmute", "open_link", "make_offer"]);
});

test("what was on its way when Stop was pressed is ignored, even after Start", () => {
  const page = Page.searching();
  page.do("stop_pressed");
  page.do("start_pressed");
  assert.deepEqual(page.meet(), []);
  assert.deepEqual(page.devicesOpened(), ["unmute", "open_link", "make_offer"]);
  page.hear({ type: "waiting_for_partner", online: 2 });
  assert.deepEqual(page.offerMade(), ["> webrtc_offer", "> find_partner"]);
});

test("a partner from before Stop, taken for one of now, is corrected by the server", () => {
  const page = Page.searching();
  page.meet();
  assert.deepEqual(page.hear({ type: "waiting_for_partner", online: 2 }), ["part"]);
  assert.match(page.says, /^Looking for someone…/);
});

test("the answer to a former link's offer is not for the present one", () => {
  const page = new Page();
  page.connect();
  for (const _ of ["old", "new"]) {
    page.do("stop_pressed");
    page.do("start_pressed");
    page.devicesOpened();
    page.offerMade();
  }
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: "old" }), []);
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: "new" }), ["take_answer"]);
});

test("session lost: the countdown is said, and the call is searched anew when it is back", () => {
  const page = Page.inCall();
  assert.deepEqual(page.lost(false), ["close_link"]);
  assert.equal(page.says, "Connection lost | Trying again in 3 s.");
  page.nowMs += 1_500;
  assert.equal(page.says, "Connection lost | Trying again in 2 s.");
  page.do("wire_connecting");
  assert.equal(page.says, "Connection lost | Trying again now…");
  assert.deepEqual(page.connect(), ["open_link", "make_offer"]);
  assert.deepEqual(page.offerMade(), ["> webrtc_offer", "> find_partner"]);
});

test("a server that lets nobody in is said in words, and forgotten when it does", () => {
  const page = Page.inCall();
  page.lost(false);
  page.do("wire_connecting");
  page.on({ type: "wire_refused", why: "draining", retryAtMs: page.nowMs + 10_000, isResumable: false });
  assert.equal(page.says, "The server is being updated | Trying again in 10 s.");
  page.on({ type: "wire_refused", why: "full", retryAtMs: page.nowMs + 10_000, isResumable: false });
  assert.equal(page.says, "The server is full | Trying again in 10 s.");
  page.do("wire_connecting");
  assert.deepEqual(page.connect(), ["open_link", "make_offer"]);
  page.lost(false);
  assert.equal(page.says, "Connection lost | Trying again in 3 s.");
});

test("connection lost while idle: coming back changes nothing", () => {
  const page = new Page();
  page.connect();
  page.lost(false);
  assert.deepEqual(page.connect(), []);
});

test("Stop while the connection is lost: nothing is searched when it is back", () => {
  const page = Page.inCall();
  page.lost(false);
  assert.deepEqual(page.do("stop_pressed"), ["close audio", "close video"]);
  assert.deepEqual(page.connect(), []);
});

test("a search that the server refuses is shown, and repeated after 3 s", () => {
  const page = Page.inCall();
  page.do("next_pressed");
  page.error("find_failed");
  assert.match(page.says, /^The server says: It says find_failed\. \| Looking for someone…/);
  assert.deepEqual(page.wait(), { waitedMs: 3_000, commands: ["> find_partner"] });
  page.error("find_failed", 7_000);
  assert.deepEqual(page.wait(), { waitedMs: 7_000, commands: ["> find_partner"] });
});

test("a search that the server does not answer ends in a new connection", () => {
  const page = Page.inCall();
  page.do("next_pressed");
  assert.deepEqual(page.wait(), { waitedMs: 10_000, commands: ["reconnect"] });
});

test("the answer to the offer is none to the search that went with it", () => {
  const page = new Page();
  page.connect();
  page.do("start_pressed");
  page.devicesOpened();
  assert.deepEqual(page.offerMade(), ["> webrtc_offer", "> find_partner"]);
  page.nowMs += 9_000;
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: "x" }), ["take_answer"]);
  assert.deepEqual(page.wait(), { waitedMs: 1_000, commands: ["reconnect"] });
  page.lost(false);
  assert.deepEqual(page.connect(), ["open_link", "make_offer"]);
  assert.deepEqual(page.offerMade(), ["> webrtc_offer", "> find_partner"]);
  page.hear({ type: "waiting_for_partner", online: 2 });
  assert.throws(() => page.wait(), /nothing is due/);
});

test("nor is the answer to new paths, while a search is not confirmed", () => {
  const page = Page.inCall();
  page.do("next_pressed");
  page.do("network_changed");
  page.offerMade();
  page.hear({ type: "webrtc_answer", sdp: "x" });
  assert.deepEqual(page.wait().commands, ["reconnect"]);
});

test("any other error is said for a while and changes nothing", () => {
  const page = Page.inCall();
  assert.deepEqual(page.error("bad_message"), []);
  assert.match(page.says, /^The server says: It says bad_message\. \| Connected/);
  assert.deepEqual(page.wait(), { waitedMs: 8_000, commands: [] });
  assert.match(page.says, /^Connected/);
});

test("what crossed with the partner's leaving is not worth a word", () => {
  const page = Page.inCall();
  page.error("wrong_state");
  assert.match(page.says, /^Connected/);
});

test("an error after Stop is not for anybody", () => {
  const page = new Page();
  page.connect();
  page.error("rate_limited");
  page.error("media_failed");
  assert.match(page.says, /^Meet someone new/);
});

for (const code of ["media_failed", "bad_sdp"]) {
  test(`${code} from the server is a failed link, and later answers still count`, () => {
    const page = new Page();
    page.connect();
    page.do("start_pressed");
    page.devicesOpened();
    page.offerMade();
    assert.deepEqual(page.error(code), ["> stop_chat", "close_link"]);
    assert.match(page.says, /^Video connection failed/);
    page.wait();
    page.offerMade();
    assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: "x" }), ["take_answer"]);
  });
}

test("sent away by an operator: back to the beginning, and Start connects anew", () => {
  const page = Page.inCall();
  page.on({ type: "wire_closed", by: "operator" });
  assert.equal(page.state.isStarted, false);
  assert.equal(page.state.socket, "closed");
  assert.ok(page.do("start_pressed").includes("connect"));
});

test("the seconds of a search are counted from when it was asked for, and each search's anew", () => {
  const page = Page.searching();
  page.nowMs += 5_000;
  page.hear({ type: "waiting_for_partner", online: 2, looking: 1 });
  assert.match(page.says, /for 5 s · Also looking now: 1/);
  page.meet();
  page.nowMs += 5_000;
  page.do("next_pressed");
  page.nowMs += 2_000;
  page.hear({ type: "waiting_for_partner", online: 2 });
  page.nowMs += 1_000;
  assert.match(page.says, /for 3 s/);
  page.do("link_closed");
  page.wait();
  page.offerMade();
  assert.match(page.says, /for 0 s/);
});

test("a partner from before Stop is corrected, and the search begins then", () => {
  const page = Page.searching();
  page.meet();
  page.nowMs += 5_000;
  page.hear({ type: "waiting_for_partner", online: 2 });
  page.nowMs += 2_000;
  assert.match(page.says, /for 2 s/);
});

test("a server that asks for patience is not taken for one that does not answer", () => {
  const page = Page.inCall();
  page.do("next_pressed");
  page.error("find_failed", 20_000);
  page.wait();
  assert.deepEqual(page.wait(), { waitedMs: 12_000, commands: ["> find_partner"] });
});

test("settings are remembered with all that was set before", () => {
  const page = new Page({ volume: 0.5 });
  page.on({ type: "setting_changed", change: { usesKeys: false } });
  const settings = { ...DEFAULTS, agreedTo: "the rules", volume: 0.5, usesKeys: false };
  assert.deepEqual(page.state.settings, settings);
  assert.deepEqual(page.ordered, [{ do: "remember", settings }]);
});

test("Start in a call changes nothing; Stop before it, nor does the goodbye of an operator", () => {
  const page = Page.inCall();
  page.do("escape_pressed");
  assert.deepEqual(page.do("start_pressed"), []);
  assert.equal(page.state.notice?.kind, "escape_again");
  const idle = new Page();
  idle.connect();
  idle.do("preview_wanted");
  idle.devicesOpened();
  assert.deepEqual(idle.do("stop_pressed"), []);
  assert.deepEqual(idle.on({ type: "wire_closed", by: "operator" }), []);
  assert.deepEqual(idle.do("page_left"), ["disconnect", "close audio", "close video"]);
});

test("Stop while resting, or while searching without a link, leaves the server, too", () => {
  const page = Page.inCall("relay", { searchesOn: false });
  page.hear({ type: "partner_left" });
  assert.equal(page.do("stop_pressed")[0], "> stop_chat");
  assert.equal(page.state.notice, null);
  page.do("start_pressed");
  assert.deepEqual(page.devicesOpened(), ["unmute", "open_link", "make_offer"]);
  assert.equal(Page.searching("direct").do("stop_pressed")[0], "> stop_chat");
});

test("after Stop nothing is due, and nothing is looked at", () => {
  const page = Page.searching();
  page.do("preview_wanted");
  page.meet();
  page.do("stop_pressed");
  assert.throws(() => page.wait(), /nothing is due/);
  assert.equal(page.state.isPreviewing, false);
});

test("of a server that is away nothing is known", () => {
  const page = Page.searching();
  page.lost(false);
  const { server, online, retryAtMs, notice } = page.state;
  assert.deepEqual([server, online, retryAtMs, notice], [null, null, page.nowMs + 3_000, null]);
  page.do("wire_connecting");
  assert.equal(page.state.retryAtMs, null);
  page.connect();
  page.error("find_failed");
  page.lost(false);
  assert.equal(page.state.notice, null);
  const other = Page.searching();
  other.on({ type: "wire_closed", by: "operator" });
  assert.deepEqual([other.state.server, other.state.online], [null, null]);
});

test("an error that is about something else counts no answer", () => {
  const page = Page.inCall();
  page.do("network_changed");
  page.offerMade();
  page.error("rate_limited");
  page.do("network_changed");
  page.offerMade();
  page.error("bad_sdp");
  assert.equal(page.state.unanswered, 1);
});

test("a deadline that is not due is left alone", () => {
  const page = Page.inCall();
  page.measure(7, { lossOut: 0.5, availableOutBps: 84_000 });
  page.on({ type: "text_changed", text: "x" });
  page.hear({ type: "typing", active: true });
  assert.deepEqual(page.on({ type: "time_passed" }), []);
  assert.deepEqual([page.state.isTyping, page.state.partner?.isTyping], [true, true]);
  assert.equal(page.state.line.isVideoPaused, true);
});

test("a new page has said nothing, heard nothing, and shows the chat", () => {
  const { isHidden, isChatOpen, unread, isTyping, isResting, isPreviewing, settings } = initial();
  assert.deepEqual({ isHidden, isChatOpen, unread, isTyping, isResting, isPreviewing }, {
    isHidden: false, isChatOpen: true, unread: 0, isTyping: false, isResting: false,
    isPreviewing: false,
  });
  assert.deepEqual([settings.volume, settings.usesKeys], [1, true]);
});

test("that the search goes on is no news to whoever searches", () => {
  const page = Page.searching();
  assert.deepEqual(page.hear({ type: "waiting_for_partner", online: 7 }), []);
});

test("a search that is repeated is counted from its beginning", () => {
  const page = Page.inCall();
  page.do("next_pressed");
  page.error("find_failed");
  page.wait();
  page.hear({ type: "waiting_for_partner", online: 2 });
  assert.match(page.says, /for 3 s/);
});

test("Stop while the server has not answered: it is waited for no longer, and nothing is counted", () => {
  const page = Page.inCall();
  page.do("next_pressed");
  page.do("stop_pressed");
  assert.throws(() => page.wait(), /nothing is due/);
  assert.equal(page.state.searchingSinceMs, null);
});
