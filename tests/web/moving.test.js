// @ts-check
/** To another server, since this one is about to go. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Mover } from "../../web/wire/mover.js";
import { words as en } from "../../web/words/en.js";
import { newsText } from "../../web/words/safety.js";
import { GREETING, Page } from "./transcript.js";

/** @typedef {import("../../web/wire/wire.js").WireEvent} WireEvent */

/** @param {Page} page @param {number | null} withinMs */
const told = (page, withinMs = 400_000) => page.hear({ type: "move", withinMs });

/** @param {Page} page */
const news = (page) => page.state.news.map((item) => newsText(item, en, "en"));

const STAYS = "This server is about to be updated, and no other one takes you yet.";

/** @param {Page} page */
const moved = (page) => page.on({ type: "wire_moved", server: GREETING });

/** @param {Page} page */
const unmoved = (page) => page.on({ type: "wire_unmoved" });

test("Next at a server that is about to go: the search goes on at the other one, with the same camera", () => {
  const page = Page.inCall();
  assert.deepEqual(page.do("next_pressed"), ["part", "> next_partner"]);
  assert.deepEqual(told(page), ["move"]);
  assert.match(page.says, /^Looking for someone/);
  assert.throws(() => page.wait(), /nothing is due/, "that was the server's reply");
  const { settings, devices } = page.state;
  assert.deepEqual(moved(page), ["close_link", "open_link", "make_offer"]);
  assert.deepEqual(page.offerMade(), ["> webrtc_offer", "> find_partner"]);
  assert.deepEqual([page.state.settings, page.state.devices], [settings, devices]);
  page.hear({ type: "waiting_for_partner", online: 2 });
  assert.match(page.says, /^Looking for someone/);
});

test("who waits is told to move, and searches on there", () => {
  const page = Page.searching();
  assert.deepEqual(told(page), ["move"]);
  assert.deepEqual(moved(page), ["close_link", "open_link", "make_offer"]);
});

test("a conversation goes on until the other session is there, and its words stay", () => {
  const page = Page.inCall();
  page.on({ type: "chat_entered", text: "hello" });
  assert.deepEqual(told(page, 10_000), ["move"]);
  assert.match(page.says, /^Connected/);
  assert.deepEqual(page.on({ type: "chat_entered", text: "and on" }), ["> chat_message"]);
  moved(page);
  assert.deepEqual(page.state.chat.map(({ text }) => text), ["hello", "and on"]);
  assert.equal(page.state.partner, null);
  assert.match(news(page).join(), /^The server is being updated\. You are at another one now/);
});

test("who does not want to be sent on rests there, and Next opens the link", () => {
  const page = Page.inCall("relay", { searchesOn: false });
  told(page, 10_000);
  assert.deepEqual(moved(page), ["close_link"]);
  assert.match(page.says, /Ready when you are/);
  assert.deepEqual(page.do("next_pressed"), ["open_link", "make_offer"]);
});

test("no other server takes us: it says so, for how long, and the search goes on here", () => {
  const page = Page.inCall();
  page.do("next_pressed");
  told(page, 400_000);
  page.nowMs += 10_000;
  assert.deepEqual(unmoved(page), ["> find_partner"]);
  assert.deepEqual(page.sent.at(-1), { type: "find_partner", interests: [], stay: true });
  assert.match(page.says, /^Looking for someone/);
  assert.deepEqual(news(page), [`${STAYS} You can go on here for 7 minutes.`]);
  page.hear({ type: "waiting_for_partner", online: 2 });
  assert.deepEqual(page.meet(), ["meet", "> media_state"]);
  page.do("next_pressed");
  assert.deepEqual(page.sent.at(-1), { type: "next_partner", interests: [] }, "and the next time it may be another");
  assert.deepEqual(told(page, null), ["move"]);
  unmoved(page);
  assert.deepEqual(news(page), [`${STAYS} You go on here.`], "once");
});

test("no other server at the deadline: the call goes on to the end, which is said", () => {
  const page = Page.inCall();
  told(page, 10_000);
  assert.deepEqual(unmoved(page), []);
  assert.match(page.says, /^Connected/);
  assert.deepEqual(news(page), [`${STAYS} You can go on here for 10 seconds.`]);
  page.on({ type: "wire_refused", why: "draining", retryAtMs: page.nowMs + 10_000, isResumable: false });
  assert.match(page.says, /^The server is being updated/);
  assert.deepEqual(page.connect(), ["open_link", "make_offer"]);
});

