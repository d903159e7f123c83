// @ts-check
/** How the connecting goes, as the server is told. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Reporter } from "../../web/media/report.js";

class FakeConnection extends EventTarget {
  connectionState = "new";
  iceConnectionState = "checking";
  /** @type {object[]} */ stats = [];
  /** @type {{ transport: { state: string } | null }[]} */ senders = [];

  getSenders() { return this.senders; }
  async getStats() { return new Map(this.stats.map((report, index) => [String(index), report])); }

  /** @param {object | null} candidate */
  find(candidate) {
    this.dispatchEvent(Object.assign(new Event("icecandidate"), { candidate }));
  }

  /** @param {number} errorCode @param {string} [url] */
  err(errorCode, url) {
    this.dispatchEvent(Object.assign(new Event("icecandidateerror"), { errorCode, url }));
  }

  /** @param {string} state */
  become(state) {
    this.connectionState = state;
    this.dispatchEvent(new Event("connectionstatechange"));
  }
}

/** @param {import("node:test").TestContext} t */
function watch(t) {
  t.mock.timers.enable(/** @type {any} */ ({ apis: ["setTimeout"] }));
  const connection = new FakeConnection();
  /** @type {import("../../web/media/report.js").Report[]} */
  const told = [];
  let nowMs = 500;
  const pc = /** @type {RTCPeerConnection} */ (/** @type {unknown} */ (connection));
  const reporter = new Reporter(pc, (report) => told.push(report), 7_000, () => nowMs);
  const pass = async (/** @type {number} */ ms) => {
    nowMs += ms;
    t.mock.timers.tick(ms);
    await settled();
  };
  return { connection, told, reporter, pass };
}

async function settled() {
  for (let turn = 0; turn < 5; turn++) await Promise.resolve();
}

test("a link without figures is told of all the same", async (t) => {
  const { connection, told, pass } = watch(t);
  t.mock.method(console, "info", () => {});
  connection.getStats = () => Promise.reject(new Error("it is closed"));
  await pass(7_000);
  assert.deepEqual(told.map(({ state, roundTripMs }) => [state, roundTripMs]), [["connecting", undefined]]);
});

test("a link that is not up after a while is told of, with all that was found until then", async (t) => {
  const { connection, told, pass } = watch(t);
  connection.find({ type: "host", protocol: "udp", address: "1f2e.local" });
  connection.find({ type: "host", protocol: "tcp", address: "192.0.2.5" });
  connection.find({ type: "relay", protocol: "udp", relayProtocol: "tls", address: "2001:db8::5" });
  connection.find({ type: "host", protocol: "udp", address: "192.0.2.5" });
  connection.find(null);
  connection.err(701, "turns:example.org:443?transport=tcp");
  connection.err(701, "turns:example.org:443?transport=tcp");
  connection.err(401, "TURN:example.org");
  connection.err(701);
  connection.stats = [
    { type: "candidate-pair", currentRoundTripTime: 0.25 },
    { type: "candidate-pair", currentRoundTripTime: 0.125 },
    { type: "candidate-pair" },
    { type: "transport" },
  ];
  connection.senders = [{ transport: { state: "connecting" } }];
  await pass(6_999);
  assert.deepEqual(told, []);
  await pass(1);
  assert.deepEqual(told, [{
    state: "connecting",
    candidateTypes: ["host/udp", "host/tcp", "relay/tls"],
    families: ["ipv4", "ipv6"],
    iceState: "checking",
    dtlsState: "connecting",
    errors: [{ code: 701, scheme: "turns" }, { code: 401, scheme: "turn" }],
    roundTripMs: 125,
    tookMs: 7_000,
  }]);
});

test("what becomes of it is told at once, and of one that was up nothing more by itself", async (t) => {
  const { connection, told, pass } = watch(t);
  for (const state of ["connecting", "connected", "disconnected", "failed", "closed"]) {
    connection.become(state);
    await settled();
  }
  await pass(60_000);
  assert.deepEqual(told.map(({ state }) => state), ["connected", "disconnected", "failed"]);
  assert.deepEqual([told[0]?.dtlsState, told[0]?.roundTripMs], ["new", undefined]);
});

test("no more errors are kept than the server takes", async (t) => {
  const { connection, told } = watch(t);
  for (let code = 400; code < 450; code++) connection.err(code, "turn:example.org");
  connection.become("failed");
  await settled();
  assert.equal(told[0]?.errors.length, 16);
});

test("after the end nothing is told, not even what was under way", async (t) => {
  const { connection, told, reporter, pass } = watch(t);
  connection.become("failed");
  reporter.stop();
  await pass(10_000);
  assert.deepEqual(told, []);
});
