// @ts-check
/** When to try again, and how long to wait for an answer. Times are in ms. */

/** Before the first tries for a session that has lost its socket; nobody has to know of them. */
const QUICK_MS = [0, 300, 1_200];
/** Whoever has been without a socket for so long is told, however few tries that were. */
const SILENT_FOR_MS = 4_000;
const FIRST_RETRY_MS = 3_000;
const LONGEST_RETRY_MS = 10_000;

/**
 * How long to wait before the next try when the last one has failed, or the socket is lost.
 *
 * First three quick ones, while there is a session to go on with. Then 3 s, and twice as long each
 * time up to 10 s, of which a random half is taken off, so that a restarted server is not met by
 * everybody at once.
 *
 * @param {object} situation
 * @param {number} situation.failures how many in a row, from 1; the loss is the first
 * @param {boolean} situation.isResumable whether there is a session to go on with
 * @param {number} situation.awayMs since the loss
 * @param {number} situation.random from 0 up to 1
 * @returns {{ delayMs: number, isQuick: boolean }}
 */
export function nextTry({ failures, isResumable, awayMs, random }) {
  const quickMs = isResumable && awayMs < SILENT_FOR_MS ? QUICK_MS[failures - 1] : undefined;
  if (quickMs !== undefined) return { delayMs: quickMs, isQuick: true };
  const slow = Math.max(1, isResumable ? failures - QUICK_MS.length : failures);
  if (slow === 1) return { delayMs: FIRST_RETRY_MS, isQuick: false };
  const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (slow - 1));
  return { delayMs: longest * (1 - random / 2), isQuick: false };
}

/**
 * How long a socket may take until the server has greeted and, if it is to go on with a session, has
 * let it. One that hangs is of a network that has gone, as often as not: better a new one soon.
 *
 * @param {boolean} isResumable
 * @param {boolean} isQuick
 */
export function patienceMs(isResumable, isQuick) {
  if (!isResumable) return 10_000;
  return isQuick ? 2_000 : 5_000;
}
