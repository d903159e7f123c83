// @ts-check
/**
 * Draws the form with which somebody is reported or blocked, and the ways to it.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 */
import { find, make, setAttribute, setText } from "./dom.js";
import { reportable } from "../machine/complaint.js";
import { REASONS } from "../wire/messages.js";
import { reportedText } from "../words/safety.js";

export class ReportView {
  #button = find("report", HTMLButtonElement);
  #last = [find("report-last", HTMLButtonElement), find("lobby-report-last", HTMLButtonElement)];
  #dialog = find("report-form", HTMLDialogElement);
  #whom = find("report-whom", HTMLFieldSetElement);
  #present = find("report-present", HTMLInputElement);
  #former = find("report-former", HTMLInputElement);
  #about = find("report-about", HTMLElement);
  #words = find("report-words", HTMLTextAreaElement);
  #kept = find("report-kept", HTMLElement);
  #stop = find("stop", HTMLButtonElement);
  #start = find("start", HTMLButtonElement);
  #reasons;
  #onEvent;

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    for (const button of [this.#button, ...this.#last]) {
      button.onclick = () => onEvent({ type: "report_opened" });
    }
    const close = () => onEvent({ type: "report_closed" });
    find("report-cancel", HTMLButtonElement).onclick = close;
    this.#dialog.addEventListener("cancel", (event) => {
      event.preventDefault(); // it is closed as the state is drawn, before another key can be struck
      close();
    });
    this.#dialog.addEventListener("close", () => {
      if (!this.#dialog.open) close(); // else it is open again by now, for somebody else perhaps
    });
    find("block", HTMLButtonElement).onclick = () => onEvent({ type: "block_pressed" });
    this.#reasons = REASONS.map((reason) => {
      const button = make("button", { type: "button" });
      button.onclick = () => onEvent({ type: "report_pressed", reason, words: this.#words.value });
      return { reason, button };
    });
    find("report-reasons", HTMLElement).append(...this.#reasons.map(({ button }) => button));
  }

  /** @param {State} state @param {Words} words */
  draw(state, words) {
    const { presentId, formerId } = reportable(state);
    setAttribute(this.#button, "aria-disabled", presentId === null && formerId === null);
    for (const button of this.#last) button.hidden = formerId === null || presentId !== null;
    for (const { reason, button } of this.#reasons) setText(button, words.reasons[reason]);
    this.#drawForm(state, words);
  }

  /** @param {State} state @param {Words} words */
  #drawForm(state, words) {
    const form = state.reportForm;
    if (!form) {
      if (this.#dialog.open) this.#close(state);
      return;
    }
    this.#whom.hidden = form.presentId === null || form.formerId === null;
    this.#present.checked = form.roomId === form.presentId;
    this.#former.checked = form.roomId === form.formerId;
    this.#present.onchange = () => this.#mean(form.presentId);
    this.#former.onchange = () => this.#mean(form.formerId);
    setText(this.#about, reportedText(state, words));
    this.#kept.hidden = !state.server?.evidence;
    if (this.#dialog.open) return;
    this.#words.value = "";
    this.#dialog.showModal();
  }

  /** @param {string | null} roomId */
  #mean(roomId) {
    if (roomId !== null) this.#onEvent({ type: "report_meant", roomId });
  }

  /** What had the focus before may be gone: do not lose the keyboard. @param {State} state */
  #close({ isStarted }) {
    this.#dialog.close();
    const { activeElement } = document;
    const isKept = activeElement && activeElement !== document.body && activeElement.getClientRects().length > 0;
    if (isKept) return;
    (isStarted ? this.#stop : this.#start).focus({ preventScroll: true });
  }
}
