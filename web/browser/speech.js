// @ts-check
/** The language that the page speaks: its words are loaded when it is to be spoken, and no other ones. */
import { chooseLanguage, loadWords, localeOf } from "../words/words.js";

/**
 * @typedef {object} Spoken
 * @property {import("../words/words.js").Words} words
 * @property {string} language one of LANGUAGES
 * @property {string} locale how times and numbers are written
 */

export class Speech {
  #onChange;
  #wanted = "";
  /** @type {Spoken | null} */
  #spoken = null;

  /** @param {() => void} onChange another language is spoken from now on */
  constructor(onChange) {
    this.#onChange = onChange;
  }

  /**
   * @param {string} chosen the user's choice; may be empty
   * @returns {Spoken | null} what is spoken, until that language's words are there; null: nothing yet
   */
  speak(chosen) {
    const wanted = chooseLanguage(chosen, navigator.languages);
    if (wanted !== this.#wanted) void this.#load(wanted);
    return this.#spoken;
  }

  /** @param {string} wanted */
  async #load(wanted) {
    this.#wanted = wanted;
    try {
      const { words, language } = await loadWords(wanted);
      if (wanted !== this.#wanted) return; // another one was chosen meanwhile
      this.#spoken = { words, language, locale: localeOf(language, navigator.languages) };
      this.#onChange();
    } catch (error) {
      console.warn("No words can be had:", error);
      if (wanted === this.#wanted) this.#wanted = ""; // whatever happens next tries again
    }
  }
}
