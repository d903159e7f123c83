// @ts-check
/**
 * The figures of the line, for people.
 *
 * @typedef {import("../media/figures.js").Figures} Figures
 * @typedef {import("./words.js").Words} Words
 */
import { decimal, share } from "./number.js";

/**
 * @param {Figures} figures
 * @param {import("../wire/messages.js").MediaMode} mediaMode
 * @param {Words} words
 * @param {string} [locale]
 * @returns {[string, string][]} name and value
 */
export function figureRows(figures, mediaMode, { figures: words }, locale) {
  const { rttMs, lossIn, lossOut, width, height, framesPerS, protocol } = figures;
  const { receivedBps, sentBps, quality } = figures;
  const percent = (/** @type {number | null} */ part) => (part === null ? null : share(part, locale));
  const or = (/** @type {string | null} */ text) => text ?? words.unknown;
  const pair = (/** @type {(string | null)[]} */ ...values) => values.map(or).join(" / ");
  return [
    [words.quality, `${decimal(quality, 1, locale)} / 5`],
    [words.rtt, or(rttMs === null ? null : `${Math.round(rttMs)} ms`)],
    [words.loss, pair(percent(lossIn), percent(lossOut))],
    [words.size, or(width && height ? `${width} × ${height}` : null)],
    [words.frames, or(framesPerS === null ? null : String(Math.round(framesPerS)))],
    [words.rate, pair(kilobits(receivedBps), kilobits(sentBps))],
    [words.way, `${protocol?.toUpperCase() ?? words.unknown}, ${words[mediaMode]}`],
  ];
}

/** @param {number | null} bps */
function kilobits(bps) {
  return bps === null ? null : `${Math.round(bps / 1000)} kbit/s`;
}
