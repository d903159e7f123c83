// @ts-check
/**
 * The signalling messages: their types, and the one place where the server's frames are read.
 * `docs/protocol.md` is their reference.
 *
 * @typedef {"relay" | "direct"} MediaMode
 *
 * @typedef {"minor" | "threat" | "violence" | "nudity" | "hate" | "spam" | "other"} Reason
 *
 * @typedef {"video" | "voice" | "text"} Mode how two talk
 * @typedef {"alike" | "language" | "any"} Scope whom one meets by now
 *
 * @typedef {{ type: "find_partner", interests: string[], languages?: string[], mode?: Mode,
 *   withoutMedia?: true, blurred?: true, stay?: true, code?: string }} FindPartner
 * @typedef {{ type: "webrtc_offer", sdp: string }} WebrtcOffer
 * @typedef {{ type: "webrtc_answer", sdp: string }} WebrtcAnswer
 * @typedef {{ type: "ice_candidate", candidate: RTCIceCandidateInit | null }} IceCandidate
 * @typedef {{ type: "chat_message", text: string, id: string }} ChatMessage
 * @typedef {{ type: "chat_received", id: string }} ChatReceived
 * @typedef {{ type: "typing", active: boolean }} Typing
 * @typedef {{ type: "media_state", audio: boolean, video: boolean }} MediaState
 * @typedef {{ type: "pictures", allowed: boolean }} Pictures
 * @typedef {{ type: "picture_part", id: string, part: number, parts: number, data: string }} PicturePart
 * @typedef {{ type: "picture_received", id: string, part: number }} PictureReceived
 * @typedef {{ type: "picture_refused", id: string }} PictureRefused
 * @typedef {"heart" | "laugh" | "wow" | "clap" | "thumbs" | "wave"} ReactionName
 * @typedef {{ type: "reaction", name: ReactionName }} Reaction
 * @typedef {{ type: "next_partner", interests: string[], languages?: string[], mode?: Mode,
 *   withoutMedia?: true, blurred?: true, stay?: true, code?: string }} NextPartner
 * @typedef {{ type: "ask_mode", mode: Mode }} AskMode
 * @typedef {{ type: "answer_mode", mode: Mode, accept: boolean }} AnswerMode
 * @typedef {{ type: "look_around" }} LookAround
 * @typedef {{ type: "invite" }} Invite
 * @typedef {{ type: "meet_again", roomId: string }} MeetAgain
 * @typedef {{ type: "stop_chat" }} StopChat
 * @typedef {{ type: "resume", resumeToken: string, received: number }} Resume
 * @typedef {{ code: number, scheme: "stun" | "stuns" | "turn" | "turns" }} LinkError
 * @typedef {{ type: "link_report", state: "connecting" | "connected" | "failed" | "disconnected",
 *   candidateTypes: string[], families: ("ipv4" | "ipv6")[], iceState: RTCIceConnectionState,
 *   dtlsState: RTCDtlsTransportState, errors: LinkError[], roundTripMs?: number,
 *   tookMs: number }} LinkReport
 * @typedef {{ type: "quality_report", frozenRatio?: number, concealedRatio?: number,
 *   framesPerS?: number }} QualityReport
 * @typedef {{ type: "echo", on: boolean }} Echo
 * @typedef {{ type: "report", reason: Reason, words?: string, roomId?: string }} Report
 * @typedef {{ type: "block", roomId?: string }} Block
 * @typedef {{ type: "shown" }} Shown
 * @typedef {{ type: "ping" }} Ping
 * @typedef {FindPartner | WebrtcOffer | WebrtcAnswer | IceCandidate | ChatMessage | ChatReceived
 *   | Typing | MediaState | NextPartner | StopChat | Resume | LinkReport | QualityReport | Echo
 *   | Report | Block | Shown | AskMode | AnswerMode | LookAround | Ping | Invite | MeetAgain
 *   | Pictures | PicturePart | PictureReceived | PictureRefused | Reaction} ClientMessage
 *
 * @typedef {{ type: "connected", iceServers: RTCIceServer[], mediaMode: MediaMode,
 *   resumeToken: string | null, startBlurred: boolean, evidence: boolean }} Connected
 * @typedef {{ type: "resumed", resumeToken: string, received: number, state: string,
 *   roomId: string | null, iceServers: RTCIceServer[] | null }} Resumed
 * @typedef {{ type: "pong" }} Pong
 * @typedef {{ type: "waiting_for_partner", online: number | null, looking?: number | null, scope?: Scope,
 *   slowedForMs?: number | null }} WaitingForPartner
 * @typedef {{ type: "partner_found", roomId: string, isInitiator: boolean,
 *   sharedInterests: string[], blurred: boolean, isByCode: boolean,
 *   mode?: Mode, languages?: string[] }} PartnerFound
 * @typedef {{ type: "mode_asked", mode: Mode }} ModeAsked
 * @typedef {{ type: "mode_declined", mode: Mode }} ModeDeclined
 * @typedef {{ type: "mode_changed", mode: Mode }} ModeChanged
 * @typedef {{ type: "around", interests: string[], looking: Record<Mode, number> }} Around
 * @typedef {{ type: "invitation", code: string, guestCode: string, withinMs: number }} Invitation
 * @typedef {{ type: "meet_again", roomId: string, code: string, withinMs: number }} MeetAgainCode
 * @typedef {{ type: "partner_left" }} PartnerLeft
 * @typedef {{ type: "partner_disconnected" }} PartnerDisconnected
 * @typedef {{ type: "partner_connection", interrupted: boolean }} PartnerConnection
 * @typedef {{ type: "report_received", reportId: string, roomId: string,
 *   isStored: boolean }} ReportReceived
 * @typedef {{ type: "blocked", blockId: string, roomId: string }} Blocked
 * @typedef {"dismissed" | "warned" | "banned" | "other"} Outcome
 * @typedef {{ type: "report_outcome", reportId: string, reason: Reason, atMs: number,
 *   outcome: Outcome }} ReportOutcome `atMs` is the time of day
 * @typedef {{ type: "warning", reason: Reason }} Warned
 * @typedef {{ type: "partner_blurred", why: Reason }} PartnerBlurred
 * @typedef {{ type: "offer_again" }} OfferAgain
 * @typedef {{ type: "move", withinMs: number | null }} Move
 * @typedef {{ type: "error", code: string, message: string, retryAfterMs: number | null,
 *   id: string | null, cause?: string | null }} ServerError
 * @typedef {Connected | Resumed | Pong | WaitingForPartner | PartnerFound | WebrtcOffer | WebrtcAnswer
 *   | IceCandidate | ChatMessage | ChatReceived | Typing | MediaState | PartnerLeft
 *   | PartnerDisconnected | PartnerConnection | ReportReceived | Blocked | ReportOutcome | Warned
 *   | PartnerBlurred | Shown | OfferAgain | Move | Echo | ModeAsked | ModeDeclined | ModeChanged | Around
 *   | Invitation | MeetAgainCode | Pictures | PicturePart | PictureReceived | PictureRefused | Reaction
 *   | ServerError} ServerMessage
 */

