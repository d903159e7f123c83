// @ts-check
/**
 * The media connection: opened, described, replaced, closed.
 *
 * @typedef {import("./turn.js").Turn} Turn
 */
import { CLEAR_LINE } from "./judgement.js";
import * as picture from "./picture.js";
import * as search from "./search.js";
import { WHOLE } from "./state.js";
import * as way from "./way.js";

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
  picture.meet(turn);
  if (isInitiator) offer(turn, "make_offer");
}

/** @param {Turn} turn */
export function close(turn) {
  const { state } = turn;
  if (state.linked) turn.order({ do: "close_link" });
  Object.assign(state, { linked: false, isLinkUp: false, remoteStream: null, line: CLEAR_LINE });
  state.offering = 0;
  endMending(turn);
  way.stopSeeking(turn);
  turn.stopTimers("detour", "video");
}

/**
 * Another one in the place of one that is dead. What came of a partner on that stays in sight until
 * more comes.
 *
 * @param {Turn} turn
 */
export function replace(turn) {
  const { state } = turn;
  if (state.partner) {
    order(turn, "replace_link");
    turn.stopTimers("detour", "video");
    way.stopSeeking(turn);
    endMending(turn);
  } else {
    close(turn);
    open(turn);
  }
  state.line = { ...CLEAR_LINE, isInterrupted: true };
}

/** Nothing is wrong with the link, or it is another one. @param {Turn} turn */
export function endMending(turn) {
  turn.state.mending = WHOLE;
  turn.stopTimers("restart");
}

/** @param {Turn} turn @param {"open_link" | "replace_link"} what */
function order(turn, what) {
  const { server, devices } = turn.state;
  const tracks = { audio: devices.audio.track, video: devices.video.track };
  Object.assign(turn.state, { isLinkUp: false, offering: 0 });
  if (server) turn.order({ do: what, iceServers: way.servers(turn), tracks });
}

/** @param {Turn} turn @param {"make_offer" | "restart_link"} how "restart_link": with new paths */
export function offer(turn, how) {
  turn.state.offering += 1;
  turn.order({ do: how });
}

/** @param {Turn} turn @param {{ type: "offer" | "answer", sdp: string }} description */
export function described(turn, { type, sdp }) {
  const { state } = turn;
  if (type === "answer") return turn.send({ type: "webrtc_answer", sdp });
  state.offering = Math.max(0, state.offering - 1);
  turn.send({ type: "webrtc_offer", sdp });
  if (!turn.isDirect()) state.unanswered += 1;
  if (state.search !== "none" || state.partner || state.isResting || !state.isStarted) return;
  search.ask(turn, "find_partner");
}

/**
 * The server is to know how the connecting goes.
 *
 * @param {Turn} turn
 * @param {import("../media/report.js").Report} report
 */
export function reported(turn, report) {
  if (turn.state.linked && !turn.isDirect()) turn.send({ type: "link_report", ...report });
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
 * The relay answers every offer, in order: an answer is for the last one when no other is awaited, nor
 * about to be made.
 *
 * @param {Turn} turn
 * @param {string} sdp
 */
export function takeAnswer(turn, sdp) {
  const { state } = turn;
  const isForLast = turn.isDirect() || (state.unanswered === 1 && state.offering === 0);
  countAnswer(turn);
  if (!state.linked || !isForLast) return;
  turn.order({ do: "take_answer", sdp });
  way.answered(turn);
}

/** @param {Turn} turn */
export function countAnswer(turn) {
  turn.state.unanswered = Math.max(0, turn.state.unanswered - 1);
}

/** @param {Turn} turn @param {RTCIceCandidateInit | null} candidate */
export function takeCandidate(turn, candidate) {
  if (turn.state.linked) turn.order({ do: "take_candidate", candidate });
}
