// @ts-check
/**
 * The chat with the present partner: lines, who is typing, what was delivered, what is unread.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("./types.js").ChatLine} ChatLine
 *
 * @typedef {{ type: "text_changed", text: string } | { type: "chat_entered", text: string }
 *   | { type: "key_struck" } | { type: "field_pressed" }
 *   | { type: "begun_taken" } | { type: "begun_dropped" }
 *   | { type: "chat_toggled" } | { type: "chat_repeated", id: string }
 *   | { type: "translation_wanted", id: string, language: string }
 *   | { type: "translated", id: string, text: string | null }} ChatEvent
 */
import * as draft from "./draft.js";
import * as partner from "./partner.js";
import { MAX_CHAT_CHARS } from "../wire/messages.js";

const MAX_LINES = 500;
/** Who has not touched a key for so long is not typing. */
const TYPING_MS = 3_000;
/** If the end of it gets lost. */
const PARTNER_TYPING_MS = 15_000;

/** @param {Turn} turn @param {string} text */
export function say(turn, text) {
  const trimmed = draft.clip(text, MAX_CHAT_CHARS);
  const { state } = turn;
  if (!state.partner || !trimmed) return;
  if (draft.isHeld(turn)) return turn.notify({ kind: "not_sent" });
  state.draft = "";
  draft.release(turn);
  // The message itself tells the partner that the typing has ended.
  state.isTyping = false;
  turn.stopTimers("typed");
  state.lastChatId += 1;
  const id = String(state.lastChatId);
  add(turn, { id, mine: true, text: trimmed, fate: fateNow(turn) });
  turn.send({ type: "chat_message", text: trimmed, id });
}

/** Of what is said now. @param {Turn} turn */
export function fateNow({ state }) {
  return state.socket === "open" ? "sent" : "waiting";
}

/**
 * Say once more what the server has refused.
 *
 * @param {Turn} turn
 * @param {string} id
 */
export function repeat(turn, id) {
  const { state } = turn;
  const line = state.chat.find((known) => known.id === id && known.fate === "refused");
  if (!line || line.isFormer || line.picture || !state.partner) return;
  settle(turn, fateNow(turn), (known) => known === line);
  turn.send({ type: "chat_message", text: line.text, id });
}

/**
 * A line will not reach the partner.
 *
 * @param {Turn} turn
 * @param {string} id
 */
export function refused(turn, id) {
  settle(turn, "refused", (line) => line.mine && line.id === id);
}

/** The server has kept one back, and so the end of the typing with it. @param {Turn} turn @param {string} id */
export function notPassedOn(turn, id) {
  refused(turn, id);
  if (turn.state.partner && !turn.state.isTyping) turn.send({ type: "typing", active: false });
}

/** What has waited for a socket has gone out. @param {Turn} turn */
export function sent(turn) {
  settle(turn, "sent", ({ fate }) => fate === "waiting");
}

/** The session is gone, and what has waited for it. @param {Turn} turn */
export function lost(turn) {
  settle(turn, "refused", ({ fate }) => fate === "waiting");
}

/** @param {Turn} turn @param {ChatLine["fate"]} fate @param {(line: ChatLine) => boolean} isMeant */
function settle(turn, fate, isMeant) {
  if (!turn.state.chat.some(isMeant)) return;
  turn.state.chat = turn.state.chat.map((line) => (isMeant(line) ? { ...line, fate } : line));
}

/** @param {Turn} turn @param {import("../wire/messages.js").ChatMessage} message */
export function hear(turn, { id, text }) {
  const { state } = turn;
  if (!state.partner) return;
  partner.change(turn, { isTyping: false });
  turn.stopTimers("partnerTyped");
  add(turn, { id, mine: false, text, fate: "delivered" });
  if (state.isStarted) turn.send({ type: "chat_received", id });
  countUnread(turn);
}

/** Something has come. @param {Turn} turn */
export function countUnread({ state }) {
  if (state.isHidden || !state.isChatOpen) state.unread += 1;
}

/** The browser may know what a line means. @param {Turn} turn @param {string} id @param {string} language */
export function wantTranslation(turn, id, language) {
  const line = turn.state.chat.find((known) => known.id === id && !known.mine && !known.isFormer);
  if (!line?.text || (line.translation && line.translation.status !== "failed")) return;
  translate(turn, id, { status: "pending", text: "" });
  turn.order({ do: "translate", id, text: line.text, language });
}

/** @param {Turn} turn @param {string} id @param {string | null} text */
export function translated(turn, id, text) {
  translate(turn, id, text === null ? { status: "failed", text: "" } : { status: "done", text });
}

/** @param {Turn} turn @param {string} id @param {NonNullable<ChatLine["translation"]>} translation */
function translate({ state }, id, translation) {
  const isMeant = (/** @type {ChatLine} */ line) => line.id === id && !line.mine && !line.isFormer;
  state.chat = state.chat.map((line) => (isMeant(line) ? { ...line, translation } : line));
}

/** What came while the person was not here is shown now. @param {Turn} turn */
export function shown(turn) {
  for (const { id, mine } of turn.state.chat) if (!mine) turn.send({ type: "chat_received", id });
}

/** @param {Turn} turn @param {ChatLine} line */
export function add(turn, line) {
  turn.state.chat = [...turn.state.chat, line].slice(-MAX_LINES);
}

/** @param {Turn} turn @param {string} id */
export function delivered(turn, id) {
  settle(turn, "delivered", (line) => line.mine && line.id === id);
}

/** @param {Turn} turn @param {string} text what stands in the field now */
export function textChanged(turn, text) {
  const { state } = turn;
  if (!state.partner) return;
  state.draft = text;
  draft.struck(turn);
  if (draft.isHeld(turn)) return;
  if (!text.trim()) return stopTyping(turn);
  turn.startTimer("typed", TYPING_MS);
  if (state.isTyping) return;
  state.isTyping = true;
  turn.send({ type: "typing", active: true });
}

/** @param {Turn} turn */
export function stopTyping(turn) {
  if (!turn.state.isTyping) return;
  turn.state.isTyping = false;
  turn.stopTimers("typed");
  turn.send({ type: "typing", active: false });
}

/** @param {Turn} turn @param {boolean} active */
export function partnerTyping(turn, active) {
  partner.change(turn, { isTyping: active });
  if (active && turn.state.partner) turn.startTimer("partnerTyped", PARTNER_TYPING_MS);
  else turn.stopTimers("partnerTyped");
}

/** @param {Turn} turn */
export function toggle(turn) {
  turn.state.isChatOpen = !turn.state.isChatOpen;
  markRead(turn);
}

/** @param {Turn} turn */
export function pageShown(turn) {
  turn.state.isHidden = false;
  markRead(turn);
}

/** @param {Turn} turn */
function markRead(turn) {
  if (turn.state.isChatOpen && !turn.state.isHidden) turn.state.unread = 0;
}
