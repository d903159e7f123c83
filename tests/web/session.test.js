// @ts-check
/** A session that outlives its socket, and a page that comes back. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { readLeft } from "../../web/browser/return.js";
import { Page } from "./transcript.js";

/** @type {import("../../web/machine/types.js").Kept} */
const KEPT = {
  sharedInterests: ["cats"], media: { audio: true, video: false }, lastChatId: 7, mode: "video",
};

/** @param {Page} page @param {string} text */
const say = (page, text) => page.on({ type: "chat_entered", text });

/** @param {Page} page */
const fates = (page) => page.state.chat.map(({ fate }) => fate);

test("a socket that is lost for a moment: nothing is closed, and not a word is said", () => {
  const page = Page.inCall();
  const before = page.says;
  const { partner, chat } = page.state;
  assert.deepEqual(page.away(), []);
  assert.equal(page.says, before);
  assert.deepEqual(page.resumed(), []);
  assert.equal(page.says, before);
  assert.deepEqual([page.state.partner, page.state.chat], [partner, chat]);
});

test("what is written meanwhile waits, and goes out when the session goes on", () => {
  const page = Page.inCall();
  say(page, "one");
  page.away();
  assert.deepEqual(say(page, "two"), ["> chat_message"], "the wire keeps it");
  assert.deepEqual(fates(page), ["sent", "waiting"]);
  page.resumed();
  assert.deepEqual(fates(page), ["sent", "sent"]);
  page.hear({ type: "chat_received", id: "2" });
  assert.deepEqual(fates(page), ["sent", "delivered"]);
});

test("after that the person is told, while the call goes on, and may have it tried at once", () => {
  const page = Page.inCall();
  page.away();
  assert.deepEqual(page.do("try_now_pressed"), [], "there is no button yet");
  page.lost();
  const going = "Connection lost | The call goes on. What you write is sent later.";
  assert.equal(page.says, `${going} | Trying again in 3 s.`);
  assert.deepEqual(page.do("try_now_pressed"), ["renew"]);
  page.do("wire_connecting");
  assert.equal(page.says, `${going} | Trying again now…`);
  assert.deepEqual(page.resumed(), []);
  assert.match(page.says, /^Connected/);
});

test("who has been told that it is lost hears so until it is back, however quick the tries are", () => {
  const page = Page.inCall();
  page.lost();
  page.away();
  assert.match(page.says, /^Connection lost .* \| Trying again now…$/);
  page.resumed();
  assert.match(page.says, /^Connected/);
});

test("that a call goes on is not said when its media is lost, too", () => {
  const page = Page.inCall();
  page.lost();
  page.do("link_interrupted");
  assert.equal(page.says, "Connection lost | Trying again in 3 s.");
});

test("a search goes on where it was", () => {
  const page = Page.searching();
  page.lost();
  assert.deepEqual(page.resumed("waiting"), []);
  assert.match(page.says, /^Looking for someone/);
  assert.deepEqual(page.meet(), ["meet", "> media_state"]);
});

test("a search that was asked for has its full time again, and is not asked for twice", () => {
  const page = Page.inCall();
  page.do("next_pressed");
  page.away();
  assert.throws(() => page.wait(), /nothing is due/, "who is away cannot answer");
  page.nowMs += 20_000;
  assert.deepEqual(page.resumed("waiting"), []);
  assert.deepEqual(page.wait(), { waitedMs: 10_000, commands: ["reconnect"] });
});

test("Next while the socket is away waits for it, too", () => {
  const page = Page.inCall();
  page.away();
  assert.deepEqual(page.do("next_pressed"), ["part", "> next_partner"]);
  assert.throws(() => page.wait(), /nothing is due/);
  page.resumed("waiting");
  page.hear({ type: "waiting_for_partner", online: 2 });
  assert.match(page.says, /^Looking for someone/);
});

test("a partner who has left meanwhile is heard of when it goes on", () => {
  const page = Page.inCall();
  page.away();
  page.resumed("connected");
  assert.deepEqual(page.hear({ type: "partner_left" }), ["part", "> find_partner"]);
});

test("servers that were named anew are used from then on", () => {
  const page = Page.inCall();
  const iceServers = [{ urls: "turn:elsewhere.example" }];
  page.resumed("in_call", iceServers);
  page.hear({ type: "offer_again" });
  const replaced = page.ordered.find(({ do: what }) => what === "replace_link");
  assert.deepEqual(replaced?.do === "replace_link" && replaced.iceServers, iceServers);
});

