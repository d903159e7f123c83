// @ts-check
/** Media that is lost while the partner is not. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CAMERA, MICROPHONE, Page, REMOTE } from "./transcript.js";

const OURS = /^Your connection is interrupted \| Trying to get it back…/;

/** @param {Page} page */
const answer = (page) => page.hear({ type: "webrtc_answer", sdp: "x" });

/** A restart that is asked for and takes place. @param {Page} page */
function restarts(page) {
  assert.deepEqual(page.wait().commands, ["probe"]);
  assert.deepEqual(page.do("wire_alive"), ["restart_link"]);
  assert.deepEqual(page.offerMade(), ["> webrtc_offer"]);
  assert.deepEqual(answer(page), ["take_answer"]);
}

test("paths that the browser has lost: the socket is asked first, then new ones are", () => {
  const page = Page.inCall();
  const { partner } = page.state;
  page.do("link_interrupted");
  assert.match(page.says, OURS);
  assert.deepEqual(page.wait(), { waitedMs: 500, commands: ["probe"] });
  assert.deepEqual(page.do("wire_alive"), ["restart_link"]);
  assert.deepEqual(page.offerMade(), ["> webrtc_offer"]);
  assert.deepEqual(answer(page), ["take_answer"]);
  page.do("link_restored");
  assert.match(page.says, /^Connected/);
  assert.deepEqual(page.state.partner, partner);
  assert.throws(() => page.wait(), /nothing is due/);
});

test("paths that the browser has given up are not waited for", () => {
  const page = Page.inCall();
  assert.deepEqual(page.do("link_broken"), ["probe"]);
  assert.match(page.says, OURS);
  assert.deepEqual(page.do("link_broken"), [], "once");
  assert.deepEqual(page.do("wire_alive"), ["restart_link"]);
  assert.deepEqual(page.do("link_broken"), [], "the restart is under way");
});

test("the next restart is counted down, and may be had at once, by relays alone", () => {
  const page = Page.inCall();
  assert.deepEqual(page.do("try_now_pressed"), [], "there is no button yet");
  page.do("link_interrupted");
  restarts(page);
  assert.match(page.says, /Trying again in 2 s\.$/);
  page.on({ type: "chat_entered", text: "Still there?" });
  assert.equal(page.sent.at(-1)?.type, "chat_message", "meanwhile the two write");
  assert.deepEqual(page.do("try_now_pressed"), ["probe"]);
  assert.match(page.says, /Trying again now…$/);
  assert.deepEqual(page.do("try_now_pressed"), [], "that is under way");
  assert.deepEqual(page.do("wire_alive"), ["restart_link"]);
  page.do("link_restored");
  assert.deepEqual(page.do("try_now_pressed"), []);

  const direct = Page.inCall("direct");
  direct.do("link_interrupted");
  assert.ok(direct.says.endsWith("Trying to get it back…"), direct.says);
  assert.deepEqual(direct.do("try_now_pressed"), []);
});

test("a link that mends by itself is left alone", () => {
  const page = Page.inCall();
  page.do("link_interrupted");
  page.do("link_restored");
  assert.throws(() => page.wait(), /nothing is due/);
  assert.deepEqual(page.do("wire_alive"), []);
});

test("one that mends while the socket is asked needs no new paths", () => {
  const page = Page.inCall();
  page.do("link_broken");
  page.do("link_restored");
  assert.deepEqual(page.do("wire_alive"), []);
});

test("three restarts that bring nothing: another link takes the place, in the same room", () => {
  const page = Page.inCall();
  page.do("link_interrupted");
  restarts(page);
  restarts(page);
  restarts(page);
  assert.deepEqual(page.wait().commands, ["probe"]);
  assert.deepEqual(page.do("wire_alive"), ["replace_link", "meet", "make_offer"]);
  assert.deepEqual(page.ordered.find(({ do: what }) => what === "replace_link"), {
    do: "replace_link", iceServers: [], tracks: { audio: MICROPHONE, video: CAMERA },
  });
  assert.match(page.says, OURS);
  assert.equal(page.state.remoteStream, REMOTE, "the last picture stays");
  assert.deepEqual(page.offerMade(), ["> webrtc_offer"]);
  page.do("link_restored");
  assert.match(page.says, /^Connected/);
});

test("restarts are counted in a row", () => {
  const page = Page.inCall();
  for (let time = 0; time < 5; time++) {
    page.do("link_interrupted");
    restarts(page);
    page.do("link_restored");
  }
});

test("a restart waits for its effect, the later the longer", () => {
  const page = Page.inCall();
  page.do("link_broken");
  for (const waitedMs of [2_000, 4_000, 8_000]) {
    page.do("wire_alive");
    assert.deepEqual(page.wait(), { waitedMs, commands: ["probe"] });
  }
});

test("a socket that is replaced when nothing comes any more is another network", () => {
  const page = Page.inCall();
  page.measure(1);
  page.away();
  page.nowMs += 900;
  assert.deepEqual(page.resumed(), ["restart_link"]);
  const other = Page.inCall();
  other.measure(1);
  other.away();
  other.nowMs += 899;
  assert.deepEqual(other.resumed(), []);
});

test("an answer to an offer that another one is about to follow is not taken", () => {
  const page = Page.inCall();
  page.do("link_broken");
  page.do("wire_alive");
  page.offerMade();
  page.wait();
  page.do("wire_alive");
  assert.deepEqual(answer(page), []);
  page.offerMade();
  assert.deepEqual(answer(page), ["take_answer"]);
});

test("a socket that has gone, too: new paths are sought over the next one", () => {
  const page = Page.inCall();
  page.do("link_broken");
  page.away();
  assert.deepEqual(page.resumed(), ["restart_link"]);
  assert.deepEqual(page.offerMade(), ["> webrtc_offer"]);
});

