// @ts-check
/**
 * A link that has lost its way to the other side, or may have: new paths for it (an ICE restart), and if
 * that does not help, another link in its place. The partner stays meanwhile, and the chat.
 *
 * An offer needs a socket that lives, and what has cut the media may have cut the socket, too. So the
 * server is asked first; if it does not answer, the socket is lost, and the link is mended as soon as
 * the session goes on over another.
 *
 * @typedef {import("./turn.js").Turn} Turn
 */
import * as line from "./line.js";
import * as link from "./link.js";
import * as partner from "./partner.js";
import * as way from "./way.js";

/** Some interruptions mend by themselves at once. */
const AFTER_MS = 500;
/** By then a restart has brought something, or will not: the first may come before the network does. */
const AGAIN_AFTER_MS = [2_000, 4_000, 8_000];
const MAX_RESTARTS = AGAIN_AFTER_MS.length;
/** While the browser finds nothing wrong with the paths: it may be the partner. */
const MAX_SILENT_RESTARTS = 2;
/** Of whom so long nothing has come, though it should, the path may be dead. */
const SILENT_MS = 2_000;
/** And the socket with it: by the time that paths are sought it should be known to live. */
const DOUBTED_MS = 900;

/**
 * The browser hears nothing of the other side any more, perhaps for a moment.
 *
 * @param {Turn} turn
 */
export function interrupted(turn) {
  if (!turn.state.linked) return;
  note(turn);
  if (turn.state.mending.step === "none") turn.startTimer("restart", AFTER_MS);
}

/**
 * The browser has given these paths up; without new ones nothing comes back. In direct mode only one of
 * the two may offer.
 *
 * @param {Turn} turn
 * @returns {boolean} whether there is a way to mend it
 */
export function broken(turn) {
  if (turn.isDirect()) return false;
  if (!turn.state.linked) return true;
  note(turn);
  if (turn.state.mending.step === "none") begin(turn);
  return true;
}

/**
 * The relay has closed the link, and no socket says why: another one when the session goes on.
 *
 * @param {Turn} turn
 */
export function gone(turn) {
  if (!turn.state.linked) return;
  note(turn);
  turn.state.mending = { step: "proving", restarts: MAX_RESTARTS };
  turn.stopTimers("restart");
}

/** @param {Turn} turn */
function note(turn) {
  const { state } = turn;
  state.line = { ...state.line, isInterrupted: true };
  state.isLinkUp = false;
}

/** @param {Turn} turn */
export function restored(turn) {
  const { state } = turn;
  if (!state.linked) return;
  if (state.line.isInterrupted) line.measureAnew(turn);
  state.line = { ...state.line, isInterrupted: false };
  state.isLinkUp = true;
  turn.stopTimers("detour");
  link.endMending(turn);
}

/**
 * Perhaps another network: look for new paths at once, and see whether the socket is still of use.
 *
 * @param {Turn} turn
 */
export function networkChanged(turn) {
  turn.order({ do: "renew" });
  way.stopSeeking(turn);
  if (turn.state.linked) want(turn);
}

/** The person does not wait for the next try. @param {Turn} turn */
export function hurry(turn) {
  if (turn.state.mending.step !== "proving") begin(turn);
}

/**
 * After each look at what has come of the partner. The browser notices later than that.
 *
 * @param {Turn} turn
 */
export function measured(turn) {
  const { partner: other, mending, socket } = turn.state;
  if (!other || mending.step !== "none" || turn.isDirect()) return;
  if (!other.isSought && isSilent(turn, SILENT_MS)) {
    partner.change(turn, { isSought: true });
    begin(turn);
  } else if (!other.isDoubted && isSilent(turn, DOUBTED_MS)) {
    partner.change(turn, { isDoubted: true });
    if (socket === "open") turn.order({ do: "probe" });
  }
}

/**
 * The session goes on over another socket. If media stopped with the former one, this is most likely
 * another network.
 *
 * @param {Turn} turn
 */
export function resumed(turn) {
  if (turn.state.linked && isSilent(turn, DOUBTED_MS)) want(turn);
  proved(turn);
}

/** @param {Turn} turn @param {number} forMs */
function isSilent({ state, nowMs }, forMs) {
  const { partner: other } = state;
  if (!other || other.isReported || !partner.isExpected(other)) return false;
  return nowMs - other.lastBytesAtMs >= forMs;
}

/** The deadline of a restart. @param {Turn} turn */
export function due(turn) {
  const { line: { isInterrupted }, mending } = turn.state;
  const isStillSilent = isSilent(turn, SILENT_MS) && mending.restarts < MAX_SILENT_RESTARTS;
  if (isInterrupted || isStillSilent) begin(turn);
  else link.endMending(turn);
}

/** @param {Turn} turn */
function begin(turn) {
  if (turn.isDirect()) return;
  want(turn);
  if (turn.state.socket === "open") turn.order({ do: "probe" });
}

/** @param {Turn} turn */
function want(turn) {
  if (turn.isDirect()) return;
  turn.state.mending = { ...turn.state.mending, step: "proving" };
  turn.stopTimers("restart");
}

/** The socket lives, whichever it is by now. @param {Turn} turn */
export function proved(turn) {
  const { state } = turn;
  if (state.mending.step !== "proving") return;
  const restarts = state.mending.restarts + 1;
  if (restarts > MAX_RESTARTS) return replace(turn);
  state.mending = { step: "restarting", restarts };
  if (restarts > 1) way.widen(turn);
  link.offer(turn, "restart_link");
  turn.startTimer("restart", AGAIN_AFTER_MS[restarts - 1] ?? 0);
}

/**
 * Make another link, and keep all that we have.
 *
 * @param {Turn} turn
 */
export function replace(turn) {
  turn.state.replacedAtMs = turn.nowMs;
  link.replace(turn);
  partner.meetAgain(turn);
  link.offer(turn, "make_offer");
}
