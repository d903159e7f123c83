// @ts-check
/**
 * The page's state machine: the only place that decides.
 *
 * `step(state, event, nowMs)` gives the next state and the commands to carry out. There is no DOM
 * here, no network and no clock. Deadlines are part of the state (`dueMs`); when the earliest is
 * reached the caller sends `time_passed`. A state that is left behind takes its deadlines with it,
 * so that there is no timer to cancel. Each part decides about one thing, and
 * calls only parts below it:
 *
 *     banned.js    who may not come in, the appeal, and whom the visitor has blocked
 *     moving.js    to another server, since this one is about to go
 *     session.js   the session with the server: lost, gone on with, left and come back to
 *     complaint.js reporting or blocking the partner, or the one before
 *     tryst.js     people who know each other: invitations, and meeting again
 *     visit.js     from Start to Stop
 *     trial.js     the test of the connection, before one meets somebody or when a link has failed
 *     mend.js      new paths for a link that is interrupted
 *     pictures.js  pictures in the chat, when both have agreed
 *     reactions.js what is shown over the picture for a moment
 *     chat.js      lines, who is typing, what was delivered
 *     partner.js   the one who was found, until they go
 *     link.js      the media connection
 *     picture.js   how large our picture is sent
 *     way.js       which way the media takes: UDP, or a detour by TCP
 *     line.js      how well the media travels, and doing with sound alone
 *     judgement.js what is known of the line, and what that comes to
 *     devices.js   camera and microphone: opened, refused, muted, lost
 *     mode.js      by video, by voice or in writing
 *     search.js    what is looked for, and asking the server to look
 *     draft.js     what is being written, and to whom
 *     former.js    who was the partner until a moment ago
 *     veil.js      whether the partner's picture is blurred
 *     news.js      what the person is told wherever they are
 *
 * What has to follow from the state however it came about, no part has to think of: when the event
 * is dealt with, `settle` goes on with the search if nothing is waited for any more, and tells the
 * partner what is on.
 *
 * docs/architecture.md follows it from Start to a call.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Event} Event
 * @typedef {import("./types.js").Command} Command
 * @typedef {import("../wire/messages.js").ServerMessage} ServerMessage
 */
import * as banned from "./banned.js";
import * as chat from "./chat.js";
import * as complaint from "./complaint.js";
import * as devices from "./devices.js";
import * as draft from "./draft.js";
import * as line from "./line.js";
import * as link from "./link.js";
import * as mend from "./mend.js";
import * as mode from "./mode.js";
import * as moving from "./moving.js";
import * as news from "./news.js";
import * as partner from "./partner.js";
import * as picture from "./picture.js";
import * as pictures from "./pictures.js";
import * as reactions from "./reactions.js";
import * as search from "./search.js";
import * as session from "./session.js";
import * as trial from "./trial.js";
import * as tryst from "./tryst.js";
import { Turn } from "./turn.js";
import * as veil from "./veil.js";
import * as visit from "./visit.js";
import * as way from "./way.js";

/**
 * Decide what an event means.
 *
 * @param {State} state
 * @param {Event} event
 * @param {number} nowMs a clock that only goes forward
 * @returns {{ state: State, commands: Command[] }}
 */
export function step(state, event, nowMs) {
  const turn = new Turn(state, nowMs);
  take(turn, event);
  settle(turn);
  return { state: turn.state, commands: turn.commands };
}

/** @param {Turn} turn */
function settle(turn) {
  mode.settle(turn);
  visit.goOn(turn);
  partner.tellMedia(turn);
}

