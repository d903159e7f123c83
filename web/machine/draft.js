// @ts-check
/**
 * What is being written, and to whom. Words begun for one partner are set aside when they go, and
 * offered; and fingers that are still at them when somebody else comes send nothing, until they rest
 * or the user clicks.
 *
 * @typedef {import("./turn.js").Turn} Turn
 */
import { MAX_CHAT_CHARS } from "../wire/messages.js";

/** Whoever has touched no key for so long has seen who is there. */
const REST_MS = 1_500;
/** Halves of characters, as cutting leaves them; the server takes none. */
const LONE_SURROGATES = /\p{Surrogate}/gu;

/** What a person has written, as the server takes it. @param {string} text @param {number} maxChars */
export function clip(text, maxChars) {
  return text.trim().slice(0, maxChars).replace(LONE_SURROGATES, "");
}

/** A key was struck in the field, whether it takes it or not. @param {Turn} turn */
export function struck(turn) {
  turn.state.struckAtMs = turn.nowMs;
  if (isHeld(turn)) hold(turn);
}

/** @param {Turn} turn */
export function meet(turn) {
  if (turn.nowMs - turn.state.struckAtMs < REST_MS) hold(turn);
}

/** The partner goes: what was begun for them is nobody else's. @param {Turn} turn */
export function setAside(turn) {
  const { state } = turn;
  if (state.draft.trim()) state.begun = state.draft;
  state.draft = "";
  turn.stopTimers("held");
}

/** The user wants to send what they see, to whom they see. @param {Turn} turn */
export function release(turn) {
  turn.state.struckAtMs = -Infinity;
  turn.stopTimers("held");
}

/** Back into the field with what was set aside. @param {Turn} turn */
export function takeBack(turn) {
  const { state } = turn;
  if (!state.partner) return;
  state.draft = [state.begun, state.draft].filter(Boolean).join(" ").slice(0, MAX_CHAT_CHARS);
  state.begun = "";
  release(turn);
}

/** @param {Turn} turn */
export function isHeld({ state }) {
  return state.dueMs.held !== undefined;
}

/** @param {Turn} turn */
function hold(turn) {
  turn.startTimer("held", REST_MS);
}
