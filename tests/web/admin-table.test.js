// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { AUDIT, BY_CALL, FAILURES, ROOMS, TRACKS, USERS } from "../../web/admin/model/columns.js";
import { causeOf } from "../../web/admin/model/failures.js";
import { EVERYTHING, hrefOf, parse, streamQuery } from "../../web/admin/model/route.js";
import { nameOf, namesOf } from "../../web/admin/model/people.js";
import { arrange, clicked, fits, groupsOf } from "../../web/admin/model/table.js";
import { detailsOf } from "../../web/admin/model/track.js";
import { words as en } from "../../web/words/en.js";
import { track } from "./admin-track.js";

const THREE = [
  track("a", { lossRatio: 0.01, userId: "bob", roundTripMs: null }),
  track("b", { lossRatio: 0.2, userId: "ann", problems: ["loss"], roundTripMs: 300 }),
  track("c", { lossRatio: 0.05, userId: "Cid", kind: "audio", direction: "down", width: null, roundTripMs: 5 }),
];
const NO_SORT = { column: "", isDown: false };

/** @param {import("../../web/admin/model/route.js").Sort} sort @param {string} [text] */
function order(sort, text) {
  return arrange(THREE, TRACKS, sort, text).map(({ id }) => id).join("");
}

test("numbers sort as numbers, both ways", () => {
  assert.equal(order({ column: "loss", isDown: true }), "bca");
  assert.equal(order({ column: "loss", isDown: false }), "acb");
});

test("text sorts as people do, whatever the case", () => {
  const columns = [{ id: "user", title: "User", text: (/** @type {typeof THREE[number]} */ { userId }) => userId }];
  assert.equal(arrange(THREE, columns, { column: "user", isDown: false }).map(({ id }) => id).join(""), "bac");
});

test("rows without a value come last, both ways", () => {
  assert.equal(order({ column: "round_trip", isDown: true }), "bca");
  assert.equal(order({ column: "round_trip", isDown: false }), "cba");
  assert.equal(order({ column: "problems", isDown: false }), "bac");
});

test("a column that is not there leaves the order as it is, and the rows themselves too", () => {
  assert.equal(order(NO_SORT), "abc");
  order({ column: "loss", isDown: true });
  assert.deepEqual(THREE.map(({ id }) => id), ["a", "b", "c"]);
});

test("all words have to be in a row, in whatever column", () => {
  assert.equal(order(NO_SORT, "cid"), "c");
  assert.equal(order(NO_SORT, "  VIDEO  ann "), "b");
  assert.equal(order(NO_SORT, "audio ann"), "");
  assert.equal(order(NO_SORT, "20 %"), "b");
});

test("a filter lets through what it names", () => {
  const through = (/** @type {object} */ change) =>
    THREE.filter((row) => fits(row, { ...EVERYTHING, ...change })).map(({ id }) => id).join("");
  assert.equal(through({}), "abc");
  assert.equal(through({ kind: "audio" }), "c");
  assert.equal(through({ direction: "up" }), "ab");
  assert.equal(through({ bad: true }), "b");
  assert.equal(fits({ id: "a user" }, EVERYTHING), true);
});

test("a title sorts numbers with the most first, text from A, and the second time the other way", () => {
  const loss = { id: "loss", isNumber: true };
  assert.deepEqual(clicked(NO_SORT, loss), { column: "loss", isDown: true });
  assert.deepEqual(clicked({ column: "loss", isDown: true }, loss), { column: "loss", isDown: false });
  assert.deepEqual(clicked({ column: "loss", isDown: true }, { id: "user" }), { column: "user", isDown: false });
});

test("every cell has words, also of a track of which little is known", () => {
  const bare = track("x", { roomId: null, width: null, height: null, fps: null, roundTripMs: null, idleS: null });
  for (const column of TRACKS) {
    assert.ok(column.text(track("y", { problems: ["no_keyframe", "round_trip"] })), column.id);
    assert.equal(typeof column.text(bare), "string");
  }
  const cell = (/** @type {string} */ id, row = bare) => TRACKS.find((column) => column.id === id)?.text(row);
  assert.equal(cell("picture"), "–");
  assert.equal(cell("picture", track("y")), "640 × 480, 30 fps");
  assert.equal(cell("problems", track("y", { problems: ["no_keyframe", "silent"] })), "no key frame, silent");
  assert.equal(USERS.find(({ id }) => id === "room")?.href?.(/** @type {any} */ (bare)), null);
});

