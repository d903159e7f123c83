// @ts-check
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { faultOf } from "../../web/machine/judgement.js";
import { measure } from "../../web/media/figures.js";
import { gradeOf, quality } from "../../web/media/quality.js";
import { figureRows } from "../../web/words/figures.js";
import { words as en } from "../../web/words/en.js";
import { Page } from "./transcript.js";

/** In a browser that does not say how our own line is. */
const POOR = { lossOut: 0.5, lossIn: 0.4, lossLately: 0.4, availableOutBps: 30_000 };
const OWN = { ...POOR, checks: { sent: 1, answered: 0 } };
const THEIRS = { ...POOR, checks: { sent: 1, answered: 1 } };

test("a line that is too poor for video for 6 s carries sound only, and says so", () => {
  const page = Page.inCall();
  assert.deepEqual(page.measure(6, POOR), []);
  assert.deepEqual(page.measure(1, POOR), ["pause video", "> media_state"]);
  assert.deepEqual(page.sent, [{ type: "media_state", audio: true, video: false }]);
  assert.match(page.says, /^The line is too poor for video\. The sound goes on;.* \| Connected/);
});

test("congestion control at the least that Chromium thinks of is too poor if more is sent than gets through", () => {
  const narrow = { lossOut: 0.05, availableOutBps: 84_400 };
  const page = Page.inCall();
  page.measure(1); // how long it takes at its best
  assert.deepEqual(page.measure(7, { ...narrow, rttMs: 219 }), []);
  assert.deepEqual(page.measure(7, { ...narrow, rttMs: 220 }), ["pause video", "> media_state"]);
  const far = Page.inCall();
  far.measure(1);
  assert.equal(far.measure(7, { ...narrow, farRttMs: 240 }).length, 2);
});

test("whatever the figures say, nothing is well while nothing comes, and the server is told so", () => {
  const page = Page.inCall();
  page.measure(6, { quality: 5 }, false);
  assert.deepEqual([page.state.line.grade, page.state.line.figures?.quality], ["poor", 1]);
  assert.deepEqual(page.told.at(-1), { type: "quality_report", frozenRatio: 1, concealedRatio: 1, framesPerS: 30 });
});

test("what the partner loses on the way here counts as well, since reports get lost, too", () => {
  const figures = { lossOut: 0, availableOutBps: 84_400 };
  assert.deepEqual(Page.inCall().measure(7, { ...figures, lossLately: 0.35 }), []);
  assert.deepEqual(Page.inCall().measure(7, { ...figures, lossLately: 0.36 }).length, 2);
  assert.deepEqual(Page.inCall().measure(7, { ...figures, frozen: 0.5 }), []);
  assert.deepEqual(Page.inCall().measure(7, { ...figures, frozen: 0.51 }).length, 2);
});

test("a report of loss that the estimate does not bear out is of another time", () => {
  assert.deepEqual(Page.inCall().measure(30, { lossOut: 0.6, availableOutBps: 100_000 }), []);
});

test("as long as it is not seen whose line it is, nothing is done; then it is, at once", () => {
  const page = Page.inCall();
  page.measure(10, { checks: { sent: 0, answered: 0 } });
  page.measure(1, { checks: { sent: 1, answered: 0 } });
  assert.deepEqual(page.measure(8, { ...POOR, checks: { sent: 0, answered: 0 } }), []);
  assert.deepEqual(page.measure(1, OWN), ["pause video", "> media_state"]);
});

