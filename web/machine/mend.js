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
import * as link from "./link.js";
import * as partner from "./partner.js";

/** Some interruptions mend by themselves at once. */
const AFTER_MS = 500;
/** By then a restart has brought something, or will not: the first may come before the network does. */
const AGAIN_AFTER_MS = [2_000, 4_000, 8_000];
const MAX_RESTARTS = AGAIN_AFTER_MS.length;
/** Of whom so long nothing has come, though it should, the path may be dead. */
const SILENT_MS = 2_000;
/** It is so the sooner when the socket was lost a moment ago: perhaps this is another network. */
const SUSPECT_MS = 900;
const SUSPECT_FOR_MS = 5_000;

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
  if (turn.state.linked) want(turn);
}

/**
 * After each look at what has come of the partner. The browser notices later than that.
 *
 * @param {Turn} turn
 */
export function measured(turn) {
  const { partner: other, mending } = turn.state;
  if (!other || other.isSought || other.isInterrupted || mending.step !== "none") return;
  const isSuspect = turn.nowMs - turn.state.resumedAtMs < SUSPECT_FOR_MS;
  const silentMs = isSuspect ? SUSPECT_MS : SILENT_MS;
  if (!partner.isExpected(other) || turn.nowMs - other.lastBytesAtMs < silentMs) return;
  partner.change(turn, { isSought: true });
  begin(turn);
}

/** The deadline of a restart. @param {Turn} turn */
export function due(turn) {
  if (turn.state.line.isInterrupted) begin(turn);
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
  turn.order({ do: "restart_link" });
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
  turn.order({ do: "make_offer" });
}
