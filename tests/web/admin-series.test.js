// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { nodes, workers } from "../../web/admin/model/columns.js";
import * as format from "../../web/admin/model/format.js";
import { delayMs } from "../../web/admin/model/retry.js";
import {
  append, columnsOf, MAX_TRACKS, merge, pointOf, spanOf, TRACK_POINTS, TrackHistory,
} from "../../web/admin/model/series.js";
import { clusterWarningOf, tilesOf, warningOf } from "../../web/admin/model/tiles.js";
import { nameOf } from "../../web/admin/model/people.js";
import { detailsOf, titleOf } from "../../web/admin/model/track.js";
import { track } from "./admin-track.js";

/** @type {import("../../web/admin/wire/types.js").Totals} */
const TOTALS = {
  at: "1970-01-01T00:01:40.000Z", uptimeS: 7200, ready: true, reasons: [], draining: false, connected: 1200,
  waiting: 1, inCall: 1100, rooms: 550, tracks: 4400, badRooms: 0, packetsPerS: 61_234.4, bitrateBps: 42e6,
  lossUpRatio: 0.001, lossDownRatio: 0.012, cpuRatio: 0.42, loopLagMs: 1.7,
  links: 1200, packetsReceived: 0, packetsForwarded: 0, bytesForwarded: 0, packetsDropped: 0, eventReaders: 1, openReports: 0, openAppeals: 0,
  workers: 0, workersDown: 0, workerRestarts: 0, workerCpuRatio: 0, workerLoopLagMs: 0,
};

const LOSS = { warm: 0.02, bad: 0.05 };
/** @type {import("../../web/admin/wire/types.js").Thresholds} */
const THRESHOLDS = {
  lossRatio: LOSS, lossUpRatio: LOSS, lossDownRatio: LOSS, jitterMs: { warm: 50, bad: 100 },
  roundTripMs: { warm: 250, bad: 500 }, idleS: { warm: 1.5, bad: 3 }, cpuRatio: { warm: 0.7, bad: 0.9 },
  loopLagMs: { warm: 100, bad: 250 },
};

/** @param {number[]} seconds */
function at(...seconds) {
  return seconds.map((atS) => ({ atS, x: atS }));
}

test("a sample becomes a point in seconds", () => {
  const point = pointOf(TOTALS);
  assert.equal(point.atS, 100);
  assert.equal(point["connected"], 1200);
  assert.equal(point["cpuRatio"], 0.42);
  assert.equal("uptimeS" in point, false);
});

test("a point is taken every five seconds, for an hour", () => {
  const points = at(0, 5);
  assert.equal(append(points, { atS: 9.9 }), points, "the same, so that nothing is drawn anew");
  assert.deepEqual(append(points, { atS: 10 }).map(({ atS }) => atS), [0, 5, 10]);
  assert.deepEqual(append(points, { atS: 3601 }).map(({ atS }) => atS), [5, 3601]);
  assert.equal(append([], { atS: 1 }).length, 1);
  assert.equal(points.length, 2);
});

test("what the server remembers replaces ours, but for what it cannot know", () => {
  assert.deepEqual(merge(at(0, 5, 10), at(5, 10, 15)), at(0, 5, 10, 15));
  assert.deepEqual(merge(at(0, 5), []), at(0, 5), "a new server remembers nothing");
  assert.deepEqual(merge([], at(5)), at(5));
  assert.deepEqual(merge(at(0, 5), at(3603)), at(5, 3603));
});

test("columns for a chart, with a gap where nothing was known", () => {
  assert.deepEqual(columnsOf(at(0, 5, 100), ["x", "y"]), [
    [0, 5, 13, 100],
    [0, 5, null, 100],
    [null, null, null, null],
  ]);
  assert.deepEqual(columnsOf(at(0, 16), ["x"]), [[0, 16], [0, 16]], "just one was late");
  assert.deepEqual(columnsOf([], ["x"]), [[], []]);
});

test("a chart shows all there is, but neither some seconds alone nor more than an hour", () => {
  assert.deepEqual(spanOf(1000, 1010), [710, 1010]);
  assert.deepEqual(spanOf(1000, 3000), [1000, 3000]);
  assert.deepEqual(spanOf(0, 9000), [5400, 9000]);
  assert.deepEqual(spanOf(0, 9000, 600), [8400, 9000]);
});

