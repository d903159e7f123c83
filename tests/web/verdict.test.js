// @ts-check
/** What a test of the connection comes to, in a sentence, in rows, and as text to be passed on. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { pictureOf } from "../../web/media/glance.js";
import { conditionOf, gradeOf } from "../../web/machine/verdict.js";
import { words as en } from "../../web/words/en.js";
import { trialRows, trialSentence, trialText } from "../../web/words/trial.js";
import { Page } from "./transcript.js";

/** @typedef {import("../../web/machine/trial.js").Finding} Finding */
/** @typedef {import("../../web/machine/trial.js").Trial} Trial */

/** @type {Finding} */
const GOOD = {
  outcome: "through", tookMs: 300, rttMs: 20, loss: 0, bps: 2_000_000, estimateBps: null, protocol: "udp", report: null,
};
const BLOCKED = /** @type {Finding} */ ({ ...GOOD, outcome: "blocked", bps: null, tookMs: null });
const ABSENT = /** @type {Finding} */ ({ ...BLOCKED, outcome: "absent" });

/** @type {Trial} */
const DONE = {
  step: "over", ending: "done", isAutomatic: false, isLimited: false, pingsMs: [30, 10, 20], way: null,
  findings: { udp: GOOD, tcp: GOOD, turn: { ...GOOD, protocol: "tls" } },
  glimpses: { audio: "heard", video: "moving" }, sinceMs: null, measurements: 0,
};

/** In the lobby with both devices on. @param {Partial<Trial>} trial */
function after(trial = {}) {
  const page = new Page();
  page.do("preview_wanted");
  page.devicesOpened();
  page.state = { ...page.state, trial: { ...DONE, ...trial } };
  return page.state;
}

/** @param {Finding} udp @param {Finding} tcp @param {Finding} turn */
const findings = (udp, tcp, turn) => ({ findings: { udp, tcp, turn } });

for (const [name, trial, sentence] of /** @type {[string, Partial<Trial>, string][]} */ ([
  ["all is well", {}, "Everything works."],
  ["it is under way", { step: "asking", ending: null }, en.trial.testing],
  ["UDP is blocked", findings(BLOCKED, GOOD, GOOD), en.trial.verdicts.udp_blocked],
  ["only TURN gets through", findings(BLOCKED, BLOCKED, GOOD), en.trial.verdicts.udp_blocked],
  ["nothing gets through", findings(BLOCKED, BLOCKED, BLOCKED), en.trial.verdicts.nothing],
  ["UDP is all there is, and blocked", findings(BLOCKED, ABSENT, ABSENT), en.trial.verdicts.nothing],
  ["UDP is all there is", findings(GOOD, ABSENT, ABSENT), en.trial.verdicts.udp_only],
  ["TCP is blocked", findings(GOOD, BLOCKED, GOOD), en.trial.verdicts.tcp_blocked],
  ["TURN is blocked", findings(GOOD, GOOD, BLOCKED), en.trial.verdicts.turn_blocked],
  ["packets are lost", findings({ ...GOOD, loss: 0.05 }, GOOD, GOOD), en.trial.verdicts.weak],
  ["many are", findings({ ...GOOD, loss: 0.2 }, GOOD, GOOD), en.trial.verdicts.poor],
  ["the line is thin", findings({ ...GOOD, bps: 200_000 }, GOOD, GOOD), en.trial.verdicts.weak],
  ["nothing comes back", findings({ ...GOOD, bps: 0 }, GOOD, GOOD), en.trial.verdicts.poor],
  ["TCP is all that is open, and thin", findings(BLOCKED, { ...GOOD, bps: 200_000 }, GOOD),
    en.trial.verdicts.udp_blocked],
  ["TCP is all that is open, and poor", findings(BLOCKED, { ...GOOD, bps: 90_000 }, GOOD),
    en.trial.verdicts.poor_without_udp],
  ["it only looked what gets through", findings(...ways({ ...GOOD, bps: null, loss: null, rttMs: null })),
    "Everything works."],
  ["the server is silent", { ending: "offline" }, en.trial.verdicts.offline],
  ["the socket was lost", { ending: "interrupted" }, en.trial.verdicts.interrupted],
  ["the picture is black", { glimpses: { audio: "heard", video: "black" } },
    `${en.trial.verdicts.fine} ${en.trial.looks.video}`],
  ["both devices give nothing", { ...findings(BLOCKED, GOOD, GOOD), glimpses: { audio: "silent", video: "still" } },
    `${en.trial.verdicts.udp_blocked} ${en.trial.looks.both}`],
])) {
  test(`in one sentence: ${name}`, () => assert.equal(trialSentence(after(trial), en), sentence));
}

/** @param {Finding} finding @returns {[Finding, Finding, Finding]} */
function ways(finding) {
  return [finding, finding, finding];
}

test("a camera that is off is neither a fault nor part of everything", () => {
  const page = new Page();
  page.state = { ...page.state, trial: { ...DONE, glimpses: { audio: null, video: null } } };
  assert.equal(trialSentence(page.state, en), en.trial.verdicts.fine);
  assert.deepEqual(trialRows(page.state, en).slice(4).map(({ text, mark }) => [text, mark]),
    [[en.trial.conditions.off, "none"], [en.trial.conditions.off, "none"]]);
});

