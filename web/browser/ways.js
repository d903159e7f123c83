// @ts-check
/**
 * What the browser remembers of networks: those in which the media had to take a detour by TCP. After a
 * day it forgets, so that UDP is tried again; so it does as soon as UDP came through.
 */

const KEY = "relay.ways";
const DAY_MS = 24 * 60 * 60 * 1_000;
const MAX_NETWORKS = 8;

/** @typedef {Record<string, number>} Ways until when, as the time of day, by kind of network */

/** @returns {boolean} whether the present kind of network needs it, as far as is known */
export function recallDetour() {
  return needsDetour(readWays(recall()), networkKind(), Date.now());
}

/** @param {boolean} takesDetour */
export function rememberDetour(takesDetour) {
  const ways = withWay(readWays(recall()), networkKind(), takesDetour, Date.now());
  try {
    localStorage.setItem(KEY, JSON.stringify(ways));
  } catch {
    // then the next link waits for UDP again
  }
}

/**
 * @param {string} text JSON, or anything
 * @returns {Ways}
 */
export function readWays(text) {
  try {
    const kept = Object.entries(JSON.parse(text) ?? {});
    return Object.fromEntries(kept.filter(([, until]) => typeof until === "number"));
  } catch {
    return {};
  }
}

/**
 * A clock that was set back must not make a day a year.
 *
 * @param {Ways} ways
 * @param {string} network
 * @param {number} nowMs
 */
export function needsDetour(ways, network, nowMs) {
  const until = ways[network] ?? 0;
  return until > nowMs && until <= nowMs + DAY_MS;
}

/**
 * @param {Ways} ways
 * @param {string} network
 * @param {boolean} takesDetour
 * @param {number} nowMs
 * @returns {Ways}
 */
export function withWay(ways, network, takesDetour, nowMs) {
  const { [network]: _, ...others } = ways;
  const valid = Object.entries(others).filter(([name]) => needsDetour(others, name, nowMs));
  const kept = Object.fromEntries(valid.slice(1 - MAX_NETWORKS));
  return takesDetour ? { ...kept, [network]: nowMs + DAY_MS } : kept;
}

function recall() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return ""; // a browser that keeps nothing
  }
}

/** Such as "wifi" or "cellular"; most browsers on computers do not say. */
function networkKind() {
  return String(/** @type {any} */ (navigator).connection?.type ?? "any");
}
