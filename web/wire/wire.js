// @ts-check
/**
 * The WebSocket to the server: typed messages in and out, and connecting again when it is lost.
 *
 * @typedef {import("./messages.js").ClientMessage} ClientMessage
 * @typedef {import("./messages.js").ServerMessage} ServerMessage
 * @typedef {import("./refusal.js").Refusal} Refusal
 *
 * @typedef {"operator" | "budget"} Closer who, or what, has ended it for good
 *
 * @typedef {{ type: "wire_connecting" }
 *   | { type: "wire_lost", retryAtMs: number }
 *   | { type: "wire_refused", why: import("./refusal.js").Why, retryAtMs: number }
 *   | { type: "wire_closed", by: Closer }
 *   | { type: "message", message: ServerMessage }} WireEvent
 *
 * @typedef {object} Browser what the wire needs of the browser
 * @property {(url: string) => WebSocket} open
 * @property {(url: string, tell: (refusal: Refusal | null) => void) => void} ask why it did not open
 * @property {() => number} nowMs
 * @property {(callback: () => void, delayMs: number) => unknown} setTimer
 * @property {(timer: unknown) => void} clearTimer
 * @property {() => number} random from 0 up to 1
 */
import { parse } from "./messages.js";
import { askWhy } from "./refusal.js";

const FIRST_RETRY_MS = 3_000;
const LONGEST_RETRY_MS = 30_000;
/** A server that has not said `connected` by then is given up on. */
const CONNECT_TIMEOUT_MS = 10_000;
/**
 * Close codes from which nobody comes back by itself: an operator has disconnected the user, or it
 * has caused more than one may.
 *
 * @type {Readonly<Record<number, Closer>>}
 */
const SENT_AWAY = { 4001: "operator", 4002: "budget" };

/** @type {Browser} */
const BROWSER = {
  open: (url) => new WebSocket(url),
  ask: (url, tell) => void askWhy(url).then(tell),
  nowMs: () => performance.now(),
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => clearTimeout(/** @type {number} */ (timer)),
  random: () => Math.random(),
};

/**
 * How long to wait before the next try: 3 s, then twice as long each time up to 30 s, of which a
 * random half is taken off so that a restarted server is not met by everybody at once.
 *
 * @param {number} failures how many tries in a row have failed, from 1
 * @param {number} random from 0 up to 1
 */
export function retryDelayMs(failures, random) {
  if (failures <= 1) return FIRST_RETRY_MS;
  const longest = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
  return longest * (1 - random / 2);
}

/** Keeps one WebSocket open to `url`. */
export class Wire {
  #url;
  #onEvent;
  #browser;
  #failures = 0;
  /** @type {WebSocket | null} */
  #socket = null;
  #isGreeted = false;
  /** The socket that was not let in, while the server is asked why. @type {WebSocket | null} */
  #refused = null;
  /** @type {unknown} */
  #timer = null;

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
    this.#startTimer(CONNECT_TIMEOUT_MS, () => this.reconnect());
    const socket = this.#browser.open(this.#url);
    this.#socket = socket;
    this.#isGreeted = false;
    this.#refused = null;
    socket.onmessage = (event) => this.#read(event.data);
    socket.onclose = (event) => this.#closed(event?.code);
    this.#onEvent({ type: "wire_connecting" });
  }

  /**
   * Send a message; without a connection it is dropped, since whoever comes back is a new user.
   *
   * @param {ClientMessage} message
   */
  send(message) {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  /** Give this connection up, and come back. */
  reconnect() {
    if (this.#socket) this.#lose();
  }

  /** The network is back, or the machine awake: what was open is stale, and failures are past. */
  renew() {
    this.#failures = 0;
    if (this.#socket) this.#lose();
    else if (this.#timer || this.#refused) this.#retry(null);
  }

  /** Say nothing more and do not come back, until `connect()`. */
  disconnect() {
    this.#browser.clearTimer(this.#timer);
    this.#timer = null;
    this.#refused = null;
    this.#release();
  }

  /** @param {unknown} frame */
  #read(frame) {
    let message;
    try {
      message = parse(frame);
    } catch (error) {
      console.warn("The server sent a frame that cannot be read:", error);
      return;
    }
    if (message === null) return;
    if (message.type === "connected") {
      this.#failures = 0;
      this.#isGreeted = true;
      this.#browser.clearTimer(this.#timer);
    }
    this.#onEvent({ type: "message", message });
  }

  /** @param {number | undefined} code */
  #closed(code) {
    const by = code === undefined ? undefined : SENT_AWAY[code];
    if (by) return this.#end(by);
    if (this.#isGreeted) return this.#lose();
    const refused = this.#socket;
    this.#release();
    this.#refused = refused;
    this.#browser.clearTimer(this.#timer);
    this.#timer = null;
    this.#browser.ask(this.#url, (refusal) => {
      if (this.#refused === refused) this.#retry(refusal);
    });
  }

  /** @param {Closer} by */
  #end(by) {
    this.disconnect();
    this.#onEvent({ type: "wire_closed", by });
  }

  #lose() {
    this.#release();
    this.#retry(null);
  }

  #release() {
    const socket = this.#socket;
    if (!socket) return;
    this.#socket = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  /** @param {Refusal | null} refusal null: it is not known what the matter is */
  #retry(refusal) {
    this.#refused = null;
    this.#failures += 1;
    const random = this.#browser.random();
    const saidMs = refusal?.retryAfterMs;
    const delayMs = saidMs ? saidMs * (1 + random / 4) : retryDelayMs(this.#failures, random);
    this.#startTimer(delayMs, () => this.connect());
    const retryAtMs = this.#browser.nowMs() + delayMs;
    if (refusal) this.#onEvent({ type: "wire_refused", why: refusal.why, retryAtMs });
    else this.#onEvent({ type: "wire_lost", retryAtMs });
  }

  /** @param {number} delayMs @param {() => void} callback */
  #startTimer(delayMs, callback) {
    this.#browser.clearTimer(this.#timer);
    this.#timer = this.#browser.setTimer(callback, delayMs);
  }
}