/** The longest chat text that the server takes. */
export const MAX_CHAT_CHARS = 2000;
/** The richest one first. @type {readonly Mode[]} */
export const MODES = ["video", "voice", "text"];
/** @type {readonly Scope[]} */
const SCOPES = ["alike", "language", "any"];
export const MAX_INTERESTS = 10;
export const MAX_INTEREST_CHARS = 32;
/** Of a picture, and the characters of base64 in each but the last. */
export const MAX_PICTURE_PARTS = 16;
export const PART_CHARS = 12_288;
/** @type {readonly ReactionName[]} */
export const REACTIONS = ["heart", "laugh", "wow", "clap", "thumbs", "wave"];
/** Of a report, and of an appeal. */
export const MAX_WORDS_CHARS = 1000;
/** The gravest ones stand where the eye falls first. @type {readonly Reason[]} */
export const REASONS = ["nudity", "minor", "violence", "hate", "spam", "threat", "other"];
/** @type {readonly Outcome[]} */
const OUTCOMES = ["dismissed", "warned", "banned"];

/** @typedef {Record<string, unknown>} Fields */
/**
 * @template {ServerMessage["type"]} T
 * @typedef {(fields: Fields) => Extract<ServerMessage, { type: T }> | null} Reader
 */

/** @type {{ [T in ServerMessage["type"]]: Reader<T> }} */
const READERS = {
  connected: (fields) => ({
    type: "connected",
    iceServers: /** @type {RTCIceServer[]} */ (list(fields, "iceServers")),
    mediaMode: fields["mediaMode"] === "direct" ? "direct" : "relay",
    resumeToken: textOrNull(fields, "resumeToken"),
    startBlurred: fields["startBlurred"] === true,
    evidence: fields["evidence"] === true,
  }),
  resumed: (fields) => ({
    type: "resumed",
    resumeToken: text(fields, "resumeToken"),
    received: number(fields, "received"),
    state: text(fields, "state"),
    roomId: textOrNull(fields, "roomId"),
    iceServers: "iceServers" in fields ? /** @type {RTCIceServer[]} */ (list(fields, "iceServers")) : null,
  }),
  pong: () => ({ type: "pong" }),
  waiting_for_partner: (fields) => ({
    type: "waiting_for_partner",
    online: numberOrNull(fields, "online"),
    looking: numberOrNull(fields, "looking"),
    scope: SCOPES.find((known) => known === fields["scope"]) ?? "any",
    slowedForMs: secondsOrNull(fields, "slowedFor"),
  }),
  partner_found: (fields) => ({
    type: "partner_found",
    isInitiator: fields["isInitiator"] === true,
    sharedInterests: texts(fields, "sharedInterests"),
    roomId: text(fields, "roomId"),
    blurred: fields["blurred"] === true,
    mode: modeOf(fields["mode"]),
    languages: texts(fields, "languages"),
    isByCode: fields["byCode"] === true,
  }),
  mode_asked: (fields) => ({ type: "mode_asked", mode: modeOf(fields["mode"]) }),
  mode_declined: (fields) => ({ type: "mode_declined", mode: modeOf(fields["mode"]) }),
  mode_changed: (fields) => ({ type: "mode_changed", mode: modeOf(fields["mode"]) }),
  around: (fields) => ({
    type: "around",
    interests: texts(fields, "interests"),
    looking: lookingOf(fields["looking"]),
  }),
  invitation: (fields) => ({
    type: "invitation",
    code: text(fields, "code"),
    guestCode: text(fields, "guestCode"),
    withinMs: number(fields, "within") * 1000,
  }),
  meet_again: (fields) => ({
    type: "meet_again",
    roomId: text(fields, "roomId"),
    code: text(fields, "code"),
    withinMs: number(fields, "within") * 1000,
  }),
  webrtc_offer: (fields) => ({ type: "webrtc_offer", sdp: text(fields, "sdp") }),
  webrtc_answer: (fields) => ({ type: "webrtc_answer", sdp: text(fields, "sdp") }),
  ice_candidate: (fields) => ({ type: "ice_candidate", candidate: candidate(fields) }),
  chat_message: (fields) => ({
    type: "chat_message",
    text: text(fields, "text"),
    id: text(fields, "id"),
  }),
  chat_received: (fields) => ({ type: "chat_received", id: text(fields, "id") }),
  typing: (fields) => ({ type: "typing", active: fields["active"] === true }),
  media_state: (fields) => ({
    type: "media_state",
    audio: fields["audio"] === true,
    video: fields["video"] === true,
  }),
  pictures: (fields) => ({ type: "pictures", allowed: fields["allowed"] === true }),
  picture_part: (fields) => ({
    type: "picture_part",
    id: text(fields, "id"),
    part: number(fields, "part"),
    parts: number(fields, "parts"),
    data: text(fields, "data"),
  }),
  picture_received: (fields) => ({
    type: "picture_received",
    id: text(fields, "id"),
    part: number(fields, "part"),
  }),
  picture_refused: (fields) => ({ type: "picture_refused", id: text(fields, "id") }),
  reaction: (fields) => {
    const name = REACTIONS.find((known) => known === fields["name"]);
    return name ? { type: "reaction", name } : null; // newer servers may know more
  },
  echo: (fields) => ({ type: "echo", on: fields["on"] === true }),
  partner_left: () => ({ type: "partner_left" }),
  partner_disconnected: () => ({ type: "partner_disconnected" }),
  partner_connection: (fields) => ({
    type: "partner_connection",
    interrupted: fields["interrupted"] === true,
  }),
  report_received: (fields) => ({
    type: "report_received",
    reportId: text(fields, "reportId"),
    roomId: text(fields, "roomId"),
    isStored: fields["isStored"] === true,
  }),
  blocked: (fields) => ({
    type: "blocked",
    blockId: text(fields, "blockId"),
    roomId: text(fields, "roomId"),
  }),
  report_outcome: (fields) => ({
    type: "report_outcome",
    reportId: text(fields, "reportId"),
    reason: reasonOf(fields["reason"]),
    atMs: number(fields, "at") * 1000,
    outcome: OUTCOMES.find((known) => known === fields["outcome"]) ?? "other",
  }),
  warning: (fields) => ({ type: "warning", reason: reasonOf(fields["reason"]) }),
  partner_blurred: (fields) => ({ type: "partner_blurred", why: reasonOf(fields["why"]) }),
  shown: () => ({ type: "shown" }),
  offer_again: () => ({ type: "offer_again" }),
  move: (fields) => ({ type: "move", withinMs: secondsOrNull(fields, "within") }),
  error: (fields) => ({
    type: "error",
    code: text(fields, "code"),
    message: text(fields, "message"),
    retryAfterMs: secondsOrNull(fields, "retryAfter"),
    id: textOrNull(fields, "id"),
    cause: textOrNull(fields, "cause"),
  }),
};

