// @ts-check
/**
 * What the person is told wherever they are: what became of their reports, warnings, and that the server goes.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("../wire/messages.js").Reason} Reason
 * @typedef {import("../wire/messages.js").Outcome} Outcome
 *
 * @typedef {"partner_left" | "partner_disconnected" | "partner_lost" | "no_media" | "link_failed"
 *   | "camera_lost" | "microphone_lost" | "device_replaced" | "escape_again"
 *   | "code_unknown" | "code_over" | "code_used" | "not_sent" | "mode_declined" | "message_refused"
 *   | "repeated_text" | "link_held_back"
 *   | "too_fast" | "pictures_ended" | "picture_prepared"
 *   | "pictures_declined" | "picture_unsent" | "picture_unusable" | "picture_refused"} Mishap said over the video
 *
 * @typedef {"report_received" | "blocked" | "report_late" | "report_refused" | "report_lost"
 *   | "ban_over" | "moved" | "again"} Passing what has been read after a moment
 * @typedef {{ kind: Passing } | { kind: "stays", forMs: number | null }
 *   | { kind: "outcome", outcome: Outcome, reason: Reason, atMs: number }} Tidings
 * @typedef {Tidings & { id: number }} Item
 *
 * @typedef {{ type: "news_closed", id: number } | { type: "warning_taken" }} NewsEvent
 */

const MAX_ITEMS = 5;
const PASSING_MS = 10_000;

/** @param {Turn} turn @param {Tidings} tidings */
export function tell(turn, tidings) {
  const { state } = turn;
  state.lastNewsId += 1;
  state.news = [...state.news, { ...tidings, id: state.lastNewsId }].slice(-MAX_ITEMS);
  if (tidings.kind !== "outcome") turn.startTimer("news", PASSING_MS);
}

/** What passes has been read. @param {Turn} turn */
export function pass(turn) {
  turn.state.news = turn.state.news.filter(({ kind }) => kind === "outcome");
}

/** @param {Turn} turn @param {number} id */
export function close(turn, id) {
  turn.state.news = turn.state.news.filter((item) => item.id !== id);
}
