// @ts-check
/** The test of the connection: which ways are tried, in which order, and that nothing of it is left. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { limit, serversOverTcp } from "../../web/machine/way.js";
import { CAMERA, FINE, GREETING, MICROPHONE, NONE, Page } from "./transcript.js";

/** @typedef {import("../../web/media/peer.js").PeerEvent} PeerEvent */

const TURN = { urls: ["turn:here.example:80?transport=tcp"], username: "u", credential: "c" };
const SDP = [
  "v=0", "a=candidate:1 1 udp 1 192.0.2.1 4000 typ host",
  "a=candidate:2 1 tcp 1 192.0.2.1 80 typ host tcptype passive", "a=end-of-candidates", "",
].join("\r\n");

/** In the lobby, with camera and microphone on. @param {RTCIceServer[]} iceServers */
function lobby(iceServers = [TURN]) {
  const page = new Page();
  page.isTested = true;
  page.hear({ ...GREETING, iceServers });
  page.do("preview_wanted");
  page.devicesOpened();
  return page;
}

/** @param {Page} page @param {PeerEvent} event */
const link = (page, event) => page.on({ type: "trial_heard", event });

/** @param {Page} page @param {number} count */
function pong(page, count = 5) {
  /** @type {string[]} */
  let commands = [];
  for (let at = 1; at <= count; at++) {
    page.nowMs += 10 + at;
    commands = page.do("wire_alive");
    if (at < count) assert.deepEqual(page.wait().commands, ["> ping"]);
  }
  return commands;
}

/** Its offer is made, answered, and the link comes up. @param {Page} page @param {string} sdp */
function connect(page, sdp = SDP) {
  link(page, { type: "link_described", description: { type: "offer", sdp: "the test's" } });
  page.nowMs += 100;
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp }), ["take_trial_answer"]);
  page.nowMs += 200;
  return link(page, { type: "link_restored" });
}

/** @param {Page} page @param {Partial<import("../../web/media/figures.js").Figures>} figures */
function measure(page, figures = {}, lost = 0) {
  assert.deepEqual(page.hear({ type: "echo", on: true }), ["measure_trial"]);
  /** @type {string[]} */
  let commands = [];
  for (const receivedBps of [null, 2_000_000, 1_500_000]) {
    page.nowMs += 1_000;
    const totals = { ...NONE, packetsReceived: 98, packetsLost: lost };
    commands = link(page, { type: "figures_measured", figures: { ...FINE, receivedBps, ...figures }, totals });
  }
  return commands;
}

/** @param {Page} page */
function finding(page, /** @type {import("../../web/machine/trial.js").Way} */ way) {
  const found = page.state.trial?.findings[way];
  assert.ok(found);
  return found;
}

/** @param {Page} page @param {string} what @returns {any} */
const last = (page, what) => page.ordered.filter(({ do: name }) => name === what).at(-1);

test("the socket, then one way after the other, each measured for three seconds", () => {
  const page = lobby();
  assert.deepEqual(page.do("trial_pressed"), ["glance", "> ping"]);
  assert.equal(last(page, "glance").tracks.video, CAMERA);
  assert.equal(last(page, "glance").tracks.audio, MICROPHONE);
  assert.deepEqual(pong(page), ["open_trial"]);
  assert.deepEqual(page.state.trial?.pingsMs, [11, 12, 13, 14, 15]);
  assert.deepEqual(connect(page), ["> echo"]);
  assert.deepEqual(page.sent.at(-1), { type: "echo", on: true });
  link(page, { type: "way_found", protocol: "udp", isRelayed: false });
  assert.deepEqual(measure(page, {}, 2), ["open_trial"]);
  assert.deepEqual({ ...finding(page, "udp") }, {
    outcome: "through", tookMs: 300, rttMs: 20, loss: 0.02, bps: 2_000_000,
    estimateBps: 1_000_000, protocol: "udp", report: null,
  });
  connect(page);
  measure(page);
  assert.deepEqual([last(page, "open_trial").iceServers, last(page, "open_trial").limits.paths.iceTransportPolicy],
    [[TURN], "relay"]);
  connect(page);
  assert.deepEqual(measure(page), ["look_away", "close_trial", "> stop_chat"]);
  assert.equal(page.state.trial?.ending, "done");
  assert.throws(() => page.wait(), /nothing is due/);
});

test("each link is given the candidates of its way alone", () => {
  const page = lobby();
  page.do("trial_pressed");
  pong(page);
  connect(page);
  assert.doesNotMatch(last(page, "take_trial_answer").sdp, / tcp /);
  measure(page);
  connect(page);
  assert.doesNotMatch(last(page, "take_trial_answer").sdp, / udp /);
  assert.match(last(page, "take_trial_answer").sdp, /tcptype passive\r\na=end-of-candidates\r\n$/);
  measure(page);
  connect(page);
  assert.equal(last(page, "take_trial_answer").sdp, SDP);
});

