// @ts-check
/**
 * The figures of the line, for people.
 *
 * @typedef {import("../media/figures.js").Figures} Figures
 * @typedef {import("./words.js").Words} Words
 */

/**
 * @param {Figures} figures
 * @param {import("../wire/messages.js").MediaMode} mediaMode
 * @param {Words} words
 * @returns {[string, string][]} name and value
 */
export function figureRows(figures, mediaMode, { figures: words }) {
  const { rttMs, lossIn, lossOut, width, height, framesPerS, protocol } = figures;
  const { receivedBps, sentBps, quality } = figures;
  const or = (/** @type {string | null} */ text) => text ?? words.unknown;
  const pair = (/** @type {(string | null)[]} */ ...values) => values.map(or).join(" / ");
  return [
    [words.quality, `${quality.toFixed(1)} / 5`],
    [words.rtt, or(rttMs === null ? null : `${Math.round(rttMs)} ms`)],
    [words.loss, pair(percent(lossIn), percent(lossOut))],
    [words.size, or(width && height ? `${width} × ${height}` : null)],
    [words.frames, or(framesPerS === null ? null : String(Math.round(framesPerS)))],
    [words.rate, pair(kilobits(receivedBps), kilobits(sentBps))],
    [words.way, `${protocol?.toUpperCase() ?? words.unknown}, ${words[mediaMode]}`],
  ];
}

/** @param {number | null} part */
function percent(part) {
  return part === null ? null : `${(part * 100).toFixed(1)} %`;
}

/** @param {number | null} bps */
function kilobits(bps) {
  return bps === null ? null : `${Math.round(bps / 1000)} kbit/s`;
}
