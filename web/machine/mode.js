// @ts-check
/**
 * How two talk: by video, by voice or in writing. One's own choice says whom one meets; in a call the
 * two may agree on another way, and only both together.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("./types.js").State} State
 * @typedef {import("../wire/messages.js").Mode} Mode
 *
 * @typedef {{ type: "mode_chosen", mode: Mode } | { type: "mode_wanted", mode: Mode }
 *   | { type: "mode_answered", accept: boolean }} ModeEvent
 */
import * as devices from "./devices.js";
import * as link from "./link.js";
import * as partner from "./partner.js";
import * as picture from "./picture.js";
import { modeNow } from "./state.js";

/** Whoever has not answered by then would rather not. */
const ANSWER_MS = 30_000;
/** The partner's page answers in time; what others do is not known. */
const PATIENCE_MS = 40_000;

/** Before the call. @param {Turn} turn @param {Mode} mode */
export function choose(turn, mode) {
  if (!turn.state.isStarted) turn.set({ mode });
}

/** In the call: the partner is asked. @param {Turn} turn @param {Mode} mode */
export function want(turn, mode) {
  const other = turn.state.partner;
  if (!other || other.asked || other.mode === mode || turn.isDirect()) return;
  partner.change(turn, { asked: { mode, isMine: true } });
  turn.startTimer("question", PATIENCE_MS);
  turn.send({ type: "ask_mode", mode });
}

/** The partner asks; of two questions that cross theirs counts, as the server says. @param {Turn} turn @param {Mode} mode */
export function asked(turn, mode) {
  partner.change(turn, { asked: { mode, isMine: false } });
  turn.startTimer("question", ANSWER_MS);
}

/** There is no answer. @param {Turn} turn */
export function late(turn) {
  if (turn.state.partner?.asked?.isMine) declined(turn);
  else answer(turn, false);
}

/** @param {Turn} turn @param {boolean} accept */
export function answer(turn, accept) {
  const question = turn.state.partner?.asked;
  if (!question || question.isMine) return;
  if (!accept) partner.change(turn, { asked: null });
  turn.send({ type: "answer_mode", mode: question.mode, accept });
}

/** @param {Turn} turn */
export function declined(turn) {
  if (!turn.state.partner?.asked?.isMine) return;
  partner.change(turn, { asked: null });
  turn.notify({ kind: "mode_declined" });
}

/** What was asked last was not passed on. @param {Turn} turn */
export function unasked(turn) {
  if (turn.state.partner?.asked?.isMine) partner.change(turn, { asked: null });
}

/** @param {Turn} turn @param {Mode} mode */
export function changed(turn, mode) {
  partner.change(turn, { mode, asked: null, hasCome: true });
  turn.stopTimers("media");
  if (mode === "text") turn.state.isChatOpen = true;
}

/**
 * What is not needed for the way that it is now is closed, and what is needed is opened.
 *
 * @param {Turn} turn
 */
export function settle(turn) {
  const { state } = turn;
  const mode = modeNow(state);
  if (mode === state.mode) return;
  state.mode = mode;
  devices.fit(turn);
  if (mode === "text") {
    if (state.linked && !state.isTextOnly) link.close(turn);
    if (state.isStarted) state.isChatOpen = true;
  } else if (state.partner && !state.linked && !state.isTextOnly) {
    link.open(turn);
    picture.meet(turn);
    link.offer(turn, "make_offer");
  }
}
