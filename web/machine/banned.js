// @ts-check
/**
 * Who may not come in: until when, why, the appeal and its answer; and whom the visitor has blocked.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("../wire/visitor.js").Ban} Ban
 * @typedef {import("../wire/visitor.js").Block} Block
 *
 * @typedef {Ban & { endsAtMs: number | null }} Sentence the end also by the machine's clock; null: none
 *
 * @typedef {{ type: "appeal_pressed", text: string }
 *   | { type: "settings_opened" } | { type: "unblock_pressed", id: string }
 *   | import("../wire/visitor.js").VisitorEvent} BannedEvent
 * @typedef {{ do: "look_up_visitor" } | { do: "appeal", words: string }
 *   | { do: "unblock", id: string }} BannedCommand
 */
import * as devices from "./devices.js";
import { clip } from "./draft.js";
import * as news from "./news.js";
import * as session from "./session.js";
import { MAX_WORDS_CHARS } from "../wire/messages.js";

/** An answer to an appeal is waited for. */
const ANSWER_MS = 60_000;
/** An operator may have changed their mind. */
const LOOK_MS = 600_000;
/** Clocks differ, and the server's counts. */
const AGAIN_MS = 5_000;

/** The server has said so. @param {Turn} turn @param {Ban} ban */
export function begin(turn, ban) {
  session.sentAway(turn, "ban");
  devices.closeAll(turn); // who only looks at themselves has them open, too
  turn.state.reportForm = null;
  know(turn, ban);
}

/** @param {Turn} turn @param {Ban} ban */
function know(turn, ban) {
  const endsAtMs = ban.endsInMs === null ? null : turn.nowMs + ban.endsInMs;
  turn.state.ban = { ...ban, endsAtMs };
  waitOn(turn, ban);
}

/** @param {Turn} turn @param {Ban} ban */
function waitOn(turn, { endsInMs, appeal }) {
  const lookMs = appeal && !appeal.outcome ? ANSWER_MS : LOOK_MS;
  turn.startTimer("ban", Math.max(AGAIN_MS, Math.min(lookMs, endsInMs ?? lookMs)));
}

/** It may be over, or the appeal answered. @param {Turn} turn */
export function lookAgain(turn) {
  if (!turn.state.ban) return;
  turn.order({ do: "look_up_visitor" });
  turn.startTimer("ban", ANSWER_MS); // if there is no answer
}

/** @param {Turn} turn @param {Ban | null} ban @param {Block[]} blocks */
export function seen(turn, ban, blocks) {
  const { state } = turn;
  Object.assign(state, { blocks, blocksProblem: false });
  if (!state.ban) return; // whoever is banned now hears of it on the socket
  if (ban) return know(turn, ban);
  over(turn);
  news.tell(turn, { kind: "ban_over" });
  turn.order({ do: "connect" });
}

/** The server has let us in. @param {Turn} turn */
export function over(turn) {
  Object.assign(turn.state, { ban: null, appealing: "none" });
  turn.stopTimers("ban");
}

/** @param {Turn} turn @param {string} text */
export function appeal(turn, text) {
  const { state } = turn;
  const words = clip(text, MAX_WORDS_CHARS);
  if (!state.ban || state.ban.appeal || state.appealing === "sending" || !words) return;
  state.appealing = "sending";
  turn.order({ do: "appeal", words });
}

/** @param {Turn} turn @param {NonNullable<Ban["appeal"]>} appeal */
export function appealed(turn, appeal) {
  const { state } = turn;
  state.appealing = "none";
  if (!state.ban) return;
  state.ban = { ...state.ban, appeal };
  turn.startTimer("ban", ANSWER_MS);
}

/** It has not arrived, or there is one already, or no ban any more. @param {Turn} turn @param {number | null} status */
export function unappealed(turn, status) {
  turn.state.appealing = "failed";
  if (status === 404 || status === 409) turn.order({ do: "look_up_visitor" });
}

// whom the visitor never meets

/** @param {Turn} turn */
export function lookAtBlocks(turn) {
  turn.order({ do: "look_up_visitor" });
}

/** @param {Turn} turn @param {string} id */
export function unblock(turn, id) {
  turn.state.blocksProblem = false;
  turn.order({ do: "unblock", id });
}

/** @param {Turn} turn @param {string} id */
export function unblocked(turn, id) {
  turn.state.blocks = turn.state.blocks.filter((block) => block.id !== id);
}

/** @param {Turn} turn */
export function stillBlocked(turn) {
  turn.state.blocksProblem = true;
}
