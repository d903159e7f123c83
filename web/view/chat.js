// @ts-check
/**
 * Draws the chat. What people write is text, never HTML.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").ChatLine} ChatLine
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 */
import { find, make, setAttribute, setOff, setText } from "./dom.js";
import { ExchangeView } from "./exchange.js";
import { drawTranslation, makeLine } from "./line.js";
import { LogView } from "./log.js";
import { blurOf } from "../machine/veil.js";
import { MAX_CHAT_CHARS } from "../wire/messages.js";

/** How many characters before the end the counter shows. */
const COUNTED_CHARS = 200;
/** Of the field, before it scrolls. */
const MAX_ROWS = 5;
/** Keys that write nothing. */
const NO_WORDS = ["Escape", "Tab", "Shift", "Control", "Alt", "Meta"];

export class ChatView {
  #log = find("log", HTMLElement);
  #typing = find("typing", HTMLElement);
  #form = find("say", HTMLFormElement);
  #place = new LogView();
  #text = find("text", HTMLTextAreaElement);
  #attach = find("attach", HTMLButtonElement);
  #counter = find("counter", HTMLElement);
  #send = find("send", HTMLButtonElement);
  #begun = find("begun", HTMLElement);
  #begunText = find("begun-text", HTMLElement);
  #takeBack = find("begun-take", HTMLButtonElement);
  #exchange;
  #onEvent;
  #openAddress;
  /** @type {import("./emoji.js").EmojiView | null} */
  #emoji = null;
  #language = "";
  /** @type {ChatLine[]} */
  #lines = [];
  /** @type {HTMLElement[]} of the lines that are there */
  #made = [];
  /** @type {Words | null} */
  #words = null;

  /**
   * @param {(event: Event) => void} onEvent
   * @param {(href: string) => void} openAddress asks the user first
   */
  constructor(onEvent, openAddress) {
    this.#onEvent = onEvent;
    this.#openAddress = openAddress;
    this.#text.oninput = () => {
      this.#count();
      onEvent({ type: "text_changed", text: this.#text.value });
    };
    this.#form.onsubmit = (submit) => {
      submit.preventDefault();
      onEvent({ type: "chat_entered", text: this.#text.value });
    };
    this.#text.onkeydown = (event) => {
      if (!NO_WORDS.includes(event.key)) onEvent({ type: "key_struck" });
      // With Shift it is a line break, and while a word is being composed it chooses one.
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.#form.requestSubmit();
    };
    this.#exchange = new ExchangeView(onEvent, () => this.focus());
    this.#attach.onclick = () => this.#toggleEmoji();
    this.#form.onpointerdown = () => onEvent({ type: "field_pressed" });
    this.#takeBack.onclick = () => {
      onEvent({ type: "begun_taken" });
      this.focus();
    };
    find("begun-drop", HTMLButtonElement).onclick = () => {
      onEvent({ type: "begun_dropped" });
      this.focus();
    };
  }

  focus() {
    this.#text.focus();
  }

