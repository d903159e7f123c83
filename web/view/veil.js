// @ts-check
/**
 * Draws what is over a partner's picture that is blurred: why, and a button to see it.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../words/words.js").Words} Words
 */
import { find, setAttribute, setText } from "./dom.js";
import { veilText } from "../words/safety.js";

export class VeilView {
  #stage = find("stage", HTMLElement);
  #text = find("veil-text", HTMLElement);
  #show = find("show", HTMLButtonElement);

  /** @param {(event: import("../machine/types.js").Event) => void} onEvent */
  constructor(onEvent) {
    this.#show.onclick = () => onEvent({ type: "show_pressed" });
  }

  /** @param {State} state @param {Words} words */
  draw(state, words) {
    const veil = veilText(state, words);
    setAttribute(this.#stage, "data-veiled", veil !== null);
    const hasPicture = this.#stage.dataset["picture"] === "true";
    setText(this.#text, hasPicture ? veil?.text ?? "" : "");
    this.#show.hidden = !hasPicture || !veil?.button;
    if (veil?.button) setText(this.#show, veil.button);
  }
}
