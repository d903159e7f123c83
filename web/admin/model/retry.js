// @ts-check

const FIRST_MS = 1000;
const MOST_MS = 15_000;

/**
 * How long to wait before the next try.
 *
 * @param {number} failures how many tries have failed before, on end
 */
export function delayMs(failures) {
  return Math.min(FIRST_MS * 2 ** failures, MOST_MS);
}