test("media that is lost while the socket is away waits for it", () => {
  for (const event of /** @type {const} */ (["link_broken", "link_interrupted"])) {
    const page = Page.inCall();
    page.lost();
    assert.deepEqual(page.do(event), []);
    if (event === "link_interrupted") assert.deepEqual(page.wait().commands, []);
    assert.deepEqual(page.resumed(), ["restart_link"]);
  }
});

test("a link that the relay closes while the socket is away: what it means shows when that is back", () => {
  const page = Page.inCall();
  page.lost();
  assert.deepEqual(page.do("link_closed"), []);
  assert.equal(page.says, "Connection lost | Trying again in 3 s.");
  const unknown = page.state;
  assert.deepEqual(page.resumed(), ["replace_link", "meet", "make_offer"]);
  page.state = unknown;
  assert.deepEqual(page.connect(), ["close_link", "open_link", "make_offer"]);
  assert.match(page.says, /^You lost the connection, and your partner with it\./);
});

test("nothing that comes for 2 s, though it should: new paths, twice, without a word", () => {
  const page = Page.inCall();
  page.measure(2);
  assert.deepEqual(page.measure(1, {}, false), ["probe"], "the socket first");
  assert.deepEqual(page.do("wire_alive"), []);
  assert.deepEqual(page.measure(1, {}, false), ["probe"]);
  assert.match(page.says, /^Connected/);
  assert.deepEqual(page.do("wire_alive"), ["restart_link"]);
  assert.deepEqual(page.measure(2, {}, false), ["probe"], "once more");
  page.do("wire_alive");
  assert.deepEqual(page.measure(10, {}, false), [], "it must be the partner");
  page.measure(1);
  assert.deepEqual(page.measure(2, {}, false), ["probe", "probe"], "something has come between");
});

for (const [name, story] of Object.entries({
  "is said to be interrupted": (/** @type {Page} */ page) =>
    page.hear({ type: "partner_connection", interrupted: true }),
  "has all switched off": (/** @type {Page} */ page) =>
    page.hear({ type: "media_state", audio: false, video: false }),
})) {
  test(`a partner who ${name} is no reason to seek new paths`, () => {
    const page = Page.inCall();
    page.measure(1);
    story(page);
    assert.deepEqual(page.measure(10, {}, false), []);
  });
}

test("another network: the socket proves itself, and new paths are sought at once", () => {
  const page = Page.inCall();
  assert.deepEqual(page.do("network_changed"), ["renew"]);
  assert.deepEqual(page.do("wire_alive"), ["restart_link"]);
  page.offerMade();
  answer(page);
  page.measure(1);
  assert.deepEqual(page.wait(), { waitedMs: 1_000, commands: [] });
  assert.deepEqual(page.state.mending, { step: "none", restarts: 0 });
});

test("another network that has taken the socket: new paths as soon as there is another", () => {
  const page = Page.inCall();
  page.do("network_changed");
  page.away();
  assert.deepEqual(page.resumed(), ["restart_link"]);
});

test("another network while the server is away, or nothing is open: only the wire is renewed", () => {
  const idle = new Page();
  idle.connect();
  for (const page of [new Page(), idle, Page.inCall("direct")]) {
    assert.deepEqual(page.do("network_changed"), ["renew"]);
    assert.deepEqual(page.do("wire_alive"), []);
  }
});

test("in direct mode only one of the two may offer: it mends by itself, or fails", () => {
  const page = Page.inCall("direct");
  page.do("link_interrupted");
  assert.deepEqual(page.wait(), { waitedMs: 500, commands: [] });
  assert.deepEqual(page.do("link_broken"), ["close_link", "> next_partner"]);
});

test("a link that the browser cannot use any more is replaced, but not again and again", () => {
  const page = Page.inCall();
  assert.deepEqual(page.do("link_failed"), ["replace_link", "meet", "make_offer"]);
  page.nowMs += 14_000;
  assert.deepEqual(page.do("link_failed"), ["> stop_chat", "close_link"]);
  assert.match(page.says, /^Video connection failed/);
});

test("one that never was of any use is not", () => {
  const page = new Page();
  page.connect();
  page.do("start_pressed");
  page.devicesOpened();
  assert.deepEqual(page.do("link_failed"), ["> stop_chat", "close_link"]);
});

test("a restart of the relay's media ends what was tried with the old link", () => {
  const page = Page.inCall();
  page.do("link_broken");
  page.do("wire_alive");
  page.offerMade();
  page.hear({ type: "offer_again" });
  assert.throws(() => page.wait(), /nothing is due/);
  assert.deepEqual(page.do("wire_alive"), []);
  page.offerMade();
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: "to the old one" }), []);
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: "to the new one" }), ["take_answer"]);
});

test("a partner of whom nothing has come yet is not left for what is our own fault", () => {
  for (const event of /** @type {const} */ (["link_interrupted", "wire_away"])) {
    const page = Page.searching();
    page.meet();
    page.on({ type: event });
    page.nowMs += 8_000;
    assert.ok(!page.on({ type: "time_passed" }).includes("> next_partner"));
    if (event === "wire_away") page.resumed();
    else page.do("link_restored");
    page.nowMs += 8_000;
    assert.ok(page.on({ type: "time_passed" }).includes("> next_partner"));
  }
});

test("what a link says that is closed by now is not heard", () => {
  const page = Page.searching();
  page.do("stop_pressed");
  page.do("link_interrupted");
  assert.deepEqual(page.do("link_broken"), []);
  page.do("link_restored");
  assert.deepEqual([page.state.line.isInterrupted, page.state.isLinkUp], [false, false]);
});
