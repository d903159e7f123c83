// @ts-check
/**
 * Pictures in the chat: both agree for this call, then one goes part by part, as the other has them. What
 * comes is taken for anything until the browser has decoded it.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("../wire/messages.js").PicturePart} PicturePart
 *
 * @typedef {{ url: string, width: number, height: number }} Picture drawn anew by this page
 * @typedef {object} Exchange
 * @property {boolean} mine we send and take pictures
 * @property {boolean} theirs so do they
 * @property {boolean} isAnswered they have asked, and the person has answered
 * @property {boolean} isDeclined they did not want to when they were asked: they are not asked again
 *
 * @typedef {{ id: string, parts: string[], at: number }} Outgoing `at` the part that is under way
 * @typedef {{ id: string, parts: number, data: string[] }} Arriving
 *
 * @typedef {{ type: "pictures_wanted" } | { type: "pictures_answered", isAgreed: boolean }
 *   | { type: "picture_chosen", file: File, roomId: string }
 *   | { type: "picture_prepared", roomId: string, parts: string[], picture: Picture }
 *   | { type: "picture_unusable", roomId: string }
 *   | { type: "picture_shown", roomId: string, id: string, picture: Picture }
 *   | { type: "picture_unreadable", roomId: string, id: string }} PictureEvent
 *
 * @typedef {{ do: "prepare_picture", roomId: string, file: File }
 *   | { do: "show_picture", roomId: string, id: string, parts: string[] }} PictureCommand
 */
import * as chat from "./chat.js";
import * as partner from "./partner.js";
import { MAX_PICTURE_PARTS, PART_CHARS } from "../wire/messages.js";

/** Of one call, so that nobody fills our memory. */
const MAX_TAKEN = 50;
/** The partner has not said that it has a part. */
const GIVE_UP_MS = 60_000;

/** @param {import("./types.js").Partner | null} partner */
export function isAgreed(partner) {
  return partner !== null && partner.exchange.mine && partner.exchange.theirs;
}

/** The person wants to exchange pictures, or no more. @param {Turn} turn @param {boolean} mine */
export function answer(turn, mine) {
  const { partner: other } = turn.state;
  if (!other || !turn.state.isStarted) return;
  if (mine && other.exchange.isDeclined && !other.exchange.theirs) {
    return turn.notify({ kind: "pictures_declined" });
  }
  change(turn, { mine, isAnswered: other.exchange.theirs || other.exchange.isAnswered });
  turn.send({ type: "pictures", allowed: mine });
  if (!mine) end(turn);
}

/** The partner wants to, or not. What one does not want the other need not offer. @param {Turn} turn @param {boolean} theirs */
export function partnerAnswered(turn, theirs) {
  const { partner: other } = turn.state;
  if (!other) return;
  const { mine: wasMine, theirs: wereTheirs, isDeclined } = other.exchange;
  change(turn, { theirs, isDeclined: !theirs && ((wasMine && !wereTheirs) || isDeclined) });
  if (theirs || !wasMine) return;
  change(turn, { mine: false });
  turn.send({ type: "pictures", allowed: false });
  turn.notify({ kind: wereTheirs ? "pictures_ended" : "pictures_declined" });
  end(turn);
}

// ours

/** @param {Turn} turn @param {File} file @param {string} roomId for whose partner it was chosen */
export function choose(turn, file, roomId) {
  const { partner: other, outgoing } = turn.state;
  if (other?.roomId !== roomId || !isAgreed(other)) return turn.notify({ kind: "picture_unsent" });
  if (outgoing) return turn.notify({ kind: "too_fast" });
  turn.order({ do: "prepare_picture", roomId, file });
  turn.notify({ kind: "picture_prepared" });
}

/** @param {Turn} turn @param {string} roomId */
export function unusable(turn, roomId) {
  if (turn.state.partner?.roomId === roomId) turn.notify({ kind: "picture_unusable" });
}

