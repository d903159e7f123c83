// @ts-check
/** Puts the page together: events go to the machine, its commands to those who carry them out. */
import { forgetContact, keepContact, recallContacts } from "./browser/contacts.js";
import { keepInvitation, recallInvitation } from "./browser/invitation.js";
import { listenToKeys } from "./browser/keys.js";
import { recall, remember } from "./browser/memory.js";
import { Presence } from "./browser/presence.js";
import { keep, takeKept } from "./browser/return.js";
import { Speech } from "./browser/speech.js";
import { watchSurroundings } from "./browser/surroundings.js";
import { askToTell } from "./browser/telling.js";
import { recallDetour, rememberDetour } from "./browser/ways.js";
import { step } from "./machine/machine.js";
import { initial, nextDueMs } from "./machine/state.js";
import { Devices } from "./media/devices.js";
import { Glance } from "./media/glance.js";
import { Peer } from "./media/peer.js";
import { Rehearsal } from "./media/rehearsal.js";
import { View } from "./view/view.js";
import { Mover } from "./wire/mover.js";
import { Visitor } from "./wire/visitor.js";
import { Wire } from "./wire/wire.js";
import { hasAgreed } from "./words/words.js";

const TICK_MS = 250;
const MAX_CODE_CHARS = 64;
const RULES_TIMEOUT_MS = 15_000;

const AROUND_MS = 15_000;

let state = initial(recall(), location.hostname, navigator.languages);
/** @type {import("./machine/types.js").Event[]} */
const events = [];
let isWorking = false;
/** Whose numbers are shown. @type {typeof state.server} */
let greeted = null;
/** @type {Peer | null} */
let peer = null;
/** @type {import("./media/album.js").Album | null} */
let album = null;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** @type {ReturnType<typeof setInterval> | undefined} */
let ticker;

const view = new View(dispatch, welcome);
const speech = new Speech(draw);
const presence = new Presence();
const devices = new Devices(dispatch);
const glance = new Glance(dispatch);
const rehearsal = new Rehearsal((event) => dispatch({ type: "trial_heard", event }));
const visitor = new Visitor(dispatch);
const mover = new Mover((onEvent) => new Wire(socketUrl(), onEvent), dispatch);
watchSurroundings(dispatch);
listenToKeys((action) => view.act(action, state), () => state.settings.usesKeys);
contactsAre(recallContacts());
const invitation = recallInvitation();
if (invitation) dispatch({ type: "invitation_kept", invitation });
takeInvitation();
addEventListener("hashchange", takeInvitation);
draw();
setInterval(() => dispatch({ type: "around_wanted" }), AROUND_MS);
arrive();
await welcome();

/**
 * Take an event; one that a command causes waits until that command's step is done.
 *
 * @param {import("./machine/types.js").Event} event
 */
function dispatch(event) {
  events.push(event);
  if (isWorking) return;
  isWorking = true;
  for (let next = events.shift(); next; next = events.shift()) {
    const result = step(state, next, performance.now());
    state = result.state;
    result.commands.forEach(carryOut);
  }
  isWorking = false;
  draw();
  setTimers();
  if (state.server !== greeted) {
    greeted = state.server;
    if (greeted) dispatch({ type: "around_wanted" });
  }
}

/** @param {import("./machine/types.js").Command} command */
function carryOut(command) {
  switch (command.do) {
    case "open_devices": devices.open(command.kinds, command.ids, command.size); break;
    case "close_device": devices.close(command.kind); break;
    case "enable_microphone": devices.enableMicrophone(command.enabled); break;
    case "blur_background": devices.blurBackground(command.isOn); break;
    case "remember": remember(command.settings); break;
    case "send": send(command.message); break;
    case "reconnect": mover.wire.reconnect(); break;
    case "renew": renew(); break;
    case "probe": mover.wire.probe(); break;
    case "arrive": arrive(); break;
    case "connect": mover.wire.connect(); break;
    case "disconnect": mover.disconnect(); break;
    case "move": mover.move(); break;
    case "leave_for_now": leaveForNow(command.kept); break;
    case "remember_way": rememberDetour(command.takesDetour); break;
    case "open_link": openLink(command.iceServers, command.tracks); break;
    case "replace_link": openLink(command.iceServers, command.tracks, peer); break;
    case "close_link": closeLink(); break;
    case "make_offer": peer?.offer(); break;
    case "restart_link": peer?.restart(); break;
    case "use_servers": peer?.useServers(command.iceServers); break;
    case "take_offer": peer?.takeOffer(command.sdp); break;
    case "take_answer": peer?.takeAnswer(command.sdp); break;
    case "take_candidate": peer?.takeCandidate(command.candidate); break;
    case "use_track": peer?.useTrack(command.kind, command.track); break;
    case "fit_video": peer?.fitVideo(command.fit); break;
    case "pause_video": peer?.pauseVideo(command.paused); break;
    case "open_trial": rehearsal.open(command.iceServers, command.limits); break;
    case "take_trial_answer": rehearsal.takeAnswer(command.sdp); break;
    case "measure_trial": rehearsal.measure(); break;
    case "close_trial": rehearsal.close(); break;
    case "glance": glance.begin(command.tracks); break;
    case "look_away": glance.end(); break;
    case "look_up_visitor": visitor.lookUp(); break;
    case "appeal": visitor.appeal(command.words); break;
    case "unblock": visitor.unblock(command.id); break;
    case "keep_contact": contactsAre(keepContact(command)); break;
    case "forget_contact": contactsAre(forgetContact(command.code)); break;
    case "keep_invitation": keepInvitation(command.invitation, command.withinMs); break;
    case "forget_invitation": keepInvitation(null); break;
    case "forget_link": history.replaceState(null, "", location.pathname); break;
    case "ask_to_tell":
      void askToTell().then((isAllowed) => dispatch({ type: "tell_answered", isAllowed }));
      break;
    case "prepare_picture": withAlbum((album) => album.prepare(command.roomId, command.file)); break;
    case "show_picture": withAlbum((album) => album.show(command.roomId, command.id, command.parts)); break;
    case "translate": translate(command.id, command.text, command.language); break;
    case "meet": peer?.meet(); break;
    case "part": peer?.part(); break;
    default: /** @satisfies {never} */ (command);
  }
}

