// @ts-check
/**
 * The test of a connection before there is anybody to meet: the socket first, then each way that media
 * may take, one after the other, since two at once would spoil each other's figures. For each way a link
 * of its own is opened, limited to it, and the relay sends back what comes on it.
 *
 *     socket       pings are answered
 *     offering     the next way's link makes its offer
 *     connecting   it has been sent
 *     asking       the link is up, and the relay is asked for the echo
 *     measuring    figures come, once a second
 *     proving      not all got through: whether the server is there at all
 *     over
 *
 * A test that begins by itself, after a link has failed, only looks which ways get through: the next try to
 * connect waits for it, and for somebody whose network is fine that has to be short.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("./types.js").State} State
 * @typedef {import("../media/devices.js").Kind} Kind
 * @typedef {import("../media/glance.js").Glimpse} Glimpse
 * @typedef {import("../media/peer.js").PeerEvent} PeerEvent
 *
 * @typedef {"udp" | "tcp" | "turn"} Way "tcp": ICE-TCP; "turn": a TURN server that is reached over TCP or TLS
 *
 * @typedef {object} Finding of one way
 * @property {"untried" | "trying" | "absent" | "blocked" | "through" | "lost"} outcome "absent": the server
 *   does not offer it; "lost": it came up, and did not last
 * @property {number | null} tookMs from the offer to the link
 * @property {number | null} rttMs
 * @property {number | null} loss of what went there and back, 0 to 1
 * @property {number | null} bps what came back in the best second, so that it went through both ways
 * @property {number | null} estimateBps what congestion control thinks the way out bears
 * @property {string | null} protocol as the browser says: "udp", "tcp" or "tls"
 * @property {import("../media/report.js").Report | null} report
 *
 * @typedef {object} Limits of a link that is only there to test a way
 * @property {{ iceTransportPolicy: RTCIceTransportPolicy }} paths
 * @property {{ maxBitrate: number }} encoding how much it sends at most, in bit/s
 * @property {number} reportAfterMs when it reports that it still connects
 *
 * @typedef {object} Trial
 * @property {"socket" | "offering" | "connecting" | "asking" | "measuring" | "proving" | "over"} step
 * @property {"done" | "offline" | "interrupted" | null} ending null until it is over; "offline": the server did
 *   not answer
 * @property {boolean} isAutomatic
 * @property {boolean} isLimited the relay does not echo now: it was asked to too often
 * @property {number[]} pingsMs round trips of the socket
 * @property {Way | null} way the one that is being tried
 * @property {Record<Way, Finding>} findings
 * @property {Record<Kind, Glimpse | null>} glimpses of camera and microphone
 * @property {number | null} sinceMs when what is waited for was asked for; null: nothing is
 * @property {number} measurements of the present way
 */
import * as link from "./link.js";
import * as way from "./way.js";

/** @type {readonly Way[]} */
export const WAYS = ["udp", "tcp", "turn"];

const PINGS = 5;
const PING_EVERY_MS = 200;
const SOCKET_MS = 5_000;
/** Longer than that nobody waits for a partner's picture. */
const CONNECT_MS = 5_000;
/** By then the browser has tried whatever it will: its report is of use. */
const REPORT_AFTER_MS = 4_500;
/** The server may hear of the link a little later than we. */
const ASK_AGAIN_MS = 500;
const ASK_MS = 2_000;
/** The browser still has to say by what the link has come up. */
const SETTLE_MS = 500;
const MEASUREMENTS = 3;
/** They come once a second. */
const MEASURE_MS = 5_000;
/** More than a good picture needs; the browser stops there. */
const VIDEO_BPS = 2_500_000;
/** After so many failures in a row it has all been said. */
const MAX_AUTOMATIC = 3;

/** @type {Readonly<Finding>} */
const UNTRIED = {
  outcome: "untried",
  tookMs: null,
  rttMs: null,
  loss: null,
  bps: null,
  estimateBps: null,
  protocol: null,
  report: null,
};

/** @param {State} state */
export function isRunning({ trial }) {
  return trial !== null && trial.step !== "over";
}

/**
 * Whether one may begin: not with a partner, and not while one is looked for. In direct mode the relay
 * has no part in the media.
 *
 * @param {State} state
 */
export function canBegin(state) {
  const { linked, search, partner, returning, server } = state;
  const isFree = !linked && search === "none" && !partner && !returning;
  return isFree && !isRunning(state) && server?.mediaMode !== "direct";
}

/** The person wants one, and to see it. @param {Turn} turn */
export function press(turn) {
  turn.state.isTrialShown = true;
  if (canBegin(turn.state)) begin(turn, false);
}

/** The person wants to see what the last one has found, if there was one. @param {Turn} turn */
export function show(turn) {
  if (turn.state.trial) turn.state.isTrialShown = true;
  else press(turn);
}

/** The person has seen enough: what is under way ends. @param {Turn} turn */
export function hide(turn) {
  turn.state.isTrialShown = false;
  if (isRunning(turn.state)) drop(turn);
}

