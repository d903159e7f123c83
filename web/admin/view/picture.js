// @ts-check
/**
 * What a track looks like, on request.
 *
 * The picture is painted, since the page's Content-Security-Policy lets no image come from a blob.
 */
import { find, setText } from "../../view/dom.js";
import { order } from "../wire/api.js";

export class PictureView {
  #section = find("picture", HTMLElement);
  #button = find("take-picture", HTMLButtonElement);
  #note = find("picture-note", HTMLElement);
  #canvas = find("picture-canvas", HTMLCanvasElement);
  #trackId = "";

  /** @param {() => void} onLooked when it was written to the audit log */
  constructor(onLooked) {
    this.#button.onclick = () => this.#take(onLooked);
  }

  /** @param {string} trackId of the track that is shown from now on; the last one's picture goes */
  turnTo(trackId) {
    this.#trackId = trackId;
    this.#canvas.hidden = true;
    setText(this.#note, "");
  }

  /** @param {boolean} isVideo @param {string} whyNot why no picture can be taken; empty when it can */
  draw(isVideo, whyNot) {
    this.#section.hidden = !isVideo;
    this.#button.hidden = whyNot !== "";
    if (whyNot) setText(this.#note, whyNot);
  }

  /** @param {() => void} onLooked */
  async #take(onLooked) {
    const trackId = this.#trackId;
    this.#button.disabled = true;
    setText(this.#note, "Waiting for a key frame…");
    const { body, fault } = await order("POST", `tracks/${encodeURIComponent(trackId)}/snapshot`);
    this.#button.disabled = false;
    onLooked();
    if (trackId !== this.#trackId) return; // another track is shown by now
    setText(this.#note, fault || await this.#paint(body));
  }

  /** @param {Blob} png */
  async #paint(png) {
    const bitmap = await createImageBitmap(png);
    this.#canvas.width = bitmap.width;
    this.#canvas.height = bitmap.height;
    this.#canvas.getContext("2d")?.drawImage(bitmap, 0, 0);
    this.#canvas.hidden = false;
    const time = new Date().toLocaleTimeString("en-GB");
    return `${bitmap.width} × ${bitmap.height}, ${time}; written to the audit log.`;
  }
}