test("to be told once more while it moves changes nothing but the time", () => {
  const page = Page.searching();
  told(page, 400_000);
  assert.deepEqual(told(page, 10_000), []);
  unmoved(page);
  assert.match(news(page).join(), /for 10 seconds/);
});

test("a page that nobody has started moves without a word", () => {
  const page = new Page();
  page.connect();
  assert.deepEqual(told(page), ["move"]);
  assert.deepEqual(moved(page), []);
  told(page);
  assert.deepEqual(unmoved(page), []);
  assert.deepEqual(news(page), []);
});

test("Stop while it moves: nothing is opened there", () => {
  const page = Page.inCall();
  told(page, 10_000);
  page.do("stop_pressed");
  assert.deepEqual(moved(page), []);
  assert.equal(page.state.isStarted, false);
});

test("a page that is left while it moves can move when it is back", () => {
  const page = Page.searching();
  told(page);
  page.do("page_left");
  page.do("page_back");
  page.connect();
  assert.deepEqual(told(page), ["move"]);
});

// the two wires

class FakeWire {
  /** @type {string[]} */
  did = [];

  /** @param {(event: WireEvent) => void} tell */
  constructor(tell) {
    this.tell = tell;
  }

  connect() { this.did.push("connect"); }
  disconnect() { this.did.push("disconnect"); }
  leaveForNow() { this.did.push("leave"); return null; }
  continueWith() { this.did.push("continue"); }
  send() { this.did.push("send"); return true; }
  reconnect() { this.did.push("reconnect"); }
  probe() { this.did.push("probe"); }
  renew() { this.did.push("renew"); }
}

function twoWires() {
  /** @type {FakeWire[]} */
  const wires = [];
  /** @type {string[]} */
  const events = [];
  const mover = new Mover((onEvent) => {
    const wire = new FakeWire(onEvent);
    wires.push(wire);
    return wire;
  }, ({ type }) => events.push(type));
  /** @param {number} index */
  const wire = (index) => /** @type {FakeWire} */ (wires[index]);
  return { mover, wire, events, wires };
}

/** @type {WireEvent} */
const GREETED = { type: "message", message: GREETING };
/** @type {WireEvent} */
const LOST = { type: "wire_lost", retryAtMs: 0, isResumable: false };

test("the former socket is closed when the other session is there, and not before", () => {
  const { mover, wire, events } = twoWires();
  mover.move();
  wire(1).tell({ type: "wire_connecting" });
  wire(1).tell({ type: "wire_working" });
  wire(0).tell({ type: "wire_alive" });
  assert.deepEqual([wire(0).did, wire(1).did, events], [[], ["connect"], ["wire_alive"]]);
  assert.equal(mover.wire, wire(0));
  wire(1).tell(GREETED);
  assert.deepEqual([wire(0).did, wire(1).did], [["disconnect"], ["connect"]]);
  assert.equal(mover.wire, wire(1));
  wire(0).tell(LOST);
  wire(1).tell({ type: "wire_alive" });
  assert.deepEqual(events, ["wire_alive", "wire_moved", "wire_alive"], "nobody listens to the former one");
});

/** @type {WireEvent[]} */
const REFUSALS = [
  LOST,
  { type: "wire_refused", why: "draining", retryAtMs: 0, isResumable: false },
  { type: "wire_closed", by: "operator" },
];
for (const refusal of REFUSALS) {
  test(`a door that stays closed (${refusal.type}) is left, and can be tried again`, () => {
    const { mover, wire, events, wires } = twoWires();
    mover.move();
    mover.move();
    assert.equal(wires.length, 2, "one at a time");
    wire(1).tell(refusal);
    assert.deepEqual([events, wire(1).did, mover.wire], [["wire_unmoved"], ["connect", "disconnect"], wire(0)]);
    mover.move();
    assert.equal(wires.length, 3);
  });
}

test("one that is lost and begins anew meanwhile needs no other", () => {
  const { mover, wire, events } = twoWires();
  mover.move();
  wire(0).tell(LOST);
  wire(0).tell(GREETED);
  assert.deepEqual(wire(1).did, ["connect", "disconnect"]);
  assert.deepEqual(events, ["wire_lost", "message"]);
});

for (const leave of /** @type {const} */ (["disconnect", "leaveForNow"])) {
  test(`${leave} is for both`, () => {
    const { mover, wire, events } = twoWires();
    mover.move();
    mover[leave]();
    assert.deepEqual(wire(1).did, ["connect", "disconnect"]);
    assert.equal(wire(0).did.length, 1);
    wire(1).tell(GREETED);
    assert.deepEqual(events, []);
  });
}
