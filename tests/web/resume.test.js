// @ts-check
/** The wire and the session: what is counted, kept and sent again. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Session } from "../../web/wire/session.js";
import { Bench } from "./bench.js";
import { GREETING } from "./transcript.js";

/** @param {string} id */
const line = (id) => /** @type {const} */ ({ type: "chat_message", text: "x", id });

/** A session that has a partner, as far as the wire is concerned. */
function open() {
  const bench = new Bench();
  bench.wire.connect();
  bench.greet("T1");
  return bench;
}

/** @param {Bench} bench @param {number} received @param {string} resumeToken */
function resume(bench, received, resumeToken = "T3") {
  bench.ring();
  bench.greet("T2");
  bench.socket.hear({ type: "resumed", resumeToken, received, missed: 0, state: "in_call" });
}

test("a lost socket is tried again at once, then twice more, and only then is it said", () => {
  const bench = open();
  bench.events = [];
  for (const delayMs of [0, 300, 1_200]) {
    bench.socket.onclose?.();
    assert.equal(bench.ring(), delayMs);
    assert.equal(bench.urls.at(-1), "ws://here/ws?resume=back&move=1");
  }
  assert.deepEqual(bench.events, Array(3).fill({ type: "wire_away" }));
  bench.socket.onclose?.();
  assert.deepEqual(bench.events.at(-1), {
    type: "wire_lost", retryAtMs: bench.nowMs + 3_000, isResumable: true,
  });
  bench.ring();
  assert.deepEqual(bench.events.at(-1), { type: "wire_connecting" });
});

test("the session is asked for with what has come of it, and goes on with the new servers", () => {
  const bench = open();
  bench.socket.hear({ type: "typing", active: true });
  bench.socket.hear({ type: "weather" });
  bench.socket.onclose?.();
  bench.ring();
  bench.events = [];
  bench.greet("T2");
  assert.deepEqual(bench.sent, [{ type: "resume", resumeToken: "T1", received: 2 }]);
  assert.deepEqual(bench.events, [], "who is greeted is nobody yet");
  bench.socket.hear({ type: "resumed", resumeToken: "T3", received: 0, missed: 1, state: "in_call", roomId: "r" });
  const server = { ...GREETING, resumeToken: "T2" };
  assert.deepEqual(bench.events, [{ type: "wire_resumed", state: "in_call", roomId: "r", server }]);
  bench.socket.hear({ type: "typing", active: false });
  bench.socket.onclose?.();
  bench.ring();
  bench.greet("T4");
  assert.deepEqual(bench.sent, [{ type: "resume", resumeToken: "T3", received: 3 }]);
});

test("a session that is on another machine goes on with the servers of that one", () => {
  const bench = open();
  bench.socket.onclose?.();
  bench.ring();
  bench.greet("T2");
  const iceServers = [{ urls: "turn:there.example" }];
  bench.socket.hear({
    type: "resumed", resumeToken: "T3", received: 0, missed: 0, state: "in_call", iceServers,
  });
  const server = { ...GREETING, resumeToken: "T2", iceServers };
  assert.deepEqual(bench.events.at(-1), { type: "wire_resumed", state: "in_call", roomId: null, server });
});

test("what the server has not got is sent again, once, before what is said next", () => {
  const bench = open();
  bench.wire.send(line("1"));
  bench.wire.send(line("2"));
  bench.socket.onclose?.();
  assert.equal(bench.wire.send(line("3")), true);
  resume(bench, 1);
  bench.wire.send(line("4"));
  assert.deepEqual(bench.sent.slice(1), [line("2"), line("3"), line("4")]);
  bench.socket.onclose?.();
  resume(bench, 3, "T5");
  assert.deepEqual(bench.sent.slice(1), [line("4")]);
  bench.socket.onclose?.();
  resume(bench, 4);
  assert.deepEqual(bench.sent.slice(1), []);
});

test("what is no longer true is not sent again", () => {
  const bench = open();
  bench.wire.send({ type: "typing", active: true });
  bench.wire.send(line("1"));
  bench.wire.probe();
  bench.socket.onclose?.();
  resume(bench, 0);
  assert.deepEqual(bench.sent.slice(1), [line("1")]);
  bench.socket.onclose?.();
  resume(bench, 1);
  assert.deepEqual(bench.sent.slice(1), [], "the count is the server's from then on");
});

test("a session that cannot be had: the new user goes on, and what waited is forgotten", () => {
  const bench = open();
  bench.socket.hear({ type: "typing", active: true });
  bench.wire.send(line("1"));
  bench.socket.onclose?.();
  bench.ring();
  bench.greet("T2");
  bench.events = [];
  bench.socket.hear({ type: "error", code: "resume_failed", message: "gone" });
  assert.deepEqual(bench.events.map((event) => event.type === "message" && event.message.type), [
    "connected",
  ]);
  assert.equal(bench.sent.length, 1, "nothing of the former user's");
  bench.socket.onclose?.();
  bench.ring();
  bench.greet("T4");
  assert.deepEqual(bench.sent, [{ type: "resume", resumeToken: "T2", received: 1 }]);
});

