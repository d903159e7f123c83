// @ts-check
/**
 * Draws the window with an invitation's link: to copy, to share, to be photographed. Loaded when somebody invites.
 *
 * @typedef {import("../machine/tryst.js").Trysts} Trysts
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 */
import { addStyle, make, setAttribute, setLabel, setText } from "./dom.js";

/** Around the code, in its own dots (ISO/IEC 18004 section 6.3.8). */
const MARGIN = 4;
const SVG = "http://www.w3.org/2000/svg";

export class InvitationView {
  #title = make("h2", { id: "invitation-title", tabindex: "-1", autofocus: "" });
  #hint = make("p", { id: "invitation-hint" });
  #code = document.createElementNS(SVG, "svg");
  #path = document.createElementNS(SVG, "path");
  #link = /** @type {HTMLInputElement} */ (make("input", { type: "text", readonly: "", dir: "ltr" }));
  #copy = make("button", { type: "button" });
  #share = make("button", { type: "button" });
  #close = make("button", { type: "button" });
  #wait = make("button", { type: "button", class: "primary" });
  #row = make("div", { class: "row" }, this.#copy, this.#share);
  #end = make("div", { class: "row" }, this.#close, this.#wait);
  #dialog = /** @type {HTMLDialogElement} */ (make(
    "dialog",
    { id: "invitation", "aria-labelledby": "invitation-title", "aria-describedby": "invitation-hint" },
    this.#title, this.#hint, this.#code, this.#link, this.#row, this.#end,
  ));
  #generate;
  /** @type {string | null} */
  #drawn = null;
  #isCopied = false;

  /**
   * @param {(event: Event) => void} onEvent
   * @param {typeof import("../vendor/lean-qr/nano.js").generate} generate makes a QR code
   */
  constructor(onEvent, generate) {
    this.#generate = generate;
    addStyle("style/invitation.css");
    this.#code.append(this.#path);
    this.#code.setAttribute("role", "img");
    document.body.append(this.#dialog);
    const close = () => onEvent({ type: "invitation_closed" });
    this.#dialog.addEventListener("close", close);
    this.#close.onclick = close;
    this.#wait.onclick = () => onEvent({ type: "guest_awaited" });
    this.#link.onfocus = () => this.#link.select();
    this.#copy.onclick = () => void this.#copyLink();
    this.#share.onclick = () => void navigator.share({ url: this.#link.value })
      .catch((error) => console.info("Not shared:", error));
    this.#share.hidden = !("share" in navigator);
  }

  /** @param {Trysts} trysts @param {Words} words */
  draw({ invitation, isShown, sought }, words) {
    const url = invitation ? new URL(`with/${invitation.guestCode}`, document.baseURI).href.replace(/#.*$/, "") : "";
    if (url !== this.#drawn) this.#drawLink(url);
    setText(this.#title, words.tryst.invite);
    setText(this.#hint, url ? words.tryst.hint : words.oneMoment);
    setLabel(this.#link, words.tryst.link);
    setAttribute(this.#code, "aria-label", words.tryst.qr);
    setText(this.#copy, this.#isCopied ? words.tryst.copied : words.tryst.copy);
    setText(this.#share, words.tryst.share);
    setText(this.#close, words.close);
    setText(this.#wait, words.tryst.wait);
    this.#wait.hidden = sought?.role === "host";
    if (isShown && !this.#dialog.open) this.#dialog.showModal();
    if (!isShown && this.#dialog.open) this.#dialog.close();
    this.#drawWords = () => setText(this.#copy, this.#isCopied ? words.tryst.copied : words.tryst.copy);
  }

  #drawWords = () => {};

  /** @param {string} url */
  #drawLink(url) {
    this.#drawn = this.#link.value = url;
    this.#isCopied = false;
    for (const part of [this.#code, this.#link, this.#row, this.#wait]) part.toggleAttribute("data-empty", !url);
    if (!url) return;
    const dots = this.#generate(url);
    const size = dots.size + 2 * MARGIN;
    setAttribute(this.#code, "viewBox", `0 0 ${size} ${size}`);
    let path = "";
    for (let y = 0; y < dots.size; y++) {
      for (let x = 0; x < dots.size; x++) {
        if (dots.get(x, y)) path += `M${x + MARGIN} ${y + MARGIN}h1v1h-1z`;
      }
    }
    setAttribute(this.#path, "d", path);
  }

  async #copyLink() {
    try {
      await navigator.clipboard.writeText(this.#link.value);
      this.#isCopied = true;
    } catch {
      this.#link.focus(); // selected, to be copied by hand
    }
    this.#drawWords();
  }
}
