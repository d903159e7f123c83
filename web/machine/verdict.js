// @ts-check
/**
 * What a test of the connection comes to: one word for the line, and which device does not do its part.
 *
 * @typedef {import("./trial.js").Trial} Trial
 * @typedef {import("./trial.js").Finding} Finding
 * @typedef {import("./types.js").Device} Device
 * @typedef {import("../media/devices.js").Kind} Kind
 * @typedef {import("../media/glance.js").Glimpse} Glimpse
 * @typedef {import("../media/quality.js").Grade} Grade
 *
 * @typedef {"testing" | "offline" | "interrupted" | "nothing" | "poor" | "weak" | "udp_blocked"
 *   | "poor_without_udp" | "tcp_blocked" | "turn_blocked" | "udp_only" | "fine"} Verdict on the line
 * @typedef {"off" | "refused" | "missing" | "busy" | "unsupported" | "lost" | "muted" | "unseen"
 *   | Glimpse} Condition of a device; "muted" by another program or by its own switch; "unseen": there was no
 *   time to look
 */
import { WAYS } from "./trial.js";

/** With less than that a picture is small and coarse; with less again there is hardly one. */
const WEAK_BPS = 300_000;
const POOR_BPS = 100_000;
const POOR = { loss: 0.1, rttMs: 800 };
const WEAK = { loss: 0.03, rttMs: 350 };
/** @type {readonly Condition[]} */
const FAULTS = ["refused", "missing", "busy", "unsupported", "lost", "muted", "black", "still", "silent"];

/** @param {Trial} trial @returns {Verdict} */
export function verdict({ step, ending, findings }) {
  if (step !== "over") return "testing";
  if (ending !== "done") return ending ?? "interrupted";
  const open = WAYS.find((way) => findings[way].outcome === "through");
  if (!open) return "nothing";
  const now = gradeOf(findings[open]);
  if (open !== "udp") return now === "poor" ? "poor_without_udp" : "udp_blocked";
  if (now !== "good") return now;
  const others = [findings.tcp.outcome, findings.turn.outcome];
  if (others.every((outcome) => outcome === "absent")) return "udp_only";
  const [isTcpShut, isTurnShut] = others.map((outcome) => outcome === "blocked" || outcome === "lost");
  if (isTcpShut) return "tcp_blocked";
  return isTurnShut ? "turn_blocked" : "fine";
}

/**
 * How good a way is that gets through; what was not measured is not held against it. A computer that is busy
 * sends less than the line bears, which congestion control knows.
 *
 * @param {Finding} finding
 * @returns {Grade}
 */
export function gradeOf({ rttMs, loss, bps, estimateBps }) {
  const rateBps = bps ? Math.max(bps, estimateBps ?? 0) : bps;
  const ofRate = rateBps === null || rateBps >= WEAK_BPS ? "good" : rateBps >= POOR_BPS ? "weak" : "poor";
  const isWorse = (/** @type {typeof POOR} */ limit) => (loss ?? 0) > limit.loss || (rttMs ?? 0) > limit.rttMs;
  const ofLine = isWorse(POOR) ? "poor" : isWorse(WEAK) ? "weak" : "good";
  if (ofRate === "poor" || ofLine === "poor") return "poor";
  return ofRate === "weak" ? ofRate : ofLine;
}

/**
 * @param {Device} device
 * @param {Glimpse | null} glimpse
 * @returns {Condition}
 */
export function conditionOf({ isWanted, status, problem, isSilenced }, glimpse) {
  if (problem) return problem;
  if (status !== "on" || !isWanted) return "off";
  return isSilenced ? "muted" : glimpse ?? "unseen";
}

/** @param {Condition} condition */
export function isFault(condition) {
  return FAULTS.includes(condition);
}