test("a session that cannot be gone on with: the partner is lost, and another is sought", () => {
  const page = Page.inCall();
  say(page, "one");
  page.away();
  say(page, "two");
  page.lost();
  assert.deepEqual(page.connect(), ["close_link", "open_link", "make_offer"]);
  assert.match(page.says, /^You lost the connection, and your partner with it\. \| Connecting…/);
  assert.deepEqual(fates(page), ["sent", "refused"], "the last words stay");
  assert.deepEqual(page.offerMade(), ["> webrtc_offer", "> find_partner"]);
});

test("who searched, or rested, or did neither goes on with that as a new user", () => {
  const searching = Page.searching();
  searching.lost();
  assert.deepEqual(searching.connect(), ["close_link", "open_link", "make_offer"]);
  assert.match(searching.says, /^Connecting…/);
  const resting = Page.inCall("relay", { searchesOn: false });
  resting.hear({ type: "partner_left" });
  resting.lost();
  assert.deepEqual(resting.connect(), ["close_link"]);
  assert.match(resting.says, /^Ready when you are/);
  const idle = new Page();
  idle.connect();
  idle.lost();
  assert.deepEqual(idle.connect(), []);
});

test("Stop while the socket is away: the server hears of it when the session goes on", () => {
  const page = Page.inCall();
  page.away();
  assert.deepEqual(page.do("stop_pressed"), [
    "> stop_chat", "close_link", "close audio", "close video",
  ]);
  assert.deepEqual(page.resumed("in_call"), []);
  assert.match(page.says, /^Meet someone new/);
});

test("a session that goes on in another tab is over here", () => {
  const page = Page.inCall();
  page.on({ type: "wire_closed", by: "elsewhere" });
  assert.deepEqual([page.state.isStarted, page.state.socket], [false, "closed"]);
  assert.equal(page.state.closedBy, "elsewhere");
});

// refused chat

test("a line that the server refuses is marked, and may be said again under its id", () => {
  const page = Page.inCall();
  say(page, "one");
  say(page, "two");
  page.error("rate_limited", 1_000, "2");
  assert.deepEqual(fates(page), ["sent", "refused"]);
  assert.match(page.says, /^A message was not sent\. Wait a moment, then send it again\. \| Connected/);
  page.sent = [];
  page.on({ type: "text_changed", text: "a draft" });
  page.sent = [];
  assert.deepEqual(page.on({ type: "chat_repeated", id: "2" }), ["> chat_message"]);
  assert.deepEqual(page.sent, [{ type: "chat_message", text: "two", id: "2" }]);
  assert.deepEqual(fates(page), ["sent", "sent"]);
  assert.equal(page.state.draft, "a draft");
});

test("only a refused line is said again, and only to a partner", () => {
  const page = Page.inCall();
  say(page, "one");
  assert.deepEqual(page.on({ type: "chat_repeated", id: "1" }), []);
  page.error("wrong_state", null, "1");
  page.hear({ type: "partner_left" });
  assert.deepEqual(fates(page), ["refused"]);
  assert.deepEqual(page.on({ type: "chat_repeated", id: "1" }), []);
});

test("an id of ours in a refusal is not taken for a line of theirs", () => {
  const page = Page.inCall();
  page.hear({ type: "chat_message", text: "hi", id: "1" });
  page.error("rate_limited", null, "1");
  assert.deepEqual(fates(page), ["delivered"]);
});

test("what the wire could not keep is marked as not sent", () => {
  const page = Page.inCall();
  page.away();
  say(page, "one");
  page.on({ type: "message_unsent", message: { type: "chat_message", text: "one", id: "1" } });
  page.on({ type: "message_unsent", message: { type: "stop_chat" } });
  assert.deepEqual(fates(page), ["refused"]);
});

// left and come back to

test("a page that is left in a conversation leaves what the next one needs", () => {
  const page = Page.searching("relay", { interests: ["cats"] });
  page.meet(false, ["cats"]);
  page.hear({ type: "media_state", audio: true, video: false });
  say(page, "hello");
  assert.deepEqual(page.do("page_left"), [
    "leave_for_now", "close_link", "close audio", "close video",
  ]);
  assert.deepEqual(page.ordered.find(({ do: what }) => what === "leave_for_now"), {
    do: "leave_for_now", kept: { ...KEPT, lastChatId: 1 },
  });
  assert.deepEqual(page.do("page_back"), ["arrive"]);
});

test("one that nobody saw is closed, and its partner told at once", () => {
  const page = Page.inCall();
  page.do("page_hidden");
  assert.deepEqual(page.do("page_left"), [
    "> stop_chat", "close_link", "close audio", "close video", "disconnect",
  ]);
});

