// @ts-check
/**
 * From Start to Stop, with a link that may fail.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("./types.js").State} State
 */
import * as devices from "./devices.js";
import * as link from "./link.js";
import * as mend from "./mend.js";
import * as partner from "./partner.js";
import * as picture from "./picture.js";
import * as search from "./search.js";
import * as trial from "./trial.js";
import { MAX_QUICK_FAILURES, isTextOffered } from "./state.js";

const RELINK_MS = 3_000;
const BACK_OFF_MS = 10_000;
const MAX_BACK_OFF_MS = 300_000;
/** A link that cannot be used so soon after it took another's place will not be replaced, too. */
const REPLACE_AGAIN_MS = 15_000;

/**
 * The user is old enough and takes the rules; the camera comes on, to look into before the call.
 *
 * @param {Turn} turn
 * @param {string} rules a digest of them
 */
export function agree(turn, rules) {
  if (!rules) return; // there were none to read
  turn.set({ agreedTo: rules });
  devices.preview(turn);
}

/** @param {Turn} turn */
export function start(turn) {
  const { state } = turn;
  if (state.isStarted || !state.settings.agreedTo) return;
  trial.drop(turn);
  if (state.socket === "closed") turn.order({ do: "connect" });
  Object.assign(state, { isStarted: true, isTrialShown: false, notice: null });
  // Who starts in spite of a problem goes without what has it.
  state.hasBegun = devices.hasProblem(state);
  devices.openWanted(turn);
}

/**
 * Begin to look for a partner as soon as all that it takes is there.
 *
 * @param {Turn} turn
 */
export function goOn(turn) {
  const { state } = turn;
  if (!state.isStarted || devices.isAsking(state)) return;
  state.hasBegun = true;
  if (!state.server || trial.isRunning(state)) return;
  const isIdle = state.search === "none" && !state.partner && !state.isResting;
  if ((state.isTextOnly || state.mode === "text") && isIdle) search.ask(turn, "find_partner");
  if (state.mode === "text") return;
  if (state.linked || state.dueMs.relink !== undefined || !(isIdle || state.isTextOnly)) return;
  if (turn.isDirect()) return search.ask(turn, "find_partner");
  link.open(turn); // find_partner follows the offer, so that nobody is matched with a dead end
  if (state.partner) picture.meet(turn);
  link.offer(turn, "make_offer");
}

/** @param {Turn} turn */
export function stop(turn) {
  const { state } = turn;
  if (!state.isStarted) return;
  Object.assign(state, { isStarted: false, isResting: false, notice: null, failures: 0 });
  state.isTextOnly = false;
  leaveServer(turn);
  state.begun = "";
  devices.closeAll(turn);
}

// the link

/**
 * The browser can do nothing more with our link: another one in its place may do better.
 *
 * @param {Turn} turn
 */
export function linkUnusable(turn) {
  const { state } = turn;
  const isFirst = turn.nowMs - state.replacedAtMs >= REPLACE_AGAIN_MS;
  const wasOfUse = state.linked && (state.isLinkUp || state.partner !== null) && !state.isTextOnly;
  if (wasOfUse && isFirst && !turn.isDirect()) mend.replace(turn);
  else linkFailed(turn);
}

/** The browser has given up the paths that the link had. @param {Turn} turn */
export function linkBroken(turn) {
  if (turn.state.isTextOnly || !mend.broken(turn)) linkFailed(turn);
}

/**
 * Say so and begin again, but not more often than every few seconds, and ever less often where it
 * fails each time. Who chats meanwhile chats on.
 *
 * @param {Turn} turn
 * @param {string | null} [cause] as the server sees it
 */
export function linkFailed(turn, cause) {
  const { state } = turn;
  if (state.isTextOnly && !state.linked) return; // it was given up here before the server has
  state.cause = cause ?? null;
  if (turn.isDirect()) {
    partner.next(turn);
  } else {
    state.failures += 1;
    if (state.isTextOnly) link.close(turn);
    else leaveServer(turn);
    const soonestAtMs = turn.nowMs + backOffMs(state.failures);
    state.relinkedAtMs = Math.max(soonestAtMs, state.relinkedAtMs + RELINK_MS);
    state.dueMs.relink = state.relinkedAtMs;
  }
  if (state.isTextOnly) return;
  state.notice = { kind: "link_failed", cause: state.cause };
  trial.linkFailed(turn);
}

/** The person does with text meanwhile. @param {Turn} turn */
export function chooseText(turn) {
  const { state } = turn;
  if (!isTextOffered(state)) return;
  Object.assign(state, { isTextOnly: true, notice: null, isChatOpen: true });
  trial.drop(turn);
  if (!state.linked) return;
  leaveServer(turn); // the link that is being tried
  state.relinkedAtMs = turn.nowMs + backOffMs(state.failures);
  state.dueMs.relink = state.relinkedAtMs;
}

/** The person does not wait for the next try. @param {Turn} turn */
export function relink(turn) {
  const { state } = turn;
  trial.interrupt(turn);
  if (state.dueMs.relink === undefined) return;
  state.relinkedAtMs = turn.nowMs;
  turn.stopTimers("relink");
}

/** @param {number} failures in a row */
function backOffMs(failures) {
  if (failures < MAX_QUICK_FAILURES) return 0;
  return Math.min(BACK_OFF_MS * 2 ** (failures - MAX_QUICK_FAILURES), MAX_BACK_OFF_MS);
}

/** The link is up, for the first time or again. @param {Turn} turn */
export function linkRestored(turn) {
  const { state } = turn;
  if (state.linked) Object.assign(state, { failures: 0, isTextOnly: false });
  mend.restored(turn);
}

/** What failed on the former network may work on this one. @param {Turn} turn */
export function networkChanged(turn) {
  turn.state.failures = 0;
  relink(turn);
  mend.networkChanged(turn);
}

/**
 * The relay has lost our link and nothing else: make another one, and keep all that we have.
 *
 * @param {Turn} turn
 */
export function offerAgain(turn) {
  const { state } = turn;
  if (!state.linked || turn.isDirect()) return; // we have stopped meanwhile, or begin anew already
  mend.replace(turn);
}

/**
 * The other side said goodbye. A partner who does is leaving: the server will tell. The relay may have
 * ended the session while our socket was away: that will show, too.
 *
 * @param {Turn} turn
 */
export function linkClosed(turn) {
  if (!turn.isDirect() && turn.state.socket !== "open") mend.gone(turn);
  else if (!turn.isDirect()) linkFailed(turn);
  else if (turn.state.partner) turn.startTimer("media", partner.MEDIA_TIMEOUT_MS);
}

/**
 * Leave partner or queue and close the link; the socket stays.
 *
 * @param {Turn} turn
 */
function leaveServer(turn) {
  const { state } = turn;
  if (state.linked || state.partner || state.search !== "none") turn.send({ type: "stop_chat" });
  forgetServerSide(turn);
}

/**
 * Forget all that the server kept for us.
 *
 * @param {Turn} turn
 */
export function forgetServerSide(turn) {
  trial.interrupt(turn);
  partner.forget(turn);
  const { former, form, news, ban, invitation } = turn.state.dueMs; // these go on whatever the server has of us
  const lasting = Object.entries({ former, form, news, ban, invitation }).filter(([, at]) => at !== undefined);
  const dueMs = Object.fromEntries(lasting);
  Object.assign(turn.state, { search: "none", searchingSinceMs: null, isSlowed: false, dueMs });
  link.close(turn);
}