/** @param {Turn} turn @param {Event} event */
function take(turn, event) {
  switch (event.type) {
    case "agreed": return visit.agree(turn, event.rules);
    case "start_pressed": return visit.start(turn);
    case "next_pressed": return partner.next(turn);
    case "stop_pressed":
      tryst.stopped(turn);
      return visit.stop(turn);
    case "escape_pressed": return partner.escape(turn);
    case "swiped": return partner.swiped(turn);
    case "undo_pressed": turn.stopTimers("swiped"); return;
    case "setting_changed": return devices.settingChanged(turn, event.change);
    case "interest_added": return search.addInterest(turn, event.text);
    case "interest_removed": return search.removeInterest(turn, event.text);
    case "mode_chosen": return mode.choose(turn, event.mode);
    case "mode_wanted": return mode.want(turn, event.mode);
    case "mode_answered": return mode.answer(turn, event.accept);
    case "around_wanted": return search.lookAround(turn);
    case "time_passed": return checkDeadlines(turn);

    case "preview_wanted": return devices.preview(turn);
    case "retry_pressed": return devices.retry(turn);
    case "microphone_toggled": return devices.toggleMicrophone(turn);
    case "camera_toggled": return devices.toggleCamera(turn);
    case "camera_switched": return devices.switchCamera(turn);
    case "device_chosen": return devices.choose(turn, event.kind, event.id);
    case "device_opened": return devices.opened(turn, event.kind, event.track);
    case "device_failed": return devices.failed(turn, event.kind, event.problem);
    case "device_lost": return devices.lost(turn, event.kind);
    case "device_silenced": return devices.silenced(turn, event.kind, event.isSilenced);
    case "devices_listed": return devices.listed(turn, event.devices);

    case "text_changed": return chat.textChanged(turn, event.text);
    case "chat_entered": return chat.say(turn, event.text);
    case "chat_repeated": return chat.repeat(turn, event.id);
    case "chat_toggled": return chat.toggle(turn);
    case "translation_wanted": return chat.wantTranslation(turn, event.id, event.language);
    case "translated": return chat.translated(turn, event.id, event.text);
    case "pictures_wanted": return pictures.answer(turn, true);
    case "pictures_answered": return pictures.answer(turn, event.isAgreed);
    case "picture_chosen": return pictures.choose(turn, event.file, event.roomId);
    case "picture_prepared": return pictures.prepared(turn, event.roomId, event.parts, event.picture);
    case "picture_unusable": return pictures.unusable(turn, event.roomId);
    case "picture_shown": return pictures.shown(turn, event.roomId, event.id, event.picture);
    case "picture_unreadable": return pictures.unreadable(turn, event.roomId, event.id);
    case "reaction_pressed": return reactions.react(turn, event.name);
    case "key_struck": return draft.struck(turn);
    case "field_pressed": return draft.release(turn);
    case "begun_taken": return draft.takeBack(turn);
    case "begun_dropped": turn.state.begun = ""; return;
    case "page_hidden": turn.state.isHidden = true; return;
    case "page_shown": return chat.pageShown(turn);
    case "page_left": return session.leavePage(turn);
    case "page_back": turn.order({ do: "arrive" }); return;
    case "conversation_kept": return session.found(turn, event.kept);
    case "return_pressed": return session.takeUp(turn);
    case "return_declined": return session.decline(turn);
    case "way_remembered": turn.state.takesDetour = event.takesDetour; return;
    case "surroundings_seen":
      turn.state.stage = event.stage;
      turn.state.savesData = event.savesData;
      return;
    case "network_changed": return visit.networkChanged(turn);

    case "invite_pressed": return tryst.invite(turn);
    case "invitation_closed": return tryst.close(turn);
    case "guest_awaited": return tryst.awaitGuest(turn);
    case "invited": return tryst.invited(turn, event.code);
    case "strangers_pressed": return tryst.drop(turn);
    case "again_pressed": return tryst.wish(turn);
    case "contact_sought": return tryst.seekContact(turn, event.code);
    case "contact_forgotten": turn.order({ do: "forget_contact", code: event.code }); return;
    case "contacts_kept": return tryst.kept(turn, event.contacts);
    case "invitation_kept": return tryst.has(turn, event.invitation);
    case "tell_pressed": return tryst.tell(turn);
    case "tell_answered": return tryst.answered(turn, event.isAllowed);

    case "show_pressed": return veil.show(turn, true);
    case "report_opened": return complaint.open(turn);
    case "report_closed": return complaint.close(turn);
    case "report_meant": return complaint.mean(turn, event.roomId);
    case "report_pressed": return complaint.report(turn, event.reason, event.words);
    case "block_pressed": return complaint.block(turn);
    case "news_closed": return news.close(turn, event.id);
    case "warning_taken": turn.state.warning = null; return;
    case "appeal_pressed": return banned.appeal(turn, event.text);
    case "appeal_sent": return banned.appealed(turn, event.appeal);
    case "appeal_unsent": return banned.unappealed(turn, event.status);
    case "settings_opened": return banned.lookAtBlocks(turn);
    case "visitor_seen": return banned.seen(turn, event.ban, event.blocks);
    case "unblock_pressed": return banned.unblock(turn, event.id);
    case "block_undone": return banned.unblocked(turn, event.id);
    case "block_kept": return banned.stillBlocked(turn);

    case "wire_connecting": return session.connecting(turn);
    case "wire_away": return session.away(turn);
    case "wire_lost":
    case "wire_refused": return session.lost(turn, event);
    case "wire_closed": return session.sentAway(turn, event.by);
    case "wire_working": return session.working(turn);
    case "wire_banned": return banned.begin(turn, event.ban);
    case "wire_moved":
      banned.over(turn);
      return session.moved(turn, event.server);
    case "wire_unmoved": return moving.stay(turn);
    case "wire_resumed": return session.resumed(turn, event);
    case "wire_alive":
      mend.proved(turn);
      return trial.ponged(turn);
    case "try_now_pressed": return session.tryNow(turn);
    case "text_chosen": return visit.chooseText(turn);
    case "message_unsent": return unsent(turn, event.message);
    case "message": return hear(turn, event.message);

    case "trial_pressed": return trial.press(turn);
    case "trial_opened": return trial.show(turn);
    case "trial_closed": return trial.hide(turn);
    case "trial_heard": return trial.heard(turn, event.event);
    case "device_glimpsed": return trial.glimpsed(turn, event.kind, event.glimpse);

    case "link_described": return link.described(turn, event.description);
    case "candidate_found": return link.candidateFound(turn, event.candidate);
    case "path_found": return way.pathFound(turn);
    case "way_found": return way.found(turn, event.protocol, event.isRelayed);
    case "link_interrupted": return mend.interrupted(turn);
    case "link_broken": return visit.linkBroken(turn);
    case "link_restored": return visit.linkRestored(turn);
    case "link_reported": return link.reported(turn, event.report);
    case "link_failed": return visit.linkUnusable(turn);
    case "link_closed": return visit.linkClosed(turn);
    case "stream_arrived": turn.state.remoteStream = event.stream; return;
    case "media_arrived": return partner.mediaArrived(turn, event.kind);
    case "figures_measured":
      partner.measured(turn, event.figures);
      picture.measured(turn, event.figures);
      way.measured(turn, event.figures.protocol);
      return mend.measured(turn);
    default: /** @satisfies {never} */ (event);
  }
}

