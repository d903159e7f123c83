// @ts-check
/**
 * To another server, since this one is about to go: the new session is opened before this one is left.
 * Until then a conversation goes on here, and who looks for somebody waits for the other server; where there is
 * none, it goes on here as long as it may.
 *
 * @typedef {import("./turn.js").Turn} Turn
 */
import * as news from "./news.js";
import * as search from "./search.js";

/** The server says so. @param {Turn} turn @param {number | null} withinMs when it goes, if it says that */
export function leave(turn, withinMs) {
  const { state } = turn;
  state.leaveAtMs = withinMs === null ? null : turn.nowMs + withinMs;
  if (state.search !== "none") {
    Object.assign(state, { search: "asked", isSlowed: false });
    turn.stopTimers("reply", "retry", "slowed"); // this was the reply
  }
  if (state.isMoving) return;
  state.isMoving = true;
  turn.order({ do: "move" });
}

/** No other server takes us. @param {Turn} turn */
export function stay(turn) {
  const { state } = turn;
  if (!state.isMoving) return;
  state.isMoving = false;
  if (state.search !== "none") search.ask(turn, "find_partner", true);
  if (!state.isStarted) return;
  state.news = state.news.filter(({ kind }) => kind !== "stays");
  const forMs = state.leaveAtMs === null ? null : Math.max(0, state.leaveAtMs - turn.nowMs);
  news.tell(turn, { kind: "stays", forMs });
}
