// @ts-check
/**
 * What is shown over the partner's picture for a moment: one's own, and theirs.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("../wire/messages.js").ReactionName} ReactionName
 * @typedef {{ serial: number, name: ReactionName, mine: boolean }} Reaction
 */

/** So many in so long: less than the server passes on, so that both see the same. */
const BURST = 4;
const BURST_MS = 5_000;
const MAX_SHOWN = 12;

/** @param {Turn} turn @param {ReactionName} name */
export function react(turn, name) {
  const { state, nowMs } = turn;
  if (!state.partner || !state.isStarted) return;
  const lately = state.reactedAtMs.filter((atMs) => nowMs - atMs < BURST_MS);
  if (lately.length >= BURST || state.socket !== "open") return;
  state.reactedAtMs = [...lately, nowMs];
  show(turn, name, true);
  turn.send({ type: "reaction", name });
}

/** @param {Turn} turn @param {ReactionName} name */
export function hear(turn, name) {
  if (turn.state.partner) show(turn, name, false);
}

/** @param {Turn} turn @param {ReactionName} name @param {boolean} mine */
function show({ state }, name, mine) {
  const serial = (state.reactions.at(-1)?.serial ?? 0) + 1;
  state.reactions = [...state.reactions, { serial, name, mine }].slice(-MAX_SHOWN);
}
