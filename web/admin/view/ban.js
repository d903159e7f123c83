// @ts-check
/** Asks how long somebody is to be banned, and what of it. */
import { find, make } from "../../view/dom.js";
import { SPANS } from "../model/cases.js";

const USUAL = 1; // a day

/**
 * @typedef {object} Terms
 * @property {number | null} minutes null for ever
 * @property {string} scope
 * @property {string} words for the banned person
 * @property {string} reason
 */

export class BanDialog {
  #dialog = find("ban", HTMLDialogElement);
  #form = find("ban-form", HTMLFormElement);
  #spans = find("ban-spans", HTMLElement);

  constructor() {
    this.#spans.append(...SPANS.map(({ title }, index) => {
      const radio = make("input", { type: "radio", name: "span", value: String(index) });
      const key = make("kbd", { "aria-hidden": "true" }, String(index + 1));
      return make("label", { class: "check" }, radio, `${title} `, key);
    }));
    find("ban-cancel", HTMLButtonElement).onclick = () => this.#dialog.close();
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#dialog.close("yes");
    });
    this.#dialog.addEventListener("keydown", (event) => this.#press(event));
  }

  /**
   * @param {{ asksReason: boolean }} options
   * @returns {Promise<Terms | null>} null when it is not to be
   */
  ask({ asksReason }) {
    this.#form.reset();
    find("ban-reason", HTMLElement).hidden = !asksReason;
    this.#dialog.returnValue = "";
    this.#dialog.showModal();
    this.#choose(USUAL);
    return new Promise((resolve) => {
      this.#dialog.addEventListener("close", () => resolve(this.#dialog.returnValue === "yes" ? this.#terms() : null), { once: true });
    });
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.target instanceof HTMLTextAreaElement || event.ctrlKey || event.altKey || event.metaKey) return;
    const index = Number(event.key) - 1;
    if (SPANS[index]) this.#choose(index);
  }

  /** @param {number} index */
  #choose(index) {
    const radio = this.#spans.querySelectorAll("input")[index];
    if (!radio) return;
    radio.checked = true;
    radio.focus();
  }

  /** @returns {Terms} */
  #terms() {
    const data = new FormData(this.#form);
    const text = (/** @type {string} */ name) => String(data.get(name) ?? "");
    const span = SPANS[Number(text("span"))];
    return { minutes: span ? span.minutes : 60, scope: text("scope"), words: text("words"), reason: text("reason") };
  }
}
