// @ts-check
/**
 * The invitation that was made last, so that it outlives the page: who has shared a link is often elsewhere
 * when it is opened.
 */

const KEY = "relay.invitation";

/**
 * @param {{ code: string, guestCode: string } | null} invitation null: there is none any more
 * @param {number} withinMs
 * @param {number} nowMs the time of day
 */
export function keepInvitation(invitation, withinMs = 0, nowMs = Date.now()) {
  try {
    if (invitation) localStorage.setItem(KEY, JSON.stringify({ ...invitation, untilMs: nowMs + withinMs }));
    else localStorage.removeItem(KEY);
  } catch {
    // then it is good until the page is closed
  }
}

/** @param {number} nowMs the time of day */
export function recallInvitation(nowMs = Date.now()) {
  try {
    return readInvitation(localStorage.getItem(KEY) ?? "null", nowMs);
  } catch {
    return null;
  }
}

/**
 * @param {string} text JSON
 * @param {number} nowMs
 * @returns {{ code: string, guestCode: string, withinMs: number } | null} null when it is none, or over
 */
export function readInvitation(text, nowMs) {
  const { code, guestCode, untilMs } = JSON.parse(text) ?? {};
  if (typeof code !== "string" || typeof guestCode !== "string" || !(untilMs > nowMs)) return null;
  return { code, guestCode, withinMs: untilMs - nowMs };
}
