// @ts-check
/**
 * How well the media travels: the grade that is shown, and doing with sound alone while the line is
 * too poor for video.
 *
 * Whether it is too poor is judged by the sender, whose congestion control sees the whole way to the
 * partner; so each end saves the line from its own video.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("./state.js").Line} Line
 * @typedef {import("../media/figures.js").Figures} Figures
 */
import { grade } from "../media/figures.js";
import { CLEAR_LINE } from "./state.js";

/** A grade is shown when the figures say so this often in a row. */
const CONFIRMATIONS = 2;
const POOR_FOR_MS = 6_000;
const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 60_000;
/** Sound included: Chromium never thinks less than some 85 kbit/s while it sends both. */
const MIN_VIDEO_BPS = 100_000;
const MAX_VIDEO_LOSS = 0.25;
/** So long after an interruption the congestion control still believes that nothing gets through. */
const SETTLING_MS = 10_000;

/** @param {Turn} turn @param {Figures} figures */
export function measured(turn, figures) {
  showGrade(turn, figures);
  if (isTooPoor(turn, figures)) pauseVideo(turn);
}

/**
 * There was an interruption: what was measured in it, and right after, does not count against the line.
 *
 * @param {Turn} turn
 */
export function measureAnew(turn) {
  change(turn, { poorSinceMs: null, restoredAtMs: turn.nowMs });
}

/**
 * The next partner is another way for the media: try video, whatever the last one was like.
 *
 * @param {Turn} turn
 */
export function part(turn) {
  const { isVideoPaused, isInterrupted, restoredAtMs } = turn.state.line;
  turn.stopTimers("video");
  if (isVideoPaused) turn.order({ do: "pause_video", paused: false });
  turn.state.line = { ...CLEAR_LINE, isInterrupted, restoredAtMs };
}

/** @param {Turn} turn @param {Figures} figures */
function showGrade(turn, figures) {
  const { line } = turn.state;
  const now = grade(figures);
  const otherGrades = now === line.grade ? 0 : line.otherGrades + 1;
  const isConfirmed = otherGrades >= CONFIRMATIONS;
  change(turn, {
    figures,
    grade: isConfirmed ? now : line.grade,
    otherGrades: isConfirmed ? 0 : otherGrades,
  });
}

/** @param {Turn} turn @param {Figures} figures @returns {boolean} */
function isTooPoor(turn, { lossOut, availableOutBps }) {
  const { line, devices } = turn.state;
  const isSending = devices.video.status === "on" && !line.isVideoPaused;
  const isPoor = (lossOut ?? 0) > MAX_VIDEO_LOSS || (availableOutBps ?? Infinity) < MIN_VIDEO_BPS;
  const isSettled = !line.isInterrupted && turn.nowMs - line.restoredAtMs >= SETTLING_MS;
  if (!isSending || !isPoor || !isSettled) {
    change(turn, { poorSinceMs: null });
    return false;
  }
  const sinceMs = line.poorSinceMs ?? turn.nowMs;
  change(turn, { poorSinceMs: sinceMs });
  return turn.nowMs - sinceMs >= POOR_FOR_MS;
}

/** @param {Turn} turn */
function pauseVideo(turn) {
  const { pauses } = turn.state.line;
  change(turn, { isVideoPaused: true, pauses: pauses + 1, poorSinceMs: null });
  turn.startTimer("video", Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** pauses));
  turn.order({ do: "pause_video", paused: true });
}

/**
 * Whether the line bears video again shows only when there is some.
 *
 * @param {Turn} turn
 */
export function tryVideo(turn) {
  change(turn, { isVideoPaused: false });
  turn.order({ do: "pause_video", paused: false });
}

/** @param {Turn} turn @param {Partial<Line>} changes */
function change(turn, changes) {
  turn.state.line = { ...turn.state.line, ...changes };
}
