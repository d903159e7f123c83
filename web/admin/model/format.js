// @ts-check
/** Figures for people. */

const NOTHING = "–";
const COUNT = new Intl.NumberFormat("en");
/** @type {Record<string, string>} */
const PROBLEMS = { round_trip: "round trip", no_keyframe: "no key frame" };

/** @param {number} value */
export function count(value) {
  return COUNT.format(Math.round(value));
}

/** @param {number} bps */
export function bitrate(bps) {
  if (bps >= 999_500) return `${(bps / 1e6).toFixed(bps < 9_995_000 ? 2 : 1)} Mbit/s`;
  return `${Math.round(bps / 1000)} kbit/s`;
}

/** @param {number} ratio */
export function percent(ratio) {
  const value = ratio * 100;
  return `${value.toFixed(value > 0 && value < 10 ? 1 : 0)} %`;
}

/** @param {number | null} ms */
export function milliseconds(ms) {
  return ms === null ? NOTHING : `${Math.round(ms)} ms`;
}

/** @param {number | null} seconds */
export function duration(seconds) {
  if (seconds === null) return NOTHING;
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 100) return `${Math.round(seconds)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d`;
}

/** By the ends of names. @type {[string, (value: number) => string][]} */
const UNITS = [["Bps", bitrate], ["Ratio", percent], ["Ms", milliseconds], ["PerS", count], ["S", duration]];

/**
 * A figure in its unit, which is the end of its name.
 *
 * @param {string} name
 * @param {number | boolean | null} value
 */
export function figure(name, value) {
  if (value === null) return NOTHING;
  if (typeof value === "boolean") return value ? "yes" : "no";
  const [, text] = UNITS.find(([end]) => name.endsWith(end)) ?? ["", count];
  return text(value);
}

/** @param {import("../wire/types.js").Track} track */
export function picture({ width, height, fps }) {
  if (!width || !height) return NOTHING;
  return `${width} × ${height}, ${Math.round(fps ?? 0)} fps`;
}

/** @param {number | null} value of 5 */
export function quality(value) {
  return value === null ? NOTHING : value.toFixed(1);
}

/** @type {Record<string, string>} */
const LEGS = { up: "sender's line", relay: "relay", down: "receiver's line" };

/** @param {string | null} leg that is to blame */
export function legOf(leg) {
  return leg === null ? NOTHING : LEGS[leg] ?? leg;
}

/** @param {readonly string[]} problems */
export function problemList(problems) {
  return problems.map((problem) => PROBLEMS[problem] ?? problem).join(", ");
}

/** @param {readonly string[]} kinds what a user has sent too much of */
export function overBudget(kinds) {
  return kinds.length ? `Over its budget: ${kinds.join(", ")}` : "";
}

/** @param {string | null | undefined} text */
export function orNothing(text) {
  return text || NOTHING;
}

/** @param {string} at RFC 3339 */
export function moment(at) {
  return new Date(at).toLocaleString("en-GB", { dateStyle: "medium", timeStyle: "medium" });
}
