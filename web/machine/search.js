// @ts-check
/**
 * Start and Stop, and looking for a partner on a server that may be away.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("./state.js").State} State
 */
import * as devices from "./devices.js";
import * as link from "./link.js";
import * as partner from "./partner.js";
import { MAX_INTERESTS, MAX_INTEREST_CHARS } from "../wire/messages.js";

const REPLY_TIMEOUT_MS = 10_000;
const RETRY_MS = 3_000;

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
  if (state.wanted || !state.settings.agreedTo) return;
  if (state.socket === "closed") turn.order({ do: "connect" });
  Object.assign(state, { wanted: true, notice: null, isResting: false });
  // Who starts in spite of a problem goes without what has it.
  state.hasBegun = devices.hasProblem(state);
  devices.openWanted(turn);
  devices.settle(turn);
}

/** @param {Turn} turn */
export function stop(turn) {
  const { state } = turn;
  if (!state.wanted) return;
  Object.assign(state, { wanted: false, isResting: false, notice: null });
  leaveServer(turn);
  Object.assign(state, { chat: [], begun: "" });
  devices.closeAll(turn);
}

/**
 * The page goes away, perhaps to come back from the browser's cache: nobody may wait for it.
 *
 * @param {Turn} turn
 */
export function leave(turn) {
  stop(turn);
  devices.closeAll(turn);
  turn.order({ do: "disconnect" });
}

/** @param {Turn} turn @param {string} text */
export function addInterest(turn, text) {
  const { interests } = turn.state.settings;
  const tag = shorten(text);
  const isKnown = interests.some((known) => known.toLowerCase() === tag.toLowerCase());
  if (!tag || isKnown || interests.length >= MAX_INTERESTS) return;
  turn.set({ interests: [...interests, tag] });
}

/** @param {Turn} turn @param {string} text */
export function removeInterest(turn, text) {
  turn.set({ interests: turn.state.settings.interests.filter((known) => known !== text) });
}

/** @param {string} text */
function shorten(text) {
  const plain = text.replace(/\s+/g, " ").trim();
  return [...plain].slice(0, MAX_INTEREST_CHARS).join("").trim();
}

// the connection to the server

/** @param {Turn} turn */
export function connecting(turn) {
  turn.state.socket = "connecting";
  turn.state.retryAtMs = null;
}

/**
 * @param {Turn} turn
 * @param {number} retryAtMs
 * @param {State["refusal"]} refusal why the server has not let us in, where it has said so
 */
export function wireLost(turn, retryAtMs, refusal = null) {
  const { state } = turn;
  Object.assign(state, { socket: "lost", retryAtMs, refusal });
  Object.assign(state, { server: null, online: null, notice: null });
  state.unanswered = 0;
  forgetServerSide(turn);
}

/**
 * An operator has ended the connection: only the user's own Start begins another.
 *
 * @param {Turn} turn
 */
export function sentAway(turn) {
  stop(turn);
  Object.assign(turn.state, { socket: "closed", server: null, online: null });
}

/** @param {Turn} turn @param {import("../wire/messages.js").Connected} server */
export function connected(turn, server) {
  turn.state.socket = "open";
  turn.state.server = server;
  goOn(turn);
}

/**
 * Begin to look for a partner as soon as all that it takes is there.
 *
 * @param {Turn} turn
 */
export function goOn(turn) {
  const { wanted, server, linked, partner: present, isResting, dueMs, ...state } = turn.state;
  if (!wanted || !server || linked || present || isResting || devices.isAsking(turn.state)) return;
  if (state.search !== "none" || dueMs.relink !== undefined) return;
  if (turn.isDirect()) return search(turn, "find_partner");
  link.open(turn); // find_partner follows the offer, so that nobody is matched with a dead end
  turn.order({ do: "make_offer" });
}

/** @param {Turn} turn @param {"find_partner" | "next_partner"} type */
export function search(turn, type) {
  const { state } = turn;
  turn.send({ type, interests: state.settings.interests });
  if (state.search === "none") state.searchingSinceMs = turn.nowMs;
  state.search = "asked";
  state.isResting = false;
  turn.stopTimers("retry");
  turn.startTimer("reply", REPLY_TIMEOUT_MS);
}

/** @param {Turn} turn */
export function endSearch(turn) {
  turn.state.search = "none";
  turn.state.searchingSinceMs = null;
  turn.stopTimers("retry", "reply");
}

/** @param {Turn} turn @param {number | null} online */
export function waiting(turn, online) {
  const { state } = turn;
  if (state.search === "none" && !state.partner) return; // we have stopped meanwhile
  if (state.partner) partner.leave(turn);
  const sinceMs = state.searchingSinceMs ?? turn.nowMs;
  endSearch(turn);
  Object.assign(state, { search: "waiting", searchingSinceMs: sinceMs, online });
}

/**
 * The server could not do it; whoever was to be searched for is asked for again.
 *
 * @param {Turn} turn
 * @param {number | null} retryAfterMs
 */
export function refused(turn, retryAfterMs) {
  if (turn.state.search !== "asked") return;
  turn.stopTimers("reply");
  turn.startTimer("retry", retryAfterMs ?? RETRY_MS);
}

/**
 * Leave partner or queue and close the link; the socket stays.
 *
 * @param {Turn} turn
 */
export function leaveServer(turn) {
  const { linked, search: searching, partner: present } = turn.state;
  if (linked || present || searching !== "none") turn.send({ type: "stop_chat" });
  forgetServerSide(turn);
}

/**
 * Forget all that the server kept for us.
 *
 * @param {Turn} turn
 */
function forgetServerSide(turn) {
  partner.forget(turn);
  Object.assign(turn.state, { search: "none", searchingSinceMs: null, dueMs: {} });
  link.close(turn);
}
