// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { nextTry, patienceMs } from "../../web/wire/delays.js";
import { parse } from "../../web/wire/messages.js";
import { askWhy } from "../../web/wire/refusal.js";
import { Bench } from "./bench.js";

test("the first try comes after 3 s, the others later and later, up to 10 s", () => {
  const bench = new Bench();
  bench.wire.connect();
  const delays = [1, 2, 3, 4, 5, 6].map(() => {
    bench.socket.onclose?.();
    return bench.ring();
  });
  assert.deepEqual(delays, [3_000, 6_000, 10_000, 10_000, 10_000, 10_000]);
  assert.equal(bench.sockets.length, 7);
});

/** @param {Partial<Parameters<typeof nextTry>[0]>} situation */
function next(situation) {
  return nextTry({ failures: 1, isResumable: false, awayMs: 0, random: 0, ...situation });
}

test("jitter takes up to a half off, but not of the first", () => {
  assert.deepEqual(next({ random: 0.9 }), { delayMs: 3_000, isQuick: false });
  assert.deepEqual(next({ failures: 2, random: 0.5 }), { delayMs: 4_500, isQuick: false });
  assert.deepEqual(next({ failures: 50, random: 0.5 }), { delayMs: 7_500, isQuick: false });
});

test("a session is tried for at once, after 0.3 s and after 1.2 s; then as ever", () => {
  const tries = [1, 2, 3, 4, 5, 6].map((failures) => next({ failures, isResumable: true }));
  assert.deepEqual(tries.map(({ delayMs }) => delayMs), [0, 300, 1_200, 3_000, 6_000, 10_000]);
  assert.deepEqual(tries.map(({ isQuick }) => isQuick), [true, true, true, false, false, false]);
});

test("whoever has been without a socket for 4 s is told, however few tries that were", () => {
  assert.equal(next({ failures: 2, isResumable: true, awayMs: 3_999 }).isQuick, true);
  const late = next({ failures: 2, isResumable: true, awayMs: 4_000 });
  assert.deepEqual(late, { delayMs: 3_000, isQuick: false });
});

test("a socket that hangs is given up the sooner the more depends on it", () => {
  assert.deepEqual([patienceMs(false, false), patienceMs(true, false), patienceMs(true, true)], [
    10_000, 5_000, 2_000,
  ]);
});

test("a loss says when the next try comes", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.nowMs = 500;
  bench.socket.onclose?.();
  assert.deepEqual(bench.events, [
    { type: "wire_connecting" },
    { type: "wire_lost", retryAtMs: 3_500, isResumable: false },
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
  assert.deepEqual(bench.events.at(-1), { type: "wire_lost", retryAtMs: 13_000, isResumable: false });
});

test("one that greets is not, and is asked when it has been silent for 20 s", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.greet();
  bench.nowMs += 15_000;
  bench.socket.hear({ type: "typing", active: true });
  assert.equal(bench.ring(), 20_000);
  assert.deepEqual(bench.sent, [{ type: "ping" }]);
  bench.socket.hear({ type: "pong" });
  assert.deepEqual(bench.events.at(-1), { type: "wire_alive" });
  assert.equal(bench.ring(), 20_000);
  bench.socket.hear({ type: "typing", active: true });
  assert.equal(bench.ring(), 5_000, "anything else is no answer");
  assert.equal(bench.socket.isClosed, true);
  assert.equal(bench.events.at(-1)?.type, "wire_lost");
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
  /** @type {import("../../web/wire/messages.js").ClientMessage} */
  const find = { type: "find_partner", interests: [] };
  assert.equal(bench.wire.send(find), false);
  bench.wire.connect();
  assert.equal(bench.wire.send(find), false, "there is no session yet");
  bench.greet();
  assert.equal(bench.wire.send(find), true);
  bench.socket.readyState = 2;
  assert.equal(bench.wire.send({ type: "next_partner", interests: [] }), false);
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
    { type: "message", message: { type: "error", code: "c", message: "m", retryAfterMs: 2_000, id: null, cause: null } },
  ]);
  assert.equal(warn.mock.callCount(), 4);
});

test("renew: what is open has to prove itself, what waits is tried at once, delays begin anew", () => {
  const bench = new Bench();
  bench.wire.renew();
  assert.deepEqual(bench.sockets, [], "nothing was wanted");
  bench.wire.connect();
  for (let i = 0; i < 4; i++) {
    bench.socket.onclose?.();
    bench.ring();
  }
  bench.socket.onclose?.();
  bench.wire.renew();
  assert.equal(bench.sockets.length, 6, "at once");
  const hanging = bench.socket;
  bench.wire.renew();
  assert.equal(hanging.isClosed, true, "one that is opening may be of the old network");
  bench.socket.onclose?.();
  assert.equal(bench.ring(), 3_000);
  bench.greet();
  bench.wire.renew();
  assert.deepEqual(bench.sent, [{ type: "ping" }]);
  assert.equal(bench.ring(), 1_000);
  assert.equal(bench.socket.isClosed, true);
});

