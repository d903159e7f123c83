// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { parse } from "../../web/wire/messages.js";
import { askWhy } from "../../web/wire/refusal.js";
import { retryDelayMs, Wire } from "../../web/wire/wire.js";

class FakeSocket {
  readyState = 1;
  isClosed = false;
  /** @type {string[]} */
  sent = [];
  /** @type {((event: { data: string }) => void) | null} */
  onmessage = null;
  /** @type {((event?: { code: number }) => void) | null} */
  onclose = null;

  /** @param {string} frame */
  send(frame) {
    this.sent.push(frame);
  }

  close() {
    this.isClosed = true;
  }

  /** @param {unknown} message */
  hear(message) {
    this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
  }
}

/** A wire with sockets and a clock that are moved by hand. */
class Bench {
  nowMs = 0;
  /** The longest delays. */
  random = 0;
  /** @type {string[]} */
  urls = [];
  /** @type {unknown[]} */
  cleared = [];
  /** @type {FakeSocket[]} */
  sockets = [];
  /** @type {{ atMs: number, callback: () => void } | null} */
  timer = null;
  /** @type {import("../../web/wire/wire.js").WireEvent[]} */
  events = [];
  /** What the server answers when it is asked why. @type {import("../../web/wire/refusal.js").Refusal | null} */
  refusal = null;
  asked = 0;
  /** Until when the answer to that is held back. @type {(() => void) | null} */
  answer = null;
  isSlow = false;

  wire = new Wire("ws://here/ws", (event) => this.events.push(event), {
    open: (url) => {
      this.urls.push(url);
      this.sockets.push(new FakeSocket());
      return /** @type {WebSocket} */ (/** @type {unknown} */ (this.socket));
    },
    ask: (_, tell) => {
      this.asked += 1;
      this.answer = () => tell(this.refusal);
      if (!this.isSlow) this.answer();
    },
    nowMs: () => this.nowMs,
    setTimer: (callback, delayMs) => (this.timer = { atMs: this.nowMs + delayMs, callback }),
    clearTimer: (timer) => {
      this.cleared.push(timer);
      if (timer === this.timer) this.timer = null;
    },
    random: () => this.random,
  });

  /** @returns {FakeSocket} */
  get socket() {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("nothing was opened");
    return socket;
  }

  /** @returns {number} how long that took */
  ring() {
    if (!this.timer) throw new Error("no timer is set");
    const { atMs, callback } = this.timer;
    const waitedMs = atMs - this.nowMs;
    this.timer = null;
    this.nowMs = atMs;
    callback();
    return waitedMs;
  }

  greet() {
    this.socket.hear({ type: "connected", iceServers: [], mediaMode: "relay" });
  }
}

test("the first try comes after 3 s, the others later and later, up to 30 s", () => {
  const bench = new Bench();
  bench.wire.connect();
  const delays = [1, 2, 3, 4, 5, 6].map(() => {
    bench.socket.onclose?.();
    return bench.ring();
  });
  assert.deepEqual(delays, [3_000, 6_000, 12_000, 24_000, 30_000, 30_000]);
  assert.equal(bench.sockets.length, 7);
});

test("jitter takes up to a half off, but not of the first", () => {
  assert.equal(retryDelayMs(1, 0.9), 3_000);
  assert.equal(retryDelayMs(2, 0.5), 4_500);
  assert.equal(retryDelayMs(50, 0.5), 22_500);
});

test("a loss says when the next try comes", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.nowMs = 500;
  bench.socket.onclose?.();
  assert.deepEqual(bench.events, [
    { type: "wire_connecting" },
    { type: "wire_lost", retryAtMs: 3_500 },
  ]);
});

test("`connected` starts the delays anew; an open socket that says nothing does not", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.socket.onclose?.();
  bench.ring();
  bench.socket.onclose?.();
  assert.equal(bench.ring(), 6_000);
  bench.greet();
  bench.socket.onclose?.();
  assert.equal(bench.ring(), 3_000);
});

test("a server that does not greet within 10 s is given up on", () => {
  const bench = new Bench();
  bench.wire.connect();
  assert.equal(bench.ring(), 10_000);
  assert.equal(bench.socket.isClosed, true);
  assert.deepEqual(bench.events.at(-1), { type: "wire_lost", retryAtMs: 13_000 });
});

test("one that greets is not", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.greet();
  assert.equal(bench.timer, null);
});

test("reconnect: the connection is lost at once, and what it still says is not heard", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.greet();
  const { socket } = bench;
  bench.wire.reconnect();
  socket.hear({ type: "partner_left" });
  socket.onclose?.();
  bench.wire.reconnect();
  assert.deepEqual(
    bench.events.map(({ type }) => type),
    ["wire_connecting", "message", "wire_lost"],
  );
});

test("messages are sent as JSON while the socket is open, and dropped otherwise", () => {
  const bench = new Bench();
  bench.wire.send({ type: "find_partner", interests: [] });
  bench.wire.connect();
  bench.wire.send({ type: "find_partner", interests: [] });
  bench.socket.readyState = 0;
  bench.wire.send({ type: "next_partner", interests: [] });
  assert.deepEqual(bench.socket.sent, ['{"type":"find_partner","interests":[]}']);
});

