// @ts-check
/**
 * The session with the server: lost with its socket for a while, gone on with, or begun anew; and a
 * page that is left in a conversation and comes back to it.
 *
 * As long as the session may go on nothing of it is forgotten: the media does not go over the socket,
 * and what is said meanwhile waits in the wire. Whether it does go on the server alone knows, by a clock of
 * its own; here nothing is counted.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("./types.js").State} State
 */
import * as chat from "./chat.js";
import * as complaint from "./complaint.js";
import * as devices from "./devices.js";
import * as link from "./link.js";
import * as mend from "./mend.js";
import * as news from "./news.js";
import * as partner from "./partner.js";
import * as picture from "./picture.js";
import * as search from "./search.js";
import { isMending, isReturnAsked } from "./state.js";
import * as trial from "./trial.js";
import * as visit from "./visit.js";

/** So long the partner waits for a person who has to say whether they return. */
const RETURN_MS = 10_000;
/** What takes no longer is not worth a word. */
const WORK_MS = 1_000;

/** @param {Turn} turn */
export function connecting(turn) {
  const { state } = turn;
  if (state.socket !== "lost") state.socket = "connecting";
  state.retryAtMs = null;
  workDone(turn);
}

/** The server wants a proof of work first. @param {Turn} turn */
export function working(turn) {
  turn.startTimer("work", WORK_MS);
}

/** @param {Turn} turn */
function workDone(turn) {
  turn.state.isWorking = false;
  turn.stopTimers("work");
}

/**
 * The socket is lost, and will most likely be back before anybody has to know.
 *
 * @param {Turn} turn
 */
export function away(turn) {
  const { state } = turn;
  if (state.socket === "lost") state.retryAtMs = null; // who has been told hears of it until it is over
  else state.socket = "away";
  trial.interrupt(turn);
  turn.stopTimers("reply");
}

/**
 * It is lost for longer, or for good.
 *
 * @param {Turn} turn
 * @param {{ retryAtMs: number, isResumable: boolean, why?: NonNullable<State["refusal"]> }} how `why` the
 *   server has not let us in, where it has said so
 */
export function lost(turn, { retryAtMs, isResumable, why }) {
  const { state } = turn;
  Object.assign(state, { socket: "lost", retryAtMs, refusal: why ?? null });
  trial.interrupt(turn);
  workDone(turn);
  turn.stopTimers("reply");
  if (!isResumable) end(turn);
}

/** @param {Turn} turn */
export function tryNow(turn) {
  const { state } = turn;
  if (state.socket === "lost") turn.order({ do: "renew" });
  else if (isMending(state)) mend.hurry(turn);
  else visit.relink(turn);
}

/**
 * The server has greeted a new user: whatever was before is over.
 *
 * @param {Turn} turn
 * @param {import("../wire/messages.js").Connected} server
 */
export function begun(turn, server) {
  const { state } = turn;
  const hadPartner = state.partner !== null && state.isStarted;
  const lastWords = state.chat;
  if (state.server) end(turn);
  Object.assign(state, { socket: "open", server, returning: null, isMoving: false });
  if (!hadPartner) return;
  state.chat = lastWords;
  chat.lost(turn);
  turn.notify({ kind: "partner_lost" });
}

/**
 * We are at another server, and have left the one that is about to go: there was a partner there perhaps,
 * and no link of ours leads here. What is ours goes on: the devices, the settings, the search.
 *
 * @param {Turn} turn
 * @param {import("../wire/messages.js").Connected} server
 */
export function moved(turn, server) {
  const { state } = turn;
  const hadPartner = state.partner !== null && state.isStarted;
  const lastWords = state.chat;
  end(turn);
  const open = { socket: "open", server, returning: null, retryAtMs: null, refusal: null };
  Object.assign(state, open);
  if (!hadPartner) return;
  state.chat = lastWords;
  chat.lost(turn);
  state.isResting ||= !state.settings.searchesOn;
  news.tell(turn, { kind: "moved" });
}

/**
 * The former session goes on. What was missed follows, message by message.
 *
 * @param {Turn} turn
 * @param {object} session
 * @param {string} session.state where the user is by now, as the server says
 * @param {string | null} session.roomId
 * @param {NonNullable<State["server"]>} session.server what it says of itself
 */
