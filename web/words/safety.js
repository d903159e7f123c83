// @ts-check
/**
 * Reports, blurred pictures, bans and other news, in words.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/news.js").Item} Item
 * @typedef {import("../machine/banned.js").Sentence} Sentence
 * @typedef {import("./words.js").Words} Words
 */
import { isVeiled } from "../machine/veil.js";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/**
 * @param {Item} item
 * @param {Words} words
 * @param {string} locale
 * @returns {string}
 */
export function newsText(item, words, locale) {
  if (item.kind === "stays") return staysText(item.forMs, words, locale);
  if (item.kind !== "outcome") return words.news[item.kind];
  const of = words.outcomeOf(dayText(item.atMs, locale), words.reasons[item.reason]);
  return words.sentences(of, words.outcomes[item.outcome]);
}

/** @param {number | null} forMs @param {Words} words @param {string} locale */
function staysText(forMs, words, locale) {
  if (forMs === null) return words.stays;
  const roundMs = forMs < MINUTE_MS ? 1_000 : MINUTE_MS;
  return words.staysFor(durationText(Math.max(1, Math.round(forMs / roundMs)) * roundMs, locale));
}

/**
 * @param {State} state
 * @param {Words} words
 * @returns {{ text: string, button: string } | null} over a picture that is blurred; null: it is not. An
 *   empty button: Show was pressed
 */
export function veilText({ partner }, words) {
  if (!partner || !isVeiled(partner.veil)) return null;
  const { blur, hasShown, isReady, why } = partner.veil;
  if (why !== null) return { text: words.veil.suspected(words.reasons[why]), button: words.veil.showAnyway };
  if (blur === "brief") return { text: words.veil.brief, button: words.veil.show };
  if (hasShown) return { text: words.veil.waiting, button: "" };
  return { text: isReady ? words.veil.onlyYou : words.veil.both, button: words.veil.show };
}

/**
 * Whom the form is about.
 *
 * @param {State} state
 * @param {Words} words
 */
export function reportedText({ partner, reportForm }, { report }) {
  const isHere = partner?.roomId === reportForm?.roomId;
  return isHere ? report.aboutPresent : report.aboutFormer;
}

/** @param {Sentence} ban @param {Words} words @param {string} locale */
export function banUntilText({ untilMs }, { ban }, locale) {
  return untilMs === null ? ban.forEver : ban.until(momentText(untilMs, locale));
}

/**
 * @param {Sentence} ban
 * @param {number} nowMs the clock of `endsAtMs`
 * @param {Words} words
 * @param {string} locale
 * @returns {string} empty for a ban that does not end
 */
export function banLeftText({ endsAtMs }, nowMs, { ban }, locale) {
  if (endsAtMs === null) return "";
  const leftMs = endsAtMs - nowMs;
  return leftMs > 0 ? ban.left(durationText(leftMs, locale)) : ban.looking;
}

/**
 * A time of day with its date, where the reader is.
 *
 * @param {number} atMs since 1970
 * @param {string} locale
 */
export function momentText(atMs, locale) {
  const date = new Date(atMs);
  if (Number.isNaN(date.getTime())) return "?";
  return new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" }).format(date);
}

/** @param {number} atMs since 1970 @param {string} locale */
export function dayText(atMs, locale) {
  const date = new Date(atMs);
  return Number.isNaN(date.getTime()) ? "?" : new Intl.DateTimeFormat(locale, { dateStyle: "long" }).format(date);
}

/**
 * In its largest two units.
 *
 * @param {number} ms more than 0
 * @param {string} locale
 */
export function durationText(ms, locale) {
  const seconds = Math.ceil(ms / 1000);
  /** @type {[string, number][]} */
  const parts = [
    ["day", Math.floor(seconds / (DAY_MS / 1000))],
    ["hour", Math.floor(seconds / 3600) % 24],
    ["minute", Math.floor(seconds / 60) % 60],
    ["second", seconds % 60],
  ];
  const first = parts.findIndex(([, count]) => count > 0);
  const said = parts
    .slice(first, first + 2)
    .filter(([, count]) => count > 0)
    .map(([unit, count]) =>
      new Intl.NumberFormat(locale, { style: "unit", unit, unitDisplay: "long" }).format(count));
  return new Intl.ListFormat(locale, { type: "unit", style: "narrow" }).format(said);
}
