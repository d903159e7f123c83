// @ts-check
/** UDP first; a detour by the relay's own TURN servers where that does not come through. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { needsDetour, readWays, withWay } from "../../web/browser/ways.js";
import { isOwn } from "../../web/machine/way.js";
import { initial } from "../../web/machine/state.js";
import { wayOf } from "../../web/media/figures.js";
import { GREETING, Page } from "./transcript.js";

const OWN = { urls: ["turns:here.example:443?transport=tcp"], username: "u", credential: "c" };
const OTHER = { urls: "turn:elsewhere.example:3478" };
const HOUR_MS = 3_600_000;

/** One that has offered, on a server with both. */
function offered(takesDetour = false) {
  const page = new Page();
  page.state = initial(page.state.settings, "here.example");
  page.on({ type: "way_remembered", takesDetour });
  page.hear({ ...GREETING, iceServers: [OWN, OTHER] });
  page.do("start_pressed");
  page.devicesOpened();
  page.offerMade();
  return page;
}

/** @param {Page} page @param {string} what the servers that it was done with */
function serversOf(page, what) {
  const command = page.ordered.filter(({ do: name }) => name === what).at(-1);
  return command && "iceServers" in command ? command.iceServers : null;
}

/** @param {Page} page */
const answer = (page) => page.hear({ type: "webrtc_answer", sdp: "x" });

test("the relay's own servers are left out at first, the operator's are not", () => {
  assert.deepEqual(serversOf(offered(), "open_link"), [OTHER]);
});

test("a link that is not up a second after the answer takes them in, and gathers again", () => {
  const page = offered();
  page.nowMs += 5_000;
  answer(page);
  assert.deepEqual(page.wait(), { waitedMs: 1_000, commands: ["use_servers", "restart_link"] });
  assert.deepEqual(serversOf(page, "use_servers"), [OWN, OTHER]);
  assert.deepEqual(page.offerMade(), ["> webrtc_offer"]);
  answer(page);
  assert.equal(page.state.dueMs.detour, undefined, "there is nothing else to try");
  page.do("link_restored");
  const found = page.on({ type: "way_found", protocol: "tls", isRelayed: true });
  assert.deepEqual(found, ["remember_way"]);
  assert.deepEqual(page.ordered.at(-1), { do: "remember_way", takesDetour: true });
});

for (const event of /** @type {const} */ (["path_found", "link_restored"])) {
  test(`one that has found its path by then does not (${event})`, () => {
    const page = offered();
    answer(page);
    page.do(event);
    assert.equal(page.state.dueMs.detour, undefined);
    assert.deepEqual(page.on({ type: "way_found", protocol: "udp", isRelayed: false }), []);
  });
}

/** One in a call over TCP, for the first second. */
function onDetour() {
  const page = Page.inCall();
  assert.deepEqual(page.measure(1, { protocol: "tcp" }), []);
  return page;
}

/** @param {Page} page @param {number} seconds on a detour, until UDP is looked for */
function seeks(page, seconds) {
  assert.deepEqual(page.measure(seconds - 1, { protocol: "tcp" }), [], `not before ${seconds} s`);
  assert.deepEqual(page.measure(1, { protocol: "tcp" }), ["restart_link"]);
  assert.deepEqual(page.offerMade(), ["> webrtc_offer"]);
  answer(page);
}

test("a link on a detour looks now and then whether UDP comes through again", () => {
  const page = onDetour();
  seeks(page, 15);
  for (const seconds of [30, 60, 60]) {
    page.measure(1, { protocol: "tcp" });
    seeks(page, seconds);
  }
  assert.equal(page.state.mending.step, "none", "nothing is wrong with it");
});

test("UDP that is found is no longer looked for, nor is the detour taken next time", () => {
  const page = onDetour();
  page.on({ type: "way_remembered", takesDetour: true });
  seeks(page, 15);
  assert.deepEqual(page.measure(1, { protocol: "udp" }), ["remember_way"]);
  assert.equal(page.state.takesDetour, false);
  assert.deepEqual(page.measure(200, { protocol: "udp" }), []);
  page.measure(1, { protocol: "tls" });
  seeks(page, 15);
});

test("a dead path over UDP is not taken for UDP that works", () => {
  const page = Page.inCall();
  page.on({ type: "way_remembered", takesDetour: true });
  page.do("link_interrupted");
  assert.deepEqual(page.measure(1, { protocol: "udp" }).filter((each) => each === "remember_way"), []);
  assert.equal(page.state.takesDetour, true);
});

test("UDP is not looked for while the link is mended, nor without a socket", () => {
  const page = onDetour();
  page.away();
  assert.deepEqual(page.measure(20, { protocol: "tcp" }), []);
  page.resumed();
  assert.equal(page.state.udpSought, 0, "it has not been looked for");
});