/**
 * Read a frame of the server.
 *
 * @param {unknown} frame what the socket delivered
 * @returns {ServerMessage | null} null when it is not known here: newer servers may say more
 * @throws {SyntaxError} when it is no JSON object
 * @throws {TypeError} when a field is missing or of the wrong type
 */
export function parse(frame) {
  const fields = JSON.parse(String(frame));
  if (typeof fields !== "object" || fields === null) throw new SyntaxError("not a JSON object");
  if (!Object.hasOwn(READERS, fields.type)) return null;
  return READERS[/** @type {ServerMessage["type"]} */ (fields.type)](fields);
}

/** @param {unknown} value @returns {Reason} one that only newer servers know is another one */
export function reasonOf(value) {
  return REASONS.find((known) => known === value) ?? "other";
}

/** @param {unknown} value @returns {Mode} servers of before say none */
export function modeOf(value) {
  return MODES.find((known) => known === value) ?? "video";
}

/** @param {unknown} value @returns {Record<Mode, number>} */
function lookingOf(value) {
  const counts = /** @type {Fields} */ (typeof value === "object" && value ? value : {});
  const count = (/** @type {Mode} */ mode) => numberOrNull(counts, mode) ?? 0;
  return { video: count("video"), voice: count("voice"), text: count("text") };
}