for (const code of [1001, 1008, 1013, 4999]) {
  test(`a server that closes with ${code} has ended the session`, () => {
    const bench = open();
    bench.socket.onclose?.({ code });
    const { retryAtMs } = /** @type {any} */ (bench.events.at(-1));
    assert.deepEqual(bench.events.at(-1), { type: "wire_lost", retryAtMs, isResumable: false });
    assert.equal(bench.wire.send(line("1")), false);
    bench.ring();
    assert.equal(bench.urls.at(-1), "ws://here/ws?resume=new&move=1");
  });
}

test("one that closes with 1006 has not, nor one that never answered to the resume", () => {
  const bench = open();
  bench.socket.onclose?.({ code: 1006 });
  bench.ring();
  bench.greet("T2");
  bench.wire.renew();
  assert.equal(bench.socket.isClosed, false, "the token serves once");
  assert.equal(bench.ring(), 5_000, "the server is there");
  bench.ring();
  assert.equal(bench.ring(), 5_000, "nothing of it");
  bench.ring();
  bench.greet("T3");
  assert.equal(bench.sent[0].resumeToken, "T1");
});

test("a socket that is given up does not end the session by its goodbye", () => {
  const bench = open();
  const { socket } = bench;
  bench.wire.probe();
  bench.ring();
  assert.equal(socket.closeCode, 4000);
  bench.wire.renew();
  bench.greet("T2");
  bench.socket.hear({ type: "resumed", resumeToken: "T3", received: 0, missed: 0, state: "in_call" });
  const next = bench.socket;
  bench.wire.reconnect();
  assert.equal(next.closeCode, 4000);
});

test("a quick try that hangs is given up after 2 s", () => {
  const bench = open();
  bench.socket.onclose?.();
  bench.ring();
  assert.equal(bench.ring(), 2_000);
  assert.equal(bench.socket.isClosed, true);
});

test("the network is back: an urgent try, whatever was to come", () => {
  const bench = open();
  for (let tries = 0; tries < 4; tries++) {
    bench.socket.onclose?.();
    if (tries < 3) bench.ring();
  }
  const sockets = bench.sockets.length;
  bench.wire.renew();
  assert.equal(bench.sockets.length, sockets + 1);
  bench.nowMs += 10_000;
  bench.wire.renew();
  bench.socket.onclose?.();
  assert.equal(bench.ring(), 0, "a network that is just coming may need more than one");
  bench.greet("T2");
  assert.equal(bench.sent[0].resumeToken, "T1");
});

test("a page that is left for now says that it will be back, and the next one goes on", () => {
  const bench = open();
  bench.socket.hear({ type: "typing", active: true });
  const { socket } = bench;
  const ticket = bench.wire.leaveForNow();
  assert.deepEqual(ticket, { token: "T1", received: 1 });
  assert.equal(socket.closeCode, 4000);
  assert.equal(bench.timer, null);
  const other = new Bench();
  if (ticket) other.wire.continueWith(ticket);
  other.wire.connect();
  assert.equal(other.urls.at(-1), "ws://here/ws?resume=back&move=1");
  other.greet("T2");
  assert.deepEqual(other.sent, [{ type: "resume", resumeToken: "T1", received: 1 }]);
  other.socket.hear({ type: "resumed", resumeToken: "T3", received: 9, missed: 0, state: "in_call" });
  other.wire.send(line("1"));
  other.socket.onclose?.();
  resume(other, 9);
  assert.deepEqual(other.sent.slice(1), [line("1")]);
});

test("one that is left for good ends the session", () => {
  const bench = open();
  bench.wire.disconnect();
  assert.equal(bench.socket.closeCode, undefined, "1005 at the other end: it is over");
  bench.wire.connect();
  assert.equal(bench.urls.at(-1), "ws://here/ws?resume=new&move=1");
});

test("what may wait is bounded, by number and by length", () => {
  const bench = open();
  bench.socket.onclose?.();
  const taken = Array.from({ length: 300 }, (_, index) => bench.wire.send(line(String(index))));
  assert.equal(taken.filter(Boolean).length, 256);
  const session = new Session();
  session.begin("T");
  const long = /** @type {const} */ ({ type: "webrtc_offer", sdp: "x".repeat(100_000) });
  assert.ok(session.take(long, false));
  assert.ok(session.take(long, false));
  assert.equal(session.take(long, false), null);
});

test("of what was sent long ago the oldest is forgotten, and the count stays right", () => {
  const session = new Session();
  session.begin("T");
  for (let number = 0; number < 1_000; number++) session.take(line(String(number)), true);
  const lost = session.resume("T2", 998).map((frame) => JSON.parse(frame).id);
  assert.deepEqual(lost, ["998", "999"]);
  assert.deepEqual(session.resume("T3", 1_000), []);
});