test("frames that cannot be read are reported and skipped, unknown types skipped", (t) => {
  const warn = t.mock.method(console, "warn", () => {});
  const bench = new Bench();
  bench.wire.connect();
  for (const frame of ["not json", "null", '{"type":"webrtc_answer"}', '{"type":"connected"}']) {
    bench.socket.hear(frame);
  }
  assert.equal(warn.mock.callCount(), 4);
  bench.socket.hear({ type: "weather", sunny: true });
  bench.socket.hear({ type: "constructor" });
  bench.socket.hear({ type: "ice_candidate", candidate: null });
  bench.socket.hear({ type: "error", code: "c", message: "m", retryAfter: 2 });
  assert.deepEqual(bench.events.slice(1), [
    { type: "message", message: { type: "ice_candidate", candidate: null } },
    { type: "message", message: { type: "error", code: "c", message: "m", retryAfterMs: 2_000 } },
  ]);
  assert.equal(warn.mock.callCount(), 4);
});

test("renew: what is open is given up, and the delays begin anew", () => {
  const bench = new Bench();
  bench.wire.connect();
  for (let i = 0; i < 4; i++) {
    bench.socket.onclose?.();
    bench.ring();
  }
  bench.socket.onclose?.();
  bench.wire.renew();
  assert.equal(bench.ring(), 3_000);
  bench.greet();
  bench.wire.renew();
  assert.equal(bench.socket.isClosed, true);
  assert.equal(bench.ring(), 3_000);
  assert.equal(bench.sockets.length, 7);
});

test("disconnect: nothing is tried any more, until connect", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.greet();
  const { socket } = bench;
  bench.wire.disconnect();
  bench.wire.connect();
  bench.wire.disconnect();
  bench.wire.renew();
  socket.onclose?.();
  assert.equal(socket.isClosed, true);
  assert.equal(bench.timer, null);
  assert.equal(bench.events.some(({ type }) => type === "wire_lost"), false);
  bench.wire.connect();
  assert.equal(bench.sockets.length, 3);
});

test("what the server says of the partner is read", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.socket.hear({ type: "partner_found", roomId: "r", isInitiator: true });
  bench.socket.hear({ type: "partner_found", isInitiator: false, sharedInterests: ["cats"] });
  bench.socket.hear({ type: "media_state", audio: true, video: false });
  bench.socket.hear({ type: "typing", active: true });
  bench.socket.hear({ type: "chat_received", id: "7" });
  assert.deepEqual(
    bench.events.flatMap((event) => (event.type === "message" ? [event.message] : [])),
    [
      { type: "partner_found", isInitiator: true, sharedInterests: [] },
      { type: "partner_found", isInitiator: false, sharedInterests: ["cats"] },
      { type: "media_state", audio: true, video: false },
      { type: "typing", active: true },
      { type: "chat_received", id: "7" },
    ],
  );
});

for (const [code, by] of /** @type {const} */ ([[4001, "operator"], [4002, "budget"]])) {
  test(`whoever was sent away with ${code} does not come back by itself`, () => {
    const bench = new Bench();
    bench.wire.connect();
    bench.greet();
    bench.socket.onclose?.({ code });
    assert.equal(bench.timer, null);
    assert.deepEqual(bench.events.at(-1), { type: "wire_closed", by });
    bench.wire.renew();
    assert.equal(bench.timer, null);
  });
}

/** @type {import("../../web/wire/refusal.js").Refusal} */
const FULL = { why: "full", retryAfterMs: 10_000 };

test("a server that is full or draining says why, and when to come again", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.refusal = FULL;
  bench.socket.onclose?.();
  assert.deepEqual(bench.events.at(-1), { type: "wire_refused", why: "full", retryAtMs: 10_000 });
  assert.equal(bench.ring(), 10_000);
  bench.refusal = { why: "draining", retryAfterMs: null };
  bench.socket.onclose?.();
  assert.deepEqual(bench.events.at(-1), {
    type: "wire_refused", why: "draining", retryAtMs: bench.nowMs + 6_000,
  });
});

test("a connection that was there is lost, whatever the server would say", () => {
  const bench = new Bench();
  bench.refusal = FULL;
  bench.wire.connect();
  bench.greet();
  bench.socket.onclose?.();
  assert.equal(bench.asked, 0);
  assert.deepEqual(bench.events.at(-1), { type: "wire_lost", retryAtMs: 3_000 });
});

for (const [name, meanwhile] of Object.entries({
  disconnect: (/** @type {Bench} */ { wire }) => wire.disconnect(),
  renew: (/** @type {Bench} */ { wire }) => wire.renew(),
  "disconnect and connect": (/** @type {Bench} */ { wire }) => {
    wire.disconnect();
    wire.connect();
  },
})) {
  test(`an answer that comes too late changes nothing: ${name}`, () => {
    const bench = new Bench();
    bench.isSlow = true;
    bench.refusal = FULL;
    bench.wire.connect();
    bench.socket.onclose?.();
    assert.deepEqual(bench.events, [{ type: "wire_connecting" }], "nothing is said before");
    assert.equal(bench.timer, null);
    meanwhile(bench);
    const { timer } = bench;
    const before = bench.events.length;
    bench.answer?.();
    assert.equal(bench.events.length, before);
    assert.equal(bench.timer, timer);
  });
}

