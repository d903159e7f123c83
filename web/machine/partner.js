// @ts-check
/**
 * The one who was found, until they go.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("../media/devices.js").Kind} Kind
 */
import * as draft from "./draft.js";
import * as former from "./former.js";
import * as line from "./line.js";
import * as link from "./link.js";
import * as picture from "./picture.js";
import * as search from "./search.js";
import { hasArrived, modeNow, ownMedia } from "./state.js";
import * as veil from "./veil.js";

export const MEDIA_TIMEOUT_MS = 8_000;
const STALLED_AFTER_MS = 4_000;
const QUIET_MS = 1_500;
const ESCAPE_AGAIN_MS = 2_000;
const UNDO_MS = 1_000;

/** @param {Turn} turn @param {import("../wire/messages.js").PartnerFound} message */
export function found(turn, message) {
  const { roomId, isInitiator, sharedInterests, blurred, isByCode, mode = "video", languages = [] } = message;
  const { state } = turn;
  const isWritten = state.isTextOnly || mode === "text";
  const isForeign = !isByCode && state.scope === "any" && languages.length === 0 && search.languagesOf(state).length > 0;
  if (state.search === "none") return; // we have stopped meanwhile
  search.end(turn);
  Object.assign(state, { notice: null, chat: former.lines(state.chat) });
  state.partnersMet += 1;
  const isReady = !blurred;
  const known = somebody(turn, { roomId, sharedInterests, isReady, mode });
  state.partner = { ...known, isForeign, isByCode, hasCome: isWritten };
  draft.meet(turn);
  if (!isWritten) turn.startTimer("media", MEDIA_TIMEOUT_MS);
  if (state.linked) picture.meet(turn);
  else if (!isWritten) link.openToPartner(turn, isInitiator);
  veil.met(turn);
}

/**
 * Of whom nothing is known yet.
 *
 * @param {Turn} turn
 * @param {{ roomId: string, sharedInterests: string[], isReady: boolean,
 *   mode: import("../wire/messages.js").Mode }} known `isReady` to be seen
 * @returns {import("./types.js").Partner}
 */
export function somebody(turn, { roomId, sharedInterests, isReady, mode }) {
  return {
    roomId,
    mode,
    asked: null,
    isForeign: false,
    isByCode: false,
    veil: veil.drawn(turn.state, isReady),
    media: { audio: true, video: true }, // until they say otherwise
    arrived: { audio: false, video: false },
    hasCome: false,
    sharedInterests,
    isTyping: false,
    exchange: { mine: false, theirs: false, isAnswered: false, isDeclined: false },
    isReported: false,
    isInterrupted: false,
    isQuiet: false,
    isStalled: false,
    isDoubted: false,
    isSought: false,
    bytesReceived: 0,
    lastBytesAtMs: turn.nowMs,
  };
}

/**
 * The same one, on another link: what came of them is as it was, and more has to come.
 *
 * @param {Turn} turn
 */
export function meetAgain(turn) {
  const { partner } = turn.state;
  if (!partner) return;
  change(turn, { bytesReceived: 0, lastBytesAtMs: turn.nowMs });
  if (!partner.hasCome) turn.startTimer("media", MEDIA_TIMEOUT_MS);
  picture.meet(turn);
}

/**
 * The server says that it looks on: one who was taken for a partner was found before we stopped.
 *
 * @param {Turn} turn
 * @param {import("../wire/messages.js").WaitingForPartner} message
 */
export function awaited(turn, message) {
  const { state } = turn;
  if (state.search === "none" && !state.partner) return; // we have stopped meanwhile
  if (state.partner) leave(turn);
  state.isResting = false;
  search.confirmed(turn, message);
}

/**
 * On to somebody else, or on with the search after a rest.
 *
 * @param {Turn} turn
 */
export function next(turn) {
  const { state } = turn;
  turn.stopTimers("swiped");
  if (state.isResting) {
    Object.assign(state, { isResting: false, notice: null, chat: [] });
    const isReady = state.linked || state.isTextOnly || state.mode === "text";
    if (isReady) search.ask(turn, "find_partner");
  } else if (state.partner) {
    state.notice = null;
    leave(turn);
    state.isResting = false;
    if (lacksLink(turn)) turn.send({ type: "stop_chat" }); // and on as after Start
    else search.ask(turn, "next_partner");
  }
}

/**
 * Whether one who has agreed to write needs a link for the next partner, who is met when there is one.
 *
 * @param {Turn} turn
 */
function lacksLink(turn) {
  const { linked, isTextOnly } = turn.state;
  return !linked && !isTextOnly && !turn.isDirect() && modeNow(turn.state) !== "text";
}

/**
 * Esc, twice within two seconds, is Next.
 *
 * @param {Turn} turn
 */
export function escape(turn) {
  const { state } = turn;
  if (!state.partner && !state.isResting) return;
  if (state.dueMs.escape !== undefined) {
    turn.stopTimers("escape");
    return next(turn);
  }
  turn.startTimer("escape", ESCAPE_AGAIN_MS);
  turn.notify({ kind: "escape_again" });
}

/** A thumb slips easily: Next by a swipe can be undone for a second. @param {Turn} turn */
export function swiped(turn) {
  const { partner, isResting } = turn.state;
  if (partner || isResting) turn.startTimer("swiped", UNDO_MS);
}

/** @param {Turn} turn @param {Kind} kind */
export function mediaArrived(turn, kind) {
  const { partner } = turn.state;
  if (!partner) return;
  change(turn, { arrived: { ...partner.arrived, [kind]: true }, lastBytesAtMs: turn.nowMs });
  if (kind === "video") veil.pictureCame(turn);
  noteArrival(turn);
}

