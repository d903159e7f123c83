// @ts-check
/**
 * Whom the person wants to meet again, from one visit to the next: a code each, and when. Nothing else is known
 * of them. A browser that keeps nothing has them until the page is closed.
 *
 * @typedef {import("../machine/tryst.js").Contact} Contact
 */

const KEY = "relay.again";
export const MAX_CONTACTS = 8;

/** @type {readonly Contact[]} */
let present = [];

/** @param {number} nowMs the time of day @returns {readonly Contact[]} the last one met first */
export function recallContacts(nowMs = Date.now()) {
  try {
    present = readContacts(localStorage.getItem(KEY) ?? "[]");
  } catch {
    // then they are as they were
  }
  present = present.filter(({ untilMs }) => untilMs > nowMs);
  return present;
}

/**
 * @param {{ code: string, roomId: string, withinMs: number | null }} met
 * @param {number} nowMs
 */
export function keepContact({ code, roomId, withinMs }, nowMs = Date.now()) {
  const others = recallContacts(nowMs).filter((known) => known.code !== code);
  const former = present.find((known) => known.code === code);
  const untilMs = withinMs === null ? former?.untilMs : nowMs + withinMs;
  if (untilMs === undefined) return present;
  return write([{ code, roomId, metAtMs: nowMs, untilMs }, ...others].slice(0, MAX_CONTACTS));
}

/** @param {string} code */
export function forgetContact(code) {
  return write(recallContacts().filter((known) => known.code !== code));
}

/** @param {readonly Contact[]} contacts */
function write(contacts) {
  present = contacts;
  try {
    localStorage.setItem(KEY, JSON.stringify(contacts));
  } catch {
    // full, or none at all
  }
  return present;
}

/**
 * @param {string} text JSON
 * @returns {Contact[]} what is none is left out
 */
export function readContacts(text) {
  const kept = JSON.parse(text);
  if (!Array.isArray(kept)) return [];
  return kept.filter((each) => typeof each?.code === "string" && typeof each.roomId === "string"
    && isMoment(each.metAtMs) && isMoment(each.untilMs)).slice(0, MAX_CONTACTS);
}

/** @param {unknown} value */
function isMoment(value) {
  return typeof value === "number" && !Number.isNaN(new Date(value).getTime());
}
