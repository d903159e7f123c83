// @ts-check
/**
 * What is known of the line, and what its figures come to: whether it is too poor for video, whether it
 * is clean again, and whose line it is. Nothing is done here.
 *
 * The sender's figures are of the whole way to the partner. Of our own line alone tell the checks of the
 * path (RFC 7675): they go to the server and back, about one a second while any is missing.
 *
 * @typedef {import("../media/figures.js").Figures} Figures
 * @typedef {import("../media/quality.js").Grade} Grade
 *
 * @typedef {"own" | "partner" | "unknown"} Fault whose line it is
 *
 * @typedef {object} Look at our own line, for one second
 * @property {{ sent: number, answered: number } | null} checks null: the browser does not say
 * @property {number} queueMs how much longer than at its best the way to the server takes
 *
 * @typedef {object} Least round trips so far, in ms; Infinity: none was measured
 * @property {number} near to the server
 * @property {number} far to the partner
 *
 * @typedef {object} Line how well the media travels
 * @property {Figures | null} figures
 * @property {Grade} grade
 * @property {number} otherGrades how many times in a row the figures said something else
 * @property {number} untold how many times since the server was told how well it goes
 * @property {Look[]} looks the last ones at our own line
 * @property {Least} least
 * @property {number} judgedFromMs what is measured before does not count against the line
 * @property {number | null} poorSinceMs since when it has been too poor to send video
 * @property {Fault | null} fault whose line was found too poor for video; null: nobody's
 * @property {boolean} isVideoPaused it is not the partner's: only sound is sent
 * @property {number} pauses that followed each other soon
 * @property {number} pausedAtMs when the last one began
 * @property {number} resumedAtMs when it was over
 * @property {boolean} isInterrupted our own link has lost its way to the other side
 */

/** A repaired picture bears 15 % on each of the two lines, which is 28 % of all, and in a single report more. */
const MAX_VIDEO_LOSS = 0.4;
/** What came in five seconds tells more, and repair has made up for some of it. */
const MAX_LOSS_LATELY = 0.35;
/** With half of the time still a picture is none. */
const MAX_FROZEN = 0.5;
/** Sound included: Chromium never thinks less than some 85 kbit/s while it sends both. */
const MIN_VIDEO_BPS = 100_000;
/** So much waits when the line carries less than is sent; otherwise a low estimate is only one that has to grow. */
const QUEUE_MS = 200;
const CLEAN_LOSS = 0.1;
/** Half a second of sound; fewer packets say too little. */
const ENOUGH_PACKETS = 20;
export const MAX_LOOKS = 12;
/** A single one may be an accident. */
const MISSING_CHECKS = 2;
const MISSING_PART = 0.2;
const ENOUGH_CHECKS = 4;

/** @type {Readonly<Least>} */
export const NO_LEAST = { near: Infinity, far: Infinity };

/** @type {Readonly<Line>} */
export const CLEAR_LINE = {
  figures: null,
  grade: "good",
  otherGrades: 0,
  untold: 0,
  looks: [],
  least: NO_LEAST,
  judgedFromMs: -Infinity,
  poorSinceMs: null,
  fault: null,
  isVideoPaused: false,
  pauses: 0,
  pausedAtMs: -Infinity,
  resumedAtMs: -Infinity,
  isInterrupted: false,
};

/**
 * Whether sound alone would fare better: more is lost than repair makes up for, or what is sent does not
 * get through even at the least that the browser sends. What is not known is not held against the line.
 *
 * What was lost of ours the partner reports late, and on such a line not at all for half a minute: so it
 * counts only while the estimate agrees, and what is lost of theirs counts as well, and how they are seen.
 *
 * @param {Pick<Figures, "lossLately" | "frozen" | "lossOut" | "availableOutBps" | "rttMs" | "farRttMs">} figures
 * @param {Least} least
 */
export function isTooPoor(figures, least) {
  const { lossLately, frozen, lossOut, availableOutBps } = figures;
  if (availableOutBps !== null && availableOutBps >= MIN_VIDEO_BPS) return false;
  const isFull = availableOutBps !== null && queue(figures, least) >= QUEUE_MS;
  const isTooMuch = (lossOut ?? 0) > MAX_VIDEO_LOSS || (lossLately ?? 0) > MAX_LOSS_LATELY;
  return isFull || isTooMuch || (frozen ?? 0) > MAX_FROZEN;
}

/**
 * Whether the last second showed nothing wrong. The partner's reports of what we sent tell of up to eight
 * seconds while there is sound alone, so they do not count here.
 *
 * @param {Pick<Figures, "lossIn" | "packetsIn" | "checks" | "rttMs" | "farRttMs">} figures
 * @param {Least} least
 * @returns {boolean} false also if too little came to tell
 */
export function isClean(figures, least) {
  const { lossIn, packetsIn, checks } = figures;
  const isHeard = packetsIn !== null && packetsIn >= ENOUGH_PACKETS && (lossIn ?? 1) <= CLEAN_LOSS;
  const isAnswered = checks === null || checks.answered >= checks.sent;
  return isHeard && isAnswered && nearQueue(figures, least) < QUEUE_MS;
}

/**
 * Whose line it is that a way over the server is poor by. When both are it is our own.
 *
 * @param {readonly Look[]} looks the last ones
 * @returns {Fault | null} null: that has to be seen yet
 */
export function faultOf(looks) {
  if ((looks.at(-1)?.queueMs ?? 0) >= QUEUE_MS) return "own";
  const checks = looks.flatMap((look) => look.checks ?? []);
  const last = checks.at(-1);
  if (!last) return "unknown";
  const sent = checks.reduce((sum, each) => sum + each.sent, 0);
  const missing = sent - checks.reduce((sum, each) => sum + each.answered, 0);
  if (missing >= MISSING_CHECKS && missing >= sent * MISSING_PART) return "own";
  const areAnswered = missing <= Math.min(1, last.sent); // the last one may be under way
  return sent >= ENOUGH_CHECKS && areAnswered ? "partner" : null;
}

/** @param {Pick<Figures, "rttMs" | "farRttMs">} figures @param {Least} least @returns {Least} */
export function leastOf({ rttMs, farRttMs }, { near, far }) {
  return { near: Math.min(near, rttMs ?? Infinity), far: Math.min(far, farRttMs ?? Infinity) };
}

/** @param {Pick<Figures, "checks" | "rttMs">} figures @param {Least} least @returns {Look} */
export function lookAt(figures, least) {
  return { checks: figures.checks, queueMs: nearQueue(figures, least) };
}

/** @param {Pick<Figures, "rttMs" | "farRttMs">} figures @param {Least} least in ms */
function queue(figures, least) {
  const { farRttMs } = figures;
  return Math.max(nearQueue(figures, least), farRttMs === null ? 0 : farRttMs - least.far);
}

/** @param {Pick<Figures, "rttMs">} figures @param {Least} least in ms */
function nearQueue({ rttMs }, { near }) {
  return rttMs === null ? 0 : rttMs - near;
}