/** @param {Turn} turn @param {{ audio: boolean, video: boolean }} media */
export function mediaChanged(turn, { audio, video }) {
  change(turn, { media: { audio, video }, lastBytesAtMs: turn.nowMs, isStalled: false });
  noteArrival(turn);
}

/**
 * The server says whether their connection is whole. While media comes of them all the same it is only
 * their socket, and not worth a word. What we measure without it says nothing of our line: nobody is there
 * to answer.
 *
 * @param {Turn} turn
 * @param {boolean} isInterrupted
 */
export function connectionChanged(turn, isInterrupted) {
  const { partner } = turn.state;
  const quietMs = partner?.bytesReceived ? turn.nowMs - partner.lastBytesAtMs : Infinity;
  const hasMedia = quietMs < QUIET_MS;
  change(turn, { isReported: isInterrupted, isInterrupted: isInterrupted && !hasMedia });
  line.measureAnew(turn);
}

/** @param {Turn} turn */
function noteArrival(turn) {
  const { partner } = turn.state;
  if (!partner || partner.hasCome || !hasArrived(partner)) return;
  change(turn, { hasCome: true });
  turn.stopTimers("media");
}

/**
 * Whether anything still comes of them, and how.
 *
 * @param {Turn} turn
 * @param {import("../media/figures.js").Figures} figures
 */
export function measured(turn, figures) {
  const { partner } = turn.state;
  if (!partner) return;
  const { bytesReceived } = figures;
  const quietMs = turn.nowMs - partner.lastBytesAtMs;
  const isSilent = bytesReceived === partner.bytesReceived;
  if (!isSilent) {
    const lastBytesAtMs = turn.nowMs;
    const isWell = { isStalled: false, isInterrupted: false, isQuiet: false };
    change(turn, { bytesReceived, lastBytesAtMs, ...isWell, isDoubted: false, isSought: false });
    if (partner.isQuiet) line.measureAnew(turn);
  } else {
    const isQuiet = isExpected(partner) && quietMs >= QUIET_MS;
    const isStalled = partner.isStalled || (isExpected(partner) && quietMs >= STALLED_AFTER_MS);
    const isInterrupted = partner.isInterrupted || (partner.isReported && quietMs >= QUIET_MS);
    change(turn, { isQuiet, isStalled, isInterrupted });
  }
  if (turn.state.partner?.isInterrupted) return;
  line.measured(turn, figures, !isSilent || !isExpected(partner));
}

/**
 * Whether something should come of them all the time.
 *
 * @param {import("./types.js").Partner} partner
 */
export function isExpected({ media, arrived }) {
  return (media.audio || media.video) && (arrived.audio || arrived.video);
}

/**
 * Nothing has come of them: whatever the reason, the next one may do better. While our own connection
 * is away it is no fault of theirs.
 *
 * @param {Turn} turn
 */
export function noMedia(turn) {
  const { socket, line } = turn.state;
  const isAway = socket !== "open" || line.isInterrupted;
  if (isAway || turn.state.partner?.isByCode) return turn.startTimer("media", MEDIA_TIMEOUT_MS);
  leave(turn);
  turn.state.notice = { kind: "no_media" };
  search.ask(turn, "next_partner");
}

/**
 * The server says that they are gone. Their last words stay until somebody else comes.
 *
 * @param {Turn} turn
 * @param {"partner_left" | "partner_disconnected"} how
 */
export function gone(turn, how) {
  const { state } = turn;
  if (!state.partner) return; // it crossed with our own next_partner
  const { chat } = state;
  leave(turn);
  state.chat = chat;
  state.notice = { kind: how };
  if (!state.isStarted) return; // the person has not returned to them
  if (state.isResting) return;
  if (state.settings.searchesOn && lacksLink(turn)) turn.send({ type: "stop_chat" });
  else if (state.settings.searchesOn) search.ask(turn, "find_partner");
  else state.isResting = true;
}

/**
 * Forget what belonged to the partner.
 *
 * @param {Turn} turn
 */
export function leave(turn) {
  forget(turn);
  if (turn.isDirect()) link.close(turn);
  else turn.order({ do: "part" });
}

/** @param {Turn} turn */
export function forget(turn) {
  const { partner } = turn.state;
  if (partner) former.remember(turn, partner.roomId);
  if (partner?.isByCode) turn.state.isResting = turn.state.isStarted; // no stranger comes by itself
  Object.assign(turn.state, { partner: null, chat: [], told: null, isTyping: false, unread: 0 });
  Object.assign(turn.state, { outgoing: null, arriving: null, reactions: [] });
  turn.stopTimers("picture", "media", "escape", "swiped", "typed", "partnerTyped", "veil");
  draft.setAside(turn);
  line.part(turn);
}

/**
 * Tell the partner what of our media is on, when they do not know it yet.
 *
 * @param {Turn} turn
 */
export function tellMedia(turn) {
  const { state } = turn;
  const media = ownMedia(state);
  const { told } = state;
  if (!state.partner || (told?.audio === media.audio && told.video === media.video)) return;
  state.told = media;
  turn.send({ type: "media_state", ...media });
}

/** @param {Turn} turn @param {Partial<import("./types.js").Partner>} changes */
export function change(turn, changes) {
  const { partner } = turn.state;
  if (partner) turn.state.partner = { ...partner, ...changes };
}
