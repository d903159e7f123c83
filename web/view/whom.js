// @ts-check
/**
 * Draws whom one wants to meet, besides one's own interests: a language, and what others look for now.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 */
import { find, make } from "./dom.js";
import { MAX_INTERESTS } from "../wire/messages.js";
import { plain } from "../words/plain.js";

/** Besides those of the browser: the most frequent first languages of people who use the web. */
const OFFERED = ["ar", "bn", "de", "en", "es", "fa", "fr", "hi", "id", "it", "ja", "ko", "nl", "pl", "pt", "ro",
  "ru", "sv", "th", "tr", "uk", "ur", "vi", "zh"];
const MAX_SUGGESTIONS = 6;

export class WhomView {
  #speaks = find("speaks", HTMLSelectElement);
  #suggestions = find("suggestions", HTMLElement);
  #list = find("suggestion-list", HTMLElement);
  #interest = find("interest", HTMLInputElement);
  #onEvent;
  #drawn = "";
  #language = "";

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    this.#speaks.onchange = () =>
      onEvent({ type: "setting_changed", change: { speaks: this.#speaks.value } });
  }

  /** @param {State} state @param {Words} words */
  draw({ settings, languages, around }, words) {
    const shown = document.documentElement.lang;
    if (shown !== this.#language) this.#drawLanguages(languages, words, shown);
    this.#speaks.value = settings.speaks;
    if (this.#speaks.selectedIndex < 0) this.#speaks.value = "";
    this.#drawSuggestions(settings.interests, around?.interests ?? []);
  }

  /** @param {readonly string[]} own @param {Words} words @param {string} shown */
  #drawLanguages(own, words, shown) {
    this.#language = shown;
    const names = new Intl.DisplayNames([shown], { type: "language" });
    const codes = [...new Set(own.map((tag) => tag.toLowerCase().split("-")[0] ?? ""))];
    const usual = codes.map((code) => nameOf(names, code)).join(words.comma);
    const all = [...new Set([...codes, ...OFFERED])].map((code) => new Option(nameOf(names, code), code));
    all.sort((a, b) => a.text.localeCompare(b.text, shown));
    this.#speaks.replaceChildren(new Option(usual, ""), new Option(words.anyLanguage, "any"), ...all);
  }

  /** @param {readonly string[]} interests one's own @param {readonly string[]} others */
  #drawSuggestions(interests, others) {
    const own = new Set(interests.map((interest) => interest.toLowerCase()));
    const isFull = interests.length >= MAX_INTERESTS;
    const news = isFull ? [] : others.filter((text) => !own.has(text.toLowerCase())).slice(0, MAX_SUGGESTIONS);
    const drawn = JSON.stringify(news);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const hadFocus = this.#list.contains(document.activeElement);
    this.#suggestions.hidden = news.length === 0;
    this.#list.replaceChildren(...news.map((text) => {
      const button = document.createElement("button");
      button.type = "button";
      button.dir = "auto";
      button.textContent = plain(text);
      button.onclick = () => this.#onEvent({ type: "interest_added", text });
      return make("li", {}, button);
    }));
    if (hadFocus) this.#interest.focus();
  }
}

/** @param {Intl.DisplayNames} names @param {string} code */
function nameOf(names, code) {
  try {
    return names.of(code) ?? code;
  } catch {
    return code; // a browser may say anything
  }
}
