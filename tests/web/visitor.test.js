// @ts-check
/** What the server is asked over HTTP: bans, appeals, blocks, and work. */
import assert from "node:assert/strict";
import { createHash, pbkdf2Sync, webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import vm from "node:vm";
import { askWhy } from "../../web/wire/refusal.js";
import { Visitor } from "../../web/wire/visitor.js";
import { isKnown, proofOf } from "../../web/wire/work.js";
import { Bench } from "./bench.js";

const DATE = "Tue, 01 Dec 2026 12:00:00 GMT";
const NOW_S = Date.parse(DATE) / 1000;
const BAN = { id: "b", since: NOW_S - 60, until: NOW_S + 60, reason: "hate", words: "No.", appeal: null };

/** @param {number} status @param {unknown} body */
function server(status, body) {
  /** @type {{ url: string, options: RequestInit }[]} */
  const asked = [];
  /** @type {import("../../web/wire/visitor.js").VisitorEvent[]} */
  const events = [];
  const text = status === 204 ? null : JSON.stringify(body);
  const visitor = new Visitor((event) => events.push(event), async (url, options = {}) => {
    asked.push({ url: String(url), options });
    if (status === 0) throw new TypeError("not reached");
    return new Response(text, { status, headers: { Date: DATE } });
  });
  return { visitor, events, asked };
}

test("what the server knows is read; times are by its clock", async () => {
  const appeal = { at: NOW_S, words: "w", outcome: "open", answer: "" };
  const { visitor, events, asked } = server(200, {
    visitor: "v", ban: { ...BAN, appeal }, blocks: [{ id: "1", at: 7 }], reports: [],
  });
  await visitor.lookUp();
  assert.deepEqual(events, [{
    type: "visitor_seen",
    ban: {
      untilMs: BAN.until * 1000, endsInMs: 60_000, reason: "hate", words: "No.",
      appeal: { words: "w", outcome: null, answer: "" },
    },
    blocks: [{ id: "1", atMs: 7_000 }],
  }]);
  assert.deepEqual(asked.map(({ url, options }) => [url, options.method]), [["visitor", "GET"]]);
});

test("an answer that makes no sense is none", async () => {
  for (const [status, body] of /** @type {[number, unknown][]} */ ([
    [200, null], [200, 7], [200, { ban: 7 }], [200, { blocks: [null] }], [503, {}], [429, {}], [0, {}],
  ])) {
    const { visitor, events } = server(status, body);
    await visitor.lookUp();
    assert.deepEqual(events, [], JSON.stringify(body));
  }
  const { visitor, events } = server(200, { ban: { until: "x", reason: "constructor" }, blocks: [{}] });
  await visitor.lookUp();
  assert.deepEqual(events, [{
    type: "visitor_seen",
    ban: { untilMs: null, endsInMs: null, reason: "other", words: "", appeal: null },
    blocks: [{ id: "", atMs: 0 }],
  }]);
});

test("an appeal goes out as JSON, and whether it has arrived is told", async () => {
  const { visitor, events, asked } = server(201, {});
  await visitor.appeal("please");
  assert.deepEqual(events, [{ type: "appeal_sent", appeal: { words: "please", outcome: null, answer: "" } }]);
  assert.deepEqual([asked[0]?.url, asked[0]?.options.method, asked[0]?.options.body], [
    "visitor/appeals", "POST", '{"words":"please"}',
  ]);
  for (const [status, told] of /** @type {const} */ ([[409, 409], [429, 429], [0, null]])) {
    const other = server(status, {});
    await other.visitor.appeal("please");
    assert.deepEqual(other.events, [{ type: "appeal_unsent", status: told }]);
  }
});

test("a block that is gone is undone, whoever has done it", async () => {
  for (const [status, type] of /** @type {const} */ ([
    [204, "block_undone"], [404, "block_undone"], [503, "block_kept"], [0, "block_kept"],
  ])) {
    const { visitor, events, asked } = server(status, {});
    await visitor.unblock("a/b");
    assert.deepEqual(events, [{ type, id: "a/b" }]);
    assert.equal(asked[0]?.url, "visitor/blocks/a%2Fb");
  }
});

/** @param {number} status @param {object} error @param {Record<string, string>} headers */
function why(status, error, headers = {}) {
  const body = JSON.stringify({ error });
  return askWhy("ws://here/ws", async () => new Response(body, { status, headers: { Date: DATE, ...headers } }));
}

test("why nobody is let in: banned, too many, work", async () => {
  assert.deepEqual(await why(403, { code: "banned", ban: BAN }), {
    why: "banned",
    ban: { untilMs: BAN.until * 1000, endsInMs: 60_000, reason: "hate", words: "No.", appeal: null },
  });
  const after = { "Retry-After": "30" };
  assert.deepEqual(await why(429, { code: "too_many" }, after), { why: "too_many", retryAfterMs: 30_000 });
  assert.deepEqual(await why(429, { code: "work_wanted", challenge: { parameters: {} } }), {
    why: "work_wanted", retryAfterMs: null, challenge: { parameters: {} },
  });
  for (const [status, error] of /** @type {[number, object][]} */ ([
    [403, { code: "banned" }], [403, { code: "full" }], [503, { code: "banned", ban: BAN }],
    [429, { code: "full" }], [403, {}],
  ])) assert.equal(await why(status, error), null);
});

/** @param {import("../../web/wire/refusal.js").Refusal} refusal */
function refusedBy(refusal) {
  const bench = new Bench();
  bench.refusal = refusal;
  bench.wire.connect();
  bench.socket.onclose?.();
  return bench;
}

const WORK = /** @type {const} */ ({ why: "work_wanted", retryAfterMs: null, challenge: "c" });

test("work that is wanted is done, and proves the next try, once", () => {
  const bench = refusedBy(WORK);
  assert.deepEqual(bench.challenges, ["c"]);
  assert.deepEqual(bench.urls, ["ws://here/ws?resume=new&move=1", "ws://here/ws?resume=new&move=1&altcha=proof"]);
  assert.deepEqual(bench.events.map(({ type }) => type), ["wire_connecting", "wire_working", "wire_connecting"]);
  bench.greet("T");
  bench.socket.onclose?.();
  bench.ring();
  assert.equal(bench.urls.at(-1), "ws://here/ws?resume=back&move=1");
});

test("a server that wants ever more work is left alone for a while", () => {
  const bench = refusedBy(WORK);
  bench.socket.onclose?.();
  bench.socket.onclose?.();
  assert.equal(bench.challenges.length, 2);
  assert.deepEqual(bench.events.at(-1), {
    type: "wire_refused", why: "too_many", retryAtMs: 3_000, isResumable: false,
  });
  bench.ring();
  bench.socket.onclose?.();
  assert.equal(bench.challenges.length, 3, "later it is tried again");
});

test("work that cannot be done here is a server that lets nobody in", () => {
  const bench = new Bench();
  bench.refusal = WORK;
  bench.proof = null;
  bench.wire.connect();
  bench.socket.onclose?.();
  const last = bench.events.at(-1);
  assert.deepEqual([last?.type, last?.type === "wire_refused" && last.why], ["wire_refused", "too_many"]);
});

test("work of a try that was given up proves nothing", () => {
  const bench = new Bench();
  bench.refusal = WORK;
  bench.wire.connect();
  bench.isSlow = true;
  bench.socket.onclose?.();
  bench.answer?.();
  bench.wire.disconnect();
  bench.solved?.();
  assert.equal(bench.sockets.length, 1);
});

test("a banned page does not come back by itself, with whatever the server says it", () => {
  const ban = { untilMs: null, endsInMs: null, reason: /** @type {const} */ ("spam"), words: "", appeal: null };
  const bench = refusedBy({ why: "banned", ban });
  assert.deepEqual(bench.events.at(-1), { type: "wire_banned", ban });
  assert.equal(bench.timer, null);

  const other = new Bench();
  other.refusal = { why: "banned", ban };
  other.wire.connect();
  other.greet("T");
  other.socket.onclose?.({ code: 4004 });
  assert.deepEqual(other.events.at(-1), { type: "wire_banned", ban });
  assert.deepEqual([other.timer, other.asked], [null, 1]);
  assert.equal(other.wire.send({ type: "stop_chat" }), false, "the session is over");
});

test("a ban of which the server knows nothing more is a connection that is lost", () => {
  const bench = new Bench();
  bench.wire.connect();
  bench.greet("T");
  bench.socket.onclose?.({ code: 4004 });
  assert.deepEqual(bench.events.at(-1), { type: "wire_lost", retryAtMs: 3_000, isResumable: false });
});

test("a page says that it works only when that takes longer than a moment", async () => {
  const { Page } = await import("./transcript.js");
  const page = new Page();
  page.do("wire_working");
  assert.equal(page.state.isWorking, false);
  assert.equal(page.wait().waitedMs, 1_000);
  assert.equal(page.state.isWorking, true);
  page.do("wire_connecting");
  assert.deepEqual([page.state.isWorking, page.state.dueMs.work], [false, undefined]);
});

/** @param {object} challenge @returns {Promise<any>} what the library's worker answers */
function work(challenge) {
  const file = new URL("../../web/vendor/altcha/pbkdf2.js", import.meta.url);
  return new Promise((resolve) => {
    const self = { onmessage: (/** @type {unknown} */ _) => undefined, postMessage: resolve };
    const { performance, TextEncoder, setTimeout, AbortController } = globalThis;
    const scope = { self, crypto: webcrypto, performance, TextEncoder, setTimeout, AbortController };
    vm.runInNewContext(readFileSync(file, "utf8"), scope);
    self.onmessage({ data: { type: "work", challenge, counterStart: 0, counterStep: 1 } });
  });
}

test("the library's worker finds what an independent implementation finds right", async () => {
  const parameters = {
    algorithm: "PBKDF2/SHA-256", nonce: "00112233445566778899aabbccddeeff",
    salt: "ffeeddccbbaa99887766554433221100", cost: 10, keyLength: 32, keyPrefix: "00",
  };
  assert.ok(isKnown({ parameters }));
  const { counter, derivedKey } = await work({ parameters });
  const password = Buffer.concat([Buffer.from(parameters.nonce, "hex"), Buffer.alloc(4)]);
  password.writeUInt32BE(counter, 16);
  const key = pbkdf2Sync(password, Buffer.from(parameters.salt, "hex"), 10, 32, "sha256").toString("hex");
  assert.equal(derivedKey, key);
  assert.ok(key.startsWith("00"));
});

test("what the library's worker here cannot solve is not given to it", () => {
  const of = (/** @type {unknown} */ algorithm) => isKnown({ parameters: { algorithm } });
  assert.equal(of("PBKDF2/SHA-512"), true);
  for (const algorithm of ["SHA-256", "ARGON2ID", "", "PBKDF2", undefined, 7]) assert.equal(of(algorithm), false);
  for (const challenge of [null, undefined, 7, "x", {}]) assert.equal(isKnown(challenge), false);
});

test("a proof is the challenge and its solution as base64url, and nothing more of the server's", () => {
  const challenge = { parameters: { algorithm: "SHA-256", data: { "ü?>": "~~~" } }, signature: "s", codeChallenge: 1 };
  const proof = proofOf(challenge, { counter: 7 });
  assert.match(proof, /^[A-Za-z0-9_-]+$/);
  assert.deepEqual(JSON.parse(Buffer.from(proof, "base64url").toString()), {
    challenge: { parameters: challenge.parameters, signature: "s" }, solution: { counter: 7 },
  });
});

test("the library is the one that its README names, unchanged", () => {
  const folder = new URL("../../web/vendor/altcha/", import.meta.url);
  const readme = readFileSync(new URL("README.md", folder), "utf8");
  const rows = [...readme.matchAll(/^\| `(\S+)` \| `\S+` \| `(\w{64})` \|$/gm)];
  assert.equal(rows.length, 1);
  for (const [, file = "", digest] of rows) {
    assert.equal(createHash("sha256").update(readFileSync(new URL(file, folder))).digest("hex"), digest);
  }
});
