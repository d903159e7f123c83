// @ts-check
/**
 * One step of the machine: the state as it becomes, and the commands so far.
 *
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Command} Command
 * @typedef {import("./types.js").DueMs} DueMs
 */

const NOTICE_MS = 8_000;

/** Passed on to the parts of the machine, which change `state` and give `commands`. */
export class Turn {
  /** @type {Command[]} */
  commands = [];

  /** @param {State} state @param {number} nowMs */
  constructor(state, nowMs) {
    this.state = { ...state, dueMs: { ...state.dueMs } };
    this.nowMs = nowMs;
  }

  /** @param {Command} command */
  order(command) {
    this.commands.push(command);
  }

  /** @param {import("../wire/messages.js").ClientMessage} message */
  send(message) {
    this.order({ do: "send", message });
  }

  /**
   * Say something for a while.
   *
   * @param {import("./types.js").Notice} notice
   */
  notify(notice) {
    this.state.notice = notice;
    this.startTimer("notice", NOTICE_MS);
  }

  /** @param {keyof DueMs} name @param {number} delayMs */
  startTimer(name, delayMs) {
    this.state.dueMs[name] = this.nowMs + delayMs;
  }

  /** @param {(keyof DueMs)[]} names */
  stopTimers(...names) {
    for (const name of names) delete this.state.dueMs[name];
  }

  /**
   * @param {keyof DueMs} name
   * @returns {boolean} whether it is due; then it is also done with
   */
  isDue(name) {
    const dueMs = this.state.dueMs[name];
    if (dueMs === undefined || dueMs > this.nowMs) return false;
    this.stopTimers(name);
    return true;
  }

  /** @param {Partial<import("./types.js").Settings>} change */
  set(change) {
    this.state.settings = { ...this.state.settings, ...change };
    this.order({ do: "remember", settings: this.state.settings });
  }

  isDirect() {
    return this.state.server?.mediaMode === "direct";
  }
}
