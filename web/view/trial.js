// @ts-check
/**
 * Draws the test of the connection: its dialog, and one line of it where a failed link is spoken of.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 */
import { find, make, setAttribute, setText } from "./dom.js";
import { canBegin, isRunning } from "../machine/trial.js";
import { trialRows, trialSentence, trialText } from "../words/trial.js";

export class TrialView {
  #dialog = find("trial", HTMLDialogElement);
  #title = find("trial-title", HTMLElement);
  #summary = find("trial-summary", HTMLElement);
  #rows = find("trial-rows", HTMLElement);
  #again = find("trial-again", HTMLButtonElement);
  #copy = find("trial-copy", HTMLButtonElement);
  #text = find("trial-text", HTMLTextAreaElement);
  #open = find("test-connection", HTMLButtonElement);
  #line = find("trial-line", HTMLElement);
  #lineText = find("trial-line-text", HTMLElement);
  #lineOpen = find("trial-line-open", HTMLButtonElement);
  #isShown = false;
  /** @type {Words | null} */
  #words = null;
  /** Whether it was; null: the browser does not let the page, and the person does it by hand. */
  #isCopied = /** @type {boolean | null} */ (false);
  #toCopy = "";

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#open.onclick = () => onEvent({ type: "trial_pressed" });
    this.#lineOpen.onclick = () => onEvent({ type: "trial_opened" });
    this.#again.onclick = () => {
      this.#title.focus(); // the button is switched off meanwhile
      onEvent({ type: "trial_pressed" });
    };
    this.#copy.onclick = () => void this.#copyText().then(() => this.#drawCopy());
    this.#dialog.addEventListener("close", () => {
      if (this.#isShown) onEvent({ type: "trial_closed" }); // else it was for another reason
    });
  }

  /** @param {State} state @param {Words} words @param {string} locale */
  draw(state, words, locale) {
    const { trial, isTrialShown, server, notice } = state;
    this.#open.hidden = server?.mediaMode === "direct";
    this.#open.disabled = !canBegin(state);
    const sentence = trialSentence(state, words);
    this.#line.hidden = notice?.kind !== "link_failed" || server?.mediaMode === "direct";
    // One reason is enough: the server's, which knows both sides, where it has found one.
    const isExplained = notice?.kind === "link_failed" && notice.cause !== null;
    const isSaid = trial?.isAutomatic && (isRunning(state) || !isExplained);
    setText(this.#lineText, isSaid ? sentence : "");
    setText(this.#lineOpen, trial ? words.trial.details : words.trial.title);
    this.#isShown = isTrialShown;
    this.#words = words;
    if (isTrialShown && !this.#dialog.open) this.#dialog.showModal();
    if (!isTrialShown && this.#dialog.open) this.#dialog.close();
    if (isTrialShown) this.#draw(state, sentence, words, locale);
  }

  /** @param {State} state @param {string} sentence @param {Words} words @param {string} locale */
  #draw(state, sentence, words, locale) {
    setText(this.#summary, sentence);
    const isBusy = isRunning(state);
    setAttribute(this.#rows, "aria-busy", isBusy);
    this.#again.disabled = !canBegin(state);
    this.#copy.disabled = isBusy || !state.trial;
    this.#drawRows(trialRows(state, words, locale));
    if (isBusy) this.#isCopied = false;
    else this.#toCopy = trialText(state, words, navigator.userAgent, new Date(), locale);
    this.#drawCopy();
  }

  #drawCopy() {
    const words = this.#words?.trial;
    if (words) setText(this.#copy, this.#isCopied ? words.copied : words.copy);
    this.#text.hidden = this.#isCopied !== null;
  }

  /** @param {import("../words/trial.js").Row[]} rows */
  #drawRows(rows) {
    const before = [...this.#rows.children];
    if (before.length !== rows.length) {
      this.#rows.replaceChildren(...rows.map(() => make("div", {}, make("dt"), make("dd"))));
    }
    [...this.#rows.children].forEach((row, at) => {
      const { name = "", text = "", mark = "none" } = rows[at] ?? {};
      setAttribute(row, "data-mark", mark);
      const [title, value] = row.children;
      if (title) setText(title, name);
      if (value) setText(value, text);
    });
  }

  async #copyText() {
    this.#text.value = this.#toCopy;
    try {
      await navigator.clipboard.writeText(this.#toCopy);
      this.#isCopied = true;
    } catch {
      this.#isCopied = null; // a page without https may not
      this.#text.hidden = false;
      this.#text.select();
    }
  }
}