  /** @param {State} state @param {Words} words @param {string} language that they are in */
  draw(state, words, language) {
    const { chat, partner, draft, begun } = state;
    if (this.#words !== words) {
      this.#lines = [];
      this.#place.speak(words);
      this.#emoji?.speak(words);
    }
    this.#words = words;
    this.#language = language;
    setAttribute(this.#log, "data-empty", words.noMessages);
    const isCovered = blurOf(state) !== "off" || Boolean(partner?.veil.why);
    this.#drawLines(chat, words, isCovered);
    chat.forEach((line, index) => this.#drawChanges(line, index, words));
    this.#exchange.draw(state, words);
    setText(this.#typing, partner?.isTyping ? words.typing : "");
    if (this.#text.value !== draft) {
      this.#text.value = draft;
      this.#count();
    }
    this.#begun.hidden = !begun;
    setText(this.#begunText, begun);
    this.#takeBack.disabled = !partner;
    // Not disabled: that would take the focus away, and turn what is being typed into commands.
    this.#text.readOnly = !partner;
    setOff(this.#send, !partner);
    setOff(this.#attach, !partner);
    if (!partner) this.#emoji?.close();
  }

  /**
   * Lines are only added at the end, so that screen readers speak each once, until a new
   * conversation begins.
   *
   * @param {ChatLine[]} lines
   * @param {Words} words
   * @param {boolean} isCovered
   */
  #drawLines(lines, words, isCovered) {
    const shown = this.#lines;
    const grown = lines.length >= shown.length && lines[0]?.text === shown[0]?.text
      && shown.every(({ id, mine }, index) => lines[index]?.id === id && lines[index]?.mine === mine);
    const fresh = grown ? lines.slice(shown.length) : lines;
    if (!grown) {
      this.#place.clear();
      this.#made = [];
    }
    this.#lines = lines;
    if (fresh.length === 0) return;
    const how = {
      isCovered,
      openAddress: this.#openAddress,
      translate: (/** @type {string} */ id) => {
        this.#onEvent({ type: "translation_wanted", id, language: this.#language });
      },
    };
    const made = fresh.map((line) => makeLine(line, words, how));
    this.#made.push(...made);
    this.#place.add(made, fresh.some(({ mine }) => mine));
  }

  /** @param {ChatLine} line @param {number} index @param {Words} words */
  #drawChanges(line, index, words) {
    const made = this.#made[index];
    if (!made) return;
    made.toggleAttribute("data-former", line.isFormer === true);
    if (line.mine) this.#drawFate(made, line, words);
    else drawTranslation(made, line, words);
  }

  /** @param {HTMLElement} made @param {ChatLine} line @param {Words} words */
  #drawFate(made, { id, fate, picture, isFormer }, words) {
    const tick = made.querySelector(".tick");
    if (!tick) return;
    setAttribute(tick, "data-fate", fate);
    setAttribute(tick, "aria-label", words.fates[fate]);
    const again = tick.nextElementSibling;
    const isOffered = fate === "refused" && !picture && !isFormer;
    if (isOffered && !again) tick.after(this.#again(id, words));
    if (isOffered || !again) return;
    if (again === document.activeElement) this.#text.focus();
    again.remove();
  }

  /** @param {string} id @param {Words} words */
  #again(id, words) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "again";
    button.append(`${words.fates.refused}. `, make("span", {}, words.sendAgain));
    button.onclick = () => this.#onEvent({ type: "chat_repeated", id });
    return button;
  }

  #count() {
    this.#grow();
    const left = MAX_CHAT_CHARS - this.#text.value.length;
    setText(this.#counter, left <= COUNTED_CHARS ? this.#words?.charactersLeft(left) ?? "" : "");
  }

  /** The field grows with what is in it; browsers that do that by themselves need no help. */
  #grow() {
    if (CSS.supports("field-sizing", "content")) return;
    this.#text.rows = Math.min(this.#text.value.split("\n").length, MAX_ROWS);
  }

  async #toggleEmoji() {
    const words = this.#words;
    if (!words || this.#attach.ariaDisabled === "true") return;
    if (!this.#emoji) {
      const module = await import("./emoji.js").catch(() => null);
      if (!module) return console.warn("The emoji cannot be had.");
      this.#emoji ??= new module.EmojiView(this.#form, this.#attach, {
        onChosen: (sign) => this.#insert(sign),
        onPicture: () => this.#exchange.want(),
      });
      this.#emoji.speak(words);
    }
    this.#emoji.toggle();
  }

  /** @param {string} sign where the caret is */
  #insert(sign) {
    const { selectionStart, selectionEnd, value } = this.#text;
    if (this.#text.readOnly || value.length + sign.length > MAX_CHAT_CHARS) return;
    this.#text.setRangeText(sign, selectionStart, selectionEnd, "end");
    this.#text.dispatchEvent(new Event("input"));
  }
}
