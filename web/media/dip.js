// @ts-check
/**
 * When a line that has lost much is clean again, Chromium's estimate would grow by a third a second. It looks for more
 * at once, by sending for a moment what the line may bear, when a sender that has kept below the estimate is allowed more.
 * So for a second the picture asks for less, and then for all. It is not done often: that second is worse than need be.
 *
 * @typedef {object} Dip
 * @property {boolean} wasLossy at any time since the partner is there
 * @property {number | null} estimateBps of the last second
 * @property {number} restS seconds until there may be another
 * @property {number} nextRestS how long the next one will be followed by none
 * @property {number | null} maxBps for this second; null: no dip
 * @property {number} hopeS for so many seconds the estimate is behind what the line bears
 */

/** Of the picture's packets, in the second that the partner tells of. */
const LOSSY = 0.05;
const CLEAN = 0.02;
/** Such seconds there are on lossy lines, too; the estimate does not grow in them. */
const GROWTH = 1.05;
const PART = 0.4;
const LEAST_BPS = 30_000;
const FIRST_REST_S = 4;
const LONGEST_REST_S = 16;
const HOPE_S = 3;
/** So far the estimate comes within a second. */
const HOPED = 2;

/** @type {Readonly<Dip>} */
export const NO_DIP = { wasLossy: false, estimateBps: null, restS: 0, nextRestS: FIRST_REST_S, maxBps: null, hopeS: 0 };

/**
 * @param {Dip} dip
 * @param {number | null} loss of our picture's packets; null: not known
 * @param {number | null} estimateBps null: the browser does not tell
 * @param {boolean} isSmall the picture would be larger if the line bore it
 * @returns {Dip} after another second
 */
export function nextDip(dip, loss, estimateBps, isSmall) {
  const wasLossy = dip.wasLossy || (loss ?? 0) >= LOSSY;
  const growth = estimateBps !== null && dip.estimateBps ? estimateBps / dip.estimateBps : 0;
  const [restS, hopeS] = [Math.max(0, dip.restS - 1), growth < 1 ? 0 : Math.max(0, dip.hopeS - 1)];
  const next = { ...dip, wasLossy, estimateBps, restS, hopeS, maxBps: null };
  const isClean = loss !== null && loss <= CLEAN;
  if (!wasLossy || !isClean || estimateBps === null || growth < GROWTH || !isSmall || restS > 0) return next;
  const maxBps = Math.max(LEAST_BPS, Math.round(estimateBps * PART));
  return { ...next, restS: dip.nextRestS, nextRestS: Math.min(LONGEST_REST_S, 2 * dip.nextRestS), maxBps, hopeS: HOPE_S };
}

/**
 * What the picture may be sized by.
 *
 * @param {Dip} dip
 * @returns {number | null}
 */
export function hopedBps({ estimateBps, hopeS }) {
  return estimateBps !== null && hopeS > 0 ? HOPED * estimateBps : estimateBps;
}
