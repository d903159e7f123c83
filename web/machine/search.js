// @ts-check
/**
 * What is looked for, and asking the server to look.
 *
 * @typedef {import("./turn.js").Turn} Turn
 */
import { chosenMode } from "./state.js";
import { blurOf } from "./veil.js";
import { MAX_INTERESTS, MAX_INTEREST_CHARS } from "../wire/messages.js";

const REPLY_TIMEOUT_MS = 10_000;
const RETRY_MS = 3_000;
const MAX_LANGUAGES = 4;
/** Characters that the server takes of nobody: controls, and what changes the direction of text (UAX 9). */
const UNSEEN = /[\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028-\u202E\u2066-\u2069]/g;
/** As the server knows a language's tag (RFC 5646). */
const TAG = /^[a-z]{2,8}$/;

/** @param {Turn} turn @param {string} text */
export function addInterest(turn, text) {
  const { interests } = turn.state.settings;
  const interest = shorten(text);
  const isKnown = interests.some((known) => known.toLowerCase() === interest.toLowerCase());
  if (!interest || isKnown || interests.length >= MAX_INTERESTS) return;
  turn.set({ interests: [...interests, interest] });
}

/** @param {Turn} turn @param {string} text */
export function removeInterest(turn, text) {
  turn.set({ interests: turn.state.settings.interests.filter((known) => known !== text) });
}

/** @param {string} text */
function shorten(text) {
  const plain = text.replace(/\s+/g, " ").replace(UNSEEN, "").trim();
  return [...plain].slice(0, MAX_INTEREST_CHARS).join("").trim();
}

/**
 * The languages that a partner should speak, without regions; none: it does not matter.
 *
 * @param {Pick<import("./types.js").State, "settings" | "languages">} state
 */
export function languagesOf({ settings, languages }) {
  if (settings.speaks === "any") return [];
  const said = settings.speaks ? [settings.speaks] : languages;
  const tags = said.map((tag) => tag.toLowerCase().split("-")[0] ?? "").filter((tag) => TAG.test(tag));
  return [...new Set(tags)].slice(0, MAX_LANGUAGES);
}

/** Ask what others look for, before the call. @param {Turn} turn */
export function lookAround(turn) {
  const { state } = turn;
  if (state.isStarted || state.isHidden || state.socket !== "open" || !state.settings.agreedTo) return;
  turn.send({ type: "look_around" });
}

/**
 * @param {Turn} turn
 * @param {"find_partner" | "next_partner"} type
 * @param {boolean} stays no other server takes us, though this one is about to go
 */
export function ask(turn, type, stays = false) {
  const { state } = turn;
  // What a browser has kept from long ago may be what a server takes no more.
  const interests = state.settings.interests.map(shorten).filter(Boolean).slice(0, MAX_INTERESTS);
  /** @type {Partial<import("../wire/messages.js").FindPartner>} */
  const how = {};
  const mode = chosenMode(state.settings);
  const languages = languagesOf(state);
  if (languages.length) how.languages = languages;
  if (mode !== "video") how.mode = mode;
  if (state.isTextOnly && mode !== "text") how.withoutMedia = true;
  if (blurOf(state) !== "off") how.blurred = true;
  if (stays) how.stay = true;
  if (state.trysts.sought) how.code = state.trysts.sought.code;
  turn.send({ ...how, type, interests });
  if (state.search === "none") state.searchingSinceMs = turn.nowMs;
  state.search = "asked";
  awaitReply(turn);
}

/** A server that does not answer is not there; one that is away cannot. @param {Turn} turn */
export function awaitReply(turn) {
  if (turn.state.socket === "open") turn.startTimer("reply", REPLY_TIMEOUT_MS);
}

/**
 * The server has begun to look, or looks on.
 *
 * @param {Turn} turn
 * @param {import("../wire/messages.js").WaitingForPartner} message
 */
export function confirmed(turn, { online, looking = null, scope = "any", slowedForMs = null }) {
  const { state } = turn;
  const searchingSinceMs = state.searchingSinceMs ?? turn.nowMs;
  end(turn);
  const isSlowed = slowedForMs !== null && slowedForMs > 0;
  Object.assign(state, { search: "waiting", searchingSinceMs, online, looking, scope, isSlowed });
  if (isSlowed) turn.startTimer("slowed", slowedForMs);
}

/**
 * The server could not do it; whoever was to be searched for is asked for again.
 *
 * @param {Turn} turn
 * @param {number | null} retryAfterMs
 */
export function refused(turn, retryAfterMs) {
  if (turn.state.search !== "asked") return;
  turn.stopTimers("reply");
  turn.startTimer("retry", retryAfterMs ?? RETRY_MS);
}

/** @param {Turn} turn */
export function end(turn) {
  turn.state.search = "none";
  Object.assign(turn.state, { searchingSinceMs: null, isSlowed: false });
  turn.stopTimers("retry", "reply", "slowed");
}
