// @ts-check
/**
 * Reports, bans and appeals, as operators read them.
 *
 * @typedef {import("../wire/types.js").Report} Report
 * @typedef {import("../wire/types.js").PastReport} PastReport
 * @typedef {import("../wire/types.js").Ban} Ban
 * @typedef {import("../wire/types.js").Appeal} Appeal
 * @typedef {import("../wire/types.js").Party} Party
 * @typedef {import("../wire/types.js").Side} Side
 * @typedef {import("../wire/types.js").Decision} Decision
 */
import { duration, moment, orNothing } from "./format.js";
import { hrefOf } from "./route.js";
import { visibleLine } from "./visible.js";

/** Up to this severity a report cannot wait. */
const URGENT = 2;
const RANKS = ["viewer", "moderator", "admin"];

/** How long bans are, and the minutes of each; null for ever. @type {readonly { title: string, minutes: number | null }[]} */
export const SPANS = [
  { title: "1 hour", minutes: 60 },
  { title: "1 day", minutes: 24 * 60 },
  { title: "1 week", minutes: 7 * 24 * 60 },
  { title: "30 days", minutes: 30 * 24 * 60 },
  { title: "1 year", minutes: 365 * 24 * 60 },
  { title: "for ever", minutes: null },
];

/** @param {string} role @param {string} needed */
export function may(role, needed) {
  return RANKS.indexOf(role) >= RANKS.indexOf(needed);
}

/** @param {Report} report */
export function isUrgent({ severity, outcome }) {
  return outcome === "open" && severity <= URGENT;
}

/**
 * The next report to look at: the first in the queue that is no other operator's.
 *
 * @param {readonly Report[]} queue
 * @param {string} me
 * @param {string} [after] the id of the one that was looked at: it comes last
 * @returns {Report | null}
 */
export function nextOf(queue, me, after = "") {
  const free = queue.filter(({ takenBy, outcome }) => outcome === "open" && (!takenBy || takenBy === me));
  const at = free.findIndex(({ id }) => id === after);
  return free[at + 1] ?? free.find(({ id }) => id !== after) ?? null;
}

/** @param {Party} party */
export function whom({ visitor, address }) {
  return orNothing([visitor && `visitor ${visitor}`, address && `address ${address}`].filter(Boolean).join(", "));
}

/** @param {Report} report */
export function stateOf({ outcome, takenBy }) {
  return takenBy ? `${takenBy} looks at it` : outcome;
}

/** @param {Report} report */
export function reportersOf({ reporters, source, score }) {
  if (source === "classifier") return `a classifier${score === null ? "" : `, ${score.toFixed(2)}`}`;
  return reporters ? String(reporters) : "–";
}

/** How many of each there were. @param {readonly PastReport[]} reports */
export function pastOf(reports) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { reason, outcome } of reports) {
    const words = `${reason} ${outcome}`;
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  return orNothing([...counts].map(([words, count]) => `${count} × ${words}`).join(", "));
}

/** @param {Ban} ban */
export function endOf({ until, liftedAt, holds }) {
  if (liftedAt) return `lifted ${moment(liftedAt)}`;
  if (until === null) return "for ever";
  return `${holds ? "until" : "over since"} ${moment(until)}`;
}

/** @param {readonly Ban[]} bans */
export function bansOf(bans) {
  return orNothing(bans.map((ban) => `${ban.reason}, by ${ban.by}, ${endOf(ban)}`).join("; "));
}

/** @param {Side} side @returns {[string, string][]} */
export function sideRows(side) {
  return [
    ["Who", whom(side.party)],
    ["Reports about it", pastOf(side.reportsAbout)],
    ["Reports it made", pastOf(side.reportsMade)],
    ["Bans", bansOf(side.bans)],
  ];
}

/** @param {Decision} decision */
export function decisionLine({ at, by, what, why }) {
  return `${moment(at)}: ${by} ${what}${why ? `, “${visibleLine(why)}”` : ""}`;
}

/** @type {import("./table.js").Column<Report>[]} */
export const REPORTS = [
  { id: "id", title: "Report", text: ({ id }) => id, href: ({ id }) => hrefOf("reports", id) },
  { id: "reason", title: "Reason", text: ({ reason }) => reason, isBad: isUrgent },
  { id: "reporters", title: "Reported by", isNumber: true, text: reportersOf },
  { id: "age", title: "Age", isNumber: true, text: ({ at }) => ageOf(at) },
  { id: "state", title: "State", text: stateOf, isWarm: ({ takenBy }) => takenBy !== null },
  { id: "words", title: "Words", text: ({ words }) => orNothing(visibleLine(words)) },
];

/** @type {import("./table.js").Column<Ban>[]} */
export const BANS = [
  { id: "id", title: "Ban", text: ({ id }) => id, href: ({ id }) => hrefOf("bans", id) },
  { id: "who", title: "Who", text: ({ party }) => whom(party) },
  { id: "reason", title: "Reason", text: ({ reason }) => reason },
  { id: "by", title: "By", text: ({ by }) => by },
  { id: "since", title: "Since", text: ({ since }) => moment(since) },
  { id: "end", title: "End", text: endOf },
];

/** @type {import("./table.js").Column<Appeal>[]} */
export const APPEALS = [
  { id: "id", title: "Appeal", text: ({ id }) => id, href: ({ id }) => hrefOf("appeals", id) },
  { id: "age", title: "Age", isNumber: true, text: ({ at }) => ageOf(at) },
  { id: "outcome", title: "State", text: ({ outcome }) => outcome },
  { id: "words", title: "Words", text: ({ words }) => orNothing(visibleLine(words)) },
];

/** @param {string} at @param {number} [nowMs] */
export function ageOf(at, nowMs = Date.now()) {
  return duration(Math.max(Math.round((nowMs - Date.parse(at)) / 1000), 0));
}
