// @ts-check
/**
 * Draws what can be put into a message: emoji, and a picture. Loaded when it is first opened.
 *
 * @typedef {import("../words/words.js").Words} Words
 */
import { make, setAttribute, setLabel, setText } from "./dom.js";
import { findEmoji } from "../words/emoji.js";

export class EmojiView {
  #panel = make("div", { class: "emoji", role: "dialog" });
  #picture = make("button", { type: "button", class: "quiet" });
  #search = /** @type {HTMLInputElement} */ (make("input", { type: "search", enterkeyhint: "search" }));
  #list = make("div", { class: "emoji-list" });
  #none = make("p", { role: "status", class: "hint" });
  #opener;
  #onChosen;
  /** @type {Words | null} */
  #words = null;

  /**
   * @param {HTMLElement} place that it stands in
   * @param {HTMLElement} opener the button that has opened it
   * @param {{ onChosen: (sign: string) => void, onPicture: () => void }} wishes
   */
  constructor(place, opener, { onChosen, onPicture }) {
    this.#opener = opener;
    this.#onChosen = onChosen;
    document.head.append(make("link", { rel: "stylesheet", href: "style/emoji.css" }));
    this.#panel.hidden = true;
    this.#panel.append(this.#picture, this.#search, this.#list, this.#none);
    place.append(this.#panel);
    this.#picture.onclick = () => {
      this.close();
      opener.focus();
      onPicture();
    };
    this.#search.oninput = () => this.#draw();
    this.#panel.onkeydown = (event) => this.#press(event);
    document.addEventListener("pointerdown", ({ target }) => {
      const isInside = target instanceof Node && (this.#panel.contains(target) || opener.contains(target));
      if (!isInside) this.close();
    });
  }

  /** @param {Words} words */
  speak(words) {
    this.#words = words;
    setAttribute(this.#panel, "aria-label", words.attach.open);
    setText(this.#picture, words.attach.picture);
    setLabel(this.#search, words.attach.search);
    this.#search.placeholder = words.attach.search;
    this.#list.setAttribute("role", "group");
    setLabel(this.#list, words.attach.emoji);
    this.#draw();
  }

  toggle() {
    if (!this.#panel.hidden) return this.close();
    this.#panel.hidden = false;
    this.#search.value = "";
    this.#draw();
    setAttribute(this.#opener, "aria-expanded", true);
    this.#search.focus();
  }

  close() {
    if (this.#panel.hidden) return;
    const hadFocus = this.#panel.contains(document.activeElement);
    this.#panel.hidden = true;
    setAttribute(this.#opener, "aria-expanded", false);
    if (hadFocus) this.#opener.focus();
  }

  #draw() {
    const groups = findEmoji(this.#search.value);
    this.#list.replaceChildren(...groups.map(({ emojis }) => make("div", { class: "emoji-group" },
      ...emojis.map(({ sign }) => this.#button(sign)))));
    this.#list.querySelector("button")?.setAttribute("tabindex", "0");
    setText(this.#none, groups.length ? "" : this.#words?.attach.none ?? "");
  }

  /** @param {string} sign a name that screen readers know in every language */
  #button(sign) {
    const button = make("button", { type: "button", tabindex: "-1" }, sign);
    button.onclick = () => this.#onChosen(sign);
    button.onfocus = () => {
      for (const other of this.#list.querySelectorAll('[tabindex="0"]')) other.setAttribute("tabindex", "-1");
      button.setAttribute("tabindex", "0");
    };
    return button;
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.key === "Escape") {
      event.stopPropagation(); // it is not for the next partner
      return this.close();
    }
    if (event.key === "Enter" && event.target === this.#search) {
      event.preventDefault(); // nor does it send what is written so far
      return this.#list.querySelector("button")?.click();
    }
    this.#walk(event);
  }

  /** The arrow keys go through the list, whose rows are as long as there is room. @param {KeyboardEvent} event */
  #walk(event) {
    const buttons = [...this.#list.querySelectorAll("button")];
    const at = buttons.findIndex((button) => button === document.activeElement);
    const isRtl = getComputedStyle(this.#list).direction === "rtl";
    const top = buttons[at]?.offsetTop;
    const perRow = buttons.filter(({ offsetTop }) => offsetTop === top).length || 1;
    const steps = { ArrowRight: isRtl ? -1 : 1, ArrowLeft: isRtl ? 1 : -1, ArrowDown: perRow, ArrowUp: -perRow };
    const step = steps[/** @type {keyof typeof steps} */ (event.key)];
    if (!step || (at < 0 && event.key !== "ArrowDown")) return;
    event.preventDefault();
    const next = at < 0 ? 0 : at + step;
    if (next < 0) this.#search.focus();
    else buttons[Math.min(next, buttons.length - 1)]?.focus();
  }
}