/** @param {Turn} turn @param {ServerMessage} message */
function hear(turn, message) {
  switch (message.type) {
    case "connected":
      banned.over(turn);
      session.begun(turn, message);
      return tryst.inviteAgain(turn);
    case "resumed":
    case "pong": return; // the wire's own
    case "waiting_for_partner": return partner.awaited(turn, message);
    case "partner_found":
      partner.found(turn, message);
      return tryst.found(turn, message.isByCode);
    case "invitation": return tryst.made(turn, message);
    case "meet_again": return tryst.given(turn, message);
    case "partner_left": return partner.gone(turn, "partner_left");
    case "partner_disconnected": return partner.gone(turn, "partner_disconnected");
    case "media_state": return partner.mediaChanged(turn, message);
    case "webrtc_offer": return link.takeOffer(turn, message.sdp);
    case "webrtc_answer":
      if (!trial.takeAnswer(turn, message.sdp)) link.takeAnswer(turn, message.sdp);
      return;
    case "echo": return trial.echoed(turn, message.on);
    case "ice_candidate": return link.takeCandidate(turn, message.candidate);
    case "chat_message": return chat.hear(turn, message);
    case "chat_received": return chat.delivered(turn, message.id);
    case "pictures": return pictures.partnerAnswered(turn, message.allowed);
    case "picture_part": return pictures.hear(turn, message);
    case "picture_received": return pictures.partReceived(turn, message.id, message.part);
    case "picture_refused": return pictures.refused(turn, message.id);
    case "reaction": return reactions.hear(turn, message.name);
    case "typing": return chat.partnerTyping(turn, message.active);
    case "partner_connection": return partner.connectionChanged(turn, message.interrupted);
    case "report_received":
    case "blocked": return complaint.arrived(turn, message.type);
    case "report_outcome": {
      const { outcome, reason, atMs } = message;
      return news.tell(turn, { kind: "outcome", outcome, reason, atMs });
    }
    case "warning": turn.state.warning = message.reason; return;
    case "partner_blurred": return veil.suspected(turn, message.why);
    case "shown": return veil.partnerShown(turn);
    case "mode_asked": return mode.asked(turn, message.mode);
    case "mode_declined": return mode.declined(turn);
    case "mode_changed": return mode.changed(turn, message.mode);
    case "around": turn.state.around = message; return;
    case "offer_again": return visit.offerAgain(turn);
    case "move": return moving.leave(turn, message.withinMs);
    case "error": return serverError(turn, message);
    default: /** @satisfies {never} */ (message);
  }
}

