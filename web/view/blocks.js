// @ts-check
/**
 * Draws the settings that keep people away: blurred pictures, and whom the visitor has blocked.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 */
import { find, make, setText } from "./dom.js";
import { BLURS, blurOf } from "../machine/veil.js";
import { dayText } from "../words/safety.js";

export class BlocksView {
  #blur = find("blur", HTMLSelectElement);
  #section = find("blocks", HTMLElement);
  #list = find("block-list", HTMLUListElement);
  #problem = find("blocks-problem", HTMLElement);
  #title = find("blocks-title", HTMLElement);
  #onEvent;
  /** @type {readonly unknown[]} */
  #drawn = [];

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    this.#blur.append(...BLURS.map((blur) => new Option("", blur)));
    this.#blur.onchange = () =>
      onEvent({ type: "setting_changed", change: { blur: this.#blur.value } });
  }

  /** @param {State} state @param {Words} words @param {string} locale */
  draw(state, words, locale) {
    const { blocks, blocksProblem } = state;
    BLURS.forEach((blur, index) => {
      const option = this.#blur.options[index];
      if (option) setText(option, words.blur[blur]);
    });
    if (document.activeElement !== this.#blur || this.#blur.value === "") this.#blur.value = blurOf(state);
    setText(this.#problem, blocksProblem ? words.blocks.failed : "");
    if (this.#drawn[0] === blocks && this.#drawn[1] === words) return;
    this.#drawn = [blocks, words];
    const hadFocus = this.#list.contains(document.activeElement);
    this.#section.hidden = blocks.length === 0;
    this.#list.replaceChildren(...blocks.map(({ id, atMs }) => {
      const text = words.blocks.since(dayText(atMs, locale));
      const undo = make("button", { type: "button", "aria-label": `${words.blocks.undo}: ${text}` }, words.blocks.undo);
      undo.onclick = () => this.#onEvent({ type: "unblock_pressed", id });
      return make("li", {}, make("span", {}, text), undo);
    }));
    if (hadFocus) (blocks.length ? this.#title : this.#blur).focus();
  }
}
