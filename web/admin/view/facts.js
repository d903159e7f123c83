// @ts-check
/** Names with their values, and text of strangers: never markup, and nothing in it unseen. */
import { make } from "../../view/dom.js";
import { visible } from "../model/visible.js";

/** @param {HTMLElement} list a dl @param {readonly [string, string][]} rows */
export function drawFacts(list, rows) {
  list.replaceChildren(...rows.map(([name, value]) => make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

/** @param {HTMLElement} element @param {string} text as a stranger wrote it @param {string} [nothing] when it is empty */
export function drawWords(element, text, nothing = "–") {
  const parts = visible(text).map((part) => (part.isUnseen ? make("b", { class: "unprintable" }, part.text) : part.text));
  element.replaceChildren(...(parts.length ? parts : [nothing]));
}

/** @param {HTMLElement} list an ol or ul @param {readonly string[]} lines */
export function drawLines(list, lines) {
  list.hidden = lines.length === 0;
  list.replaceChildren(...lines.map((line) => make("li", {}, line)));
}
