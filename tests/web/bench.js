// @ts-check
import { Wire } from "../../web/wire/wire.js";

export class FakeSocket {
  readyState = 1;
  isClosed = false;
  /** @type {number | undefined} */
  closeCode;
  /** @type {string[]} */
  sent = [];
  /** @type {((event: { data: string }) => void) | null} */
  onmessage = null;
  /** @type {((event?: { code: number }) => void) | null} */
  onclose = null;

  /** @param {string} frame */
  send(frame) {
    this.sent.push(frame);
  }

  /** @param {number} [code] */
  close(code) {
    this.isClosed = true;
    this.closeCode = code;
  }

  /** @param {unknown} message */
  hear(message) {
    this.onmessage?.({ data: typeof message === "string" ? message : JSON.stringify(message) });
  }
}

/** A wire with sockets and a clock that are moved by hand. */
export class Bench {
  nowMs = 0;
  /** The longest delays. */
  random = 0;
  /** @type {string[]} */
  urls = [];
  /** @type {unknown[]} */
  cleared = [];
  /** @type {FakeSocket[]} */
  sockets = [];
  /** @type {{ atMs: number, callback: () => void } | null} */
  timer = null;
  /** @type {import("../../web/wire/wire.js").WireEvent[]} */
  events = [];
  /** What the server answers when it is asked why. @type {import("../../web/wire/refusal.js").Refusal | null} */
  refusal = null;
  asked = 0;
  /** Of work, and what is made of each. @type {unknown[]} */
  challenges = [];
  /** @type {string | null} */
  proof = "proof";
  /** @type {(() => void) | null} */
  solved = null;
  /** Until when the answer to that is held back. @type {(() => void) | null} */
  answer = null;
  isSlow = false;

  wire = new Wire("ws://here/ws", (event) => this.events.push(event), {
    open: (url) => {
      this.urls.push(url);
      this.sockets.push(new FakeSocket());
      return /** @type {WebSocket} */ (/** @type {unknown} */ (this.socket));
    },
    ask: (_, tell) => {
      this.asked += 1;
      this.answer = () => tell(this.refusal);
      if (!this.isSlow) this.answer();
    },
    solve: (challenge, tell) => {
      this.challenges.push(challenge);
      this.solved = () => tell(this.proof);
      if (!this.isSlow) this.solved();
    },
    nowMs: () => this.nowMs,
    setTimer: (callback, delayMs) => (this.timer = { atMs: this.nowMs + delayMs, callback }),
    clearTimer: (timer) => {
      this.cleared.push(timer);
      if (timer === this.timer) this.timer = null;
    },
    random: () => this.random,
  });

  /** @returns {FakeSocket} */
  get socket() {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("nothing was opened");
    return socket;
  }

  /** @returns {number} how long that took */
  ring() {
    if (!this.timer) throw new Error("no timer is set");
    const { atMs, callback } = this.timer;
    const waitedMs = atMs - this.nowMs;
    this.timer = null;
    this.nowMs = atMs;
    callback();
    return waitedMs;
  }

  /** @param {string} [resumeToken] absent: no session outlives its socket */
  greet(resumeToken) {
    this.socket.hear({ type: "connected", iceServers: [], mediaMode: "relay", resumeToken });
  }

  /** What went out on the present socket. */
  get sent() {
    return this.socket.sent.map((frame) => JSON.parse(frame));
  }
}