test("probe: one that is open is asked, another is on its way anyhow", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.wire.probe();
  bench.greet();
  assert.deepEqual(bench.sent, []);
  bench.wire.probe();
  assert.deepEqual(bench.sent, [{ type: "ping" }]);
  bench.socket.hear({ type: "pong" });
  assert.equal(bench.ring(), 20_000);
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
  bench.socket.hear({
    type: "partner_found", roomId: "q", isInitiator: false, sharedInterests: ["cats"], blurred: true,
  });
  bench.socket.hear({ type: "media_state", audio: true, video: false });
  bench.socket.hear({ type: "typing", active: true });
  bench.socket.hear({ type: "chat_received", id: "7" });
  assert.deepEqual(
    bench.events.flatMap((event) => (event.type === "message" ? [event.message] : [])),
    [
      { type: "partner_found", roomId: "r", isInitiator: true, sharedInterests: [], blurred: false,
      mode: "video", languages: [], isByCode: false },
      {
        type: "partner_found", roomId: "q", isInitiator: false, sharedInterests: ["cats"],
        mode: "video", languages: [], blurred: true, isByCode: false,
      },
      { type: "media_state", audio: true, video: false },
      { type: "typing", active: true },
      { type: "chat_received", id: "7" },
    ],
  );
});

for (const [code, by] of /** @type {const} */ ([
  [4001, "operator"], [4002, "budget"], [4003, "elsewhere"],
])) {
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
  assert.deepEqual(bench.events.at(-1), { type: "wire_refused", why: "full", retryAtMs: 10_000, isResumable: false });
  assert.equal(bench.ring(), 10_000);
  bench.refusal = { why: "draining", retryAfterMs: null };
  bench.socket.onclose?.();
  assert.deepEqual(bench.events.at(-1), {
    type: "wire_refused", why: "draining", retryAtMs: bench.nowMs + 6_000, isResumable: false,
  });
});

test("a connection that was there is lost, whatever the server would say", () => {
  const bench = new Bench();
  bench.refusal = FULL;
  bench.wire.connect();
  bench.greet();
  bench.socket.onclose?.();
  assert.equal(bench.asked, 0);
  assert.deepEqual(bench.events.at(-1), { type: "wire_lost", retryAtMs: 3_000, isResumable: false });
});

test("one that the server has closed since it goes is asked for at once, and says why there is none", () => {
  const bench = new Bench();
  bench.refusal = { why: "draining", retryAfterMs: 10_000 };
  bench.wire.connect();
  bench.greet("token");
  bench.socket.onclose?.({ code: 1012 });
  assert.equal(bench.asked, 1);
  assert.deepEqual(bench.events.at(-1), {
    type: "wire_refused", why: "draining", retryAtMs: 10_000, isResumable: false,
  });
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
  assert.deepEqual(await asked(503, full, { "Retry-After": "999999" }), { why: "full", retryAfterMs: 300_000 });
  assert.deepEqual(await asked(503, full, { "Retry-After": "0" }), { why: "full", retryAfterMs: 1_000 });
  const date = { "Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT" };
  assert.deepEqual(await asked(503, full, date), { why: "full", retryAfterMs: null });
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
  assert.deepEqual(bench.urls, ["ws://here/ws?resume=new&move=1"]);
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
  assert.equal(bench.ring(), 20_000);
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
    type: "connected", iceServers: [], mediaMode: "direct", resumeToken: null,
    startBlurred: false, evidence: false,
  });
  assert.deepEqual(connected({ mediaMode: "relay", startBlurred: true, evidence: true }), {
    type: "connected", iceServers: [], mediaMode: "relay", resumeToken: null,
    startBlurred: true, evidence: true,
  });
  for (const frame of ["null", "7", '"text"']) {
    assert.throws(() => parse(frame), { name: "SyntaxError", message: "not a JSON object" });
  }
  assert.deepEqual(parse('{"type":"error","code":"c","message":"m"}'), {
    type: "error", code: "c", message: "m", retryAfterMs: null, id: null, cause: null,
  });
  assert.deepEqual(parse('{"type":"error","code":"c","message":"m","id":"7"}'), {
    type: "error", code: "c", message: "m", retryAfterMs: null, id: "7", cause: null,
  });
  assert.deepEqual(parse('{"type":"waiting_for_partner","online":"many"}'), {
    type: "waiting_for_partner", online: null, looking: null, scope: "any", slowedForMs: null,
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
