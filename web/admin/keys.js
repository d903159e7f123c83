// @ts-check
/** Single keys press the buttons that name them in `aria-keyshortcuts`, unless that is switched off. */
import { find } from "../view/dom.js";
import { letterOf } from "./model/shortcuts.js";

const STORED = "relay-desk-keys";
const WRITING = "input:not([type=checkbox], [type=radio], [type=file]), textarea, select";

export class Keys {
  #switch = find("keys", HTMLInputElement);

  constructor() {
    this.#switch.checked = localStorage.getItem(STORED) !== "off";
    this.#switch.onchange = () => localStorage.setItem(STORED, this.#switch.checked ? "on" : "off");
    document.addEventListener("keydown", (event) => this.#press(event));
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    const { target } = event;
    const isWriting = target instanceof Element && target.matches(WRITING);
    if (isWriting && event.key === "Escape") find("heading", HTMLElement).focus(); // so that keys decide again
    if (!this.#switch.checked || document.querySelector("dialog[open]")) return;
    const letter = letterOf(event, isWriting);
    if (!letter) return;
    const button = [...document.querySelectorAll(`[aria-keyshortcuts="${letter}"]`)].find(
      (each) => each instanceof HTMLButtonElement && !each.disabled && each.getClientRects().length > 0,
    );
    if (!(button instanceof HTMLButtonElement)) return;
    event.preventDefault();
    button.click();
  }
}
