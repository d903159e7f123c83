// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { APPEALS, BANS, bansOf, decisionLine, endOf, isUrgent, may, nextOf, pastOf, REPORTS, reportersOf, sideRows, SPANS, stateOf, whom } from "../../web/admin/model/cases.js";
import { parse } from "../../web/admin/model/route.js";
import { letterOf } from "../../web/admin/model/shortcuts.js";
import { visible, visibleLine } from "../../web/admin/model/visible.js";

const PARTY = { visitor: "bad", address: "a1" };

/** @param {string} id @param {Partial<import("../../web/admin/wire/types.js").Report>} [changed] */
function report(id, changed) {
  return {
    id, at: "2026-01-02T03:04:05.000+00:00", reason: "spam", severity: 5, reporter: PARTY, reported: PARTY, reporters: 1,
    roomId: "room", words: "", source: "user", score: null, outcome: "open", decidedAt: null, takenBy: null, takenAt: null,
    ...changed,
  };
}

/** @type {import("../../web/admin/wire/types.js").Ban} */
const BAN = {
  id: "b", party: PARTY, since: "2026-01-02T03:04:05Z", until: "2026-01-03T03:04:05Z", reason: "hate", by: "mo",
  words: "", liftedAt: null, holds: true,
};

test("pages of the desk have addresses", () => {
  assert.deepEqual(parse("#/reports"), { page: "reports", id: "" });
  assert.deepEqual(parse("#/reports/r1"), { page: "report", id: "r1" });
  assert.deepEqual(parse("#/appeals/p1"), { page: "appeal", id: "p1" });
  assert.deepEqual(parse("#/bans/b1"), { page: "ban", id: "b1" });
});

test("the next report is the first that is nobody else's, and not the one just seen", () => {
  const queue = [report("a", { takenBy: "lu" }), report("b"), report("c", { takenBy: "mo" }), report("d")];
  assert.equal(nextOf(queue, "mo")?.id, "b");
  assert.equal(nextOf(queue, "mo", "b")?.id, "c");
  assert.equal(nextOf(queue, "mo", "d")?.id, "b", "from the beginning again");
  assert.equal(nextOf(queue, "mo", "gone")?.id, "b");
  assert.equal(nextOf([report("b")], "mo", "b"), null);
  assert.equal(nextOf([report("b", { outcome: "warned" })], "mo"), null);
});

test("a role may what those before it may", () => {
  assert.deepEqual(["viewer", "moderator", "admin"].map((role) => may(role, "moderator")), [false, true, true]);
  assert.equal(may("king", "viewer"), false);
});

test("what strangers write is shown, and nothing in it unseen", () => {
  assert.equal(visibleLine("a\u202egpj.exe\nb"), "a<U+202E>gpj.exe b");
  assert.equal(visibleLine("\u001b[2J\u0000\u200b\ufeff\u2066"), "<U+001B>[2J<U+0000><U+200B><U+FEFF><U+2066>");
  assert.equal(visibleLine("日 👩\u200d🚀 <b>"), "日 👩\u200d🚀 <b>");
  assert.deepEqual(visible("x\u0007y\r\nz"), [
    { text: "x", isUnseen: false },
    { text: "<U+0007>", isUnseen: true },
    { text: "y\nz", isUnseen: false },
  ]);
  assert.deepEqual(visible(""), []);
});

test("a key is a letter alone", () => {
  const alone = { ctrlKey: false, altKey: false, metaKey: false };
  assert.equal(letterOf({ key: "D", ...alone }, false), "d");
  for (const key of ["Enter", "1", "é", "F1", " "]) assert.equal(letterOf({ key, ...alone }, false), "");
  assert.equal(letterOf({ key: "d", ...alone }, true), "", "somebody writes");
  for (const held of ["ctrlKey", "altKey", "metaKey"]) assert.equal(letterOf({ key: "d", ...alone, [held]: true }, false), "");
  assert.equal(letterOf({ key: "d", ...alone, repeat: true }, false), "", "held down");
});

test("cases in words", () => {
  assert.equal(whom(PARTY), "visitor bad, address a1");
  assert.equal(whom({ visitor: null, address: null }), "–");
  assert.equal(stateOf(report("a", { takenBy: "mo" })), "mo looks at it");
  assert.equal(reportersOf(report("a", { source: "classifier", score: 0.913 })), "a classifier, 0.91");
  assert.equal(isUrgent(report("a", { severity: 0 })), true);
  assert.equal(isUrgent(report("a", { severity: 0, outcome: "banned" })), false);
  const past = { id: "p", at: "", reason: "spam", outcome: "dismissed" };
  assert.equal(pastOf([past, past, { ...past, outcome: "open" }]), "2 × spam dismissed, 1 × spam open");
  assert.match(endOf(BAN), /^until /);
  assert.match(endOf({ ...BAN, holds: false }), /^over since /);
  assert.equal(endOf({ ...BAN, until: null }), "for ever");
  assert.match(endOf({ ...BAN, liftedAt: BAN.since }), /^lifted /);
  assert.match(bansOf([BAN]), /^hate, by mo, until /);
  assert.equal(bansOf([]), "–");
  assert.match(decisionLine({ at: BAN.since, by: "mo", what: "banned", about: "b", why: "a\u202eb" }), /: mo banned, “a<U\+202E>b”$/);
  const rows = sideRows({ party: PARTY, reportsAbout: [past], reportsMade: [], bans: [] });
  assert.deepEqual(rows.map(([, value]) => value), ["visitor bad, address a1", "1 × spam dismissed", "–", "–"]);
});

test("tables show words on one line", () => {
  const columns = [REPORTS, APPEALS, BANS].map((list) => list.map(({ id }) => id).join(" "));
  assert.deepEqual(columns, ["id reason reporters age state words", "id age outcome words", "id who reason by since end"]);
  assert.equal(REPORTS.at(-1)?.text(report("a", { words: "a\nb" })), "a b");
  assert.equal(REPORTS[0]?.href?.(report("a/b")), "#/reports/a%2Fb");
});

test("bans last from an hour to for ever, the longer the later", () => {
  const minutes = SPANS.map((span) => span.minutes ?? Infinity);
  assert.deepEqual(minutes, [...minutes].sort((a, b) => a - b));
  assert.ok(SPANS.length <= 9, "each has a digit");
});
