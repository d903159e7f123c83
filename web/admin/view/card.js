// @ts-check
/** One report with both sides. */
import { find, setText } from "../../view/dom.js";
import { ageOf, decisionLine, isUrgent, reportersOf, sideRows, stateOf } from "../model/cases.js";
import { drawFacts, drawLines, drawWords } from "./facts.js";

export class CardView {
  #body = find("card", HTMLElement);
  #note = find("card-note", HTMLElement);
  #facts = find("card-facts", HTMLElement);
  #words = find("card-words", HTMLElement);
  #why = find("card-why", HTMLTextAreaElement);
  #actions = ["dismiss", "warn", "ban"].map((name) => find(`do-${name}`, HTMLButtonElement));

  /** What the operator writes down for the others. */
  get why() {
    return this.#why.value;
  }

  /** @param {import("../wire/types.js").Card} card @param {string} note why it cannot be decided; empty when it can */
  draw(card, note) {
    const { report } = card;
    this.#body.hidden = false;
    this.#tell(note);
    drawFacts(this.#facts, [
      ["Reason", report.reason],
      ["Reported by", reportersOf(report)],
      ["Age", ageOf(report.at)],
      ["State", stateOf(report)],
      ["Room", report.roomId],
    ]);
    this.#facts.setAttribute("data-bad", String(isUrgent(report)));
    drawWords(this.#words, report.words, "Without words.");
    drawFacts(find("side-reported", HTMLElement), sideRows(card.reported));
    drawFacts(find("side-reporter", HTMLElement), sideRows(card.reporter));
    drawLines(find("card-decisions", HTMLElement), card.decisions.map(decisionLine));
    for (const button of this.#actions) button.disabled = note !== "";
  }

  /** @param {string} why there is nothing to show */
  clear(why = "") {
    this.#body.hidden = true;
    this.#why.value = "";
    this.#tell(why);
    for (const button of this.#actions) button.disabled = true;
  }

  /** @param {string} note */
  #tell(note) {
    setText(this.#note, note);
    this.#note.hidden = note === "";
  }
}
