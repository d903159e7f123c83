// @ts-check
/**
 * The WebSocket to the server: typed messages in and out, and going on with the session when the
 * socket is lost. What is said meanwhile waits; what the server has not got is sent again, once.
 *
 * @typedef {import("./messages.js").ClientMessage} ClientMessage
 * @typedef {import("./messages.js").ServerMessage} ServerMessage
 * @typedef {import("./messages.js").Connected} Connected
 * @typedef {import("./messages.js").Resumed} Resumed
 * @typedef {import("./refusal.js").Refusal} Refusal
 * @typedef {import("./session.js").Ticket} Ticket
 *
 * @typedef {"operator" | "budget" | "elsewhere"} Closer who, or what, has ended it for good
 *
 * @typedef {{ type: "wire_connecting" }
 *   | { type: "wire_away" }
 *   | { type: "wire_lost", retryAtMs: number, isResumable: boolean }
 *   | { type: "wire_refused", why: import("./refusal.js").Told, retryAtMs: number,
 *       isResumable: boolean }
 *   | { type: "wire_working" }
 *   | { type: "wire_banned", ban: import("./visitor.js").Ban }
 *   | { type: "wire_closed", by: Closer }
 *   | { type: "wire_resumed", state: string, roomId: string | null, server: Connected }
 *   | { type: "wire_alive" }
 *   | { type: "message", message: ServerMessage }} WireEvent
 *
 * @typedef {object} Browser what the wire needs of the browser
 * @property {(url: string) => WebSocket} open
 * @property {(url: string, tell: (refusal: Refusal | null) => void) => void} ask why it did not open
 * @property {(challenge: unknown, tell: (proof: string | null) => void) => void} solve
 * @property {() => number} nowMs a clock that nobody sets
 * @property {(callback: () => void, delayMs: number) => unknown} setTimer
 * @property {(timer: unknown) => void} clearTimer
 * @property {() => number} random from 0 up to 1
 */
import { nextTry, patienceMs } from "./delays.js";
import { parse } from "./messages.js";
import { askWhy } from "./refusal.js";
import { Session } from "./session.js";
import { solve } from "./work.js";

/** A server that has said nothing for so long is asked whether it is there. */
const SILENCE_MS = 20_000;
const PONG_MS = 5_000;
/** When something is wrong already. */
const URGENT_PONG_MS = 1_000;
/** What a browser says of a socket that ended without a word. */
const LOST = 1006;
/**
 * We are back in a moment. Every other code ends the session, even one that has been under way for long on
 * a socket that we had given up.
 */
const BACK_SOON = 4000;
/** By an operator, or by a rule; the server says more when it is asked why. */
const BANNED = 4004;
/** The server is about to be replaced; whether another takes us it is best asked. */
const RESTARTED = 1012;
/**
 * Close codes from which nobody comes back by itself: an operator has disconnected the user, it has
 * caused more than one may, or another socket goes on with its session.
 *
 * @type {Readonly<Record<number, Closer>>}
 */
const SENT_AWAY = { 4001: "operator", 4002: "budget", 4003: "elsewhere" };
/** A server that wants ever more work is left alone for a while. */
const MAX_PROOFS = 2;

/** @type {Browser} */
const BROWSER = {
  open: (url) => new WebSocket(url),
  ask: (url, tell) => void askWhy(url).then(tell),
  solve,
  nowMs: () => performance.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => clearTimeout(/** @type {number} */ (timer)),
  random: () => Math.random(),
};

/** Keeps one WebSocket open to `url`, and one session over it. */
export class Wire {
  #url;
  #onEvent;
  #browser;
  #session = new Session();
  #failures = 0;
  /** When the last socket that was of use was lost. */
  #lostAtMs = 0;
  /** @type {WebSocket | null} */
  #socket = null;
  /** What the present socket was greeted with. @type {Connected | null} */
  #greeting = null;
  /** Whether the session goes over the present socket. */
  #isOpen = false;
  #isQuick = false;
  #isProbing = false;
  /** The socket that was not let in, while the server is asked why. @type {WebSocket | null} */
  #refused = null;
  /** Of the next try, of the one under way, or of a server that is silent. @type {unknown} */
  #timer = null;
  /** Of work, for the next try. @type {string | null} */
  #proof = null;
  /** How many were made since the server has let us in. */
  #proofs = 0;

  /**
   * @param {string} url
   * @param {(event: WireEvent) => void} onEvent
   * @param {Browser} [browser]
   */
  constructor(url, onEvent, browser = BROWSER) {
    this.#url = url;
    this.#onEvent = onEvent;
    this.#browser = browser;
  }

