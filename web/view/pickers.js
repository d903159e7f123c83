// @ts-check
/**
 * Lists of cameras, microphones and speakers to choose from.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 * @typedef {import("../media/devices.js").DeviceInfo["kind"]} Kind
 */
import { make, setText } from "./dom.js";

/** Whether this browser lets a page choose where the sound comes out. */
export const CAN_CHOOSE_SPEAKER = "setSinkId" in HTMLMediaElement.prototype;

/** One set of lists. */
export class Pickers {
  /** @type {Record<Kind, { label: HTMLElement, name: HTMLElement, select: HTMLSelectElement }>} */
  #pickers;
  #drawn = "";
  #tryOut = document.createElement("button");
  #speakerId = "";

  /** @param {HTMLElement} container @param {(event: Event) => void} onEvent */
  constructor(container, onEvent) {
    const picker = (/** @type {(id: string) => Event} */ choose) => {
      const name = make("span");
      const select = document.createElement("select");
      select.onchange = () => onEvent(choose(select.value));
      const label = make("label", {}, name, select);
      container.append(label);
      return { label, name, select };
    };
    this.#pickers = {
      video: picker((id) => ({ type: "device_chosen", kind: "video", id })),
      audio: picker((id) => ({ type: "device_chosen", kind: "audio", id })),
      output: picker((id) => ({ type: "setting_changed", change: { speakerId: id } })),
    };
    this.#tryOut.type = "button";
    this.#tryOut.onclick = () => void this.#playSound();
    container.append(this.#tryOut);
  }

  /** @param {State} state @param {Words} words */
  draw({ found, settings, devices, mode }, words) {
    const { video, audio, output } = this.#pickers;
    setText(video.name, words.camera);
    setText(audio.name, words.microphone);
    setText(output.name, words.speaker);
    setText(this.#tryOut, words.tryOutSpeaker);
    this.#speakerId = settings.speakerId;
    const idNow = {
      video: devices.video.track?.getSettings().deviceId ?? settings.cameraId,
      audio: devices.audio.track?.getSettings().deviceId ?? settings.microphoneId,
      output: settings.speakerId,
    };
    const drawn = JSON.stringify([found, idNow, words.anyDevice, mode]);
    if (drawn === this.#drawn) return; // an open list would close
    this.#drawn = drawn;
    for (const kind of /** @type {Kind[]} */ (["video", "audio", "output"])) {
      if (kind === "video" && mode === "voice") {
        video.label.hidden = true;
        continue;
      }
      this.#fill(kind, found.filter((device) => device.kind === kind), idNow[kind], words);
    }
  }

  async #playSound() {
    const { play } = await import("../browser/chime.js");
    await play(this.#speakerId);
  }

  /**
   * @param {Kind} kind
   * @param {import("../media/devices.js").DeviceInfo[]} devices
   * @param {string} idNow
   * @param {Words} words
   */
  #fill(kind, devices, idNow, words) {
    const { label, select } = this.#pickers[kind];
    label.hidden = devices.length === 0 || (kind === "output" && !CAN_CHOOSE_SPEAKER);
    const isListed = devices.some(({ id }) => id === idNow);
    const options = devices.map(({ id, label: name }, index) =>
      new Option(name || words.unnamedDevice(index + 1), id, false, id === idNow));
    if (!isListed) options.unshift(new Option(words.anyDevice, "", false, true));
    select.replaceChildren(...options);
  }
}
