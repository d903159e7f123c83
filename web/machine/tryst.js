// @ts-check
/**
 * People who know each other: an invitation that one makes or has got, and those whom one has met and wants
 * to meet again. Whoever looks for one of them meets nobody else.
 *
 * @typedef {import("./turn.js").Turn} Turn
 *
 * @typedef {object} Contact somebody whom one wants to meet again, as the browser keeps it
 * @property {string} code
 * @property {string} roomId in which the two met last
 * @property {number} metAtMs the time of day
 * @property {number} untilMs the same; then the code is of no use
 *
 * @typedef {{ code: string, guestCode: string }} Invitation one's own code, and the link's
 * @typedef {"host" | "guest" | "again"} Role
 * @typedef {{ role: Role, code: string }} Sought
 *
 * @typedef {object} Trysts
 * @property {Sought | null} sought whom one looks for, and for nobody else
 * @property {Invitation | null} invitation the last one that was made
 * @property {boolean} isShown its window is open
 * @property {string} wished the room of whom one wants to meet again
 * @property {readonly Contact[]} contacts
 * @property {"no" | "asking" | "all" | "sound"} telling whether the person is told when somebody comes
 *
 * @typedef {{ type: "invite_pressed" } | { type: "invitation_closed" } | { type: "guest_awaited" }
 *   | { type: "invited", code: string } | { type: "strangers_pressed" } | { type: "again_pressed" }
 *   | { type: "contact_sought", code: string } | { type: "contact_forgotten", code: string }
 *   | { type: "contacts_kept", contacts: readonly Contact[] }
 *   | { type: "invitation_kept", invitation: Invitation & { withinMs: number } }
 *   | { type: "tell_pressed" } | { type: "tell_answered", isAllowed: boolean }} TrystEvent
 * @typedef {{ do: "keep_contact", code: string, roomId: string, withinMs: number | null }
 *   | { do: "forget_contact", code: string } | { do: "forget_link" } | { do: "ask_to_tell" }
 *   | { do: "keep_invitation", invitation: Invitation, withinMs: number } | { do: "forget_invitation" }} TrystCommand
 */
import * as news from "./news.js";
import * as partner from "./partner.js";
import * as search from "./search.js";
import * as visit from "./visit.js";

/** When the server does not say after which time it makes another one. */
const AGAIN_MS = 5_000;
const REFUSALS = /** @type {const} */ (["code_unknown", "code_over", "code_used"]);

/** @param {Turn} turn @param {Partial<Trysts>} changes */
function change(turn, changes) {
  turn.state.trysts = { ...turn.state.trysts, ...changes };
}

// an invitation

/** Make one, or show the last. @param {Turn} turn */
export function invite(turn) {
  const { server, trysts } = turn.state;
  if (!server) return;
  change(turn, { isShown: true });
  if (!trysts.invitation && turn.state.dueMs.invite === undefined) turn.send({ type: "invite" });
}

/**
 * The server makes none yet: it is asked once more when it does.
 *
 * @param {Turn} turn
 * @param {number | null} retryAfterMs
 * @returns {boolean} whether one was asked for
 */
export function put(turn, retryAfterMs) {
  const { isShown, invitation } = turn.state.trysts;
  if (!isShown || invitation) return false;
  turn.startTimer("invite", retryAfterMs ?? AGAIN_MS);
  return true;
}

/** @param {Turn} turn */
export function inviteAgain(turn) {
  const { isShown, invitation } = turn.state.trysts;
  if (turn.state.server && isShown && !invitation) turn.send({ type: "invite" });
}

/** @param {Turn} turn @param {import("../wire/messages.js").Invitation} message */
export function made(turn, { code, guestCode, withinMs }) {
  const invitation = { code, guestCode };
  has(turn, { ...invitation, withinMs });
  turn.order({ do: "keep_invitation", invitation, withinMs });
}

/** One was made, by this page or the one before. @param {Turn} turn @param {Invitation & { withinMs: number }} invitation */
export function has(turn, { code, guestCode, withinMs }) {
  change(turn, { invitation: { code, guestCode } });
  turn.startTimer("invitation", withinMs);
}

/** It is over; whoever waits with it is told by the server. @param {Turn} turn */
export function over(turn) {
  change(turn, { isShown: false });
  endInvitation(turn);
}

/** @param {Turn} turn */
export function close(turn) {
  change(turn, { isShown: false });
}

/** Wait for who has got it. @param {Turn} turn */
export function awaitGuest(turn) {
  const { invitation } = turn.state.trysts;
  change(turn, { isShown: false });
  if (invitation) seek(turn, { role: "host", code: invitation.code });
}