test("rooms, users and looks have their cells", () => {
  const room = { id: "r1", users: /** @type {[string, string]} */ (["ann", "bob"]), state: "in_call", ageS: 75, bitrateBps: 1.5e6, lossRatio: 0.051, problems: [] };
  const [ann, bob] = ["ann", "bob"].map(nameOf);
  assert.deepEqual(ROOMS.map((column) => column.text(room)), ["r1", ann, bob, "", "–", "–", "5.1 %", "1.50 Mbit/s", "in call", "75 s", "–"]);
  const user = { id: "ann", state: "waiting", roomId: null, partnerId: null, linkId: null, ageS: 4000, interruptedAgeS: 4, overBudget: ["rtcp", "rtp"], linkCause: "udp_blocked" };
  assert.deepEqual(USERS.map((column) => column.text(user)), [ann, "waiting", "–", "–", "66 min", "–", "–", "UDP blocked, and no other way", "4.0 s", "rtcp, rtp"]);
  const look = { id: "1", at: "2026-01-02T03:04:05Z", event: /** @type {const} */ ("tap_ended"), use: "1", what: "capture_with_payload", operator: "mo", token: "3c25", address: null, durationS: 5.13, why: "time_over" };
  assert.deepEqual(AUDIT.slice(1).map((column) => column.text(look)), ["ended", "capture with payload", "–", "mo", "3c25", "–", "5.1 s", "time over"]);
});

test("a user has the same name everywhere, which its id can be told from and found by", () => {
  const ids = Array.from({ length: 2_000 }, (_, index) => `user-${index}`);
  assert.ok(new Set(ids.map(nameOf)).size > 1_990);
  for (const id of ids) assert.match(nameOf(id), /^[a-z]+ [a-z]+ [0-9a-f]{3}$/);
  assert.equal(nameOf("ann"), nameOf("ann"));
  const cells = TRACKS.filter(({ id }) => id === "user");
  assert.deepEqual(cells.map(({ text, whole }) => [text(track("x")), whole?.(track("x"))]), [[nameOf("ann"), "ann"]]);
  assert.equal(order(NO_SORT, nameOf("Cid")), "c");
});

test("the tracks of a call stand together, where the first of them would", () => {
  const tracks = ["1", "2", "1", "3", "2"].map((roomId, index) => track(String(index), { roomId, userId: `user ${index}` }));
  const groups = groupsOf([...tracks, track("9", { roomId: null })], BY_CALL.keyOf);
  assert.deepEqual([...groups].map(([key, rows]) => key + rows.map(({ id }) => id).join("")), ["102", "214", "33", "9"]);
  const [first = [], last = []] = [groups.get("1"), groups.get("")];
  assert.deepEqual([BY_CALL.titleOf(first), BY_CALL.hrefOf(first)], [`Call of ${namesOf(["user 0", "user 2"])}`, "#/rooms/1"]);
  assert.deepEqual([BY_CALL.titleOf(last), BY_CALL.hrefOf(last)], ["In no call", null]);
});

test("how well it goes is told of both sides, and sorted by the worse", () => {
  const sides = [
    { userId: "ann", quality: 4.83, grade: "good", leg: null }, { userId: "bob", quality: 2, grade: "poor", leg: "down" },
  ];
  const room = { id: "r1", users: /** @type {[string, string]} */ (["ann", "bob"]), state: "in_call", ageS: 75, bitrateBps: 0, lossRatio: 0, problems: ["quality"], sides };
  const [quality, leg] = ["quality", "leg"].map((name) => ROOMS.find(({ id }) => id === name));
  assert.deepEqual([quality?.text(room), quality?.value?.(room), quality?.isBad?.(room)], ["4.8 / 2.0", 2, true]);
  assert.equal(leg?.text(room), "– / receiver's line");
  const down = track("x", { direction: "down", quality: 3.2, grade: "weak", leg: "up" });
  const cells = TRACKS.filter(({ id }) => id === "quality" || id === "leg");
  assert.deepEqual(cells.map((column) => column.text(down)), ["3.2", "sender's line"]);
  assert.equal(cells[0]?.isWarm?.(down), true);
  assert.deepEqual(detailsOf(down).find(([name]) => name === "Quality"), ["Quality", "3.2, sender's line"]);
});