/** A page that was loaded again, and whose session goes on. @param {string} state */
function back(state = "in_call") {
  const page = new Page();
  page.on({ type: "conversation_kept", kept: KEPT });
  page.do("wire_connecting");
  return { page, commands: page.resumed(state) };
}

test("it asks before anything is sent or shown, and the link comes up meanwhile", () => {
  const { page, commands } = back();
  assert.deepEqual(commands, ["open_link", "make_offer", "> media_state"]);
  assert.deepEqual(page.sent, [{ type: "media_state", audio: false, video: false }]);
  assert.equal(page.state.isStarted, false);
  assert.deepEqual(page.offerMade(), ["> webrtc_offer"]);
  page.hear({ type: "chat_message", text: "still there?", id: "m" });
  assert.deepEqual(page.do("return_pressed"), [
    "> chat_received", "> pictures", "meet", "open audio and video",
  ]);
  assert.deepEqual(page.devicesOpened().filter((command) => command !== "unmute"), [
    "send microphone", "> media_state", "send camera", "> media_state",
  ]);
  assert.deepEqual(page.state.partner?.sharedInterests, ["cats"]);
  assert.deepEqual(page.state.chat.map(({ text }) => text), ["still there?"]);
  page.arrive();
  assert.equal(page.says, "Connected | You both like: cats");
  say(page, "yes");
  assert.deepEqual(page.sent.at(-1), { type: "chat_message", text: "yes", id: "8" });
});

test("who looks at oneself before answering is not shown for that", () => {
  const { page } = back();
  page.do("preview_wanted");
  page.devicesOpened();
  assert.deepEqual(page.sent, [{ type: "media_state", audio: false, video: false }]);
  assert.deepEqual(page.do("return_pressed"), ["> pictures", "meet", "> media_state"]);
  assert.deepEqual(page.sent.at(-1), { type: "media_state", audio: true, video: true });
});

test("who declines, or says nothing for 10 s, leaves the partner", () => {
  for (const decline of [
    (/** @type {Page} */ page) => page.do("return_declined"),
    (/** @type {Page} */ page) => {
      const { waitedMs, commands } = page.wait();
      assert.equal(waitedMs, 10_000);
      return commands;
    },
  ]) {
    const { page } = back();
    assert.deepEqual(decline(page), ["> stop_chat", "close_link"]);
    assert.deepEqual([page.state.returning, page.state.partner], [null, null]);
    assert.deepEqual(page.do("return_pressed"), []);
    assert.match(page.says, /^Meet someone new/);
  }
});

test("a partner who leaves before the answer is not asked about any more, nor is another sought", () => {
  const { page } = back();
  assert.deepEqual(page.hear({ type: "partner_left" }), ["part"]);
  assert.deepEqual(page.do("return_pressed"), []);
});

test("where nobody waits any more nobody is asked", () => {
  assert.deepEqual(back("connected").commands, ["> stop_chat"]);
  const failed = new Page();
  failed.on({ type: "conversation_kept", kept: KEPT });
  assert.deepEqual(failed.connect(), []);
  assert.equal(failed.state.returning, null);
});

test("who has pressed Start before the server answers wants somebody else", () => {
  const page = new Page();
  page.on({ type: "conversation_kept", kept: KEPT });
  page.do("start_pressed");
  page.devicesOpened();
  assert.deepEqual(page.resumed(), ["> stop_chat", "open_link", "make_offer"]);
});

test("a page that is loaded twice before the answer can still return", () => {
  const { page } = back();
  assert.equal(page.do("page_left")[0], "leave_for_now");
  assert.deepEqual(page.ordered.find(({ do: what }) => what === "leave_for_now"), {
    do: "leave_for_now", kept: KEPT,
  });
});

test("what was left is read as it was written, and nothing else", () => {
  const left = { ticket: { token: "t", received: 3 }, kept: KEPT };
  assert.deepEqual(readLeft(JSON.stringify(left)), left);
  for (const other of [
    null, 7, {}, { ...left, ticket: { token: 1, received: 3 } }, { ticket: left.ticket },
    { ...left, ticket: { token: "t", received: "3" } },
    { ...left, kept: { ...KEPT, media: { audio: true } } },
    { ...left, kept: { ...KEPT, sharedInterests: [1] } },
    { ...left, kept: { ...KEPT, lastChatId: "7" } },
  ]) {
    assert.equal(readLeft(JSON.stringify(other)), null);
  }
});
