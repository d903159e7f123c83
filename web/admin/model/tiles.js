// @ts-check
/**
 * The figures on top.
 *
 * @typedef {object} Tile
 * @property {string} id
 * @property {string} title
 * @property {string} value
 * @property {string} detail
 * @property {boolean} isBad
 */
import { bitrate, count, duration, percent } from "./format.js";

/** @type {Record<string, string>} */
const REASONS = {
  draining: "it is being drained",
  media_port_down: "the media port is down",
  overloaded: "it is overloaded",
};

/**
 * @param {import("../wire/types.js").Totals} totals
 * @param {import("../wire/types.js").Thresholds} thresholds
 * @returns {Tile[]}
 */
export function tilesOf(totals, thresholds) {
  const loss = Math.max(totals.lossUpRatio, totals.lossDownRatio);
  const lossDetail = `up ${percent(totals.lossUpRatio)}, down ${percent(totals.lossDownRatio)}`;
  const cpu = Math.max(totals.cpuRatio, totals.workerCpuRatio);
  const lagMs = Math.max(totals.loopLagMs, totals.workerLoopLagMs);
  const lag = `${totals.workers ? "of the busiest process's core" : "of one core"}; loop ${lagMs.toFixed(0)} ms late`;
  return [
    tile("connected", "Connected", count(totals.connected), `up for ${duration(totals.uptimeS)}`),
    tile("waiting", "Waiting", count(totals.waiting), "in the queue"),
    tile("in-call", "In call", count(totals.inCall), totals.rooms === 1 ? "1 room" : `${count(totals.rooms)} rooms`),
    tile("packets", "Packets/s", count(totals.packetsPerS), "forwarded"),
    tile("bandwidth", "Bandwidth", bitrate(totals.bitrateBps), "forwarded"),
    tile("cpu", "CPU", percent(cpu), lag, cpu >= thresholds.cpuRatio.bad && "near its limit"),
    tile("loss", "Loss", percent(loss), lossDetail, loss >= thresholds.lossRatio.bad && "too much"),
    tile("bad-rooms", "Bad calls", count(totals.badRooms), `of ${count(totals.rooms)}`, totals.badRooms > 0 && "see below"),
  ];
}

/** Why nobody new is taken; empty when they are. @param {import("../wire/types.js").Totals} totals */
export function warningOf({ ready, reasons }) {
  if (ready) return "";
  return `The server takes no new users: ${reasons.map((reason) => REASONS[reason] ?? reason).join(", ")}.`;
}

/** What of a cluster cannot be seen, or done; empty when nothing. @param {import("../wire/types.js").Snapshot} snapshot */
export function clusterWarningOf({ silentNodes = [], storeAway = false }) {
  const parts = [];
  if (silentNodes.length > 0) parts.push(`No answer from ${silentNodes.join(", ")}: what is there is not shown.`);
  if (storeAway) parts.push("The store that the nodes share cannot be reached: calls go on, and users of one node meet.");
  return parts.join(" ");
}

/**
 * @param {string} id
 * @param {string} title
 * @param {string} value
 * @param {string} detail
 * @param {string | false} [fault] what is bad about it, since colour alone tells not everybody
 * @returns {Tile}
 */
function tile(id, title, value, detail, fault = false) {
  return { id, title, value, detail: fault ? `${detail}; ${fault}` : detail, isBad: fault !== false };
}