/** Connect; if there was a page here a moment ago that was left in a conversation, as its successor. */
function arrive() {
  const left = takeKept();
  dispatch({ type: "conversation_kept", kept: left?.kept ?? null });
  dispatch({ type: "way_remembered", takesDetour: recallDetour() });
  if (left) mover.wire.continueWith(left.ticket);
  mover.wire.connect();
}

/** @param {readonly import("./machine/tryst.js").Contact[]} contacts */
function contactsAre(contacts) {
  dispatch({ type: "contacts_kept", contacts });
}

/** The address has a code in it when the page was opened by an invitation's link. */
function takeInvitation() {
  const code = location.hash.match(/^#with=(.+)$/)?.[1];
  if (code) dispatch({ type: "invited", code: code.slice(0, MAX_CODE_CHARS) });
}

/** @param {(album: import("./media/album.js").Album) => void} use */
async function withAlbum(use) {
  try {
    const { Album } = await import("./media/album.js");
    album ??= new Album(dispatch);
    use(album);
  } catch (error) {
    console.warn("Pictures cannot be shown:", error);
  }
}

/** @param {string} id @param {string} text @param {string} language */
async function translate(id, text, language) {
  const translator = await import("./browser/translate.js").catch(() => null);
  dispatch({ type: "translated", id, text: await translator?.translate(text, language) ?? null });
}

/** @param {import("./machine/types.js").Kept} kept */
function leaveForNow(kept) {
  const ticket = mover.leaveForNow();
  if (ticket) keep({ ticket, kept });
}

/** Perhaps on another network, too. */
function renew() {
  if (!peer) dispatch({ type: "way_remembered", takesDetour: recallDetour() });
  mover.wire.renew();
}

/** @param {import("./wire/messages.js").ClientMessage} message */
function send(message) {
  if (!mover.wire.send(message)) dispatch({ type: "message_unsent", message });
}

/**
 * @param {RTCIceServer[]} iceServers
 * @param {import("./machine/types.js").Tracks} tracks
 * @param {Peer | null} former the one in whose place it is
 */
function openLink(iceServers, tracks, former = null) {
  try {
    peer = new Peer({ iceServers, tracks, onEvent: dispatch, former });
  } catch (error) {
    console.warn("The link cannot be opened:", error);
    dispatch({ type: "link_failed" });
  }
}

function closeLink() {
  peer?.close();
  peer = null;
}

/** Show the rules; who has agreed to them before sees themselves at once, if the browser allows. */
async function welcome() {
  const text = await readRules();
  view.welcome(text);
  draw();
  if (text === null || !hasAgreed(state.settings.agreedTo, text, Boolean(state.server?.evidence))) return;
  if (await Devices.areAllowed()) dispatch({ type: "preview_wanted" });
}

/** @returns {Promise<string | null>} null: they cannot be had, or something else has answered */
async function readRules() {
  try {
    const response = await fetch("welcome.txt", { signal: AbortSignal.timeout(RULES_TIMEOUT_MS) });
    const isText = response.headers.get("Content-Type")?.startsWith("text/plain");
    const text = response.ok && isText ? await response.text() : "";
    return text.trim() ? text : null;
  } catch (error) {
    console.info("The rules cannot be had:", error);
    return null;
  }
}

function draw() {
  const spoken = speech.speak(state.settings.language);
  if (!spoken) return; // its words are on their way
  view.draw(state, performance.now(), spoken);
  presence.follow(state, spoken.words);
  album?.keep(new Set(state.chat.flatMap(({ picture }) => picture?.url ?? [])));
}

function setTimers() {
  clearTimeout(timer);
  const dueMs = nextDueMs(state);
  if (dueMs !== null) {
    // A timer may ring a little early.
    timer = setTimeout(() => dispatch({ type: "time_passed" }), dueMs - performance.now() + 1);
  }
  clearInterval(ticker);
  const isCounting = state.retryAtMs !== null || state.searchingSinceMs !== null
    || Boolean(state.ban?.endsAtMs);
  if (isCounting) ticker = setInterval(draw, TICK_MS);
}

function socketUrl() {
  const url = new URL("ws", document.baseURI);
  url.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