/** @param {number} status @param {string} body @param {Record<string, string>} headers */
async function asked(status, body, headers = {}) {
  /** @type {string[]} */
  const urls = [];
  const refusal = await askWhy("wss://here/ws", async (url) => {
    urls.push(String(url));
    return new Response(body, { status, headers });
  });
  assert.deepEqual(urls, ["https://here/ws"]);
  return refusal;
}

test("why the server lets nobody in is read from its answer, and from nobody else's", async () => {
  const full = '{"error":{"code":"full","message":"the server is full"}}';
  const draining = full.replaceAll("full", "draining");
  assert.deepEqual(await asked(503, full, { "Retry-After": "10" }), FULL);
  assert.deepEqual(await asked(503, draining), { why: "draining", retryAfterMs: null });
  assert.equal((await asked(503, full, { "Retry-After": "999999" }))?.retryAfterMs, 300_000);
  assert.equal((await asked(503, full, { "Retry-After": "0" }))?.retryAfterMs, 1_000);
  const date = { "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT" };
  assert.equal((await asked(503, full, date))?.retryAfterMs, null);
  for (const body of ["<h1>503", "null", "{}", '{"error":{"code":"constructor"}}']) {
    assert.equal(await asked(503, body), null);
  }
  assert.equal(await asked(400, full), null);
  const unreachable = () => Promise.reject(new TypeError("not reached"));
  assert.equal(await askWhy("ws://here/ws", unreachable), null);
});

test("the wire goes where it was told to", () => {
  const bench = new Bench();
  bench.wire.connect();
  assert.deepEqual(bench.urls, ["ws://here/ws"]);
});

test("each socket has to be greeted; until then the server is asked why it closes", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.greet();
  bench.socket.onclose?.();
  bench.ring();
  bench.refusal = FULL;
  bench.socket.onclose?.();
  assert.equal(bench.events.at(-1)?.type, "wire_refused");
});

test("a socket that is refused is let go of, and nothing rings while the server is asked", () => {
  const bench = new Bench();
  bench.isSlow = true;
  bench.wire.connect();
  bench.socket.onclose?.();
  assert.equal(bench.socket.isClosed, true);
  assert.equal(bench.timer, null);
  bench.wire.reconnect();
  assert.equal(bench.events.length, 1, "there is nothing to give up");
});

test("a server that has greeted is not given up on", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.socket.hear({ type: "typing", active: true });
  assert.notEqual(bench.timer, null, "anything else is no greeting");
  bench.greet();
  assert.equal(bench.timer, null);
});

test("those who were told when to come again come spread over a quarter more", () => {
  const bench = new Bench();
  bench.random = 0.8;
  bench.refusal = FULL;
  bench.wire.connect();
  bench.socket.onclose?.();
  assert.equal(bench.ring(), 12_000);
});

test("a try at once takes the place of the one that was to come", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.greet();
  bench.socket.onclose?.();
  const before = bench.timer;
  bench.wire.renew();
  assert.notEqual(bench.timer, before);
  assert.deepEqual(bench.cleared.at(-1), before);
});

test("how media goes, and what is no message, is read as it is said", () => {
  const connected = (/** @type {object} */ more) =>
    parse(JSON.stringify({ type: "connected", iceServers: [], ...more }));
  assert.deepEqual(connected({ mediaMode: "direct" }), {
    type: "connected", iceServers: [], mediaMode: "direct",
  });
  assert.deepEqual(connected({ mediaMode: "relay" }), {
    type: "connected", iceServers: [], mediaMode: "relay",
  });
  for (const frame of ["null", "7", '"text"']) {
    assert.throws(() => parse(frame), { name: "SyntaxError", message: "not a JSON object" });
  }
  assert.deepEqual(parse('{"type":"error","code":"c","message":"m"}'), {
    type: "error", code: "c", message: "m", retryAfterMs: null,
  });
  assert.deepEqual(parse('{"type":"waiting_for_partner","online":"many"}'), {
    type: "waiting_for_partner", online: null,
  });
  for (const interests of ['"cats"', "[1]", '["cats", 1]']) {
    const frame = `{"type":"partner_found","sharedInterests":${interests}}`;
    assert.throws(() => parse(frame), /sharedInterests is no list of strings/);
  }
  assert.throws(() => parse('{"type":"ice_candidate","candidate":"x"}'), /is no object/);
});

test("the server is asked afresh, and not for ever", async () => {
  /** @type {RequestInit | undefined} */
  let asked;
  await askWhy("ws://here/ws", async (_, options) => {
    asked = options;
    return new Response("", { status: 400 });
  });
  assert.equal(asked?.cache, "no-store");
  assert.ok(asked?.signal instanceof AbortSignal);
});
