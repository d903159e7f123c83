// @ts-check
/**
 * Reporting or blocking the partner, or the one before. The form holds on to the room for which it was
 * opened: whoever comes meanwhile is not the one who is meant.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("./types.js").State} State
 * @typedef {import("../wire/messages.js").Reason} Reason
 *
 * @typedef {object} ReportForm
 * @property {string} roomId whose partner is meant
 * @property {string | null} presentId the room that there was when it was opened
 * @property {string | null} formerId the one before, if that can be meant, too
 *
 * @typedef {{ type: "report_opened" } | { type: "report_closed" }
 *   | { type: "report_meant", roomId: string }
 *   | { type: "report_pressed", reason: Reason, words: string } | { type: "block_pressed" }} ComplaintEvent
 */
import { clip } from "./draft.js";
import * as former from "./former.js";
import * as news from "./news.js";
import * as partner from "./partner.js";
import * as search from "./search.js";
import * as tryst from "./tryst.js";
import { MAX_WORDS_CHARS } from "../wire/messages.js";

/** What the server says of a report or a block that it does not take. */
const REFUSED = new Set(["nobody_to_report", "cannot_report_yourself", "rate_limited"]);

/**
 * Whom a report would be about.
 *
 * @param {Pick<State, "isStarted" | "partner" | "formerRoomId" | "socket">} state
 * @returns {Pick<ReportForm, "presentId" | "formerId">}
 */
export function reportable({ isStarted, partner: present, formerRoomId, socket }) {
  const presentId = isStarted ? present?.roomId ?? null : null;
  return { presentId, formerId: socket === "closed" ? null : formerRoomId };
}

/** @param {Turn} turn */
export function open(turn) {
  const { presentId, formerId } = reportable(turn.state);
  const roomId = presentId ?? formerId;
  if (roomId === null || turn.state.reportForm) return;
  turn.state.reportForm = { roomId, presentId, formerId };
}

/** @param {Turn} turn */
export function close(turn) {
  turn.state.reportForm = null;
  turn.stopTimers("form");
}

/** Which of the two is meant. @param {Turn} turn @param {string} roomId */
export function mean(turn, roomId) {
  const form = turn.state.reportForm;
  if (!form || (roomId !== form.presentId && roomId !== form.formerId)) return;
  turn.state.reportForm = { ...form, roomId };
}

/** @param {Turn} turn @param {Reason} reason @param {string} text */
export function report(turn, reason, text) {
  const form = turn.state.reportForm;
  if (!form) return;
  const words = clip(text, MAX_WORDS_CHARS);
  const { roomId } = form;
  turn.send(words ? { type: "report", reason, words, roomId } : { type: "report", reason, roomId });
  part(turn, roomId);
}

/** Never again, and nobody has to look into it. @param {Turn} turn */
export function block(turn) {
  const form = turn.state.reportForm;
  if (!form) return;
  turn.send({ type: "block", roomId: form.roomId });
  part(turn, form.roomId);
}

/** Leave them, if they are still there, and look for somebody else. @param {Turn} turn @param {string} roomId */
function part(turn, roomId) {
  const { state } = turn;
  close(turn);
  state.isComplaining = true;
  if (state.partner?.roomId === roomId) {
    state.notice = null;
    partner.leave(turn);
    state.isResting = false;
    search.ask(turn, "next_partner"); // which leaves them even if the server does not take the report
  }
  if (state.formerRoomId === roomId) former.forget(turn);
  tryst.callOff(turn, roomId);
}

/** @param {Turn} turn @param {"report_received" | "blocked"} how */
export function arrived(turn, how) {
  turn.state.isComplaining = false;
  news.tell(turn, { kind: how });
}

/**
 * The server has not taken it.
 *
 * @param {Turn} turn
 * @param {string} code
 * @returns {boolean} whether that was all that the error was about
 */
export function refused(turn, code) {
  if (!turn.state.isComplaining || !REFUSED.has(code)) return false;
  turn.state.isComplaining = false;
  news.tell(turn, { kind: "report_refused" });
  return code !== "rate_limited"; // which may have been about the search, too
}

/** The session is over, and with it whom the server could have known. @param {Turn} turn */
export function lost(turn) {
  former.forget(turn);
  if (turn.state.isComplaining) unsent(turn);
}

/** It will not be sent, or nobody knows whether it was. @param {Turn} turn */
export function unsent(turn) {
  turn.state.isComplaining = false;
  news.tell(turn, { kind: "report_lost" });
}

/** The one before can be reported no longer. @param {Turn} turn */
export function formerForgotten(turn) {
  const form = turn.state.reportForm;
  const { formerRoomId } = turn.state;
  former.forget(turn);
  if (!form || form.formerId === null || form.formerId !== formerRoomId) return;
  if (form.roomId === form.formerId) return late(turn);
  turn.state.reportForm = { ...form, formerId: null };
}

/** Whom the form was opened for has been gone for too long. @param {Turn} turn */
export function late(turn) {
  close(turn);
  news.tell(turn, { kind: "report_late" });
}