/** @param {Fields} fields @param {string} name @returns {string} */
function text(fields, name) {
  const value = fields[name];
  if (typeof value !== "string") throw new TypeError(`${fields["type"]}: ${name} is no string`);
  return value;
}

/** @param {Fields} fields @param {string} name @returns {string | null} */
function textOrNull(fields, name) {
  const value = fields[name];
  return typeof value === "string" ? value : null;
}

/** @param {Fields} fields @param {string} name @returns {number} */
function number(fields, name) {
  const value = numberOrNull(fields, name);
  if (value === null) throw new TypeError(`${fields["type"]}: ${name} is no number`);
  return value;
}

/** @param {Fields} fields @param {string} name @returns {unknown[]} */
function list(fields, name) {
  const value = fields[name];
  if (!Array.isArray(value)) throw new TypeError(`${fields["type"]}: ${name} is no list`);
  return value;
}

/** @param {Fields} fields @param {string} name @returns {string[]} none when it is absent */
function texts(fields, name) {
  const value = fields[name] ?? [];
  const isRight = Array.isArray(value) && value.every((item) => typeof item === "string");
  if (!isRight) throw new TypeError(`${fields["type"]}: ${name} is no list of strings`);
  return value;
}

/** @param {Fields} fields @param {string} name @returns {number | null} */
function numberOrNull(fields, name) {
  const value = fields[name];
  return typeof value === "number" ? value : null;
}

/** @param {Fields} fields @param {string} name @returns {number | null} in ms */
function secondsOrNull(fields, name) {
  const seconds = numberOrNull(fields, name);
  return seconds === null ? null : seconds * 1000;
}

/** @param {Fields} fields @returns {RTCIceCandidateInit | null} */
function candidate(fields) {
  const value = fields["candidate"];
  if (typeof value !== "object") throw new TypeError("ice_candidate: candidate is no object");
  return value;
}
