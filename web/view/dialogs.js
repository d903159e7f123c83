// @ts-check
/**
 * The dialogs: the welcome, the keys, the settings, whether to open an address, and whether to return.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 */
import { BlocksView } from "./blocks.js";
import { find, make } from "./dom.js";
import { Pickers } from "./pickers.js";
import { isSaving } from "../machine/picture.js";
import { isReturnAsked } from "../machine/state.js";
import { agreementTo, hasAgreed, welcomeParagraphs } from "../words/words.js";

export class DialogsView {
  #welcome = find("welcome", HTMLDialogElement);
  #rules = find("rules", HTMLElement);
  #address = find("address", HTMLDialogElement);
  #addressText = find("address-text", HTMLElement);
  #addressOpen = find("address-open", HTMLAnchorElement);
  #return = find("return", HTMLDialogElement);
  #keys = find("keys", HTMLElement);
  #usesKeys = find("uses-keys", HTMLInputElement);
  #searchesOn = find("searches-on", HTMLInputElement);
  #savesData = find("saves-data", HTMLInputElement);
  #pickers;
  #blocks;
  #evidence = find("evidence", HTMLElement);
  #onEvent;
  #title = find("welcome-title", HTMLElement);
  #agree = find("agree", HTMLButtonElement);
  #askAgain = find("ask-again", HTMLButtonElement);
  /** The welcome text; null when it did not come, undefined as long as it may. */
  #text = /** @type {string | null | undefined} */ (undefined);
  #isToBeAsked = false;
  /** @type {Words | null} */
  #words = null;

  /** @param {(event: Event) => void} onEvent @param {() => void} askForRules */
  constructor(onEvent, askForRules) {
    this.#onEvent = onEvent;
    this.#blocks = new BlocksView(onEvent);
    this.#pickers = new Pickers(find("settings-pickers", HTMLElement), onEvent);
    this.#welcome.addEventListener("cancel", (event) => event.preventDefault());
    this.#welcome.addEventListener("close", () => {
      if (this.#isToBeAsked) this.#welcome.showModal(); // some browsers let Esc insist
    });
    this.#agree.onclick = () => {
      if (!this.#text) return;
      onEvent({ type: "agreed", rules: agreementTo(this.#text, !this.#evidence.hidden) });
    };
    this.#askAgain.onclick = () => {
      this.#askAgain.disabled = true;
      askForRules();
    };
    const decline = () => onEvent({ type: "return_declined" });
    this.#return.addEventListener("cancel", decline);
    find("return-no", HTMLButtonElement).onclick = decline;
    find("return-yes", HTMLButtonElement).onclick = () => onEvent({ type: "return_pressed" });
    this.#addressOpen.onclick = () => this.#address.close();
    this.#usesKeys.onchange = () =>
      onEvent({ type: "setting_changed", change: { usesKeys: this.#usesKeys.checked } });
    this.#searchesOn.onchange = () =>
      onEvent({ type: "setting_changed", change: { searchesOn: this.#searchesOn.checked } });
    this.#savesData.onchange = () =>
      onEvent({ type: "setting_changed", change: { saver: this.#savesData.checked ? "on" : "off" } });
    for (const opener of document.querySelectorAll("[data-opens]")) {
      opener.addEventListener("click", () => this.open(opener.getAttribute("data-opens") ?? ""));
    }
    for (const closer of document.querySelectorAll("[data-closes]")) {
      const id = closer.getAttribute("data-closes") ?? "";
      closer.addEventListener("click", () => find(id, HTMLDialogElement).close());
    }
  }

  /** @param {string | null} text of the operator; null when it did not come */
  welcome(text) {
    if (this.#text === null && text) this.#title.focus(); // the button that was pressed goes
    this.#text = text;
    this.#words = null;
    this.#askAgain.disabled = false;
  }

  /** @param {string} id */
  open(id) {
    const dialog = find(id, HTMLDialogElement);
    if (!dialog.open) dialog.showModal();
    if (id === "settings") this.#onEvent({ type: "settings_opened" });
  }

  /** @param {string} href */
  askToOpen(href) {
    this.#addressText.textContent = href;
    this.#addressOpen.href = href;
    this.open("address");
  }

  /** @param {State} state @param {Words} words @param {string} language @param {string} locale */
  draw(state, words, language, locale) {
    const { settings } = state;
    this.#usesKeys.checked = settings.usesKeys;
    this.#searchesOn.checked = settings.searchesOn;
    this.#savesData.checked = isSaving(state);
    this.#pickers.draw(state, words);
    this.#blocks.draw(state, words, locale);
    const isAsked = isReturnAsked(state);
    if (isAsked && !this.#return.open) this.#return.showModal();
    if (!isAsked && this.#return.open) this.#return.close();
    if (this.#words !== words) this.#drawWords(words, language);
    if (this.#text === undefined) return;
    const evidence = Boolean(state.server?.evidence);
    this.#evidence.hidden = this.#text === null || !evidence;
    this.#agree.hidden = this.#text === null;
    this.#askAgain.hidden = this.#text !== null;
    const isAgreed = this.#text !== null && hasAgreed(settings.agreedTo, this.#text, evidence);
    this.#isToBeAsked = !isAgreed && !state.ban;
    if (this.#isToBeAsked && !this.#welcome.open) this.#welcome.showModal();
    if (!this.#isToBeAsked && this.#welcome.open) this.#welcome.close();
  }

  /** @param {Words} words @param {string} language */
  #drawWords(words, language) {
    this.#words = words;
    const paragraphs = this.#text ? welcomeParagraphs(this.#text, language) : [words.noRules];
    this.#rules.replaceChildren(...paragraphs.map((text) => make("p", { dir: "auto" }, text)));
    this.#keys.replaceChildren(...keyRows(words).flatMap(([keys, does]) => {
      const names = keys.map((key) => make("kbd", {}, key));
      return [make("dt", {}, ...names.flatMap((name) => [name, " "])), make("dd", {}, does)];
    }));
  }
}

/** @param {Words} words @returns {[string[], string][]} */
function keyRows({ keys, keyNames }) {
  return [
    [[keyNames.escape, keyNames.escape], keys.next],
    [["Q"], keys.stop],
    [["M"], keys.microphone],
    [["C"], keys.camera],
    [["S"], keys.switch],
    [[keyNames.up, keyNames.down], keys.volume],
    [["P"], keys.pip],
    [["F"], keys.full],
    [["/"], keys.chat],
    [["I"], keys.figures],
    [["A"], keys.search],
    [["R"], keys.report],
    [["?"], keys.help],
  ];
}
