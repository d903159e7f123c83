// @ts-check
/**
 * Figures over time, as the charts take them: columns, the first of which are seconds.
 *
 * @typedef {{ atS: number, [name: string]: number | null }} Point
 * @typedef {[number[], ...(number | null)[][]]} Columns
 */

export const HOUR_S = 3600;
/** Tracks' points, one a second. */
export const TRACK_POINTS = 600;
export const MAX_TRACKS = 400;

const PERIOD_S = 5;
/** Points that are further apart than this are not joined by a line. */
const GAP_S = 16;
const NARROWEST_S = 300;

/**
 * @param {import("../wire/types.js").Sample} sample
 * @returns {Point}
 */
export function pointOf(sample) {
  const { connected, waiting, inCall, packetsPerS, bitrateBps } = sample;
  const { lossUpRatio, lossDownRatio, cpuRatio, workerCpuRatio } = sample;
  return {
    atS: Date.parse(sample.at) / 1000,
    connected, waiting, inCall, packetsPerS, bitrateBps, lossUpRatio, lossDownRatio, cpuRatio,
    workerCpuRatio,
  };
}

/**
 * The last hour with one more point, unless the last one is too young.
 *
 * @param {readonly Point[]} points
 * @param {Point} point
 * @returns {readonly Point[]} the same when nothing has changed
 */
export function append(points, point) {
  const last = points.at(-1);
  if (last && point.atS - last.atS < PERIOD_S) return points;
  return [...points, point].filter(({ atS }) => atS > point.atS - HOUR_S);
}

/**
 * What the server remembers, after what it has forgotten and we have not: it may be a new one.
 *
 * @param {readonly Point[]} ours
 * @param {readonly Point[]} theirs
 * @returns {readonly Point[]}
 */
export function merge(ours, theirs) {
  const [first] = theirs;
  if (!first) return ours;
  const lastS = theirs.at(-1)?.atS ?? 0;
  const older = ours.filter(({ atS }) => atS < first.atS && atS > lastS - HOUR_S);
  return [...older, ...theirs];
}

/**
 * @param {readonly Point[]} points
 * @param {readonly string[]} names
 * @param {number} [gapS] further apart than this, points are not joined
 * @returns {Columns}
 */
export function columnsOf(points, names, gapS = GAP_S) {
  /** @type {Columns} */
  const columns = [[], ...names.map(() => [])];
  let lastS = points[0]?.atS ?? 0;
  for (const point of points) {
    if (point.atS - lastS > gapS) add(columns, { atS: lastS + gapS / 2 }, names);
    add(columns, point, names);
    lastS = point.atS;
  }
  return columns;
}

/**
 * What part of time a chart shows: all there is, but not less than some minutes.
 *
 * @param {number} firstS
 * @param {number} lastS
 * @param {number} [widestS]
 * @returns {[number, number]}
 */
export function spanOf(firstS, lastS, widestS = HOUR_S) {
  return [Math.max(Math.min(firstS, lastS - NARROWEST_S), lastS - widestS), lastS];
}

/** @param {Columns} columns @param {Point} point @param {readonly string[]} names */
function add(columns, point, names) {
  const [times, ...figures] = columns;
  times.push(point.atS);
  names.forEach((name, index) => figures[index]?.push(point[name] ?? null));
}

/** Remembers how the tracks did that were told of while the page is open. */
export class TrackHistory {
  /** The track that was told of longest ago is first. @type {Map<string, Point[]>} */
  #points = new Map();

  /** @param {import("../wire/types.js").Track} track @param {number} atS */
  add(track, atS) {
    const points = this.#points.get(track.id) ?? [];
    if (points.at(-1)?.atS === atS) return;
    const { bitrateBps, repairBitrateBps, lossRatio, jitterMs, roundTripMs, fps } = track;
    points.push({ atS, bitrateBps, repairBitrateBps, lossRatio, jitterMs, roundTripMs, fps });
    if (points.length > TRACK_POINTS) points.shift();
    this.#points.delete(track.id);
    this.#points.set(track.id, points);
    for (const [oldest] of this.#points) {
      if (this.#points.size <= MAX_TRACKS) break;
      this.#points.delete(oldest);
    }
  }

  /** @param {string} id @returns {readonly Point[]} */
  of(id) {
    return this.#points.get(id) ?? [];
  }
}
