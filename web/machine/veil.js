// @ts-check
/**
 * Whether the partner's picture is blurred: until both want to see and to be seen, for a moment, or because
 * the server thinks that it had better be. The sound is never held back.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("./types.js").State} State
 * @typedef {import("../wire/messages.js").Reason} Reason
 *
 * @typedef {"off" | "both" | "brief"} Blur of each new partner: "both" until both have pressed Show,
 *   "brief" for some seconds
 *
 * @typedef {object} Veil
 * @property {Blur} blur as it was chosen when they were met
 * @property {boolean} hasShown Show was pressed, or the time is over, and the server knows
 * @property {boolean} isReady they have said the same, or their page takes no part
 * @property {Reason | null} why the server takes the picture for that
 * @property {boolean} isOverruled the person has wanted to see it all the same
 */

/** From the first picture on. */
const BRIEF_MS = 3_000;

/** @type {readonly Blur[]} */
export const BLURS = ["off", "both", "brief"];

/**
 * What holds for the next partner: what the person has chosen, else what the server thinks best.
 *
 * @param {Pick<State, "settings" | "server">} state
 * @returns {Blur}
 */
export function blurOf({ settings, server }) {
  const chosen = BLURS.find((blur) => blur === settings.blur);
  return chosen ?? (server?.startBlurred ? "both" : "off");
}

/**
 * Over somebody new.
 *
 * @param {State} state
 * @param {boolean} isReady
 * @returns {Veil}
 */
export function drawn(state, isReady) {
  const blur = blurOf(state);
  return { blur, hasShown: blur === "off", isReady, why: null, isOverruled: false };
}

/** @param {Veil} veil */
export function isVeiled({ blur, hasShown, isReady, why }) {
  if (why !== null) return true;
  return blur === "both" ? !(hasShown && isReady) : !hasShown;
}

/** Who does not blur is ready at once, and says so to whoever does. @param {Turn} turn */
export function met(turn) {
  const veil = turn.state.partner?.veil;
  if (veil?.hasShown && !veil.isReady) turn.send({ type: "shown" });
}

/** There is a picture, from now on. @param {Turn} turn */
export function pictureCame(turn) {
  const veil = turn.state.partner?.veil;
  if (veil?.blur !== "brief" || veil.hasShown || turn.state.dueMs.veil !== undefined) return;
  turn.startTimer("veil", BRIEF_MS);
}

/** The person wants to see them, or the moment is over. @param {Turn} turn @param {boolean} isPressed */
export function show(turn, isPressed) {
  const veil = turn.state.partner?.veil;
  if (!veil || !isVeiled(veil)) return;
  turn.stopTimers("veil");
  if (!veil.hasShown) turn.send({ type: "shown" });
  const overruled = isPressed && veil.why !== null ? { why: null, isOverruled: true } : {};
  change(turn, { hasShown: true, ...overruled });
}

/** They want to be seen. @param {Turn} turn */
export function partnerShown(turn) {
  change(turn, { isReady: true });
}

/** The server has looked. @param {Turn} turn @param {Reason} why */
export function suspected(turn, why) {
  if (!turn.state.partner?.veil.isOverruled) change(turn, { why });
}

/** @param {Turn} turn @param {Partial<Veil>} changes */
function change(turn, changes) {
  const { partner } = turn.state;
  if (partner) turn.state.partner = { ...partner, veil: { ...partner.veil, ...changes } };
}