test("what the server does not offer is not waited for", () => {
  const page = lobby([{ urls: "stun:elsewhere.example" }, { urls: "turn:elsewhere.example:3478" }]);
  page.do("trial_pressed");
  pong(page);
  const udp = SDP.split("\r\n").filter((line) => !line.includes(" tcp ")).join("\r\n");
  connect(page, udp);
  measure(page);
  link(page, { type: "link_described", description: { type: "offer", sdp: "x" } });
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: udp }),
    ["look_away", "close_trial", "> stop_chat"]);
  assert.equal(finding(page, "tcp").outcome, "absent");
  assert.equal(finding(page, "turn").outcome, "absent");
});

test("a way that is not up after five seconds, or breaks before, does not get through", () => {
  const page = lobby();
  page.do("trial_pressed");
  pong(page);
  link(page, { type: "link_described", description: { type: "offer", sdp: "x" } });
  page.hear({ type: "webrtc_answer", sdp: SDP });
  assert.deepEqual(page.wait(), { waitedMs: 5_000, commands: ["open_trial"] });
  link(page, { type: "link_failed" });
  connect(page);
  assert.deepEqual(link(page, { type: "link_broken" }), ["> ping"], "the network may have gone");
  assert.deepEqual(page.do("wire_alive"), ["look_away", "close_trial", "> stop_chat"]);
  assert.equal(page.state.trial?.ending, "done");
  assert.deepEqual(["udp", "tcp", "turn"].map((way) => finding(page, /** @type {any} */ (way)).outcome),
    ["blocked", "blocked", "lost"]);
});

test("when the server is not there any more in the end, nothing is said of the ways", () => {
  const page = lobby();
  page.do("trial_pressed");
  pong(page);
  for (const _ of [1, 2, 3]) link(page, { type: "link_failed" });
  link(page, { type: "link_closed" });
  assert.equal(page.state.trial?.step, "proving");
  assert.deepEqual(page.wait(), { waitedMs: 5_000, commands: ["look_away", "close_trial", "> stop_chat"] });
  assert.equal(page.state.trial?.ending, "interrupted");
});

test("an answer to a former way's offer is not taken for the next one's", () => {
  const page = lobby();
  page.do("trial_pressed");
  pong(page);
  link(page, { type: "link_described", description: { type: "offer", sdp: "x" } });
  page.wait(); // nothing is answered in time
  link(page, { type: "link_described", description: { type: "offer", sdp: "y" } });
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: SDP }), []);
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: SDP }), ["take_trial_answer"]);
});

test("the server may hear of the link later; who asks for too many echoes only learns what gets through", () => {
  const page = lobby();
  page.do("trial_pressed");
  pong(page);
  connect(page);
  assert.deepEqual(page.error("wrong_state"), []);
  assert.deepEqual(page.wait(), { waitedMs: 500, commands: ["> echo"] });
  assert.deepEqual(page.error("rate_limited", 9_000), ["open_trial"]);
  assert.equal(finding(page, "udp").outcome, "through");
  assert.equal(finding(page, "udp").bps, null);
  assert.deepEqual(connect(page), [], "no more is asked for");
  assert.deepEqual(page.wait(), { waitedMs: 500, commands: ["open_trial"] });
  assert.equal(page.says, "Meet someone new | Talk with a random person, face to face.");
});

test("an echo that ends early, or brings no figures, is enough", () => {
  const page = lobby();
  page.do("trial_pressed");
  pong(page);
  connect(page);
  page.hear({ type: "echo", on: true });
  assert.deepEqual(page.hear({ type: "echo", on: false }), ["open_trial"]);
  connect(page);
  page.hear({ type: "echo", on: true });
  assert.deepEqual(page.wait(), { waitedMs: 5_000, commands: ["open_trial"] });
});

for (const [how, event, rest] of /** @type {[string, any, string[]][]} */ ([
  ["its dialog is closed", { type: "trial_closed" }, []],
  ["Start is pressed", { type: "start_pressed" }, ["open_link", "make_offer"]],
  ["the page is left", { type: "page_left" }, ["disconnect", "close audio", "close video"]],
])) {
  test(`nothing is left of it when ${how} in the middle`, () => {
    const page = lobby();
    page.do("trial_pressed");
    pong(page);
    connect(page);
    assert.deepEqual(page.on(event), ["look_away", "close_trial", "> stop_chat", ...rest]);
    assert.equal(page.state.trial, null);
    assert.equal(page.state.isTrialShown, false);
    assert.equal(page.state.dueMs.trial, undefined);
    assert.deepEqual(link(page, { type: "link_restored" }), []);
    assert.deepEqual(page.hear({ type: "echo", on: true }), []);
  });
}

test("after Start in the middle, the answer to the test is not taken for the link's", () => {
  const page = lobby();
  page.do("trial_pressed");
  pong(page);
  link(page, { type: "link_described", description: { type: "offer", sdp: "x" } });
  page.do("start_pressed");
  page.offerMade();
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: "the test's" }), []);
  assert.deepEqual(page.hear({ type: "webrtc_answer", sdp: "the link's" }), ["take_answer"]);
});