test("a track's points are remembered once a second, and so many of them", () => {
  const history = new TrackHistory();
  history.add(track("a"), 1);
  history.add(track("a", { lossRatio: 1 }), 1);
  assert.deepEqual(history.of("a").map(({ atS, lossRatio }) => [atS, lossRatio]), [[1, 0]]);
  for (let atS = 2; atS <= TRACK_POINTS + 5; atS += 1) history.add(track("a"), atS);
  assert.equal(history.of("a").length, TRACK_POINTS);
  assert.equal(history.of("a").at(-1)?.atS, TRACK_POINTS + 5);
  assert.deepEqual(history.of("b"), []);
});

test("so many tracks are remembered, and those told of longest ago are forgotten", () => {
  const history = new TrackHistory();
  for (let number = 0; number < MAX_TRACKS; number += 1) history.add(track(`t${number}`), 1);
  history.add(track("t0"), 2);
  history.add(track("new"), 2);
  assert.equal(history.of("t0").length, 2);
  assert.equal(history.of("t1").length, 0);
  assert.equal(history.of("t2").length, 1);
});

test("tries are further and further apart", () => {
  assert.deepEqual([0, 1, 2, 3, 4, 50].map(delayMs), [1000, 2000, 4000, 8000, 15_000, 15_000]);
});

test("tiles say how it is", () => {
  const tiles = Object.fromEntries(tilesOf(TOTALS, THRESHOLDS).map(({ id, value, detail }) => [id, `${value} | ${detail}`]));
  assert.deepEqual(tiles, {
    connected: "1,200 | up for 2 h 0 min",
    waiting: "1 | in the queue",
    "in-call": "1,100 | 550 rooms",
    packets: "61,234 | forwarded",
    bandwidth: "42.0 Mbit/s | forwarded",
    cpu: "42 % | of one core; loop 2 ms late",
    loss: "1.2 % | up 0.1 %, down 1.2 %",
    "bad-rooms": "0 | of 550",
  });
  assert.deepEqual(tilesOf(TOTALS, THRESHOLDS).filter(({ isBad }) => isBad), []);
});

test("tiles that are bad say so", () => {
  const totals = { ...TOTALS, cpuRatio: 0.9, lossUpRatio: 0.05, badRooms: 1 };
  assert.deepEqual(tilesOf(totals, THRESHOLDS).filter(({ isBad }) => isBad).map(({ id, detail }) => [id, detail]), [
    ["cpu", "of one core; loop 2 ms late; near its limit"],
    ["loss", "up 5.0 %, down 1.2 %; too much"],
    ["bad-rooms", "of 550; see below"],
  ]);
  assert.equal(tilesOf({ ...TOTALS, rooms: 1 }, THRESHOLDS)[2]?.detail, "1 room");
});

test("with workers, the busiest process is told of", () => {
  const totals = { ...TOTALS, workers: 2, workerCpuRatio: 0.95, workerLoopLagMs: 12 };
  const tile = tilesOf(totals, THRESHOLDS).find(({ id }) => id === "cpu");
  assert.deepEqual([tile?.value, tile?.detail, tile?.isBad], [
    "95 %", "of the busiest process's core; loop 12 ms late; near its limit", true,
  ]);
});

test("workers are coloured as the server's thresholds say", () => {
  const worker = {
    id: "0", index: 0, up: true, processId: 7, udpPort: 7882, ageS: 5, restarts: 0, links: 2, packetsPerS: 100,
    cpuRatio: 0.69, loopLagMs: 99, packetsForwarded: 1, packetsDropped: 0,
  };
  /** @param {Partial<typeof worker>} changed */
  const marked = (changed) => workers(THRESHOLDS)
    .filter(({ isBad, isWarm }) => isBad?.({ ...worker, ...changed }) || isWarm?.({ ...worker, ...changed }))
    .map(({ id, isBad }) => [id, isBad?.({ ...worker, ...changed }) ? "bad" : "warm"]);
  assert.deepEqual(marked({}), []);
  assert.deepEqual(marked({ cpuRatio: 0.7, loopLagMs: 100, restarts: 1 }), [["cpu", "warm"], ["lag", "warm"], ["restarts", "warm"]]);
  assert.deepEqual(marked({ cpuRatio: 0.9, loopLagMs: 250, up: false }), [["state", "bad"], ["cpu", "bad"], ["lag", "bad"]]);
  const process = workers(THRESHOLDS).find(({ id }) => id === "process");
  assert.deepEqual([process?.text(worker), process?.text({ ...worker, processId: null })], ["7", "–"]);
});

