// @ts-check
/**
 * What was kept of a call: fetched and opened only when asked for, blurred until asked again.
 *
 * The private key is in this page's memory alone, and gone when the page is.
 */
import { find, make, setAttribute, setText } from "../../view/dom.js";
import { blobOf, openPiece } from "../wire/sealed.js";
import { canOpen, readPrivateKey } from "../wire/hpke.js";
import { getBytes } from "../wire/api.js";
import { drawWords } from "./facts.js";

const MOSAIC = 12;
const SIDES = /** @type {const} */ ([["reported", "The reported one"], ["reporter", "The reporter"]]);

export class EvidenceView {
  #section = find("evidence", HTMLElement);
  #note = find("evidence-note", HTMLElement);
  #file = find("key-file", HTMLInputElement);
  #choose = find("choose-key", HTMLButtonElement);
  #open = find("open-evidence", HTMLButtonElement);
  #show = find("show-pictures", HTMLButtonElement);
  #pictures = find("pictures", HTMLElement);
  #chat = find("chat", HTMLElement);
  /** @type {import("../wire/hpke.js").PrivateKey | null} */
  #key = null;
  /** @type {readonly import("../wire/types.js").EvidenceItem[]} */
  #items = [];
  #isShown = false;
  #onLooked;
  /** Draws each picture anew. @type {(() => void)[]} */
  #painters = [];

  /** @param {() => void} onLooked when it was written to the audit log */
  constructor(onLooked) {
    this.#onLooked = onLooked;
    this.#choose.onclick = () => this.#file.click();
    this.#file.onchange = () => this.#readKey();
    this.#open.onclick = () => this.#openAll();
    this.#show.onclick = () => this.#toggle();
  }

  /** @param {readonly import("../wire/types.js").EvidenceItem[]} items */
  draw(items) {
    this.clear();
    this.#items = items.filter((item) => item.isKept);
    this.#section.hidden = items.length === 0;
    this.#update();
    if (items.length && !this.#items.length) setText(this.#note, "What was kept is gone: its time was over.");
    else if (!canOpen()) setText(this.#note, "Pictures need HTTPS: without it this browser opens nothing that is sealed.");
    else setText(this.#note, this.#key ? "" : "It is sealed. Choose the private key: it stays in this page, and the server never sees it.");
  }

  /** Nothing of the last one stays. */
  clear() {
    this.#items = [];
    this.#isShown = false;
    this.#painters = [];
    this.#pictures.replaceChildren();
    this.#chat.replaceChildren();
    this.#section.hidden = true;
  }

  #update() {
    const isThere = this.#items.length > 0 && canOpen();
    this.#choose.disabled = !isThere;
    this.#open.disabled = !isThere || !this.#key;
    this.#show.disabled = this.#painters.length === 0;
    setAttribute(this.#show, "aria-pressed", this.#isShown);
  }

  async #readKey() {
    const file = this.#file.files?.[0];
    this.#file.value = "";
    if (!file) return;
    try {
      this.#key = await readPrivateKey(await file.slice(0, 4096).text());
      setText(this.#note, `The key of ${file.name} is loaded.`);
    } catch {
      setText(this.#note, `${file.name} is no private key for evidence.`);
    }
    this.#update();
  }

  async #openAll() {
    const items = this.#items;
    this.#open.disabled = true;
    setText(this.#note, "Opening…");
    /** @type {string[]} */
    const faults = [];
    this.#painters = [];
    this.#pictures.replaceChildren();
    this.#chat.replaceChildren();
    for (const { id } of items) {
      const fault = await this.#openOne(id, items);
      if (fault) faults.push(fault);
    }
    this.#onLooked();
    if (items !== this.#items) return; // another card is shown by now
    setText(this.#note, faults.join(" ") || "Opened; written to the audit log. Pictures are blurred until you show them.");
    this.#update();
  }

  /** @param {string} id @param {readonly unknown[]} items */
  async #openOne(id, items) {
    const { body, fault } = await getBytes(`evidence/${encodeURIComponent(id)}`);
    if (items !== this.#items || !this.#key) return "";
    if (fault) return fault;
    try {
      const opened = await openPiece(body, this.#key);
      if (items === this.#items) await this.#add(opened);
      return "";
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  /** @param {import("../wire/sealed.js").Opened} opened */
  async #add(opened) {
    for (const [name, title] of SIDES) {
      for (const picture of opened[name].pictures) this.#pictures.append(await this.#figure(title, picture));
      if (!opened[name].pictures.length) this.#pictures.append(make("p", { class: "hint" }, `${title}: no picture was kept.`));
    }
    this.#chat.append(...opened.chat.map(({ at, from, text }) => {
      const words = make("span");
      drawWords(words, String(text));
      return make("li", {}, make("b", {}, `${from}, ${timeOf(at)}: `), words);
    }));
  }

  /** @param {string} title @param {import("../wire/sealed.js").Picture} picture */
  async #figure(title, picture) {
    const told = `${title}, ${timeOf(picture.at)}`;
    try {
      const bitmap = await createImageBitmap(blobOf(picture));
      const canvas = document.createElement("canvas");
      canvas.width = bitmap.width;
      canvas.height = bitmap.height;
      canvas.setAttribute("role", "img");
      const paint = () => {
        drawPicture(canvas, bitmap, this.#isShown);
        setAttribute(canvas, "aria-label", `${told}${this.#isShown ? "" : ", blurred"}`);
      };
      paint();
      this.#painters.push(paint);
      return make("figure", {}, canvas, make("figcaption", {}, `${told}, ${bitmap.width} × ${bitmap.height}`));
    } catch {
      return make("figure", {}, make("p", { class: "warning" }, "This picture cannot be decoded."), make("figcaption", {}, told));
    }
  }

  #toggle() {
    this.#isShown = !this.#isShown;
    for (const paint of this.#painters) paint();
    this.#update();
  }
}

/**
 * Blurred, so few points are left that no style sheet's failure shows more.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {ImageBitmap} bitmap
 * @param {boolean} isShown
 */
function drawPicture(canvas, bitmap, isShown) {
  const context = canvas.getContext("2d");
  if (!context) return;
  if (isShown) return context.drawImage(bitmap, 0, 0);
  const height = Math.max(Math.round((MOSAIC * bitmap.height) / bitmap.width), 1);
  const small = document.createElement("canvas");
  small.width = MOSAIC;
  small.height = height;
  small.getContext("2d")?.drawImage(bitmap, 0, 0, MOSAIC, height);
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}

/** @param {number} at in seconds since 1970 */
function timeOf(at) {
  return new Date(1000 * at).toLocaleTimeString("en-GB");
}
