// @ts-check
/**
 * Draws the buttons of the call.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Device} Device
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 */
import { find, setAttribute, setIcon, setLabel, setOff, setText } from "./dom.js";
import { isRetrying, retryDueMs } from "../machine/state.js";
import { isVeiled } from "../machine/veil.js";

const VOLUME_STEP = 0.1;

export class ControlsView {
  #next = find("next", HTMLButtonElement);
  #stop = find("stop", HTMLButtonElement);
  #microphone = find("microphone", HTMLButtonElement);
  #camera = find("camera", HTMLButtonElement);
  #switch = find("switch-camera", HTMLButtonElement);
  #volume = find("volume", HTMLInputElement);
  #pip = find("pip", HTMLButtonElement);
  #full = find("full", HTMLButtonElement);
  #more = find("more", HTMLButtonElement);
  #extras = find("extras", HTMLElement);
  #chat = find("chat-toggle", HTMLButtonElement);
  #unread = find("unread", HTMLElement);
  #remote = find("remote", HTMLVideoElement);
  #onEvent;

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    this.#next.onclick = () => onEvent({ type: "next_pressed" });
    this.#stop.onclick = () => onEvent({ type: "stop_pressed" });
    this.#microphone.onclick = () => onEvent({ type: "microphone_toggled" });
    this.#camera.onclick = () => onEvent({ type: "camera_toggled" });
    this.#switch.onclick = () => onEvent({ type: "camera_switched" });
    this.#chat.onclick = () => onEvent({ type: "chat_toggled" });
    this.#volume.oninput = () => this.setVolume(Number(this.#volume.value));
    this.#pip.onclick = () => this.togglePictureInPicture();
    this.#full.onclick = () => this.toggleFullScreen();
    this.#more.onclick = () => this.#openExtras(this.#extras.dataset["open"] !== "true");
    document.addEventListener("click", ({ target }) => {
      const isOutside = target instanceof Node && !this.#more.contains(target);
      if (isOutside && !this.#extras.contains(target)) this.#openExtras(false);
    });
    this.#pip.hidden = !document.pictureInPictureEnabled;
    this.#full.hidden = !document.fullscreenEnabled;
  }

  /** @param {State} state @param {Words} words */
  draw(state, words) {
    const { devices, partner, isResting, found, isChatOpen, unread, settings } = state;
    setOff(this.#next, !partner && !isResting);
    drawDeviceButton(this.#microphone, devices.audio, "mic", words.muteMicrophone,
      words.unmuteMicrophone);
    drawDeviceButton(this.#camera, devices.video, "cam", words.turnCameraOff, words.turnCameraOn);
    this.#switch.hidden = found.filter(({ kind }) => kind === "video").length < 2;
    this.#switch.disabled = devices.video.status !== "on";
    this.#drawPictureInPicture(!partner || isVeiled(partner.veil), partner !== null);
    this.#volume.value = String(settings.volume);
    this.#drawChatButton(isChatOpen, unread, words);
  }

  /**
   * What is blurred here would not be there.
   *
   * @param {boolean} isOff
   * @param {boolean} hasPartner
   */
  #drawPictureInPicture(isOff, hasPartner) {
    this.#pip.disabled = isOff;
    const isVeiled = isOff && hasPartner;
    this.#remote.toggleAttribute("disablepictureinpicture", isVeiled); // browsers have a button of their own
    if (isVeiled && document.pictureInPictureElement) this.#leavePictureInPicture();
  }

  #leavePictureInPicture() {
    document.exitPictureInPicture().catch((error) => console.info("No picture in picture:", error));
  }

  /** @param {boolean} isOpen @param {number} unread @param {Words} words */
  #drawChatButton(isOpen, unread, words) {
    const does = isOpen ? words.hideChat : words.showChat;
    setLabel(this.#chat, unread ? `${does}, ${words.unread(unread)}` : does);
    setAttribute(this.#chat, "aria-expanded", isOpen);
    this.#unread.hidden = unread === 0;
    setText(this.#unread, unread > 99 ? "99+" : String(unread));
  }

  /** @param {number} volume 0 to 1 */
  setVolume(volume) {
    const bounded = Math.min(1, Math.max(0, Math.round(volume * 20) / 20));
    this.#onEvent({ type: "setting_changed", change: { volume: bounded } });
  }

  /** @param {1 | -1} direction */
  changeVolume(direction) {
    this.setVolume(Number(this.#volume.value) + direction * VOLUME_STEP);
  }

  toggleFullScreen() {
    const change = document.fullscreenElement
      ? document.exitFullscreen()
      : document.documentElement.requestFullscreen();
    change.catch((error) => console.info("No full screen:", error));
  }

  togglePictureInPicture() {
    if (this.#pip.disabled || this.#pip.hidden || this.#remote.readyState === 0) return;
    if (document.pictureInPictureElement) return this.#leavePictureInPicture();
    this.#remote.requestPictureInPicture()
      .catch((/** @type {unknown} */ error) => console.info("No picture in picture:", error));
  }

  /** @param {boolean} isOpen */
  #openExtras(isOpen) {
    this.#extras.dataset["open"] = String(isOpen);
    setAttribute(this.#more, "aria-expanded", isOpen);
  }
}

/**
 * The button to try at once whether the server is back, or the link comes up. While that is tried it
 * stays, so that the keyboard's focus does.
 *
 * @param {HTMLButtonElement} button
 * @param {State} state
 */
export function drawTryNow(button, state) {
  button.hidden = !isRetrying(state);
  setAttribute(button, "aria-disabled", retryDueMs(state) === null);
}

/**
 * A microphone's or a camera's button; pressed means that it is off.
 *
 * @param {HTMLButtonElement} button
 * @param {Device} device
 * @param {"mic" | "cam"} icon
 * @param {string} turnOff
 * @param {string} turnOn
 */
export function drawDeviceButton(button, device, icon, turnOff, turnOn) {
  const isOff = !device.isWanted || device.problem !== null;
  setIcon(button, isOff ? `${icon}-off` : icon);
  setLabel(button, isOff ? turnOn : turnOff);
  setAttribute(button, "aria-pressed", isOff);
}
