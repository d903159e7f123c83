// @ts-check
/**
 * What lets a session outlive its socket: the token, how many messages have come, and those of ours
 * that the server may not have (docs/protocol.md, "Sessions"). No socket and no clock here.
 *
 * @typedef {import("./messages.js").ClientMessage} ClientMessage
 *
 * @typedef {object} Ticket what another page needs to go on with the session
 * @property {string} token
 * @property {number} received
 */

/** So many of our last messages are kept, and so many may wait for a socket. */
const MAX_KEPT = 256;
const MAX_KEPT_CHARS = 256 * 1024;
/** By the time they could be sent again they are no longer true. */
const FLEETING = new Set(["ping", "typing", "link_report", "quality_report", "echo"]);

/** One session, from a `connected` to its end. */
export class Session {
  /** Null: it ends with its socket. @type {string | null} */
  #token = null;
  /** How many of the server's messages have come in. */
  #received = 0;
  /** How many of ours came before those that are kept. */
  #before = 0;
  /** @type {{ message: ClientMessage, frame: string }[]} */
  #kept = [];
  #keptChars = 0;

  /** Whether it can be gone on with when its socket is lost. */
  get isResumable() {
    return this.#token !== null;
  }

  /**
   * Another one.
   *
   * @param {string | null} token
   * @param {number} received
   */
  begin(token, received = 0) {
    this.#token = token;
    this.#received = received;
    this.#before = 0;
    this.#kept = [];
    this.#keptChars = 0;
  }

  /** @returns {Ticket | null} */
  get ticket() {
    return this.#token === null ? null : { token: this.#token, received: this.#received };
  }

  /** A message of the server's has come. */
  count() {
    this.#received += 1;
  }

  /**
   * Note a message of ours, which is sent now or waits for a socket.
   *
   * @param {ClientMessage} message
   * @param {boolean} isSent
   * @returns {string | null} the frame; null when too many wait already, and it is not taken
   */
  take(message, isSent) {
    const frame = JSON.stringify(message);
    if (!isSent && this.#isFull(frame.length)) return null;
    this.#kept.push({ message, frame });
    this.#keptChars += frame.length;
    while (this.#isFull()) this.#forget(1); // the server has had those for long
    return frame;
  }

  /**
   * The session goes on with another socket.
   *
   * @param {string} token the new one
   * @param {number} received how many of our messages the server has got
   * @returns {string[]} the frames that it has not, in order
   */
  resume(token, received) {
    this.#token = token;
    this.#forget(Math.max(0, received - this.#before));
    this.#kept = this.#kept.filter(({ message }) => !FLEETING.has(message.type));
    this.#keptChars = this.#kept.reduce((sum, { frame }) => sum + frame.length, 0);
    this.#before = received;
    return this.#kept.map(({ frame }) => frame);
  }

  /** @param {number} more characters that are to come on top */
  #isFull(more = 0) {
    const isMany = this.#kept.length + (more ? 1 : 0) > MAX_KEPT;
    return isMany || this.#keptChars + more > MAX_KEPT_CHARS;
  }

  /** @param {number} count of the oldest */
  #forget(count) {
    for (const { frame } of this.#kept.splice(0, count)) {
      this.#before += 1;
      this.#keptChars -= frame.length;
    }
  }
}
