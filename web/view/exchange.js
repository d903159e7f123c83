// @ts-check
/**
 * Draws whether the two exchange pictures, and takes a file that is chosen.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 */
import { find, setText } from "./dom.js";
import { isAgreed } from "../machine/pictures.js";

export class ExchangeView {
  #bar = find("exchange", HTMLElement);
  #text = find("exchange-text", HTMLElement);
  #yes = find("exchange-yes", HTMLButtonElement);
  #no = find("exchange-no", HTMLButtonElement);
  #onEvent;
  #roomId = "";
  #isAgreed = false;

  /** @param {(event: Event) => void} onEvent @param {() => void} focus where the keyboard goes on */
  constructor(onEvent, focus) {
    this.#onEvent = onEvent;
    this.#yes.onclick = () => this.want();
    this.#no.onclick = () => {
      onEvent({ type: "pictures_answered", isAgreed: false });
      focus(); // the bar goes
    };
  }

  /** @param {State} state @param {Words} words */
  draw({ partner, isStarted, outgoing }, { pictures: words }) {
    const { mine, theirs, isAnswered } = partner?.exchange ?? { mine: false, theirs: false, isAnswered: false };
    this.#roomId = partner?.roomId ?? "";
    this.#isAgreed = isAgreed(partner);
    const isAsked = theirs && !mine && !isAnswered;
    this.#bar.hidden = !isStarted || !(mine || isAsked);
    this.#yes.hidden = mine && !theirs;
    this.#yes.disabled = outgoing !== null;
    setText(this.#text, this.#isAgreed ? words.agreed : isAsked ? words.asked : words.waiting);
    setText(this.#yes, this.#isAgreed ? words.choose : words.agree);
    setText(this.#no, this.#isAgreed ? words.stop : isAsked ? words.decline : words.cancel);
  }

  /** The person wants to send one: choose it, or ask the partner first. */
  want() {
    if (!this.#isAgreed) return this.#onEvent({ type: "pictures_wanted" });
    const roomId = this.#roomId; // somebody else may be there when a file is chosen
    const field = document.createElement("input");
    field.type = "file";
    field.accept = "image/*";
    field.onchange = () => {
      const file = field.files?.[0];
      if (file) this.#onEvent({ type: "picture_chosen", file, roomId });
    };
    field.click();
  }
}
