// @ts-check
/**
 * Draws reactions over the video: a button, the few that there are, and what was pressed, for a moment.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 * @typedef {import("../wire/messages.js").ReactionName} ReactionName
 */
import { find, make, setAttribute, setLabel, setText } from "./dom.js";
import { REACTIONS } from "../wire/messages.js";

/** @type {Record<ReactionName, string>} */
const SIGNS = { heart: "❤️", laugh: "😂", wow: "😮", clap: "👏", thumbs: "👍", wave: "👋" };
const SHOWN_MS = 2_600;

export class ReactionsView {
  #box = find("reactions", HTMLElement);
  #open = find("react", HTMLButtonElement);
  #list = find("reaction-list", HTMLElement);
  #shown = find("reactions-shown", HTMLElement);
  #said = find("reacted", HTMLElement);
  /** @type {HTMLElement[]} */
  #buttons;
  #last = 0;

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#open.onclick = () => this.#toggle(this.#list.hidden);
    this.#buttons = REACTIONS.map((name) => {
      const button = make("button", { type: "button", class: "icon" }, SIGNS[name]);
      button.onclick = () => onEvent({ type: "reaction_pressed", name });
      return button;
    });
    this.#list.append(...this.#buttons);
    this.#box.onkeydown = (event) => {
      if (event.key !== "Escape" || this.#list.hidden) return;
      event.stopPropagation(); // it is not for the next partner
      this.#toggle(false);
      this.#open.focus();
    };
  }

  /** @param {State} state @param {Words} words */
  draw({ partner, isTextOnly, reactions }, words) {
    this.#box.hidden = !partner?.hasCome || isTextOnly;
    if (this.#box.hidden) this.#toggle(false);
    REACTIONS.forEach((name, index) => {
      const button = this.#buttons[index];
      if (button) setLabel(button, words.reactions[name]);
    });
    const serial = reactions.at(-1)?.serial ?? 0;
    if (serial < this.#last) this.#last = 0; // somebody else's
    for (const { serial: at, name, mine } of reactions) if (at > this.#last) this.#show(name, mine, words);
    this.#last = serial;
  }

  /** @param {ReactionName} name @param {boolean} mine @param {Words} words */
  #show(name, mine, words) {
    const sign = make("span", { class: mine ? "reaction mine-too" : "reaction" }, SIGNS[name]);
    sign.style.setProperty("--drift", `${Math.round(Math.random() * 40 - 20)}px`);
    this.#shown.append(sign);
    setTimeout(() => sign.remove(), SHOWN_MS);
    if (!mine) setText(this.#said, words.reacted(words.reactions[name]));
  }

  /** @param {boolean} isOpen */
  #toggle(isOpen) {
    this.#list.hidden = !isOpen;
    setAttribute(this.#open, "aria-expanded", isOpen);
  }
}
