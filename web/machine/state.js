// @ts-check
/**
 * What the page's machine begins with, and what follows from its state; `types.js` says what that is.
 *
 * @typedef {import("./types.js").Settings} Settings
 * @typedef {import("./types.js").Device} Device
 * @typedef {import("./types.js").Partner} Partner
 * @typedef {import("./types.js").Mending} Mending
 * @typedef {import("./types.js").State} State
 * @typedef {import("../wire/messages.js").Mode} Mode
 */
import { CLEAR_LINE } from "./judgement.js";
import { UNSIZED } from "./picture.js";
import { MODES } from "../wire/messages.js";

/** @type {Readonly<Settings>} */
export const DEFAULTS = {
  agreedTo: "",
  language: "",
  cameraId: "",
  microphoneId: "",
  speakerId: "",
  volume: 1,
  searchesOn: true,
  usesKeys: true,
  interests: [],
  mode: "video",
  speaks: "",
  saver: "",
  blur: "",
  showsWhole: false,
  mirrors: true,
  blursBackground: false,
};

/** @type {Readonly<Device>} */
const OFF = {
  isWanted: true,
  status: "off",
  problem: null,
  isSilenced: false,
  wasLost: false,
  track: null,
};

/** @type {Readonly<Mending>} */
export const WHOLE = { step: "none", restarts: 0 };

/**
 * @param {Settings} settings as they were remembered
 * @param {string} host the page's own, without a port
 * @param {readonly string[]} languages the browser's, the best one first
 * @returns {State}
 */
export function initial(settings = DEFAULTS, host = "", languages = []) {
  return {
    settings,
    host,
    languages,
    mode: chosenMode(settings),
    around: null,
    isStarted: false,
    isPreviewing: false,
    hasBegun: false,
    devices: { audio: OFF, video: OFF },
    found: [],
    socket: "connecting",
    isMoving: false,
    leaveAtMs: null,
    retryAtMs: null,
    closedBy: "operator",
    refusal: null,
    server: null,
    linked: false,
    offering: 0,
    unanswered: 0,
    relinkedAtMs: -Infinity,
    failures: 0,
    cause: null,
    isTextOnly: false,
    replacedAtMs: -Infinity,
    isLinkUp: false,
    mending: WHOLE,
    takesDetour: false,
    udpSought: 0,
    returning: null,
    search: "none",
    searchingSinceMs: null,
    isResting: false,
    online: null,
    looking: null,
    scope: "any",
    isSlowed: false,
    isWorking: false,
    partner: null,
    formerRoomId: null,
    reportForm: null,
    isComplaining: false,
    news: [],
    lastNewsId: 0,
    warning: null,
    ban: null,
    appealing: "none",
    blocks: [],
    blocksProblem: false,
    told: null,
    remoteStream: null,
    line: CLEAR_LINE,
    picture: UNSIZED,
    stage: { width: 0, height: 0 },
    savesData: false,
    chat: [],
    lastChatId: 0,
    outgoing: null,
    arriving: null,
    reactions: [],
    reactedAtMs: [],
    draft: "",
    begun: "",
    struckAtMs: -Infinity,
    isTyping: false,
    isChatOpen: true,
    unread: 0,
    isHidden: false,
    partnersMet: 0,
    notice: null,
    trial: null,
    isTrialShown: false,
    trysts: { sought: null, invitation: null, isShown: false, wished: "", contacts: [], telling: "no" },
    dueMs: {},
  };
}

/**
 * @param {State} state
 * @returns {number | null} when `time_passed` is due, if at all
 */
export function nextDueMs(state) {
  const times = Object.values(state.dueMs);
  return times.length ? Math.min(...times) : null;
}

/**
 * Whether the person has to say if they return to a conversation that was left.
 *
 * @param {State} state
 */
export function isReturnAsked({ returning, partner }) {
  return returning !== null && partner !== null;
}

/** After so many failures in a row there is ever more time between links. */
export const MAX_QUICK_FAILURES = 3;

/**
 * Whether the person may do with text meanwhile.
 *
 * @param {State} state
 */
export function isTextOffered({ isStarted, isTextOnly, isLinkUp, failures }) {
  return isStarted && !isTextOnly && !isLinkUp && failures > 0;
}

/**
 * Whether the person is told when something is tried again, and may have it tried at once.
 *
 * @param {State} state
 */
export function isRetrying(state) {
  const { socket, isStarted, isTextOnly, failures } = state;
  return socket === "lost" || (isStarted && (isTextOnly || failures >= MAX_QUICK_FAILURES || isMending(state)));
}

/**
 * Whether a link that was up is being brought back.
 *
 * @param {State} state
 */
export function isMending({ linked, line, server }) {
  return linked && line.isInterrupted && server?.mediaMode === "relay";
}

/**
 * When the next try to connect comes, or to open a link.
 *
 * @param {State} state
 * @returns {number | null} null: it is under way
 */
export function retryDueMs({ socket, retryAtMs, dueMs }) {
  return socket === "lost" ? retryAtMs : dueMs.relink ?? dueMs.restart ?? null;
}

/**
 * How the person wants to talk.
 *
 * @param {Settings} settings
 * @returns {Mode}
 */
export function chosenMode({ mode }) {
  return MODES.find((known) => known === mode) ?? "video";
}

/**
 * How two talk at present, or will.
 *
 * @param {Pick<State, "settings" | "partner">} state
 * @returns {Mode}
 */
export function modeNow({ settings, partner }) {
  return partner?.mode ?? chosenMode(settings);
}

/**
 * Whether there is a use for a camera or a microphone.
 *
 * @param {State} state
 * @param {import("../media/devices.js").Kind} kind
 */
export function isUsed(state, kind) {
  const mode = modeNow(state);
  return mode === "video" || (mode === "voice" && kind === "audio");
}

/**
 * What of our own media is on, as the partner should know it.
 *
 * @param {State} state
 */
export function ownMedia({ isStarted, devices, line, told, mode }) {
  if (!isStarted || mode === "text") return { audio: false, video: false }; // one looks at oneself at most
  return {
    audio: isGiving(devices.audio, told?.audio),
    video: isGiving(devices.video, told?.video) && !line.isVideoPaused,
  };
}

/**
 * Whether all is there that can be expected of the partner.
 *
 * @param {Partner} partner
 */
export function hasArrived({ media, arrived }) {
  if (media.video) return arrived.video;
  return arrived.audio || !media.audio;
}

/**
 * While another one is opened in its place it counts as before: that takes no time worth telling.
 *
 * @param {Device} device
 * @param {boolean} [wasGiving] as the partner knows it
 */
function isGiving({ isWanted, status, isSilenced }, wasGiving = false) {
  return isWanted && !isSilenced && (status === "on" || (status === "asking" && wasGiving));
}