  /** Connect, now and again after every loss. */
  connect() {
    const { isResumable } = this.#session;
    this.#startTimer(patienceMs(isResumable, this.#isQuick), () => this.#lose());
    const url = this.#socketUrl();
    const socket = this.#browser.open(this.#proof ? `${url}&altcha=${this.#proof}` : url);
    this.#proof = null; // each serves once
    this.#socket = socket;
    this.#greeting = null;
    this.#refused = null;
    socket.onmessage = (event) => this.#read(event.data);
    socket.onclose = (event) => this.#closed(event?.code);
    if (!this.#isQuick) this.#onEvent({ type: "wire_connecting" });
  }

  /**
   * Go on with the session of the page that was here before.
   *
   * @param {Ticket} ticket
   */
  continueWith({ token, received }) {
    this.#session.begin(token, received);
  }

  /**
   * Send a message. Without a socket it waits for the session to go on; without a session it is
   * dropped, since whoever comes back then is a new user.
   *
   * @param {ClientMessage} message
   * @returns {boolean} false: it will never be sent
   */
  send(message) {
    const isSent = this.#isOpen && this.#socket?.readyState === 1;
    if (!isSent && !this.#session.isResumable) return false;
    const frame = this.#session.take(message, isSent);
    if (frame !== null && isSent) this.#socket?.send(frame);
    return frame !== null;
  }

  /** Give this socket up, and come back. */
  reconnect() {
    if (this.#socket) this.#lose();
  }

  /** Say `wire_alive` as soon as the server has answered; if it does not, the socket is lost. */
  probe() {
    if (this.#isOpen) this.#ask(URGENT_PONG_MS);
  }

  /** The network is back, or the person wants it now: an old socket has to prove itself. */
  renew() {
    if (this.#isOpen) return this.probe();
    if (!this.#socket && !this.#timer && !this.#refused) return;
    if (this.#greeting) return; // the session is just being asked for
    this.#release(BACK_SOON);
    this.#failures = 0;
    this.#lostAtMs = this.#browser.nowMs(); // a network that is just coming may need a second try
    this.connect();
  }

  /** Say nothing more and do not come back, until `connect()`: the session ends. */
  disconnect() {
    this.#stop();
    this.#session.begin(null);
  }

  /**
   * The same, but the session is waited for a while.
   *
   * @returns {Ticket | null} what goes on with it
   */
  leaveForNow() {
    const { ticket } = this.#session;
    this.#stop(BACK_SOON);
    this.#session.begin(null);
    return ticket;
  }

  /** @param {unknown} frame */
  #read(frame) {
    if (this.#isOpen) {
      this.#session.count();
      if (!this.#isProbing) this.#awaitWord();
    }
    let message;
    try {
      message = parse(frame);
    } catch (error) {
      console.warn("The server sent a frame that cannot be read:", error);
      return;
    }
    if (message) this.#take(message);
  }

  /** @param {ServerMessage} message */
  #take(message) {
    if (message.type === "connected") return this.#greeted(message);
    if (message.type === "resumed") return this.#resumed(message);
    if (message.type === "pong") return this.#answered();
    if (message.type === "error" && message.code === "resume_failed" && !this.#isOpen) {
      return this.#startAnew(1);
    }
    this.#onEvent({ type: "message", message });
  }

  /** @param {Connected} greeting */
  #greeted(greeting) {
    this.#greeting = greeting;
    const { ticket } = this.#session;
    if (!ticket) return this.#startAnew(0);
    const { token: resumeToken, received } = ticket;
    // The server is there, and a token serves once: from here on it is better to wait.
    this.#startTimer(patienceMs(true, false), () => this.#lose());
    this.#socket?.send(JSON.stringify({ type: "resume", resumeToken, received }));
  }

  /** @param {number} received what has come of the new session */
  #startAnew(received) {
    const greeting = this.#greeting;
    if (!greeting) return;
    this.#session.begin(greeting.resumeToken, received);
    this.#settle();
    this.#onEvent({ type: "message", message: greeting });
  }

  /** @param {Resumed} resumed */
  #resumed({ resumeToken, received, state, roomId, iceServers }) {
    const greeting = this.#greeting;
    if (!greeting || this.#isOpen) return;
    const lost = this.#session.resume(resumeToken, received);
    this.#settle();
    for (const frame of lost) this.#socket?.send(frame);
    const server = iceServers ? { ...greeting, iceServers } : greeting;
    this.#onEvent({ type: "wire_resumed", state, roomId, server });
  }

  /** The socket is of use. */
  #settle() {
    this.#failures = 0;
    this.#proofs = 0;
    this.#isOpen = true;
    this.#isQuick = false;
    this.#awaitWord();
  }

  #awaitWord() {
    this.#startTimer(SILENCE_MS, () => this.#ask(PONG_MS));
  }

  /** @param {number} patienceMs */
  #ask(patienceMs) {
    this.#isProbing = true;
    this.#startTimer(patienceMs, () => this.#lose());
    this.send({ type: "ping" });
  }

  #answered() {
    this.#isProbing = false;
    this.#awaitWord();
    this.#onEvent({ type: "wire_alive" });
  }

