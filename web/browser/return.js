// @ts-check
/**
 * What a page that is left in a conversation hands on to the one that is loaded in its place. It is there
 * between the two only: a tab that is duplicated meanwhile has no copy of it. No text of the chat is
 * kept, since browsers write this to the disk.
 *
 * There is no time in it: whether the session can still be had the server says, which waits for it.
 */

/** @typedef {{ ticket: import("../wire/session.js").Ticket,
 *   kept: import("../machine/types.js").Kept }} Left */

import { modeOf } from "../wire/messages.js";

const KEY = "relay.left";

/** @param {Left} left */
export function keep(left) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(left));
  } catch {
    // then nobody comes back
  }
}

/** @returns {Left | null} once */
export function takeKept() {
  try {
    const text = sessionStorage.getItem(KEY);
    sessionStorage.removeItem(KEY);
    return text === null ? null : readLeft(text);
  } catch {
    return null;
  }
}

/**
 * @param {string} text JSON
 * @returns {Left | null} null when it is not what `keep` writes
 */
export function readLeft(text) {
  const { ticket, kept } = JSON.parse(text) ?? {};
  const isTicket = typeof ticket?.token === "string" && Number.isSafeInteger(ticket.received);
  const { sharedInterests, media, lastChatId } = kept ?? {};
  const areTexts = Array.isArray(sharedInterests)
    && sharedInterests.every((item) => typeof item === "string");
  const isMedia = typeof media?.audio === "boolean" && typeof media?.video === "boolean";
  const isWhole = isTicket && areTexts && isMedia && Number.isSafeInteger(lastChatId);
  return isWhole ? { ticket, kept: { ...kept, mode: modeOf(kept.mode) } } : null;
}
