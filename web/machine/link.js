// @ts-check
/**
 * The media connection: opened, described, interrupted, restarted.
 *
 * @typedef {import("./turn.js").Turn} Turn
 */
import * as search from "./search.js";
import { CLEAR_LINE } from "./state.js";

/** Most interruptions mend by themselves sooner. */
const RESTART_AFTER_MS = 2_000;
const PROBE_MS = 5_000;
const GIVEN_UP_AFTER_MS = 25_000;

/** @param {Turn} turn */
export function open(turn) {
  if (!turn.state.server) return;
  turn.state.linked = true;
  order(turn, "open_link");
}

/**
 * @param {Turn} turn
 * @param {boolean} isInitiator whether it is on us to offer
 */
export function openToPartner(turn, isInitiator) {
  open(turn);
  turn.order({ do: "meet" });
  if (isInitiator) turn.order({ do: "make_offer" });
}

/** @param {Turn} turn */
export function close(turn) {
  if (turn.state.linked) turn.order({ do: "close_link" });
  Object.assign(turn.state, { linked: false, remoteStream: null, line: CLEAR_LINE });
  turn.stopTimers("restart", "video");
}

/**
 * Another one in the place of one that is dead. What came of a partner on that stays in sight until
 * more comes.
 *
 * @param {Turn} turn
 */
export function replace(turn) {
  if (turn.state.partner) {
    order(turn, "replace_link");
    turn.stopTimers("restart", "video");
  } else {
    close(turn);
    open(turn);
  }
  turn.state.line = { ...CLEAR_LINE, isInterrupted: true };
}

/** @param {Turn} turn @param {"open_link" | "replace_link"} what */
function order(turn, what) {
  const { server, devices } = turn.state;
  const tracks = { audio: devices.audio.track, video: devices.video.track };
  if (server) turn.order({ do: what, iceServers: server.iceServers, tracks });
}

/** @param {Turn} turn @param {{ type: "offer" | "answer", sdp: string }} description */
export function described(turn, { type, sdp }) {
  const { state } = turn;
  if (type === "answer") return turn.send({ type: "webrtc_answer", sdp });
  turn.send({ type: "webrtc_offer", sdp });
  if (!turn.isDirect()) state.unanswered += 1;
  if (state.search !== "none" || state.partner || state.isResting) return;
  search.ask(turn, "find_partner");
}

/** @param {Turn} turn @param {RTCIceCandidateInit | null} candidate */
export function candidateFound(turn, candidate) {
  if (turn.isDirect()) turn.send({ type: "ice_candidate", candidate });
}

/** @param {Turn} turn @param {string} sdp */
export function takeOffer(turn, sdp) {
  if (!turn.state.partner) return;
  if (!turn.isDirect()) {
    close(turn); // the relay offers when it has no link of ours: one that we have is dead
    openToPartner(turn, false);
  }
  turn.order({ do: "take_offer", sdp });
}

/**
 * The relay answers every offer, in order: an answer is for the last one when no other is awaited.
 *
 * @param {Turn} turn
 * @param {string} sdp
 */
export function takeAnswer(turn, sdp) {
  const { state } = turn;
  const isForLast = turn.isDirect() || state.unanswered === 1;
  countAnswer(turn);
  if (state.search !== "asked") turn.stopTimers("reply");
  if (state.linked && isForLast) turn.order({ do: "take_answer", sdp });
}

/** @param {Turn} turn */
export function countAnswer(turn) {
  turn.state.unanswered = Math.max(0, turn.state.unanswered - 1);
}

/** @param {Turn} turn @param {RTCIceCandidateInit | null} candidate */
export function takeCandidate(turn, candidate) {
  if (turn.state.linked) turn.order({ do: "take_candidate", candidate });
}

/**
 * The way to the other side is lost, perhaps for a moment.
 *
 * @param {Turn} turn
 */
export function interrupted(turn) {
  if (!turn.state.linked) return;
  turn.state.line = { ...turn.state.line, isInterrupted: true };
  turn.startTimer("restart", RESTART_AFTER_MS);
}

/** @param {Turn} turn */
export function restored(turn) {
  turn.state.line = { ...turn.state.line, isInterrupted: false };
  turn.stopTimers("restart");
}

/**
 * Perhaps another network: look for new paths at once.
 *
 * @param {Turn} turn
 */
export function networkChanged(turn) {
  const { linked, socket } = turn.state;
  if (!linked || socket !== "open" || turn.isDirect()) return turn.order({ do: "renew" });
  restart(turn);
}

/**
 * Who was away for long has been given up by the server.
 *
 * @param {Turn} turn
 * @param {number} asleepMs
 */
export function woke(turn, asleepMs) {
  if (asleepMs > GIVEN_UP_AFTER_MS) turn.order({ do: "renew" });
  else networkChanged(turn);
}

/**
 * Negotiate new paths on the same link; the partner stays. When the server does not answer to that,
 * the socket is as dead as the old paths. In direct mode only one of the two may offer, so a link
 * that is interrupted there mends by itself or fails.
 *
 * @param {Turn} turn
 */
export function restart(turn) {
  if (turn.isDirect()) return;
  turn.order({ do: "restart_link" });
  turn.startTimer("reply", PROBE_MS);
}