for (const [how, cut] of /** @type {[string, (page: Page) => string[]][]} */ ([
  ["the socket is lost", (page) => page.away()],
  ["it is lost for longer", (page) => page.lost()],
  ["the network is another", (page) => page.do("network_changed")],
])) {
  test(`it ends when ${how}, and what it has found so far stays`, () => {
    const page = lobby();
    page.do("trial_pressed");
    pong(page);
    connect(page);
    measure(page);
    connect(page);
    assert.deepEqual(cut(page).filter((command) => command !== "renew"),
      ["look_away", "close_trial", "> stop_chat"]);
    assert.equal(page.state.trial?.ending, "interrupted");
    assert.equal(finding(page, "udp").outcome, "through");
    assert.equal(finding(page, "tcp").outcome, "untried");
  });
}

test("a server that does not answer, and one that is not there", () => {
  const page = lobby();
  page.do("trial_pressed");
  assert.deepEqual(page.wait(), { waitedMs: 5_000, commands: ["look_away"] });
  assert.equal(page.state.trial?.ending, "offline");
  const alone = new Page();
  assert.deepEqual(alone.do("trial_pressed"), ["look_away"]);
  assert.equal(alone.state.trial?.ending, "offline");
});

test("with a partner or a link, while one is looked for, and in direct mode there is none", () => {
  const resting = Page.inCall("relay", { searchesOn: false });
  resting.hear({ type: "partner_left" });
  for (const page of [resting, Page.searching(), Page.inCall(), Page.inCall("direct")]) {
    page.isTested = true;
    assert.deepEqual(page.do("trial_pressed"), []);
    assert.equal(page.state.trial, null);
  }
  const direct = new Page();
  direct.connect("direct");
  assert.deepEqual(direct.do("trial_pressed"), []);
});

/** The relay says that the link has failed. @param {Page} page */
const fail = (page) => page.error("media_failed");

/** A short test in which everything gets through. @param {Page} page */
function passes(page) {
  assert.deepEqual(pong(page, 1), ["open_trial"]);
  for (const _ of ["udp", "tcp"]) {
    connect(page);
    const report = /** @type {any} */ ({ state: "connected" });
    assert.deepEqual(link(page, { type: "link_reported", report }), ["open_trial"]);
  }
  connect(page);
  return page.wait().commands;
}

test("after a failure it begins by itself, is short, and the next try waits for it", () => {
  const page = lobby();
  page.do("start_pressed");
  page.offerMade();
  assert.deepEqual(fail(page), ["> stop_chat", "close_link", "glance", "> ping"]);
  assert.equal(page.state.isTrialShown, false);
  assert.deepEqual(page.wait(), { waitedMs: 0, commands: [] }, "the next try would be due");
  assert.deepEqual(passes(page),
    ["look_away", "close_trial", "> stop_chat", "open_link", "make_offer"]);
  assert.ok(!page.sent.some(({ type }) => type === "echo"));
  page.do("trial_opened");
  assert.equal(page.state.isTrialShown, true);
});

test("after the third failure in a row it begins by hand only", () => {
  const page = lobby();
  page.do("start_pressed");
  for (const _ of [1, 2, 3]) {
    page.offerMade();
    assert.ok(fail(page).includes("> ping"));
    page.do("trial_closed");
    while (!page.state.linked) page.wait();
  }
  page.offerMade();
  assert.ok(!fail(page).includes("> ping"));
  assert.ok(page.do("trial_pressed").includes("> ping"));
});

test("an error of the server's during a test is the test's", () => {
  const page = lobby();
  page.do("start_pressed");
  page.offerMade();
  fail(page);
  assert.deepEqual(fail(page), []);
  assert.equal(page.state.failures, 1);
  pong(page, 1);
  link(page, { type: "link_described", description: { type: "offer", sdp: "x" } });
  assert.deepEqual(page.error("bad_sdp"), ["open_trial"]);
  link(page, { type: "link_described", description: { type: "offer", sdp: "x" } });
  assert.deepEqual(page.error("rate_limited").slice(0, 3), ["look_away", "close_trial", "> stop_chat"]);
  assert.equal(page.state.unanswered, 0);
});

test("TURN servers that are reached over TCP", () => {
  const udp = "turn:a.example:3478";
  const mixed = { urls: [udp, "turn:a.example?transport=tcp", "turns:a.example"], username: "u" };
  assert.deepEqual(serversOverTcp([{ urls: udp }, { urls: `${udp}?transport=udp` }, mixed]),
    [{ urls: ["turn:a.example?transport=tcp", "turns:a.example"], username: "u" }]);
});

test("a description without candidates of a way has none", () => {
  assert.equal(limit("v=0\r\n", "turn"), null);
  assert.equal(limit("v=0\r\na=candidate:1 1 UDP 1 192.0.2.1 4000 typ host\r\n", "tcp"), null);
  assert.notEqual(limit("v=0\na=candidate:1 1 UDP 1 192.0.2.1 4000 typ host\n", "udp"), null);
});