/** @param {Turn} turn @param {import("../wire/messages.js").ServerError} error */
function serverError(turn, { code, message, retryAfterMs, id, cause }) {
  const { state } = turn;
  const isPicture = id !== null && state.outgoing?.id === id;
  if (isPicture) pictures.refused(turn, id);
  else if (id !== null) chat.notPassedOn(turn, id);
  else if (trial.isRunning(turn.state)) return trial.refused(turn, code);
  if (code === "media_failed") turn.state.unanswered = 0;
  if (code === "rate_limited" && id === null) {
    mode.unasked(turn);
    if (tryst.put(turn, retryAfterMs)) return;
  }
  if (code === "bad_sdp") link.countAnswer(turn);
  if (complaint.refused(turn, code) || tryst.refused(turn, code) || !turn.state.isStarted) return;
  if (code === "media_failed" || code === "bad_sdp") return visit.linkFailed(turn, cause);
  if (isPicture || code === "pictures_not_agreed") return;
  // The server speaks of its states there: something crossed with the partner's leaving.
  if (code === "rate_limited") turn.notify({ kind: id === null ? "too_fast" : "message_refused" });
  else if (code === "repeated_text" || code === "link_held_back") turn.notify({ kind: code });
  else if (code !== "wrong_state") turn.notify({ kind: "server_error", text: message });
  search.refused(turn, retryAfterMs);
}

/**
 * The wire could not take a message, and never will.
 *
 * @param {Turn} turn
 * @param {import("../wire/messages.js").ClientMessage} message
 */
function unsent(turn, message) {
  if (message.type === "chat_message") chat.refused(turn, message.id);
  if (message.type === "report" || message.type === "block") complaint.unsent(turn);
}

/** @param {Turn} turn */
function checkDeadlines(turn) {
  if (turn.isDue("media")) partner.noMedia(turn);
  if (turn.isDue("notice")) turn.state.notice = null;
  if (turn.isDue("escape") && turn.state.notice?.kind === "escape_again") turn.state.notice = null;
  if (turn.isDue("swiped")) partner.next(turn);
  if (turn.isDue("retry")) search.ask(turn, "find_partner");
  if (turn.isDue("reply")) turn.order({ do: "reconnect" });
  if (turn.isDue("restart")) mend.due(turn);
  if (turn.isDue("detour") && way.takeDetour(turn)) link.offer(turn, "restart_link");
  if (turn.isDue("trial")) trial.due(turn);
  if (turn.isDue("udp") && way.seekUdp(turn)) link.offer(turn, "restart_link");
  if (turn.isDue("return")) session.decline(turn);
  if (turn.isDue("typed")) chat.stopTyping(turn);
  if (turn.isDue("partnerTyped")) chat.partnerTyping(turn, false);
  if (turn.isDue("video")) line.tryVideo(turn);
  if (turn.isDue("veil")) veil.show(turn, false);
  if (turn.isDue("slowed")) turn.state.isSlowed = false;
  if (turn.isDue("work")) turn.state.isWorking = true;
  if (turn.isDue("picture")) pictures.late(turn);
  if (turn.isDue("former")) complaint.formerForgotten(turn);
  if (turn.isDue("form")) complaint.late(turn);
  if (turn.isDue("news")) news.pass(turn);
  if (turn.isDue("invitation")) tryst.over(turn);
  if (turn.isDue("invite")) tryst.inviteAgain(turn);
  if (turn.isDue("question")) mode.late(turn);
  if (turn.isDue("ban")) banned.lookAgain(turn);
  turn.isDue("relink"); // what it has held up goes on by itself
  turn.isDue("held");
}
