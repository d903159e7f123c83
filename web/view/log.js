// @ts-check
/**
 * Where one reads: new lines are followed only by who is at the end of the log; for who reads further up a
 * chip tells how many have come, and leads there.
 *
 * @typedef {import("../words/words.js").Words} Words
 */
import { find, setText } from "./dom.js";

/** So near to the end counts as there, in CSS pixels. */
const NEAR = 32;

export class LogView {
  #log = find("log", HTMLElement);
  #chip = find("new-lines", HTMLButtonElement);
  #isAtEnd = true;
  #come = 0;
  /** @type {Words | null} */
  #words = null;

  constructor() {
    this.#chip.onclick = () => {
      this.#goDown();
      this.#log.focus({ preventScroll: true }); // the chip goes
    };
    this.#log.onscroll = () => {
      this.#isAtEnd = this.#log.scrollHeight - this.#log.scrollTop - this.#log.clientHeight < NEAR;
      if (this.#isAtEnd) this.#forget();
    };
    // A keyboard that opens, or the window, takes room: whoever was at the end stays there.
    new ResizeObserver(() => {
      if (this.#isAtEnd) this.#goDown();
    }).observe(this.#log);
  }

  /** @param {Words} words */
  speak(words) {
    this.#words = words;
    this.#draw();
  }

  /** A new conversation, or another language: begin at the end. */
  clear() {
    this.#log.replaceChildren();
    this.#isAtEnd = true;
    this.#forget();
  }

  /** @param {HTMLElement[]} lines @param {boolean} isOwn whether the person has written one of them */
  add(lines, isOwn) {
    this.#log.append(...lines);
    if (this.#isAtEnd || isOwn) return this.#goDown();
    this.#come += lines.length;
    this.#draw();
  }

  #goDown() {
    this.#log.scrollTop = this.#log.scrollHeight;
    this.#isAtEnd = true;
    this.#forget();
  }

  #forget() {
    this.#come = 0;
    this.#draw();
  }

  #draw() {
    this.#chip.hidden = this.#come === 0;
    setText(this.#chip, this.#come ? `↓ ${this.#words?.newLines(this.#come) ?? ""}` : "");
  }
}
