// @ts-check
/**
 * How well the media travels: the grade that is shown, and doing with sound alone while our own line is
 * too poor for video.
 *
 * Only what arrives is judged: of a link that is interrupted, or a partner of whom nothing comes, the
 * figures tell of that and not of the line. While it is the partner's line that is poor our picture goes
 * on, as theirs to save is their own.
 *
 * A picture that was paused comes back as soon as a second has passed in which nothing was lost; and
 * later from time to time if such a second does not come. Only when it had to be paused again soon
 * after, what looks clean has to wait, ever longer.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("./types.js").Line} Line
 * @typedef {import("../media/figures.js").Figures} Figures
 */
import { CLEAR_LINE, MAX_LOOKS, NO_LEAST, faultOf, isClean, isTooPoor, leastOf, lookAt } from "./judgement.js";
import { gradeOf } from "../media/quality.js";

/** So often the figures come, once a second, until the server is told. */
const TELL_EVERY = 5;
/** A grade is shown when the figures say so this often in a row. */
const CONFIRMATIONS = 2;
const POOR_FOR_MS = 6_000;
/** A pause that nothing but time ends. */
const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 60_000;
/** The least that a pause lasts: what waits on the line has to get through, or it would look clean at once. */
const SHORTEST_PAUSE_MS = 2_000;
/** Who has to pause again within this time has come back too early. */
const SOON_MS = 30_000;
/** So long after an interruption the congestion control still believes that nothing gets through. */
const SETTLING_MS = 10_000;
/** What the partner has reported so far is of the time before the picture came back. */
const REPORTING_MS = 2_000;

/**
 * @param {Turn} turn
 * @param {Figures} figures
 * @param {boolean} isHeard whether something comes of the partner, if anything should
 */
export function measured(turn, figures, isHeard) {
  const isThere = isHeard && !turn.state.line.isInterrupted;
  const got = isThere ? figures : { ...figures, frozen: 1, concealed: 1, quality: 1 };
  showGrade(turn, got);
  tell(turn, got);
  const { line } = turn.state;
  const least = leastOf(figures, line.least);
  change(turn, { least, looks: [...line.looks, lookAt(figures, least)].slice(-MAX_LOOKS) });
  if (!isThere) change(turn, { poorSinceMs: null });
  else if (line.isVideoPaused) awaitClean(turn, figures);
  else judge(turn, figures);
}

/**
 * There was an interruption: what was measured in it, and right after, does not count against the line. Nor does what was
 * measured before: it may be another network.
 *
 * @param {Turn} turn
 */
export function measureAnew(turn) {
  change(turn, { poorSinceMs: null, looks: [], least: NO_LEAST, judgedFromMs: turn.nowMs + SETTLING_MS });
}

/**
 * The next partner is another way for the media: try video, whatever the last one was like.
 *
 * @param {Turn} turn
 */
export function part(turn) {
  const { isVideoPaused, isInterrupted, judgedFromMs } = turn.state.line;
  turn.stopTimers("video");
  if (isVideoPaused) turn.order({ do: "pause_video", paused: false });
  turn.state.line = { ...CLEAR_LINE, isInterrupted, judgedFromMs };
}

/** @param {Turn} turn @param {Figures} figures */
function showGrade(turn, figures) {
  const { line } = turn.state;
  const now = gradeOf(figures.quality);
  const otherGrades = now === line.grade ? 0 : line.otherGrades + 1;
  const isConfirmed = otherGrades >= CONFIRMATIONS;
  change(turn, {
    figures,
    grade: isConfirmed ? now : line.grade,
    otherGrades: isConfirmed ? 0 : otherGrades,
  });
}

/**
 * The server decodes nothing: how well the partner is seen and heard it can only be told.
 *
 * @param {Turn} turn
 * @param {Figures} figures
 */
function tell(turn, { frozen, concealed, framesPerS }) {
  const untold = (turn.state.line.untold + 1) % TELL_EVERY;
  change(turn, { untold });
  if (untold || turn.isDirect()) return;
  const known = Object.entries({ frozenRatio: frozen, concealedRatio: concealed, framesPerS });
  turn.send({ type: "quality_report", ...Object.fromEntries(known.filter(([, value]) => value !== null)) });
}

/** @param {Turn} turn @param {Figures} figures */
function judge(turn, figures) {
  const { line, devices } = turn.state;
  const isJudged = devices.video.status === "on" && turn.nowMs >= line.judgedFromMs;
  const fault = turn.isDirect() ? "unknown" : faultOf(line.looks);
  if (!isJudged || !isTooPoor(figures, line.least)) {
    const isOver = isClean(figures, line.least) || fault === "own";
    return change(turn, { poorSinceMs: null, fault: isOver ? null : line.fault });
  }
  const poorSinceMs = line.poorSinceMs ?? turn.nowMs;
  change(turn, { poorSinceMs });
  if (fault === null || turn.nowMs - poorSinceMs < POOR_FOR_MS) return;
  change(turn, { fault });
  if (fault !== "partner") pauseVideo(turn);
}

/** @param {Turn} turn */
function pauseVideo(turn) {
  const { pauses, resumedAtMs } = turn.state.line;
  const again = turn.nowMs - resumedAtMs < SOON_MS ? pauses + 1 : 0;
  change(turn, { isVideoPaused: true, pauses: again, pausedAtMs: turn.nowMs, poorSinceMs: null });
  turn.startTimer("video", Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** again));
  turn.order({ do: "pause_video", paused: true });
}

/** @param {Turn} turn @param {Figures} figures */
function awaitClean(turn, figures) {
  const { pausedAtMs, pauses, least } = turn.state.line;
  const shortestMs = Math.min(LONGEST_PAUSE_MS, SHORTEST_PAUSE_MS * 2 ** pauses);
  if (turn.nowMs - pausedAtMs >= shortestMs && isClean(figures, least)) tryVideo(turn);
}

/**
 * Whether the line bears video shows in the end only when there is some.
 *
 * @param {Turn} turn
 */
export function tryVideo(turn) {
  const { nowMs } = turn;
  change(turn, {
    isVideoPaused: false,
    fault: null,
    resumedAtMs: nowMs,
    judgedFromMs: Math.max(turn.state.line.judgedFromMs, nowMs + REPORTING_MS),
  });
  turn.stopTimers("video");
  turn.order({ do: "pause_video", paused: false });
}

/** @param {Turn} turn @param {Partial<Line>} changes */
function change(turn, changes) {
  turn.state.line = { ...turn.state.line, ...changes };
}