test("what is of a cluster says whose it is, and is told from the rest", () => {
  const room = { id: "r1", users: /** @type {[string, string]} */ (["ann", "bob"]), state: "in_call", ageS: 75, bitrateBps: 0, lossRatio: 0, problems: [], nodes: ["a", "b"] };
  assert.equal(ROOMS.find(({ id }) => id === "nodes")?.text(room), "a, b");
  assert.equal(TRACKS.find(({ id }) => id === "node")?.text(track("x", { node: "b" })), "b");
  for (const columns of [ROOMS, TRACKS, USERS]) {
    assert.equal(columns.filter(({ isOfCluster }) => isOfCluster).length, 1);
  }
});

test("an address leads to its page, and nonsense to the first one", () => {
  assert.deepEqual(parse(""), { page: "overview", id: "" });
  assert.deepEqual(parse("#/"), { page: "overview", id: "" });
  assert.deepEqual(parse("#/tracks"), { page: "tracks", id: "" });
  assert.deepEqual(parse("#/tracks/"), { page: "tracks", id: "" });
  assert.deepEqual(parse("#/rooms/a%2Fb"), { page: "room", id: "a/b" });
  assert.deepEqual(parse("#/users/50%"), { page: "user", id: "50%" });
  for (const hash of ["#/none", "#/none/x", "#/audit/x", "#/constructor", "#/toString/x"]) {
    assert.deepEqual(parse(hash), { page: "overview", id: "" }, hash);
  }
  assert.deepEqual(parse(hrefOf("rooms", "a/b c")), { page: "room", id: "a/b c" });
});

test("the stream brings what the page shows", () => {
  const query = (/** @type {string} */ hash, filter = {}, sort = NO_SORT) =>
    streamQuery(parse(hash), { ...EVERYTHING, ...filter }, sort);
  const byLoss = { column: "loss", isDown: true };
  assert.equal(query("#/", { kind: "audio" }, byLoss), "limit=20");
  assert.equal(query("#/rooms"), "limit=200");
  assert.equal(query("#/rooms/r1"), "limit=200&room=r1");
  assert.equal(query("#/users/ann"), "limit=20&user=ann");
  assert.equal(query("#/tracks", {}, byLoss), "limit=200&sort=loss");
  assert.equal(query("#/tracks", {}, { column: "round_trip", isDown: true }), "limit=200&sort=round_trip");
  assert.equal(query("#/tracks", {}, { column: "loss", isDown: false }), "limit=200");
  assert.equal(query("#/tracks", {}, { column: "constructor", isDown: true }), "limit=200");
  assert.equal(
    query("#/tracks", { kind: "audio", direction: "up", bad: true, text: "x" }),
    "limit=200&kind=audio&direction=up&bad=true",
  );
});

test("the way of a track's link is told with its family, as far as there is one", () => {
  const column = TRACKS.find(({ id }) => id === "link");
  const path = { protocol: "turn-tls", localFamily: "ipv4", remoteFamily: "ipv6", localAddress: null, remoteAddress: null };
  assert.equal(column?.text(track("a", { path })), "turn-tls ipv6");
  assert.equal(column?.text(track("a", { path: { ...path, protocol: "udp", remoteFamily: null } })), "udp");
});

test("each cause of failed links has a title and says what to do", () => {
  for (const cause of [...Object.keys(en.causes), "lost"]) {
    const { title, help } = causeOf(cause);
    assert.ok(title !== cause && help.endsWith("."), cause);
  }
  assert.deepEqual(causeOf("sunspots"), { title: "sunspots", help: "" });
  const row = { id: "slow", cause: "slow", count: 1200, networks: 7 };
  assert.deepEqual(FAILURES.map(({ text }) => text(row)).slice(0, 3), ["Too slow", "7", "1,200"]);
});
