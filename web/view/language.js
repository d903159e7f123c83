// @ts-check
/**
 * Draws the choices of language: before the rules are agreed to, before the call, and in it.
 *
 * @typedef {import("../machine/types.js").Event} Event
 */
import { LANGUAGES, nameOf } from "../words/words.js";

export class LanguageView {
  #choices;

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#choices = [...document.querySelectorAll("select")].filter(({ name }) => name === "language");
    for (const choice of this.#choices) {
      choice.append(...LANGUAGES.map(option));
      choice.onchange = () => onEvent({ type: "setting_changed", change: { language: choice.value } });
    }
  }

  /** @param {string} language that is spoken */
  draw(language) {
    for (const choice of this.#choices) choice.value = language;
  }
}

/** @param {string} language */
function option(language) {
  const made = new Option(nameOf(language), language);
  made.lang = language;
  return made;
}