test("where it was needed last time it is taken at once", () => {
  const page = offered(true);
  assert.deepEqual(serversOf(page, "open_link"), [OWN, OTHER]);
  answer(page);
  assert.equal(page.state.dueMs.detour, undefined);
});

test("and forgotten when UDP has come through, whoever's server that was by", () => {
  for (const isRelayed of [true, false]) {
    const page = offered(true);
    page.do("link_restored");
    page.on({ type: "way_found", protocol: "udp", isRelayed });
    assert.deepEqual(page.ordered.at(-1), { do: "remember_way", takesDetour: false });
    page.do("link_closed");
    page.wait();
    assert.deepEqual(serversOf(page, "open_link"), [OTHER]);
  }
});

test("a link that was up and is interrupted by the loss of UDP takes the detour, too", () => {
  const page = offered();
  answer(page);
  page.do("link_restored");
  page.do("link_broken");
  page.do("wire_alive");
  page.offerMade();
  answer(page);
  assert.deepEqual(page.wait(), { waitedMs: 1_000, commands: ["use_servers", "restart_link"] });
});

test("so it does when the browser does not notice, and a first restart has brought nothing", () => {
  const page = offered();
  answer(page);
  page.do("link_restored");
  page.meet();
  page.arrive();
  page.measure(1);
  assert.deepEqual(page.measure(2, {}, false), ["probe", "probe"]);
  assert.deepEqual(page.do("wire_alive"), ["restart_link"]);
  page.offerMade();
  answer(page);
  assert.deepEqual(page.measure(2, {}, false), ["probe"]);
  assert.deepEqual(page.do("wire_alive"), ["use_servers", "restart_link"]);
  assert.deepEqual(serversOf(page, "use_servers"), [OWN, OTHER]);
});

test("without servers of its own there is no detour; after Stop nothing is due", () => {
  const page = Page.searching();
  page.do("network_changed");
  page.do("wire_alive");
  page.offerMade();
  answer(page);
  assert.equal(page.state.dueMs.detour, undefined);
  const stopped = offered();
  answer(stopped);
  stopped.do("stop_pressed");
  assert.throws(() => stopped.wait(), /nothing is due/);
});

test("which servers are the relay's own", () => {
  for (const [urls, host] of /** @type {[string | string[], string][]} */ ([
    ["turn:here.example", "here.example"],
    ["turn:HERE.example:80?transport=tcp", "here.example"],
    [["turns:[2001:db8::1]:443?transport=tcp"], "[2001:db8::1]"],
    ["turn:192.0.2.1?transport=tcp", "192.0.2.1"],
  ])) {
    assert.equal(isOwn({ urls }, host), true, String(urls));
  }
  for (const urls of ["stun:here.example", "turn:here.example.org", [], ["turn:here.example", "turn:x"]]) {
    assert.equal(isOwn({ urls }, "here.example"), false, String(urls));
  }
});

test("what the media goes over is read from the statistics", () => {
  const reports = (/** @type {object} */ candidate) => [
    { type: "transport", selectedCandidatePairId: "p" },
    { type: "candidate-pair", id: "p", localCandidateId: "l" },
    { type: "local-candidate", id: "l", ...candidate },
  ];
  const relayed = { candidateType: "relay", protocol: "udp", relayProtocol: "tls" };
  assert.deepEqual(wayOf(reports(relayed)), { protocol: "tls", isRelayed: true });
  const host = { candidateType: "host", protocol: "tcp" };
  assert.deepEqual(wayOf(reports(host)), { protocol: "tcp", isRelayed: false });
  assert.equal(wayOf([]), null);
});

test("a detour is remembered for a day, for each kind of network", () => {
  const ways = withWay({}, "wifi", true, 1_000);
  assert.equal(needsDetour(ways, "wifi", 1_000 + 23 * HOUR_MS), true);
  assert.equal(needsDetour(ways, "wifi", 1_000 + 24 * HOUR_MS), false);
  assert.equal(needsDetour(ways, "cellular", 1_000), false);
  assert.equal(needsDetour(ways, "wifi", -HOUR_MS), false, "the clock was set back");
  const both = withWay(ways, "cellular", true, 2_000);
  assert.deepEqual(Object.keys(both), ["wifi", "cellular"]);
  assert.deepEqual(Object.keys(withWay(both, "wifi", false, 3_000)), ["cellular"]);
  assert.deepEqual(withWay(ways, "any", false, 1_000 + 25 * HOUR_MS), {});
});

test("so many networks are remembered, and only what was written", () => {
  let ways = readWays("");
  for (let number = 0; number < 20; number++) ways = withWay(ways, `n${number}`, true, number);
  assert.equal(Object.keys(ways).length, 8);
  assert.deepEqual(readWays('{"a":1,"b":"x"}'), { a: 1 });
  for (const text of ["", "null", "[", "7"]) assert.deepEqual(readWays(text), {});
});