export function resumed(turn, { state: where, roomId, server }) {
  const { state } = turn;
  Object.assign(state, { socket: "open", server, retryAtMs: null, refusal: null });
  chat.sent(turn);
  if (state.search === "asked" && state.dueMs.retry === undefined) search.awaitReply(turn);
  if (state.returning) comeBack(turn, where, roomId ?? "");
  mend.resumed(turn);
}

/**
 * The connection was ended for good: only the user's own Start begins another.
 *
 * @param {Turn} turn
 * @param {State["closedBy"]} by
 */
export function sentAway(turn, by) {
  visit.stop(turn);
  workDone(turn);
  end(turn);
  Object.assign(turn.state, { socket: "closed", closedBy: by, returning: null });
}

/** Forget all that the server knew of us. @param {Turn} turn */
function end(turn) {
  const { state } = turn;
  Object.assign(state, { server: null, online: null, notice: null, unanswered: 0 });
  Object.assign(state, { isMoving: false, leaveAtMs: null });
  visit.forgetServerSide(turn);
  complaint.lost(turn);
}

// a page that is left, and comes back

/**
 * The page goes away: for good, or to be loaded again, or into the browser's cache; no browser says which.
 * Who is in a conversation is waited for a moment, unless nobody saw the page, as when it is closed
 * on a phone: people load again what they look at. Otherwise nobody has to wait.
 *
 * @param {Turn} turn
 */
export function leavePage(turn) {
  const { state } = turn;
  trial.hide(turn);
  const { partner: other } = state;
  if (other && !turn.isDirect() && !state.isHidden) {
    const { sharedInterests, media, mode } = other;
    const { lastChatId } = state;
    turn.order({ do: "leave_for_now", kept: { sharedInterests, media, lastChatId, mode } });
    Object.assign(state, { isStarted: false, isResting: false, begun: "", socket: "connecting" });
    end(turn);
  } else {
    visit.stop(turn);
    turn.order({ do: "disconnect" });
  }
  Object.assign(state, { returning: null, isMoving: false });
  devices.closeAll(turn);
}

/** There was a page here that was left in a conversation. @param {Turn} turn @param {State["returning"]} kept */
export function found(turn, kept) {
  turn.state.returning = kept;
}

/**
 * The partner of the former page still waits. The link comes up while the person makes up their mind, but
 * nothing is sent on it, and nothing of the partner is shown: a camera goes on, and a stranger is seen,
 * only when somebody wants it.
 *
 * @param {Turn} turn
 * @param {string} where
 * @param {string} roomId
 */
function comeBack(turn, where, roomId) {
  const { state } = turn;
  if (!state.returning) return;
  const isMet = where === "matched" || where === "in_call";
  if (!isMet || state.isStarted) return decline(turn); // who has pressed Start wants somebody else
  const { sharedInterests, media, lastChatId, mode = "video" } = state.returning;
  state.lastChatId = lastChatId;
  // What the two pages have said of being seen went with the former one: our own Show is enough.
  const known = { roomId, sharedInterests, isReady: true, mode };
  state.partner = { ...partner.somebody(turn, known), media, hasCome: mode === "text" };
  state.mode = mode;
  turn.startTimer("return", RETURN_MS);
  if (mode === "text") return;
  link.open(turn);
  link.offer(turn, "make_offer");
}

/** The person goes on with the conversation. @param {Turn} turn */
export function takeUp(turn) {
  const { state } = turn;
  if (!isReturnAsked(state)) return;
  turn.stopTimers("return");
  Object.assign(state, { returning: null, isStarted: true, notice: null });
  state.partnersMet += 1;
  chat.shown(turn);
  turn.send({ type: "pictures", allowed: false }); // what was agreed went with the former page
  picture.meet(turn);
  if (state.mode !== "text") turn.startTimer("media", partner.MEDIA_TIMEOUT_MS);
  devices.openWanted(turn);
}

/** The person does not, or does not say so in time. @param {Turn} turn */
export function decline(turn) {
  const { state } = turn;
  if (!state.returning) return;
  state.returning = null;
  turn.send({ type: "stop_chat" });
  visit.forgetServerSide(turn);
}