/** A link has failed: see what gets through, before the next one is tried. @param {Turn} turn */
export function linkFailed(turn) {
  const { state } = turn;
  const isNews = state.failures <= MAX_AUTOMATIC;
  if (isNews && state.isStarted && state.socket === "open" && canBegin(state)) begin(turn, true);
}

/** The socket is lost, or this is another network. @param {Turn} turn */
export function interrupt(turn) {
  if (isRunning(turn.state)) end(turn, "interrupted");
}

/** End it, and forget what it has found. @param {Turn} turn */
export function drop(turn) {
  interrupt(turn);
  turn.state.trial = null;
}

/** @param {Turn} turn @param {boolean} isAutomatic */
function begin(turn, isAutomatic) {
  const { state } = turn;
  state.trial = {
    step: "socket",
    ending: null,
    isAutomatic,
    isLimited: false,
    pingsMs: [],
    way: null,
    findings: { udp: UNTRIED, tcp: UNTRIED, turn: UNTRIED },
    glimpses: { audio: null, video: null },
    sinceMs: null,
    measurements: 0,
  };
  if (state.socket !== "open") return end(turn, "offline");
  const { audio, video } = state.devices;
  turn.order({ do: "glance", tracks: { audio: audio.track, video: video.track } });
  ping(turn);
}

/** @param {Turn} turn @param {NonNullable<Trial["ending"]>} ending */
function end(turn, ending) {
  const { trial } = turn.state;
  if (!trial) return;
  if (trial.way && trial.findings[trial.way].outcome === "trying") find(turn, UNTRIED);
  change(turn, { step: "over", ending, way: null, sinceMs: null });
  turn.stopTimers("trial");
  turn.order({ do: "look_away" });
  if (!trial.way) return;
  turn.order({ do: "close_trial" });
  turn.send({ type: "stop_chat" }); // closes the server's end of the link
}

// the socket

/** @param {Turn} turn */
function ping(turn) {
  change(turn, { sinceMs: turn.nowMs });
  turn.send({ type: "ping" });
  turn.startTimer("trial", SOCKET_MS);
}

/** The server has answered a ping. @param {Turn} turn */
export function ponged(turn) {
  const { trial } = turn.state;
  if (trial?.step === "proving") return end(turn, "done");
  if (trial?.step !== "socket" || trial.sinceMs === null) return;
  const pingsMs = [...trial.pingsMs, turn.nowMs - trial.sinceMs];
  change(turn, { pingsMs, sinceMs: null });
  if (trial.isAutomatic || pingsMs.length === PINGS) tryNext(turn);
  else turn.startTimer("trial", PING_EVERY_MS);
}

// the ways

/** @param {Turn} turn */
function tryNext(turn) {
  const { trial, server } = turn.state;
  if (!trial || !server) return;
  const next = WAYS.find((each) => trial.findings[each].outcome === "untried");
  if (!next) return conclude(turn, trial);
  const isTurn = next === "turn";
  const iceServers = isTurn ? way.serversOverTcp(server.iceServers) : [];
  change(turn, { step: "offering", way: next, measurements: 0 });
  if (isTurn && iceServers.length === 0) return leave(turn, "absent");
  find(turn, { outcome: "trying" });
  turn.order({
    do: "open_trial",
    iceServers,
    limits: {
      paths: { iceTransportPolicy: isTurn ? "relay" : "all" },
      encoding: { maxBitrate: VIDEO_BPS },
      reportAfterMs: REPORT_AFTER_MS,
    },
  });
  turn.startTimer("trial", CONNECT_MS);
}

/**
 * All ways have been tried. Where something did not get through the network may have gone meanwhile.
 *
 * @param {Turn} turn
 * @param {Trial} trial
 */
function conclude(turn, trial) {
  const isWhole = WAYS.every((each) => {
    const { outcome, bps } = trial.findings[each];
    return outcome === "absent" || (outcome === "through" && bps !== 0);
  });
  if (isWhole) return end(turn, "done");
  change(turn, { step: "proving" });
  ping(turn);
}

/** This way is done with. @param {Turn} turn @param {Finding["outcome"]} outcome */
function leave(turn, outcome) {
  find(turn, { outcome });
  tryNext(turn);
}

/** The link of the test has something to tell. @param {Turn} turn @param {PeerEvent} event */
export function heard(turn, event) {
  const { trial } = turn.state;
  if (!trial?.way || trial.step === "proving") return;
  switch (event.type) {
    case "link_described": return described(turn, event.description.sdp);
    case "link_restored": return cameUp(turn, trial);
    case "way_found": return find(turn, { protocol: event.protocol });
    case "figures_measured": return measured(turn, trial, event);
    case "link_reported":
      find(turn, { report: event.report });
      if (trial.step === "asking" && isBrief(trial)) leave(turn, "through");
      return;
    case "link_failed":
    case "link_broken":
    case "link_closed":
      return leave(turn, isUp(trial) ? "lost" : "blocked");
    default: // what comes of a partner is not looked at
  }
}

