// @ts-check
/**
 * How large our picture is sent, and how often: as the line bears it, and no larger than is looked at.
 *
 * Sizes are compared by their long and their short side, so that a phone may be held either way. They go
 * by steps, since each other size costs a key frame.
 *
 * @typedef {{ width: number, height: number }} Size in pixels
 *
 * @typedef {object} Fit of what the camera gives
 * @property {number} scale how many times each side is made smaller, 1 or more
 * @property {number} framesPerS at most
 * @property {number | null} maxBps null: as much as the line bears
 *
 * @typedef {object} Step
 * @property {number | null} level of STEPS; null: nothing is known of this line yet
 * @property {number} lower seconds in a row that asked for less
 * @property {number} higher
 * @property {number} strained seconds in a row in which our machine was too slow
 * @property {number} highest level, since it was
 *
 * @typedef {object} Wish what else a picture is made smaller for
 * @property {boolean} isSaving the person saves data
 * @property {boolean} isLeast the partner's line hardly bears the sound
 */

/** With how much bandwidth, sound included, the picture is good enough to be so large. */
const STEPS = [
  { fromBps: 0, short: 180, framesPerS: 15 },
  { fromBps: 120_000, short: 180, framesPerS: 20 },
  { fromBps: 200_000, short: 270, framesPerS: 20 },
  { fromBps: 350_000, short: 360, framesPerS: 30 },
  { fromBps: 700_000, short: 540, framesPerS: 30 },
  { fromBps: 1_200_000, short: 720, framesPerS: 30 },
];
/** Until the first second has shown more: browsers begin with some 300 kbit/s. */
const FIRST_LEVEL = 3;
const SAVING = { level: 3, framesPerS: 15, maxBps: 300_000 };
const LEAST = { framesPerS: 8, maxBps: 60_000 };
/** The stage is our own: the partner's may be larger, so a small one counts as this one. */
const LEAST_STAGE_LEVEL = 3;
const ASPECT = 16 / 9;
/** An estimate has to be that much away from a step's border for another one. */
const LOWER = 0.8;
const HIGHER = 1.15;
/** And for so many seconds: an estimate falls for a moment, too. */
const AFTER = 2;
/** So much more than a larger size needs is no accident. */
const SURE = 1.5;
/** A machine that was too slow for a size stays so for as long as the partner; this size is for all. */
const STRAINED_AFTER = 4;
const LOWEST_HIGHEST = 2;
/** A stage from here on shows more than a picture of 640x480 has. */
const LARGE_STAGE = { width: 960, height: 540 };

/** @type {Readonly<Step>} */
export const FIRST_STEP = { level: null, lower: 0, higher: 0, strained: 0, highest: STEPS.length - 1 };

/**
 * What to ask the camera for: never more than helps, and it may give something else.
 *
 * @param {Size} stage
 * @param {boolean} isSaving
 * @returns {Size}
 */
export function wantedSize(stage, isSaving) {
  const [long, short] = sides(stage);
  const isLarge = long >= LARGE_STAGE.width && short >= LARGE_STAGE.height;
  return isLarge && !isSaving ? { width: 1280, height: 720 } : { width: 640, height: 480 };
}

/**
 * The step after another second.
 *
 * @param {Step} step
 * @param {number | null} availableBps what congestion control thinks the way out bears; null: the browser
 *   does not say, and adapts the picture by itself
 * @param {boolean} isStrained our machine is too slow for what is sent now
 * @returns {Step}
 */
export function nextStep(step, availableBps, isStrained) {
  const bps = availableBps ?? Infinity;
  const { level } = step;
  if (level === null) return { ...step, level: Math.min(step.highest, levelFor(bps)) };
  const strained = isStrained ? step.strained + 1 : 0;
  if (strained >= STRAINED_AFTER && level > LOWEST_HIGHEST) {
    return { ...FIRST_STEP, level: level - 1, highest: level - 1 };
  }
  const low = levelFor(bps / LOWER);
  const high = Math.min(step.highest, levelFor(bps / HIGHER));
  const lower = low < level ? step.lower + 1 : 0;
  const isSure = levelFor(bps / SURE) > level;
  const higher = high > level ? step.higher + (isSure ? AFTER : 1) : 0;
  const { highest } = step;
  if (lower >= AFTER) return { ...FIRST_STEP, level: levelFor(bps), highest };
  return higher >= AFTER ? { ...FIRST_STEP, level: high, highest } : { ...step, lower, higher, strained };
}

/**
 * @param {Step} step
 * @param {Size} camera
 * @param {Size} stage that pictures are shown on
 * @param {Wish} wish
 * @returns {Fit}
 */
export function fitOf({ level }, camera, stage, { isSaving, isLeast }) {
  const wished = isLeast ? 0 : Math.min(level ?? FIRST_LEVEL, isSaving ? SAVING.level : Infinity);
  const { short, framesPerS } = stepAt(wished);
  const least = stepAt(LEAST_STAGE_LEVEL).short;
  return {
    scale: Math.max(1, over(camera, { width: short * ASPECT, height: short }, Math.max),
      over(camera, atLeast(stage, { width: least * ASPECT, height: least }), Math.min)),
    framesPerS: Math.min(framesPerS, isSaving ? SAVING.framesPerS : Infinity, isLeast ? LEAST.framesPerS : Infinity),
    maxBps: isLeast ? LEAST.maxBps : isSaving ? SAVING.maxBps : null,
  };
}

/** @param {number} level */
function stepAt(level) {
  return STEPS[level] ?? { fromBps: 0, short: 0, framesPerS: 0 };
}

/** @param {number} bps */
function levelFor(bps) {
  return Math.max(0, STEPS.filter(({ fromBps }) => fromBps <= bps).length - 1);
}

/** @param {Size} size @returns {[long: number, short: number]} */
function sides({ width, height }) {
  return [Math.max(width, height), Math.min(width, height)];
}

/** @param {Size} one @param {Size} other @returns {Size} */
function atLeast(one, other) {
  const [long, short] = sides(one);
  return { width: Math.max(long, other.width), height: Math.max(short, other.height) };
}

/**
 * How many times larger one is than a bound.
 *
 * @param {Size} size
 * @param {Size} bound
 * @param {(a: number, b: number) => number} which of the two sides counts
 */
function over(size, bound, which) {
  const [long, short] = sides(size);
  const [boundLong, boundShort] = sides(bound);
  return which(long / boundLong, short / boundShort);
}