test("it is not said any longer that our own line is fine when it is not", () => {
  const page = Page.inCall();
  page.measure(7, THEIRS);
  assert.match(page.says, /^Your partner's line is poor/);
  page.measure(4, { lossIn: 0.3, checks: { sent: 1, answered: 0 } });
  assert.match(page.says, /^Connected/);
});

test("an estimate that is only low has to grow: what is lost is repaired, and nothing waits", () => {
  assert.deepEqual(Page.inCall().measure(30, { lossOut: 0.28, availableOutBps: 84_400 }), []);
});

test("the picture is back with the first second that is clean", () => {
  const page = Page.inCall();
  page.measure(7, OWN);
  assert.deepEqual(page.measure(13, OWN), []);
  assert.deepEqual(page.measure(1), ["resume video", "> media_state"]);
  assert.deepEqual(page.sent.at(-1), { type: "media_state", audio: true, video: true });
  assert.match(page.says, /^Connected/);
});

test("what waits on the line has to get through first", () => {
  const page = Page.inCall();
  page.measure(7, OWN);
  assert.deepEqual(page.measure(1), []);
  assert.deepEqual(page.measure(1), ["resume video", "> media_state"]);
});

for (const [name, figures] of /** @type {const} */ ([
  ["loses", { lossIn: 0.11 }], ["is silent", { packetsIn: 0, lossIn: null }],
  ["has little to tell", { packetsIn: 19 }], ["does not answer", { checks: { sent: 2, answered: 1 } }],
  ["is slow", { rttMs: 220 }],
])) {
  test(`a line that ${name} is not clean, whatever the partner reported last`, () => {
    const page = Page.inCall();
    page.measure(1);
    page.measure(7, OWN);
    assert.deepEqual(page.measure(5, figures), []);
    assert.equal(page.measure(1, { lossOut: 0.9 }).length, 2);
  });
}

test("what looked clean and was not has to wait ever longer; after half a minute that is forgotten", () => {
  const page = Page.inCall();
  const pauses = [];
  for (let round = 0; round < 5; round++) {
    if (round === 4) page.measure(30);
    while (!page.state.line.isVideoPaused) page.measure(1, OWN);
    const pausedAtMs = page.nowMs;
    while (page.state.line.isVideoPaused) page.measure(1);
    pauses.push((page.nowMs - pausedAtMs) / 1_000);
  }
  assert.deepEqual(pauses, [2, 4, 8, 16, 2]);
});

test("where no second is clean the picture is tried after a pause that grows while the line stays poor", () => {
  const page = Page.inCall();
  const pauses = [];
  for (let round = 0; round < 4; round++) {
    while (!page.state.line.isVideoPaused) page.measure(1, POOR);
    const pausedAtMs = page.nowMs;
    while (page.state.line.isVideoPaused) page.measure(1, { lossIn: 0.2 });
    pauses.push((page.nowMs - pausedAtMs) / 1_000);
  }
  assert.deepEqual(pauses, [15, 30, 60, 60]);
  assert.deepEqual(page.sent.at(-1), { type: "media_state", audio: true, video: true });
});

test("while it is the partner's line our picture goes on, and that is said until it is clean", () => {
  const page = Page.inCall();
  assert.deepEqual(page.measure(60, THEIRS), []);
  assert.match(page.says, /^Your partner's line is poor\. Yours is fine/);
  page.measure(3, { lossOut: 0.2, lossIn: 0.2 });
  assert.match(page.says, /^Your partner's line is poor/, "a little better is not fine");
  page.measure(1);
  assert.match(page.says, /^Connected/);
});

test("a line that is poor on both sides is our own", () => {
  const page = Page.inCall();
  assert.deepEqual(page.measure(7, OWN), ["pause video", "> media_state"]);
  assert.match(page.says, /^Your line is too poor for video\. The sound goes on;.* \| Connected/);
});

test("whose line it is shows in the checks of our own, and in how long they take", () => {
  /** @param {[sent: number, answered: number][]} checks @param {number} queueMs */
  const fault = (checks, queueMs = 0) => faultOf(checks.map(([sent, answered]) =>
    ({ checks: { sent, answered }, queueMs })));
  assert.equal(fault([[2, 2], [0, 0], [1, 1]]), null, "too few");
  assert.equal(fault([[3, 3], [0, 0], [1, 1]]), "partner");
  assert.equal(fault([[3, 3], [1, 0]]), "partner", "one may be under way");
  assert.equal(fault([[3, 2], [1, 1], [0, 0]]), null, "or be an accident");
  assert.equal(fault([[1, 1], [2, 1], [1, 0]]), "own");
  assert.equal(fault([[8, 7], [3, 2]]), null, "two of many");
  assert.equal(fault([[2, 2], [2, 2], [1, 1]], 200), "own");
  assert.equal(fault([]), "unknown");
  assert.equal(faultOf([{ checks: null, queueMs: 0 }]), "unknown");
});

test("without a server between, it is nobody's alone", () => {
  const page = Page.inCall("direct");
  assert.deepEqual(page.measure(7, THEIRS), ["pause video", "> media_state"]);
  assert.match(page.says, /^The line is too poor for video/);
});

test("a bad moment is not yet a poor line", () => {
  const page = Page.inCall();
  for (let round = 0; round < 5; round++) {
    assert.deepEqual(page.measure(5, POOR), []);
    assert.deepEqual(page.measure(1), []);
  }
});

test("who has the camera off has no video to pause", () => {
  const page = Page.inCall();
  page.do("camera_toggled");
  assert.deepEqual(page.measure(20, POOR), []);
});

test("the next partner gets video again", () => {
  const page = Page.inCall();
  page.measure(7, POOR);
  assert.deepEqual(page.do("next_pressed"), ["resume video", "part", "> next_partner"]);
  page.meet();
  assert.deepEqual(page.sent.at(-1), { type: "media_state", audio: true, video: true });
});

test("the grade follows the figures, but not each of them", () => {
  const page = Page.inCall();
  const grades = () => page.state.line.grade;
  page.measure(1, { quality: 1.9 });
  assert.equal(grades(), "good");
  page.measure(1, { quality: 1.9 });
  assert.equal(grades(), "poor");
  page.measure(1);
  assert.equal(grades(), "poor");
  page.measure(1);
  assert.equal(grades(), "good");
});

/** @param {number} atMs @param {number} received @param {number} lost */
function reports(atMs, received, lost) {
  const common = { timestamp: atMs };
  return [
    { ...common, type: "transport", id: "T", selectedCandidatePairId: "P" },
    {
      ...common, type: "candidate-pair", id: "P", localCandidateId: "L",
      currentRoundTripTime: 0.042, availableOutgoingBitrate: 500_000,
      requestsSent: 1 + atMs / 500, consentRequestsSent: atMs / 500, responsesReceived: 1 + atMs / 1_000,
    },
    { ...common, type: "local-candidate", id: "L", protocol: "udp" },
    {
      ...common, type: "inbound-rtp", kind: "video", id: "V", bytesReceived: received * 100,
      packetsReceived: received, packetsLost: lost, frameWidth: 640, frameHeight: 480,
      framesPerSecond: 24,
    },
    {
      ...common, type: "inbound-rtp", kind: "audio", id: "A", bytesReceived: 1_000,
      packetsReceived: 10, packetsLost: 0,
    },
    { ...common, type: "media-source", kind: "audio", id: "W" },
    { ...common, type: "media-source", kind: "video", id: "X", width: 1_280, height: 720 },
    { ...common, type: "outbound-rtp", kind: "video", id: "O", bytesSent: received * 50 },
    { ...common, type: "remote-inbound-rtp", kind: "video", id: "R", fractionLost: 0.02,
      roundTripTime: 0.08 },
    { ...common, type: "remote-inbound-rtp", kind: "audio", id: "S", fractionLost: 0 },
  ];
}

test("figures come from two looks at the browser's statistics", () => {
  const first = measure(reports(1_000, 100, 0), []);
  assert.equal(first.figures.receivedBps, null);
  assert.equal(first.figures.lossIn, null);
  const { figures } = measure(reports(3_000, 190, 10), [first.totals]);
  assert.deepEqual(figures, {
    rttMs: 42, farRttMs: 80, checks: { sent: 4, answered: 2 }, packetsIn: 100, lossIn: 0.1, lossLately: 0.1, lossOut: 0.02, pictureLoss: 0.02, bytesReceived: 20_000, receivedBps: 36_000,
    sentBps: 18_000, availableOutBps: 500_000,
    isStrained: false, camera: { width: 1280, height: 720 }, width: 640, height: 480, framesPerS: 24,
    frozen: null, concealed: null, quality: 5, protocol: "udp",
  });
  assert.deepEqual(figureRows(figures, "relay", en, "en").map(([, value]) => value), [
    "5.0 / 5", "42 ms", "10.0% / 2.0%", "640 × 480", "24", "36 kbit/s / 18 kbit/s",
    "UDP, through the server",
  ]);
});

test("what was lost lately is that of all looks that are remembered", () => {
  const [oldest, last] = [measure(reports(1_000, 100, 0), []), measure(reports(2_000, 190, 10), [])];
  const { figures } = measure(reports(3_000, 290, 10), [oldest.totals, last.totals]);
  assert.deepEqual([figures.lossIn, figures.lossLately], [0, 0.05]);
});

test("checks are counted on one path, where the browser counts them", () => {
  const first = measure(reports(1_000, 100, 0), []);
  const [transport, pair, ...others] = reports(2_000, 200, 0);
  const other = measure([{ ...transport, selectedCandidatePairId: "Q" }, { ...pair, id: "Q" }, ...others],
    [first.totals]);
  assert.equal(other.figures.checks, null);
  const old = { ...pair, requestsSent: 3, consentRequestsSent: 9 };
  assert.equal(measure([transport ?? {}, old], [first.totals]).totals.checks?.sent, 9);
  const { requestsSent: _, consentRequestsSent: __, ...silent } = /** @type {any} */ (pair);
  assert.equal(measure([transport ?? {}, silent], [first.totals]).totals.checks, null);
});

test("a machine is strained when the browser says that its processor limits the picture", () => {
  const limited = (/** @type {string} */ reason) =>
    measure([{ type: "outbound-rtp", kind: "video", qualityLimitationReason: reason }], []).figures.isStrained;
  assert.deepEqual(["none", "bandwidth", "cpu"].map(limited), [false, false, true]);
});

test("Firefox's pair is found without a transport report", () => {
  const [, pair, local] = reports(1_000, 1, 0);
  const { figures } = measure([{ ...pair, selected: true }, local ?? {}], []);
  assert.equal(figures.rttMs, 42);
  assert.equal(figures.protocol, "udp");
});

test("what is not known is said so, and not held against the line", () => {
  const { figures } = measure([], []);
  assert.equal(figures.quality, 5);
  assert.equal(figureRows(figures, "direct", en)[1]?.[1], "not known");
});

/** @type {{ got: Partial<import("../../web/media/quality.js").Experience>, quality: number, grade: string }[]} */
const QUALITIES = JSON.parse(readFileSync(new URL("../quality.json", import.meta.url), "utf8"));
const UNKNOWN = { concealed: null, frozen: null, shown: null, delayMs: null, lines: null };
for (const { got, quality: expected, grade } of QUALITIES) {
  test(`${JSON.stringify(got)} is ${expected}, ${grade}`, () => {
    const figure = quality({ ...UNKNOWN, ...got });
    assert.equal(figure.toFixed(2), expected.toFixed(2));
    assert.equal(gradeOf(figure), grade);
  });
}

/** @param {number} atMs @param {Record<string, number>} video @param {Record<string, number>} audio */
function senses(atMs, video, audio = {}) {
  return [
    { timestamp: atMs, type: "inbound-rtp", kind: "video", packetsReceived: atMs / 10, framesPerSecond: 24, ...video },
    { timestamp: atMs, type: "inbound-rtp", kind: "audio", ...audio },
  ];
}

test("freezes and sound that was made up count for five seconds", () => {
  const first = measure(senses(1_000, { framesDecoded: 10 }, { totalSamplesReceived: 0 }), []).totals;
  const { figures, totals } = measure(senses(6_000, { framesDecoded: 90, totalFreezesDuration: 1.5 },
    { totalSamplesReceived: 240_000, concealedSamples: 18_000, silentConcealedSamples: 6_000 }), [first]);
  assert.deepEqual([figures.frozen, figures.concealed], [0.3, 0.05]);
  assert.equal(gradeOf(figures.quality), "poor");
  assert.deepEqual(measure(senses(7_000, { framesDecoded: 120, totalFreezesDuration: 1.5 },
    { totalSamplesReceived: 288_000, concealedSamples: 18_000, silentConcealedSamples: 6_000 }), [totals]).figures.quality, 5);
});

test("a picture that stands still does so before the browser says for how long", () => {
  const first = measure(senses(1_000, { framesDecoded: 10 }), []).totals;
  const still = measure(senses(2_000, { framesDecoded: 10 }), [first]);
  assert.equal(still.figures.frozen, 1);
  const none = measure(senses(3_000, { framesDecoded: 10, packetsReceived: 200 }), [first, still.totals]);
  assert.equal(none.figures.frozen, 0.5, "a camera that was switched off is another matter");
});

test("the server is told every five seconds how well it goes, as far as that is known", () => {
  const page = Page.inCall();
  page.measure(4);
  assert.deepEqual(page.told, []);
  page.measure(1, { frozen: 0.25 });
  page.measure(5, { frozen: null, concealed: 0.5, framesPerS: null });
  assert.deepEqual(page.told, [
    { type: "quality_report", frozenRatio: 0.25, concealedRatio: 0, framesPerS: 30 },
    { type: "quality_report", concealedRatio: 0.5 },
  ]);
});

test("nothing is measured without a partner", () => {
  const page = Page.searching();
  page.measure(20, POOR);
  assert.equal(page.state.line.figures, null);
});

test("what the line was like is forgotten with the partner, but not that it is interrupted", () => {
  const page = Page.inCall();
  page.do("link_interrupted");
  page.measure(4, { ...POOR, quality: 1 });
  assert.equal(page.state.line.grade, "poor");
  assert.notEqual(page.state.line.figures, null);
  page.do("next_pressed");
  assert.deepEqual([page.state.line.grade, page.state.line.figures], ["good", null]);
  assert.match(page.says, /^Your connection is interrupted/);
});

test("the wait for the line ends with the partner and with the link", () => {
  for (const leave of [
    (/** @type {Page} */ page) => page.hear({ type: "partner_left" }),
    (/** @type {Page} */ page) => page.hear({ type: "webrtc_offer", sdp: "theirs" }),
  ]) {
    const page = Page.inCall();
    page.measure(7, POOR);
    assert.deepEqual(page.measure(8, POOR), [], "it is paused once");
    leave(page);
    assert.equal(page.state.dueMs.video, undefined);
    assert.equal(page.state.line.isVideoPaused, false);
  }
});

test("video is tried again, and if the line is still too poor paused after 6 s more of what is reported now", () => {
  const page = Page.inCall();
  page.measure(7, POOR);
  page.ordered = [];
  page.measure(15, { lossIn: 0.2 });
  assert.deepEqual(page.ordered[0], { do: "pause_video", paused: false });
  assert.deepEqual(page.measure(7, POOR), []);
  assert.deepEqual(page.measure(1, POOR), ["pause video", "> media_state"]);
});

test("exactly what is still borne is borne, and what is not known", () => {
  const borne = { lossOut: 0.4, lossLately: 0.35, availableOutBps: 99_999 };
  assert.deepEqual(Page.inCall().measure(20, borne), []);
  const unknown = { lossOut: null, availableOutBps: null, rttMs: null, farRttMs: null };
  assert.deepEqual(Page.inCall().measure(20, unknown), []);
  const late = Page.inCall();
  late.measure(1);
  assert.equal(late.measure(7, { availableOutBps: 99_999, rttMs: 900 }).length, 2);
  assert.equal(Page.inCall().measure(7, { lossOut: 0.401, availableOutBps: null }).length, 2);
});

test("a partner of whom nothing comes says nothing of the line, nor does what follows", () => {
  const page = Page.inCall();
  page.measure(5, POOR);
  page.measure(3, POOR, false);
  assert.ok(!page.measure(16, POOR).includes("pause video"));
  assert.ok(page.measure(1, POOR).includes("pause video"));
});

test("a partner who sends nothing by choice leaves the line to be judged", () => {
  const page = Page.inCall();
  page.hear({ type: "media_state", audio: false, video: false });
  assert.ok(page.measure(7, POOR, false).includes("pause video"));
});

test("while there is an interruption it is not said that the line is poor", () => {
  const page = Page.inCall();
  page.measure(7, OWN);
  page.do("link_interrupted");
  assert.match(page.says, /^Your connection is interrupted/);
  page.do("link_restored");
  assert.match(page.says, /^Your line is too poor for video/);
  page.hear({ type: "partner_connection", interrupted: true });
  page.measure(2, OWN, false);
  assert.match(page.says, /^Their connection is interrupted/);
});

test("figures that say something else now and then change nothing", () => {
  const page = Page.inCall();
  for (let round = 0; round < 4; round++) {
    page.measure(1);
    page.measure(1, { lossIn: 0.5 });
  }
  assert.equal(page.state.line.grade, "good");
});

test("the line is not judged while there is an interruption, nor right after", () => {
  for (const [begin, end] of [
    [(/** @type {Page} */ page) => page.do("link_interrupted"),
      (/** @type {Page} */ page) => page.do("link_restored")],
    [(/** @type {Page} */ page) => page.hear({ type: "partner_connection", interrupted: true }),
      (/** @type {Page} */ page) => page.hear({ type: "partner_connection", interrupted: false })],
  ]) {
    const page = Page.inCall();
    begin?.(page);
    assert.ok(!page.measure(20, POOR, false).includes("pause video"));
    end?.(page);
    assert.ok(!page.measure(16, POOR).includes("pause video"));
    assert.ok(page.measure(1, POOR).includes("pause video"));
  }
});

test("a longer way after an interruption is another network, and no line that is full", () => {
  const page = Page.inCall();
  page.measure(5, { rttMs: 20, farRttMs: 40 });
  page.do("link_interrupted");
  page.measure(5, {}, false);
  page.do("link_restored");
  const longer = { rttMs: 240, farRttMs: 260, checks: { sent: 1, answered: 1 } };
  assert.deepEqual(page.measure(60, { ...longer, availableOutBps: 600_000 }), []);
  assert.deepEqual(page.measure(7, { ...longer, availableOutBps: 95_000 }), []);
});
