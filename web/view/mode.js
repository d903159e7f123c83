// @ts-check
/**
 * Draws how two talk: the choice before the call, the switch in it, the partner's question, and how loud
 * a voice is that has no picture.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 * @typedef {import("../wire/messages.js").Mode} Mode
 */
import { find, setAttribute, setText } from "./dom.js";
import { chosenMode } from "../machine/state.js";
import { Meter } from "../media/meter.js";
import { MODES } from "../wire/messages.js";

export class ModeView {
  #call = find("call", HTMLElement);
  #lobby = find("lobby", HTMLElement);
  #choice = find("modes", HTMLFieldSetElement);
  #switch = find("mode", HTMLSelectElement);
  #ask = find("ask", HTMLElement);
  #question = find("ask-text", HTMLElement);
  #buttons = find("ask-buttons", HTMLElement);
  #avatar = find("avatar", HTMLElement);
  #meter = new Meter((level) => this.#avatar.style.setProperty("--level", level.toFixed(2)));
  /** @type {Words | null} */
  #words = null;

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#choice.onchange = () => onEvent({ type: "mode_chosen", mode: this.#chosen() });
    this.#switch.onchange = () => {
      onEvent({ type: "mode_wanted", mode: modeNamed(this.#switch.value) });
    };
    find("ask-yes", HTMLButtonElement).onclick = () => onEvent({ type: "mode_answered", accept: true });
    find("ask-no", HTMLButtonElement).onclick = () => onEvent({ type: "mode_answered", accept: false });
  }

  /** @param {State} state @param {Words} words */
  draw(state, words) {
    const { partner, mode, remoteStream } = state;
    this.#drawWords(words);
    setAttribute(this.#call, "data-mode", mode);
    setAttribute(this.#lobby, "data-mode", mode);
    this.#drawChoice(state, words);
    this.#switch.value = mode;
    this.#switch.disabled = !partner || partner.asked !== null || state.server?.mediaMode === "direct";
    this.#drawQuestion(partner?.asked ?? null, words);
    const sound = mode === "voice" && partner?.media.audio ? remoteStream?.getAudioTracks()[0] : null;
    this.#meter.follow(sound ?? null);
  }

  /** @returns {Mode} */
  #chosen() {
    const input = this.#choice.querySelector("input:checked");
    return modeNamed(input instanceof HTMLInputElement ? input.value : "");
  }

  /** @param {Words} words */
  #drawWords(words) {
    if (words === this.#words) return;
    this.#words = words;
    this.#switch.replaceChildren(...MODES.map((mode) => new Option(words.modes[mode], mode)));
  }

  /** @param {State} state @param {Words} words */
  #drawChoice({ settings, around }, words) {
    const chosen = chosenMode(settings);
    for (const input of this.#choice.querySelectorAll("input")) input.checked = input.value === chosen;
    for (const mode of MODES) {
      const count = around?.looking[mode] ?? 0;
      setText(find(`looking-${mode}`, HTMLElement), count ? words.looking(count) : "");
    }
  }

  /** @param {{ mode: Mode, isMine: boolean } | null} asked @param {Words} words */
  #drawQuestion(asked, words) {
    const hadFocus = this.#buttons.contains(document.activeElement);
    this.#ask.hidden = asked === null;
    this.#buttons.hidden = !asked || asked.isMine;
    const said = asked ? (asked.isMine ? words.askedThem : words.asksYou[asked.mode]) : "";
    setText(this.#question, said);
    if (hadFocus && this.#buttons.hidden) find("next", HTMLButtonElement).focus();
  }
}

/** @param {string} name @returns {Mode} */
function modeNamed(name) {
  return MODES.find((known) => known === name) ?? "video";
}
