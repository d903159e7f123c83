// @ts-check
/**
 * Draws what the person is told wherever they are, and warnings, which have to be taken notice of.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 */
import { find, icon, make, setLabel, setText } from "./dom.js";
import { newsText } from "../words/safety.js";

export class NewsView {
  #news = find("news", HTMLElement);
  #warning = find("warning", HTMLDialogElement);
  #warningText = find("warning-text", HTMLElement);
  /** By the number of what it says; what is there already is not said again. @type {Map<number, HTMLElement>} */
  #items = new Map();
  #isWarned = false;
  #onEvent;

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    this.#warning.addEventListener("cancel", (event) => event.preventDefault());
    this.#warning.addEventListener("close", () => {
      if (this.#isWarned) this.#warning.showModal(); // some browsers let Esc insist
    });
    find("warning-take", HTMLButtonElement).onclick = () => onEvent({ type: "warning_taken" });
  }

  /** @param {State} state @param {Words} words @param {string} locale */
  draw({ news, warning }, words, locale) {
    for (const [id, item] of this.#items) {
      if (news.some((known) => known.id === id)) continue;
      item.remove();
      this.#items.delete(id);
    }
    for (const one of news) {
      const item = this.#items.get(one.id) ?? this.#add(one.id);
      const [text, close] = item.children;
      if (text) setText(text, newsText(one, words, locale));
      if (close instanceof HTMLElement) setLabel(close, words.close);
    }
    this.#isWarned = warning !== null;
    if (warning !== null) setText(this.#warningText, words.warning.text(words.reasons[warning]));
    if (this.#isWarned && !this.#warning.open) this.#warning.showModal();
    if (!this.#isWarned && this.#warning.open) this.#warning.close();
  }

  /** @param {number} id */
  #add(id) {
    const close = make("button", { type: "button", class: "icon" }, icon("close"));
    close.onclick = () => this.#onEvent({ type: "news_closed", id });
    const item = make("div", {}, make("p"), close);
    this.#items.set(id, item);
    this.#news.append(item);
    return item;
  }
}