test("a refused camera is spoken of in the words of the lobby", () => {
  const page = new Page();
  page.do("preview_wanted");
  page.failed("video", "refused");
  page.failed("audio", "busy");
  page.state = { ...page.state, trial: DONE };
  assert.deepEqual(trialRows(page.state, en).slice(4).map(({ text }) => text),
    ["No access to your camera", "Your microphone is busy"]);
  assert.ok(trialSentence(page.state, en).endsWith(en.trial.looks.both));
});

test("a row for each thing that was tested", () => {
  const state = after(findings({ ...GOOD, loss: 0.051 }, ABSENT, { ...GOOD, bps: 99_000, protocol: "tls" }));
  assert.deepEqual(trialRows(state, en), [
    { name: "Server", text: "Answers in 20 ms (10 to 30 ms)", mark: "good" },
    {
      name: "Video over UDP", mark: "weak",
      text: "Gets through in 0.3 s, round trip 20 ms, 5.1 % lost there and back, at least 2.0 Mbit/s each way",
    },
    { name: "Video over TCP", text: "This server does not offer it", mark: "none" },
    {
      name: "Video over TURN (TLS)", mark: "bad",
      text: "Gets through in 0.3 s, round trip 20 ms, 0.0 % lost there and back, at least 0.09 Mbit/s each way",
    },
    { name: "Camera", text: "The picture moves", mark: "good" },
    { name: "Microphone", text: "It hears you", mark: "good" },
  ]);
});

test("rows fill in as they are measured", () => {
  const untried = /** @type {Finding} */ ({ ...BLOCKED, outcome: "untried" });
  const trying = /** @type {Finding} */ ({ ...BLOCKED, outcome: "trying" });
  const running = after({ step: "connecting", ending: null, ...findings(GOOD, trying, untried) });
  assert.deepEqual(trialRows(running, en).slice(0, 4).map(({ mark }) => mark), ["good", "good", "now", "wait"]);
  const begun = after({ step: "socket", ending: null, pingsMs: [] });
  assert.equal(trialRows(begun, en)[0]?.mark, "now");
  const cut = after({ ending: "interrupted", pingsMs: [], ...findings(BLOCKED, untried, untried) });
  assert.deepEqual(trialRows(cut, en).slice(0, 4).map(({ mark }) => mark), ["none", "bad", "none", "none"]);
  const silent = after({ ending: "offline" });
  assert.deepEqual(trialRows(silent, en)[0], { name: "Server", text: "Does not answer", mark: "bad" });
  assert.deepEqual(trialRows(new Page().state, en), []);
});

test("what is copied tells how it connected, and nobody's address", () => {
  const report = /** @type {any} */ ({
    state: "connecting", candidateTypes: ["host/udp"], families: ["ipv4"], iceState: "checking",
    dtlsState: "new", errors: [{ code: 701, scheme: "turns" }], tookMs: 4_500,
  });
  const state = after(findings({ ...BLOCKED, report }, GOOD, GOOD));
  const text = trialText(state, en, "Some browser 1.0", new Date(Date.UTC(2026, 0, 2, 3, 4, 5)));
  assert.deepEqual(text.split("\n"), [
    "Test my connection, 2026-01-02T03:04:05Z",
    en.trial.verdicts.udp_blocked,
    "",
    ...trialRows(state, en).map(({ name, text: value }) => `${name}: ${value}`),
    "",
    "udp: connecting, ice checking, dtls new, host/udp, ipv4, turns 701",
    "Some browser 1.0",
  ]);
});

test("how good a way is", () => {
  assert.equal(gradeOf({ ...GOOD, rttMs: 400 }), "weak");
  assert.equal(gradeOf({ ...GOOD, rttMs: 900, bps: 200_000 }), "poor");
  assert.equal(gradeOf({ ...GOOD, bps: 90_000, estimateBps: 300_000 }), "good", "it was not the line");
  assert.equal(gradeOf({ ...GOOD, bps: 90_000, estimateBps: 200_000 }), "weak");
  assert.equal(gradeOf({ ...GOOD, bps: 0, estimateBps: 300_000 }), "poor", "nothing came back");
  assert.equal(gradeOf({ ...GOOD, rttMs: null, loss: null, bps: null }), "good");
});

test("what a device does: its problem, the person's own switch, another program, what is seen of it", () => {
  const on = /** @type {import("../../web/machine/types.js").Device} */ ({
    isWanted: true, status: "on", problem: null, isSilenced: false, wasLost: false, track: null,
  });
  assert.equal(conditionOf({ ...on, problem: "lost" }, "moving"), "lost");
  assert.equal(conditionOf({ ...on, isWanted: false }, "silent"), "off");
  assert.equal(conditionOf({ ...on, isSilenced: true }, "black"), "muted");
  assert.equal(conditionOf(on, "quiet"), "quiet");
  assert.equal(conditionOf(on, null), "unseen");
});

test("a picture is black, or stands still, or moves; opacity is no picture", () => {
  const picture = (/** @type {number} */ light) =>
    new Uint8ClampedArray(Array.from({ length: 64 }, (_, at) => (at % 4 === 3 ? 255 : light)));
  assert.equal(pictureOf(picture(0), picture(0)), "black");
  assert.equal(pictureOf(picture(100), picture(100)), "still");
  assert.equal(pictureOf(picture(100), picture(101)), "moving");
  assert.equal(pictureOf(picture(0), picture(40)), "moving");
});
