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
import { splitAddresses } from "./addresses.js";
import { MAX_CHAT_CHARS } from "../wire/messages.js";

/** How many characters before the end the counter shows. */
const COUNTED_CHARS = 200;
/** Keys that write nothing. */
const NO_WORDS = ["Escape", "Tab", "Shift", "Control", "Alt", "Meta"];

export class ChatView {
  #log = find("log", HTMLElement);
  #typing = find("typing", HTMLElement);
  #form = find("say", HTMLFormElement);
  #text = find("text", HTMLInputElement);
  #counter = find("counter", HTMLElement);
  #send = find("send", HTMLButtonElement);
  #begun = find("begun", HTMLElement);
  #begunText = find("begun-text", HTMLElement);
  #takeBack = find("begun-take", HTMLButtonElement);
  #onEvent;
  #openAddress;
  /** @type {ChatLine[]} */
  #lines = [];
  /** @type {Map<string, HTMLElement>} */
  #ticks = new Map();
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
    this.#text.onkeydown = ({ key }) => {
      if (!NO_WORDS.includes(key)) onEvent({ type: "key_struck" });
    };
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

  /** @param {State} state @param {Words} words */
  draw({ chat, partner, draft, begun }, words) {
    if (this.#words !== words) this.#lines = [];
    this.#words = words;
    setAttribute(this.#log, "data-empty", words.noMessages);
    this.#drawLines(chat, words);
    for (const { id, mine, fate } of chat) {
      if (mine) this.#drawFate(id, fate, words);
    }
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
  }

  /**
   * Lines are only added at the end, so that screen readers speak each once, until a new
   * conversation begins.
   *
   * @param {ChatLine[]} lines
   * @param {Words} words
   */
  #drawLines(lines, words) {
    const shown = this.#lines;
    const grown = lines.length >= shown.length && lines[0]?.text === shown[0]?.text
      && shown.every(({ id, mine }, index) => lines[index]?.id === id && lines[index]?.mine === mine);
    const fresh = grown ? lines.slice(shown.length) : lines;
    if (!grown) {
      this.#log.replaceChildren();
      this.#ticks.clear();
    }
    this.#lines = lines;
    if (fresh.length === 0) return;
    this.#log.append(...fresh.map((line) => this.#line(line, words)));
    this.#log.scrollTop = this.#log.scrollHeight;
  }

  /** @param {ChatLine} line @param {Words} words */
  #line({ id, mine, text }, words) {
    const who = make("span", { class: "who" }, `${mine ? words.you : words.partner}: `);
    const said = make("span", { class: "text", dir: "auto" }, ...this.#pieces(text));
    const now = new Date();
    const time = now.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
    const meta = make("span", { class: "meta" }, make("time", { datetime: now.toISOString() }, time));
    if (mine) {
      const tick = make("span", { class: "tick", role: "img" });
      this.#ticks.set(id, tick);
      meta.append(tick);
    }
    return make("p", { class: mine ? "line mine" : "line" }, who, said, meta);
  }

  /** @param {string} text */
  #pieces(text) {
    return splitAddresses(text).map(({ text: piece, href }) => {
      if (!href) return piece;
      const rel = "noopener noreferrer nofollow";
      const attributes = { href, rel, target: "_blank", referrerpolicy: "no-referrer" };
      const link = make("a", attributes, piece);
      link.onclick = (click) => {
        click.preventDefault();
        this.#openAddress(href);
      };
      return link;
    });
  }

  /** @param {string} id @param {ChatLine["fate"]} fate @param {Words} words */
  #drawFate(id, fate, words) {
    const tick = this.#ticks.get(id);
    if (!tick) return;
    setAttribute(tick, "data-fate", fate);
    setAttribute(tick, "aria-label", words.fates[fate]);
    const again = tick.nextElementSibling;
    if (fate === "refused" && !again) tick.after(this.#again(id, words));
    if (fate === "refused" || !again) return;
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
    const left = MAX_CHAT_CHARS - this.#text.value.length;
    setText(this.#counter, left <= COUNTED_CHARS ? this.#words?.charactersLeft(left) ?? "" : "");
  }
}
