// @ts-check
/**
 * Draws what a banned person sees: until when and why, and the appeal with its answer. What people have
 * written is text, whatever it looks like.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../machine/banned.js").Sentence} Sentence
 * @typedef {import("../words/words.js").Words} Words
 */
import { find, setAttribute, setText } from "./dom.js";
import { plain } from "../words/plain.js";
import { banLeftText, banUntilText } from "../words/safety.js";

export class BannedView {
  #banned = find("banned", HTMLElement);
  #title = find("banned-title", HTMLElement);
  #until = find("banned-until", HTMLElement);
  #left = find("banned-left", HTMLElement);
  #why = find("banned-why", HTMLElement);
  #words = find("banned-words", HTMLElement);
  #quote = find("banned-quote", HTMLElement);
  #form = find("appeal", HTMLFormElement);
  #text = find("appeal-text", HTMLTextAreaElement);
  #send = find("appeal-send", HTMLButtonElement);
  #problem = find("appeal-problem", HTMLElement);
  #appealed = find("appealed", HTMLElement);
  #state = find("appeal-state", HTMLElement);
  #answer = find("appeal-answer", HTMLElement);
  #own = find("appeal-words", HTMLElement);

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#form.onsubmit = (submit) => {
      submit.preventDefault();
      onEvent({ type: "appeal_pressed", text: this.#text.value });
    };
  }

  /** @param {State} state @param {number} nowMs @param {Words} words @param {string} locale */
  draw({ ban, appealing }, nowMs, words, locale) {
    const wasHidden = this.#banned.hidden;
    this.#banned.hidden = ban === null;
    if (!ban) return;
    setText(this.#until, banUntilText(ban, words, locale));
    setText(this.#left, banLeftText(ban, nowMs, words, locale));
    setText(this.#why, words.ban.why(words.reasons[ban.reason]));
    this.#words.hidden = !ban.words.trim();
    setText(this.#quote, plain(ban.words));
    this.#drawAppeal(ban, appealing, words);
    if (wasHidden && !document.querySelector("dialog[open]")) this.#title.focus();
  }

  /** @param {Sentence} ban @param {State["appealing"]} appealing @param {Words} words */
  #drawAppeal({ appeal }, appealing, words) {
    const isNew = appeal !== null && !this.#form.hidden && this.#form.contains(document.activeElement);
    this.#form.hidden = appeal !== null;
    setAttribute(this.#send, "aria-disabled", appealing === "sending"); // it keeps the keyboard's focus
    setText(this.#problem, appealing === "failed" && !appeal ? words.ban.appealFailed : "");
    this.#appealed.hidden = appeal === null;
    if (!appeal) return;
    setText(this.#state, appeal.outcome ? words.ban[appeal.outcome] : words.ban.appealSent);
    setText(this.#answer, plain(appeal.answer));
    this.#answer.hidden = !appeal.answer.trim();
    setText(this.#own, plain(appeal.words));
    if (isNew) this.#state.focus(); // the button that was pressed goes
  }
}