/** @param {Turn} turn @param {string} roomId @param {string[]} parts @param {Picture} picture */
export function prepared(turn, roomId, parts, picture) {
  const { state } = turn;
  const isMeant = state.partner?.roomId === roomId && isAgreed(state.partner);
  if (!isMeant || state.outgoing) return;
  if (state.notice?.kind === "picture_prepared") state.notice = null;
  state.lastChatId += 1;
  const id = `p${state.lastChatId}`; // not one of a text
  chat.add(turn, { id, mine: true, text: "", fate: chat.fateNow(turn), picture });
  state.outgoing = { id, parts, at: 0 };
  sendPart(turn, state.outgoing);
}

/** @param {Turn} turn @param {Outgoing} outgoing */
function sendPart(turn, { id, parts, at }) {
  turn.startTimer("picture", GIVE_UP_MS);
  turn.send({ type: "picture_part", id, part: at, parts: parts.length, data: parts[at] ?? "" });
}

/** The partner has a part. @param {Turn} turn @param {string} id @param {number} part */
export function partReceived(turn, id, part) {
  const { outgoing } = turn.state;
  if (outgoing?.id !== id || outgoing.at !== part) return;
  const at = part + 1;
  if (at < outgoing.parts.length) {
    turn.state.outgoing = { ...outgoing, at };
    return sendPart(turn, turn.state.outgoing);
  }
  chat.delivered(turn, id);
  endOutgoing(turn);
}

/** It will not be seen. @param {Turn} turn @param {string} id */
export function refused(turn, id) {
  if (turn.state.outgoing?.id !== id) return;
  chat.refused(turn, id);
  endOutgoing(turn);
  turn.notify({ kind: "picture_refused" });
}

/** Nothing was heard of it for too long. @param {Turn} turn */
export function late(turn) {
  if (turn.state.outgoing) refused(turn, turn.state.outgoing.id);
}

// theirs

/** @param {Turn} turn @param {PicturePart} message */
export function hear(turn, { id, part, parts, data }) {
  const { state } = turn;
  if (!state.partner) return;
  const before = part === 0 ? { id, parts, data: [] } : state.arriving;
  const isNext = before?.id === id && before.parts === parts && before.data.length === part;
  const isSound = parts >= 1 && parts <= MAX_PICTURE_PARTS && part < parts && data.length <= PART_CHARS;
  if (!before || !isNext || !isSound || !isAgreed(state.partner) || hasEnough(turn)) return refuse(turn, id);
  state.arriving = { ...before, data: [...before.data, data] };
  if (part + 1 < parts) return turn.send({ type: "picture_received", id, part });
  turn.order({ do: "show_picture", roomId: state.partner.roomId, id, parts: state.arriving.data });
}

/** @param {Turn} turn */
function hasEnough({ state }) {
  return state.chat.filter(({ mine, picture, isFormer }) => picture && !mine && !isFormer).length >= MAX_TAKEN;
}

/** @param {Turn} turn @param {string} id */
function refuse(turn, id) {
  turn.state.arriving = null;
  turn.send({ type: "picture_refused", id });
}

/** It was a picture. @param {Turn} turn @param {string} roomId @param {string} id @param {Picture} picture */
export function shown(turn, roomId, id, picture) {
  if (!isArriving(turn, roomId, id)) return;
  const part = (turn.state.arriving?.parts ?? 1) - 1;
  turn.state.arriving = null;
  chat.add(turn, { id, mine: false, text: "", fate: "delivered", picture });
  chat.countUnread(turn);
  turn.send({ type: "picture_received", id, part });
}

/** It was none. @param {Turn} turn @param {string} roomId @param {string} id */
export function unreadable(turn, roomId, id) {
  if (isArriving(turn, roomId, id)) refuse(turn, id);
}

/** @param {Turn} turn @param {string} roomId @param {string} id */
function isArriving({ state }, roomId, id) {
  return state.partner?.roomId === roomId && state.arriving?.id === id;
}

/** What is under way either way. @param {Turn} turn */
function end(turn) {
  if (turn.state.outgoing) chat.refused(turn, turn.state.outgoing.id);
  endOutgoing(turn);
  turn.state.arriving = null;
}

/** @param {Turn} turn */
function endOutgoing(turn) {
  turn.state.outgoing = null;
  turn.stopTimers("picture");
}

/** @param {Turn} turn @param {Partial<Exchange>} changes */
function change(turn, changes) {
  const { partner: other } = turn.state;
  if (other) partner.change(turn, { exchange: { ...other.exchange, ...changes } });
}