  /** @param {number | undefined} code */
  #closed(code = LOST) {
    const by = SENT_AWAY[code];
    if (by) return this.#end(by);
    if (code !== LOST) this.#session.begin(null); // whoever closes in good form has ended it
    if (this.#greeting && code !== BANNED && code !== RESTARTED) return this.#lose();
    this.#askWhy();
  }

  /** The server has not let us in, or lets us no longer. */
  #askWhy() {
    const refused = this.#socket;
    this.#release();
    this.#refused = refused;
    this.#stopTimer();
    this.#browser.ask(this.#socketUrl(), (refusal) => {
      if (this.#refused !== refused) return;
      if (refusal?.why === "banned") return this.#banned(refusal.ban);
      if (refusal?.why === "work_wanted" && this.#proofs < MAX_PROOFS) {
        return this.#work(refusal.challenge);
      }
      this.#retry(refusal);
    });
  }

  /** @param {unknown} challenge */
  #work(challenge) {
    const refused = this.#refused;
    this.#proofs += 1;
    this.#onEvent({ type: "wire_working" });
    this.#browser.solve(challenge, (proof) => {
      if (this.#refused !== refused) return;
      if (proof === null) return this.#retry({ why: "too_many", retryAfterMs: null });
      this.#proof = proof;
      this.connect();
    });
  }

  /** @param {import("./visitor.js").Ban} ban */
  #banned(ban) {
    this.disconnect();
    this.#onEvent({ type: "wire_banned", ban });
  }

  /** @param {Closer} by */
  #end(by) {
    this.disconnect();
    this.#onEvent({ type: "wire_closed", by });
  }

  #lose() {
    this.#release(BACK_SOON);
    this.#retry(null);
  }

  /** @param {number} [code] */
  #stop(code) {
    this.#stopTimer();
    this.#refused = null;
    this.#isQuick = false;
    this.#release(code);
  }

  /** @param {number} [code] to close it with */
  #release(code) {
    if (this.#isOpen) this.#lostAtMs = this.#browser.nowMs();
    this.#isOpen = false;
    this.#isProbing = false;
    this.#greeting = null;
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close(code);
  }

  /** @param {Exclude<Refusal, { why: "banned" }> | null} refusal null: it is not known what the matter is */
  #retry(refusal) {
    this.#refused = null;
    this.#proofs = 0;
    this.#failures += 1;
    const nowMs = this.#browser.nowMs();
    const random = this.#browser.random();
    const { isResumable } = this.#session;
    const awayMs = nowMs - this.#lostAtMs;
    const next = nextTry({ failures: this.#failures, isResumable, awayMs, random });
    const saidMs = refusal?.retryAfterMs;
    const delayMs = saidMs ? saidMs * (1 + random / 4) : next.delayMs;
    this.#isQuick = next.isQuick && !refusal;
    this.#startTimer(delayMs, () => this.connect());
    if (this.#isQuick) return this.#onEvent({ type: "wire_away" });
    const retryAtMs = nowMs + delayMs;
    const why = refusal?.why === "work_wanted" ? "too_many" : refusal?.why;
    if (why) this.#onEvent({ type: "wire_refused", why, retryAtMs, isResumable });
    else this.#onEvent({ type: "wire_lost", retryAtMs, isResumable });
  }

  #socketUrl() {
    return `${this.#url}?resume=${this.#session.isResumable ? "back" : "new"}&move=1`;
  }

  /** @param {number} delayMs @param {() => void} callback */
  #startTimer(delayMs, callback) {
    this.#browser.clearTimer(this.#timer);
    this.#timer = this.#browser.setTimer(callback, delayMs);
  }

  #stopTimer() {
    this.#browser.clearTimer(this.#timer);
    this.#timer = null;
  }
}
