// @ts-check
/**
 * How pictures are shown: the partner's fills the stage or is shown whole, one's own is mirrored, and what is
 * behind oneself blurred.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Settings} Settings
 * @typedef {import("../machine/types.js").Event} Event
 */
import { find, setAttribute } from "./dom.js";
import { canBlurBackground } from "../media/devices.js";

export class LooksView {
  #stage = find("stage", HTMLElement);
  #whole = find("shows-whole", HTMLInputElement);
  #mirrors = find("mirrors", HTMLInputElement);
  #blurs = find("blurs-background", HTMLInputElement);
  #blursRow = find("blurs-background-row", HTMLElement);
  #onEvent;

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    this.#whole.onchange = () => this.#set({ showsWhole: this.#whole.checked });
    this.#mirrors.onchange = () => this.#set({ mirrors: this.#mirrors.checked });
    this.#blurs.onchange = () => this.#set({ blursBackground: this.#blurs.checked });
    find("remote", HTMLVideoElement).ondblclick = () => this.#set({ showsWhole: !this.#whole.checked });
  }

  /** @param {State} state */
  draw({ settings, devices: { video } }) {
    setAttribute(this.#stage, "data-fit", settings.showsWhole ? "whole" : "fill");
    this.#whole.checked = settings.showsWhole;
    this.#mirrors.checked = settings.mirrors;
    this.#blurs.checked = settings.blursBackground;
    this.#blursRow.hidden = !video.track || !canBlurBackground(video.track);
  }

  /** @param {Partial<Settings>} change */
  #set(change) {
    this.#onEvent({ type: "setting_changed", change });
  }
}
