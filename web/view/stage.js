// @ts-check
/**
 * Draws the partner and what is said over them: states in words, marks, the quality of the line.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../words/words.js").Words} Words
 */
import { drawTryNow } from "./controls.js";
import { find, icon, make, setAttribute, setText } from "./dom.js";
import { isTextOffered } from "../machine/state.js";
import { CAN_CHOOSE_SPEAKER } from "./pickers.js";
import { Player } from "./player.js";
import { describe } from "../words/describe.js";
import { figureRows } from "../words/figures.js";

export class StageView {
  #app = find("app", HTMLElement);
  #stage = find("stage", HTMLElement);
  #picture = new Player(find("remote", HTMLVideoElement));
  #speaker = find("sound", HTMLAudioElement);
  #sound = new Player(this.#speaker);
  #avatar = find("avatar", HTMLElement);
  #notice = find("notice", HTMLElement);
  #headline = find("headline", HTMLElement);
  #detail = find("detail", HTMLElement);
  #ticker = find("ticker", HTMLElement);
  #tryNow = find("try-now", HTMLButtonElement);
  #textOnly = find("text-only", HTMLButtonElement);
  #marks = find("marks", HTMLElement);
  #quality = find("quality", HTMLButtonElement);
  #grade = find("grade", HTMLElement);
  #figures = find("figures", HTMLElement);
  #figureList = find("figure-list", HTMLElement);
  #speakerId = "";
  #partnersMet = 0;
  #redraw = () => {};

  /** @param {(event: import("../machine/types.js").Event) => void} onEvent */
  constructor(onEvent) {
    this.#quality.onclick = () => this.toggleFigures();
    this.#tryNow.onclick = () => onEvent({ type: "try_now_pressed" });
    this.#textOnly.onclick = () => onEvent({ type: "text_chosen" });
  }

  /** @param {State} state @param {number} nowMs @param {Words} words @param {string} locale */
  draw(state, nowMs, words, locale) {
    const { mood, headline, detail, ticker, notice } = describe(state, nowMs, words);
    setAttribute(this.#app, "data-mood", mood);
    setText(this.#headline, headline);
    setText(this.#detail, detail);
    setText(this.#ticker, ticker);
    drawTryNow(this.#tryNow, state);
    this.#textOnly.hidden = !isTextOffered(state);
    setText(this.#notice, this.#sound.isBlocked ? words.pressToHear : notice);
    this.#play(state);
    this.#drawPartner(state, words);
    this.#redraw = () => this.#drawQuality(state, words, locale);
    this.#redraw();
    this.#useSpeaker(state);
  }

  toggleFigures() {
    this.#figures.hidden = !this.#figures.hidden;
    this.#redraw();
  }

  /** @param {State} state @param {Words} words */
  #drawPartner({ partner, isTextOnly }, words) {
    const isSeen = partner?.mode === "video"; // what else is sent nobody has agreed to see
    const hasPicture = Boolean(isSeen && partner.media.video && partner.arrived.video);
    setAttribute(this.#stage, "data-picture", hasPicture);
    this.#avatar.hidden = !partner?.hasCome || hasPicture || isTextOnly;
    const marks = partner && !isTextOnly ? [
      ...(partner.media.audio ? [] : [["mic-off", words.partnerMuted]]),
      ...(partner.media.video || !isSeen ? [] : [["cam-off", words.partnerCameraOff]]),
    ] : [];
    if (this.#marks.textContent === marks.map(([, text]) => text).join("")) return;
    this.#marks.replaceChildren(
      ...marks.map(([name = "", text = ""]) => make("p", {}, icon(name), make("span", {}, text))),
    );
  }

  /** @param {State} state @param {Words} words @param {string} locale */
  #drawQuality({ partner, line, server }, words, locale) {
    this.#quality.hidden = !partner || !line.figures;
    if (!partner) this.#figures.hidden = true;
    setAttribute(this.#quality, "aria-expanded", !this.#figures.hidden);
    setAttribute(this.#quality, "data-grade", line.grade);
    setText(this.#grade, words.grades[line.grade]);
    this.#quality.title = words.grades[line.grade];
    if (this.#figures.hidden || !line.figures) return;
    const rows = figureRows(line.figures, server?.mediaMode ?? "relay", words, locale);
    this.#figureList.replaceChildren(
      ...rows.flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]),
    );
  }

  /**
   * The one that was chosen, as long as it is there: a headset is taken off, and put on again.
   *
   * @param {State} state
   */
  #useSpeaker({ settings, found }) {
    const speakers = found.filter(({ kind }) => kind === "output"); // some browsers list none
    const isGone = speakers.length > 0 && !speakers.some(({ id }) => id === settings.speakerId);
    const id = isGone ? "" : settings.speakerId;
    if (id === this.#speakerId || !CAN_CHOOSE_SPEAKER) return;
    this.#speakerId = id;
    // One that is no longer there leaves the sound where it is.
    this.#speaker.setSinkId(id).catch((error) => console.info("No such speaker:", error));
  }

  /** @param {State} state */
  #play({ remoteStream, partner, partnersMet, settings }) {
    const isSeen = !partner || partner.mode === "video";
    this.#picture.show(isSeen ? remoteStream?.getVideoTracks()[0] ?? null : null);
    this.#sound.show(remoteStream?.getAudioTracks()[0] ?? null);
    this.#speaker.muted = !partner || partner.mode === "text";
    this.#speaker.volume = settings.volume;
    if (partnersMet === this.#partnersMet) return;
    this.#partnersMet = partnersMet;
    this.#picture.play();
    this.#sound.play();
  }
}