/** @param {Turn} turn @param {string} sdp */
function described(turn, sdp) {
  change(turn, { step: "connecting", sinceMs: turn.nowMs });
  turn.send({ type: "webrtc_offer", sdp });
  turn.state.unanswered += 1;
  turn.startTimer("trial", CONNECT_MS);
}

/**
 * An answer of the relay's.
 *
 * @param {Turn} turn
 * @param {string} sdp
 * @returns {boolean} whether it is an answer to the test
 */
export function takeAnswer(turn, sdp) {
  const { trial, unanswered } = turn.state;
  if (trial?.step !== "connecting" || !trial.way) return false;
  link.countAnswer(turn);
  if (unanswered !== 1) return true; // to the former way's offer: another answer follows
  const limited = way.limit(sdp, trial.way);
  if (limited === null) leave(turn, "absent");
  else turn.order({ do: "take_trial_answer", sdp: limited });
  return true;
}

/** @param {Turn} turn @param {Trial} trial */
function cameUp(turn, trial) {
  if (trial.step !== "connecting") return;
  find(turn, { tookMs: turn.nowMs - (trial.sinceMs ?? turn.nowMs) });
  change(turn, { step: "asking", sinceMs: turn.nowMs });
  if (isBrief(trial)) turn.startTimer("trial", SETTLE_MS);
  else ask(turn);
}

/** Whether it is enough to know that a way gets through. @param {Trial} trial */
function isBrief({ isAutomatic, isLimited }) {
  return isAutomatic || isLimited;
}

/** @param {Trial} trial */
function isUp({ step }) {
  return step === "asking" || step === "measuring";
}

/** @param {Turn} turn */
function ask(turn) {
  turn.send({ type: "echo", on: true });
  turn.startTimer("trial", ASK_AGAIN_MS);
}

/** The relay sends our media back, or does not any more. @param {Turn} turn @param {boolean} on */
export function echoed(turn, on) {
  const { trial } = turn.state;
  if (trial?.step === "measuring" && !on) return leave(turn, "through");
  if (trial?.step !== "asking" || !on) return;
  change(turn, { step: "measuring" });
  turn.order({ do: "measure_trial" });
  turn.startTimer("trial", MEASURE_MS);
}

/**
 * @param {Turn} turn
 * @param {Trial} trial
 * @param {Extract<PeerEvent, { type: "figures_measured" }>} event
 */
function measured(turn, trial, { figures, totals }) {
  if (trial.step !== "measuring" || !trial.way) return;
  const { rttMs, bps, estimateBps } = trial.findings[trial.way];
  const { packetsReceived, packetsLost } = totals;
  const packets = packetsReceived + packetsLost;
  find(turn, {
    rttMs: figures.rttMs ?? rttMs,
    loss: packets > 0 ? Math.max(0, packetsLost) / packets : null,
    bps: Math.max(bps ?? 0, figures.receivedBps ?? 0),
    estimateBps: figures.availableOutBps ?? estimateBps,
  });
  change(turn, { measurements: trial.measurements + 1 });
  if (trial.measurements + 1 === MEASUREMENTS) leave(turn, "through");
}

/**
 * The server has refused something while the test is under way.
 *
 * @param {Turn} turn
 * @param {string} code
 */
export function refused(turn, code) {
  const { trial } = turn.state;
  if (trial?.step === "connecting" && (code === "bad_sdp" || code === "rate_limited")) {
    link.countAnswer(turn);
    if (code === "bad_sdp") leave(turn, "blocked");
    else end(turn, "interrupted");
  } else if (trial?.step === "asking" && code !== "wrong_state") {
    change(turn, { isLimited: true }); // or it knows of no echo
    leave(turn, "through");
  }
}

/** The deadline. @param {Turn} turn */
export function due(turn) {
  const { trial } = turn.state;
  switch (trial?.step) {
    case "socket": return trial.sinceMs === null ? ping(turn) : end(turn, "offline");
    case "proving": return end(turn, "interrupted");
    case "offering":
    case "connecting": return leave(turn, "blocked");
    case "asking": {
      const isLong = turn.nowMs - (trial.sinceMs ?? 0) >= ASK_MS;
      return isLong || isBrief(trial) ? leave(turn, "through") : ask(turn);
    }
    case "measuring": return leave(turn, "through");
    default: // it is over
  }
}

/** Something was seen or heard of camera or microphone. @param {Turn} turn @param {Kind} kind @param {Glimpse} glimpse */
export function glimpsed(turn, kind, glimpse) {
  const { trial } = turn.state;
  if (trial) change(turn, { glimpses: { ...trial.glimpses, [kind]: glimpse } });
}

/** Note it of the present way. @param {Turn} turn @param {Partial<Finding>} finding */
function find(turn, finding) {
  const { trial } = turn.state;
  if (!trial?.way) return;
  const known = { ...trial.findings[trial.way], ...finding };
  change(turn, { findings: { ...trial.findings, [trial.way]: known } });
}

/** @param {Turn} turn @param {Partial<Trial>} changes */
function change(turn, changes) {
  const { trial } = turn.state;
  if (trial) turn.state.trial = { ...trial, ...changes };
}
