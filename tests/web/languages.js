// @ts-check
/** The words of all languages, which the page loads one at a time. */
import assert from "node:assert/strict";
import { LANGUAGES, loadWords } from "../../web/words/words.js";

/** @returns {Promise<Record<string, import("../../web/words/words.js").Words>>} */
export async function inAllLanguages() {
  const loaded = await Promise.all(LANGUAGES.map((language) => loadWords(language)));
  assert.deepEqual(loaded.map(({ language }) => language), LANGUAGES);
  return Object.fromEntries(loaded.map(({ language, words }) => [language, words]));
}
