// @ts-check
/**
 * Draws what is there before the call: oneself, the devices, the interests, Start.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 */
import { find, icon, make, setAttribute, setLabel, setText } from "./dom.js";
import { drawDeviceButton, drawTryNow } from "./controls.js";
import { Pickers } from "./pickers.js";
import { Player } from "./player.js";
import { Meter } from "../media/meter.js";
import { MAX_INTERESTS } from "../wire/messages.js";
import { describeProblem, lossText, startLabel } from "../words/describe.js";

export class LobbyView {
  #lobby = find("lobby", HTMLElement);
  #preview = new Player(find("preview", HTMLVideoElement));
  #previewOff = find("preview-off", HTMLElement);
  #microphone = find("preview-microphone", HTMLButtonElement);
  #camera = find("preview-camera", HTMLButtonElement);
  #level = find("meter", HTMLMeterElement);
  #greeting = find("greeting", HTMLElement);
  #detail = find("greeting-detail", HTMLElement);
  #server = find("lobby-server", HTMLElement);
  #tryNow = find("lobby-try-now", HTMLButtonElement);
  #check = find("check-devices", HTMLButtonElement);
  #retry = find("retry", HTMLButtonElement);
  #form = find("interests", HTMLFormElement);
  #interest = find("interest", HTMLInputElement);
  #list = find("interest-list", HTMLUListElement);
  #start = find("start", HTMLButtonElement);
  #meter = new Meter((level) => { this.#level.value = level; });
  #pickers;
  #onEvent;
  /** @type {readonly string[]} */
  #drawnInterests = [];
  /** @type {Words | null} */
  #words = null;

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    this.#lobby.inert = false; // it could be read before, and not be used yet
    const isWide = matchMedia("(min-width: 840px)");
    const follow = () => { find("devices", HTMLDetailsElement).open = isWide.matches; };
    isWide.onchange = follow;
    follow();
    this.#pickers = new Pickers(find("lobby-pickers", HTMLElement), onEvent);
    this.#microphone.onclick = () => onEvent({ type: "microphone_toggled" });
    this.#camera.onclick = () => onEvent({ type: "camera_toggled" });
    this.#check.onclick = () => onEvent({ type: "preview_wanted" });
    this.#tryNow.onclick = () => onEvent({ type: "try_now_pressed" });
    this.#retry.onclick = () => onEvent({ type: "retry_pressed" });
    this.#start.onclick = () => {
      this.#addInterest();
      onEvent({ type: "start_pressed" });
    };
    this.#form.onsubmit = (submit) => {
      submit.preventDefault();
      this.#addInterest();
    };
    this.#interest.onkeydown = (event) => {
      if (event.key !== "," || event.isComposing) return;
      event.preventDefault();
      this.#addInterest();
    };
  }

  /** @param {State} state @param {Words} words */
  draw(state, words) {
    const { devices, isStarted, isPreviewing, settings } = state;
    this.#lobby.hidden = isStarted || state.ban !== null;
    this.#meter.follow(isStarted ? null : devices.audio.track);
    this.#preview.show(isStarted ? null : devices.video.track);
    if (isStarted) return;
    this.#drawProblem(state, words);
    this.#drawPreview(state, words);
    this.#pickers.draw(state, words);
    this.#check.hidden = isPreviewing;
    setText(this.#start, startLabel(state, words));
    this.#drawInterests(settings.interests, words);
    this.#interest.disabled = settings.interests.length >= MAX_INTERESTS;
  }

  /** @param {State} state @param {Words} words */
  #drawProblem(state, words) {
    const problem = describeProblem(state, words);
    setAttribute(this.#lobby, "data-problem", problem !== null);
    const isInvited = state.trysts.sought?.role === "guest";
    const [greeting, detail] = isInvited
      ? [words.tryst.invited, words.tryst.invitedHint]
      : [words.meetSomeone, words.tagline];
    setText(this.#greeting, problem?.headline ?? greeting);
    setText(this.#detail, problem?.detail ?? detail);
    const lost = lossText(state, words);
    const closed = words.sentAway[state.closedBy];
    const connecting = state.isWorking ? words.sentences(words.oneMoment, words.proving) : "";
    const told = { lost, closed, connecting, open: "", away: "" };
    setText(this.#server, told[state.socket]);
    drawTryNow(this.#tryNow, state);
    this.#retry.hidden = !problem;
  }

  /** @param {State} state @param {Words} words */
  #drawPreview({ devices: { audio, video }, isPreviewing }, words) {
    const isAsking = video.status === "asking";
    const isResting = video.isWanted && !video.problem && !isPreviewing;
    const off = isAsking ? words.cameraIsOpening : isResting ? words.cameraRests : words.cameraIsOff;
    setText(this.#previewOff, video.status === "on" ? "" : off);
    drawDeviceButton(this.#microphone, audio, "mic", words.muteMicrophone, words.unmuteMicrophone);
    drawDeviceButton(this.#camera, video, "cam", words.turnCameraOff, words.turnCameraOn);
  }

  #addInterest() {
    if (this.#interest.value.trim()) {
      this.#onEvent({ type: "interest_added", text: this.#interest.value });
    }
    this.#interest.value = "";
  }

  /** @param {readonly string[]} interests @param {Words} words */
  #drawInterests(interests, words) {
    if (interests === this.#drawnInterests && words === this.#words) return;
    const hadFocus = this.#list.contains(document.activeElement);
    this.#drawnInterests = interests;
    this.#words = words;
    this.#list.replaceChildren(...interests.map((interest) => this.#item(interest, words)));
    if (hadFocus) this.#interest.focus();
  }

  /** @param {string} interest @param {Words} words */
  #item(interest, words) {
    const remove = document.createElement("button");
    remove.type = "button";
    remove.append(icon("close"));
    setLabel(remove, words.removeInterest(interest));
    remove.onclick = () => this.#onEvent({ type: "interest_removed", text: interest });
    return make("li", {}, make("span", { dir: "auto" }, interest), remove);
  }
}
