// @ts-check
/** What the browser remembers of the user's settings, from one visit to the next. */
import { DEFAULTS } from "../machine/state.js";

/** @typedef {import("../machine/types.js").Settings} Settings */

const KEY = "relay.settings";

/** @returns {Settings} */
export function recall() {
  try {
    return readSettings(localStorage.getItem(KEY) ?? "{}");
  } catch {
    return DEFAULTS; // a browser that keeps nothing
  }
}

/** @param {Settings} settings */
export function remember(settings) {
  try {
    localStorage.setItem(KEY, JSON.stringify(settings));
  } catch {
    // then they hold for this visit only
  }
}

/**
 * Only what is of the right type; the rest as if it had never been set.
 *
 * @param {string} text JSON
 * @returns {Settings}
 */
export function readSettings(text) {
  /** @type {Record<string, unknown>} */
  const kept = JSON.parse(text) ?? {};
  const entries = Object.entries(DEFAULTS).map(([name, usual]) => {
    const value = kept[name];
    return [name, isLike(usual, value) ? value : usual];
  });
  return Object.fromEntries(entries);
}

/** @param {unknown} usual @param {unknown} value */
function isLike(usual, value) {
  if (Array.isArray(usual)) {
    return Array.isArray(value) && value.every((item) => typeof item === "string");
  }
  if (typeof usual === "number") return typeof value === "number" && value >= 0 && value <= 1;
  return typeof value === typeof usual;
}
