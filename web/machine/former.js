// @ts-check
/**
 * The one who was the partner until a moment ago: for so long they can still be reported or blocked.
 *
 * @typedef {import("./turn.js").Turn} Turn
 */

/** As long as the server remembers who it was (docs/protocol.md). */
const KNOWN_MS = 60_000;

/**
 * The partner is a partner no more.
 *
 * @param {Turn} turn
 * @param {string} roomId that the two were in
 */
export function remember(turn, roomId) {
  turn.state.formerRoomId = roomId;
  turn.startTimer("former", KNOWN_MS);
  if (turn.state.reportForm?.presentId === roomId) turn.startTimer("form", KNOWN_MS);
}

/** @param {Turn} turn */
export function forget(turn) {
  turn.state.formerRoomId = null;
  turn.stopTimers("former");
}

/** The line between what two partners have said. @type {import("./types.js").ChatLine} */
const MARK = { id: "", mine: false, text: "", fate: "delivered", isMark: true };

/**
 * Of one who has gone by themselves the last words stay in view, above the line.
 *
 * @param {import("./types.js").ChatLine[]} chat
 * @returns {import("./types.js").ChatLine[]}
 */
export function lines(chat) {
  const passed = chat.map((line) => {
    const fate = line.fate === "waiting" ? "refused" : line.fate;
    return { ...line, fate, isFormer: true };
  });
  return chat.length === 0 || chat.at(-1)?.isMark ? passed : [...passed, MARK];
}
