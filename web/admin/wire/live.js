// @ts-check
/**
 * The stream of events, which comes back by itself.
 *
 * The browser tells nothing of why a stream has ended. So before each new try the server is asked
 * whether it still knows this session: it may have ended, or the server may be another one.
 */
import { delayMs } from "../model/retry.js";
import { API, ask } from "./api.js";

/** A snapshot comes each second; after this long without one the line is dead. */
const SILENCE_MS = 8000;

/**
 * @typedef {object} Listener
 * @property {(snapshot: import("./types.js").Snapshot) => void} onSnapshot
 * @property {(retryInMs: number) => void} onLost
 * @property {() => void} onLoggedOut
 */

export class Live {
  /** @type {Listener} */
  #listener;
  /** @type {EventSource | null} */
  #source = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #query = "";
  #failures = 0;

  /** @param {Listener} listener */
  constructor(listener) {
    this.#listener = listener;
  }

  /** @param {string} query which tracks are wanted; a stream for the same goes on */
  open(query) {
    if (this.#query === query && (this.#source || this.#failures)) return;
    const isInterrupted = this.#failures > 0;
    this.#query = query;
    if (!isInterrupted) this.#connect(); // else the next try takes the new query
  }

  close() {
    this.#failures = 0;
    this.#drop();
  }

  #drop() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #connect() {
    this.#drop();
    const source = new EventSource(`${API}events?${this.#query}`);
    this.#source = source;
    source.addEventListener("snapshot", (event) => this.#take(event.data));
    source.addEventListener("error", () => this.#lose());
    this.#listen();
  }

  #listen() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(), SILENCE_MS);
  }

  /** @param {string} data */
  #take(data) {
    this.#failures = 0;
    this.#listen();
    this.#listener.onSnapshot(JSON.parse(data));
  }

  #lose() {
    this.#drop();
    const waitMs = delayMs(this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => this.#tryAgain(), waitMs);
    this.#listener.onLost(waitMs);
  }

  async #tryAgain() {
    const { status, body } = await ask("GET", "session");
    if (this.#failures === 0) return; // closed meanwhile
    if (status !== 200) this.#lose();
    else if (body.loggedIn) this.#connect();
    else this.#logOut();
  }

  #logOut() {
    this.close();
    this.#listener.onLoggedOut();
  }
}
