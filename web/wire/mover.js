// @ts-check
/**
 * The wire that is used, and beside it the one to another server while the page moves: that one is there
 * before the former is left.
 *
 * @typedef {import("./wire.js").WireEvent} WireEvent
 *
 * @typedef {{ type: "wire_moved", server: import("./messages.js").Connected }
 *   | { type: "wire_unmoved" }} MoveEvent "wire_unmoved": no other server lets us in
 *
 * @typedef {Pick<import("./wire.js").Wire, "connect" | "disconnect" | "leaveForNow" | "continueWith"
 *   | "send" | "reconnect" | "probe" | "renew">} AWire
 */

/** After these there is nothing left to be moved. */
const OVER = new Set(["wire_closed", "wire_banned"]);
/** These come while a socket is being opened. */
const ON_THE_WAY = new Set(["wire_connecting", "wire_working"]);

/** One wire after the other, of which each has a session of its own. */
export class Mover {
  #make;
  #onEvent;
  #wire;
  /** @type {AWire | null} */
  #next = null;

  /**
   * @param {(onEvent: (event: WireEvent) => void) => AWire} make
   * @param {(event: WireEvent | MoveEvent) => void} onEvent
   */
  constructor(make, onEvent) {
    this.#make = make;
    this.#onEvent = onEvent;
    this.#wire = this.#made();
  }

  /** The one that is used. */
  get wire() {
    return this.#wire;
  }

  /** Open another session; `wire_moved` or `wire_unmoved` says what came of it. */
  move() {
    if (this.#next) return;
    this.#next = this.#made();
    this.#next.connect();
  }

  /** As of the wire, and there is no move any more. */
  disconnect() {
    this.#giveUp();
    this.#wire.disconnect();
  }

  /** As of the wire, and there is no move any more. */
  leaveForNow() {
    this.#giveUp();
    return this.#wire.leaveForNow();
  }

  #giveUp() {
    const next = this.#next;
    this.#next = null;
    next?.disconnect();
  }

  /** @returns {AWire} */
  #made() {
    /** @type {AWire} */
    const wire = this.#make((event) => {
      if (wire === this.#next) this.#heardNext(event);
      else if (wire === this.#wire) this.#heard(event);
    });
    return wire;
  }

  /** @param {WireEvent} event of the wire that is used */
  #heard(event) {
    // One that was lost meanwhile may have begun anew by itself.
    if (OVER.has(event.type) || greetingIn(event)) this.#giveUp();
    this.#onEvent(event);
  }

  /** @param {WireEvent} event of the other one */
  #heardNext(event) {
    const next = this.#next;
    const server = greetingIn(event);
    if (server && next) {
      const former = this.#wire;
      this.#next = null;
      this.#wire = next;
      former.disconnect();
      this.#onEvent({ type: "wire_moved", server });
    } else if (!ON_THE_WAY.has(event.type)) {
      this.#giveUp();
      this.#onEvent({ type: "wire_unmoved" });
    }
  }
}

/** @param {WireEvent} event */
function greetingIn(event) {
  return event.type === "message" && event.message.type === "connected" ? event.message : null;
}