test("a server that takes nobody says why", () => {
  assert.equal(warningOf(TOTALS), "");
  assert.equal(
    warningOf({ ...TOTALS, ready: false, reasons: ["draining", "overloaded", "else"] }),
    "The server takes no new users: it is being drained, it is overloaded, else.",
  );
});

test("a cluster says who is silent, and that its store is away", () => {
  /** @type {import("../../web/admin/wire/types.js").Snapshot} */
  const snapshot = { totals: TOTALS, rooms: [], tracks: [], workers: [], failures: [] };
  assert.equal(clusterWarningOf(snapshot), "");
  assert.equal(clusterWarningOf({ ...snapshot, silentNodes: ["b", "c"] }), "No answer from b, c: what is there is not shown.");
  assert.match(clusterWarningOf({ ...snapshot, silentNodes: ["b"], storeAway: true }), /^No answer from b.* The store .* cannot be reached/);
});

test("nodes tell how they do, and those that do not answer have no figures", () => {
  const node = { id: "a", name: "a", here: true, version: "0.1.0", leaseS: 4.2, totals: { ...TOTALS, workerCpuRatio: 0.95 } };
  const cells = (/** @type {object} */ changed) =>
    Object.fromEntries(nodes(THRESHOLDS).map((column) => [column.id, column.text({ ...node, ...changed })]));
  assert.deepEqual(cells({}), {
    name: "a (asked)", state: "ready", users: "1,200", waiting: "1", rooms: "550", cpu: "95 %",
    bandwidth: "42.0 Mbit/s", workers: "0", version: "0.1.0", uptime: "2 h 0 min", lease: "4.2 s",
  });
  const silent = cells({ totals: null, version: null, leaseS: null, here: false });
  assert.deepEqual(new Set(Object.values(silent)), new Set(["a", "does not answer", "–"]));
  const state = nodes(THRESHOLDS).find(({ id }) => id === "state");
  const marks = (/** @type {any} */ totals) => [state?.isBad?.({ ...node, totals }), state?.isWarm?.({ ...node, totals })];
  assert.deepEqual(marks(TOTALS), [false, false]);
  assert.deepEqual(marks(null), [true, false]);
  assert.deepEqual(marks({ ...TOTALS, ready: false, reasons: ["overloaded"] }), [true, false]);
  assert.deepEqual(marks({ ...TOTALS, ready: false, draining: true, reasons: ["draining"] }), [false, true]);
});

test("figures are for people", () => {
  assert.deepEqual([0, 400, 1500, 999_499, 999_500, 9_994_999, 12_340_000].map(format.bitrate), [
    "0 kbit/s", "0 kbit/s", "2 kbit/s", "999 kbit/s", "1.00 Mbit/s", "9.99 Mbit/s", "12.3 Mbit/s",
  ]);
  assert.deepEqual([0, 0.001, 0.0999, 0.5, 1.2].map(format.percent), ["0 %", "0.1 %", "10.0 %", "50 %", "120 %"]);
  assert.deepEqual([null, 0.04, 42, 100, 6000, 36_000, 200_000].map(format.duration), [
    "–", "0.0 s", "42 s", "1 min", "1 h 40 min", "10 h 0 min", "2 d",
  ]);
  assert.deepEqual([null, 1.6].map(format.milliseconds), ["–", "2 ms"]);
});

test("a track in words", () => {
  const details = Object.fromEntries(detailsOf(track("a", { lost: 12, lossRatio: 0.02, idleS: null })));
  assert.equal(details["Lost"], "12");
  assert.equal(details["Loss"], "2.0 %");
  assert.equal(details["Round trip"], "40 ms");
  assert.equal(details["Bit rate"], "1.00 Mbit/s");
  assert.equal(details["Packets/s"], "100");
  assert.equal(details["Waits for a key frame"], "no");
  assert.equal(details["Last packet"], "none yet");
  assert.equal(details["Path"], "udp, ipv4");
  assert.equal(details["Picture"], "640 × 480, 30 fps");
  assert.equal("Picture" in Object.fromEntries(detailsOf(track("a", { kind: "audio" }))), false);
  assert.equal(titleOf(track("a")), `Video from ${nameOf("ann")}`);
  assert.equal(titleOf(track("a", { kind: "audio", direction: "down" })), `Audio to ${nameOf("ann")}`);
});