/** The page was opened by an invitation's link: Start looks for who has sent it. @param {Turn} turn @param {string} code */
export function invited(turn, code) {
  change(turn, { sought: { role: "guest", code } });
}

// whom one looks for

/** @param {Turn} turn @param {Sought} sought */
function seek(turn, sought) {
  const { state } = turn;
  change(turn, { sought });
  if (!state.isStarted) visit.start(turn);
  else if (state.partner || state.isResting) partner.next(turn);
  else if (state.search !== "none") search.ask(turn, "find_partner");
}

/** Rather anybody. @param {Turn} turn */
export function drop(turn) {
  forgetSought(turn);
  if (turn.state.search !== "none") search.ask(turn, "find_partner");
}

/** Who has got an invitation may start again with it. @param {Turn} turn */
export function stopped(turn) {
  if (turn.state.trysts.sought?.role !== "guest") change(turn, { sought: null });
}

/** @param {Turn} turn */
function forgetSought(turn) {
  if (turn.state.trysts.sought?.role === "guest") turn.order({ do: "forget_link" });
  change(turn, { sought: null });
}

/** Somebody has been found: the one who was looked for, if the server says so. @param {Turn} turn @param {boolean} isByCode */
export function found(turn, isByCode) {
  const { partner: other, trysts: { sought } } = turn.state;
  if (!other || !isByCode || !sought) return;
  if (sought.role === "again") keep(turn, sought.code, other.roomId, null);
  if (sought.role === "host") endInvitation(turn);
  forgetSought(turn);
}

/**
 * The server does not know whom the code means, or not any more.
 *
 * @param {Turn} turn
 * @param {string} code of the error
 * @returns {boolean} whether that was all that the error was about
 */
export function refused(turn, code) {
  const kind = REFUSALS.find((known) => known === code);
  const { state } = turn;
  const { sought } = state.trysts;
  if (!kind || !sought || state.partner) return false;
  if (sought.role === "again") turn.order({ do: "forget_contact", code: sought.code });
  if (sought.role === "host") endInvitation(turn);
  forgetSought(turn);
  search.end(turn);
  Object.assign(state, { isResting: state.isStarted, notice: { kind } });
  return true;
}

/** @param {Turn} turn */
function endInvitation(turn) {
  change(turn, { invitation: null });
  turn.stopTimers("invitation");
  turn.order({ do: "forget_invitation" });
}

// meeting again

/**
 * Whom one could want to meet again.
 *
 * @param {import("./types.js").State} state
 */
export function meetable({ isStarted, partner: present, formerRoomId, socket }) {
  if (socket === "closed") return null;
  return (isStarted ? present?.roomId : null) ?? formerRoomId;
}

/** @param {Turn} turn */
export function wish(turn) {
  const { state } = turn;
  const roomId = meetable(state);
  if (roomId === null || roomId === state.trysts.wished) return;
  turn.send({ type: "meet_again", roomId });
  change(turn, { wished: roomId });
}

/** They want it, too. @param {Turn} turn @param {import("../wire/messages.js").MeetAgainCode} message */
export function given(turn, { roomId, code, withinMs }) {
  keep(turn, code, roomId, withinMs);
  news.tell(turn, { kind: "again" });
}

/** @param {Turn} turn @param {string} code @param {string} roomId @param {number | null} withinMs null: as long as before */
function keep(turn, code, roomId, withinMs) {
  turn.order({ do: "keep_contact", code, roomId, withinMs });
}

/** As the browser keeps them now. @param {Turn} turn @param {readonly Contact[]} contacts */
export function kept(turn, contacts) {
  change(turn, { contacts });
}

/** @param {Turn} turn @param {string} code */
export function seekContact(turn, code) {
  if (turn.state.trysts.contacts.some((known) => known.code === code)) seek(turn, { role: "again", code });
}

/** Somebody is reported or blocked, and is never to be met again. @param {Turn} turn @param {string} roomId */
export function callOff(turn, roomId) {
  for (const contact of turn.state.trysts.contacts) {
    if (contact.roomId === roomId) turn.order({ do: "forget_contact", code: contact.code });
  }
}

// being told

/** @param {Turn} turn */
export function tell(turn) {
  const { telling } = turn.state.trysts;
  if (telling === "asking") return;
  change(turn, { telling: telling === "no" ? "asking" : "no" });
  if (telling === "no") turn.order({ do: "ask_to_tell" });
}

/** @param {Turn} turn @param {boolean} isAllowed to show a notification; a sound needs nobody's leave */
export function answered(turn, isAllowed) {
  if (turn.state.trysts.telling === "asking") change(turn, { telling: isAllowed ? "all" : "sound" });
}
