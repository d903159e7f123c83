// @ts-check
/**
 * Draws those whom one can meet again, in the lobby. Loaded when there is somebody.
 *
 * @typedef {import("../machine/tryst.js").Contact} Contact
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 */
import { addStyle, find, icon, make, setLabel } from "./dom.js";

export class ContactsView {
  #section = find("contacts", HTMLElement);
  #start = find("start", HTMLButtonElement);
  #onEvent;
  /** @type {readonly Contact[]} */
  #drawn = [];
  /** @type {Words | null} */
  #words = null;

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    addStyle("style/invitation.css");
  }

  /** @param {readonly Contact[]} contacts @param {Words} words @param {string} locale */
  draw(contacts, words, locale) {
    if (contacts === this.#drawn && words === this.#words) return;
    const hadFocus = this.#section.contains(document.activeElement);
    this.#drawn = contacts;
    this.#words = words;
    this.#section.hidden = contacts.length === 0;
    const when = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
    const items = contacts.map((contact) => this.#item(contact, when, words));
    this.#section.replaceChildren(make("h2", { id: "contacts-title" }, words.tryst.contacts), make("ul", {}, ...items));
    if (hadFocus) this.#start.focus();
  }

  /** @param {Contact} contact @param {Intl.DateTimeFormat} when @param {Words} words */
  #item({ code, metAtMs }, when, words) {
    const met = words.tryst.metOn(when.format(metAtMs));
    const seek = make("button", { type: "button" }, words.tryst.wait);
    seek.setAttribute("aria-label", `${words.tryst.wait} ${met}`);
    seek.onclick = () => this.#onEvent({ type: "contact_sought", code });
    const forget = make("button", { type: "button", class: "icon" }, icon("close"));
    setLabel(forget, `${words.tryst.forget} ${met}`);
    forget.onclick = () => this.#onEvent({ type: "contact_forgotten", code });
    return make("li", {}, make("span", {}, met), seek, forget);
  }
}
