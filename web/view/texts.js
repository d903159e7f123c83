// @ts-check
/**
 * The texts of `index.html` that stay what they are, in a language.
 *
 * @typedef {import("../words/words.js").Words} Words
 */
import { setAttribute, setLabel, setText } from "./dom.js";

/** @param {Words} words @param {string} language */
export function speak(words, language) {
  document.documentElement.lang = language;
  document.documentElement.dir = words.direction;
  for (const element of document.querySelectorAll("[data-text]")) {
    setText(element, wordAt(words, element.getAttribute("data-text") ?? ""));
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    const text = wordAt(words, element.getAttribute("data-label") ?? "");
    if (element instanceof HTMLElement) setLabel(element, text);
  }
  for (const name of ["title", "placeholder"]) {
    for (const element of document.querySelectorAll(`[data-${name}]`)) {
      const text = wordAt(words, element.getAttribute(`data-${name}`) ?? "");
      setAttribute(element, name, text);
    }
  }
}

/** @param {Words} words @param {string} path such as "figures.title" */
function wordAt(words, path) {
  /** @type {any} */
  const word = path.split(".").reduce((/** @type {any} */ part, name) => part[name], words);
  if (typeof word !== "string") throw new TypeError(`there is no word ${path}`);
  return word;
}
