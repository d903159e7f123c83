// @ts-check
/**
 * Which languages there are, and which one to speak. Another language is another file like `en.js`
 * and an entry here.
 *
 * @typedef {typeof import("./en.js").words} Words
 */

export const LANGUAGES = ["en", "es", "fr", "de", "pt", "it", "pl", "tr", "uk", "ar", "hi", "ja", "zh"];
const FALLBACK = "en";

/**
 * @param {string} chosen the user's choice; may be empty
 * @param {readonly string[]} preferred the browser's, the best first, such as "es-MX"
 * @returns {string} one of LANGUAGES
 */
export function chooseLanguage(chosen, preferred) {
  const wanted = [chosen, ...preferred].map((tag) => tag.toLowerCase().split("-")[0] ?? "");
  return wanted.find((language) => LANGUAGES.includes(language)) ?? FALLBACK;
}

/**
 * @param {string} wanted one of LANGUAGES
 * @param {(language: string) => Promise<{ words: Words }>} load throws when it cannot be had
 * @returns {Promise<{ words: Words, language: string }>} English where the wanted one cannot be had
 */
export async function loadWords(wanted, load = (language) => import(`./${language}.js`)) {
  try {
    return { words: (await load(wanted)).words, language: wanted };
  } catch (error) {
    if (wanted === FALLBACK) throw error;
    console.warn("These words cannot be had:", error);
    return loadWords(FALLBACK, load);
  }
}

/**
 * A language in its own words.
 *
 * @param {string} language one of LANGUAGES
 */
export function nameOf(language) {
  const name = new Intl.DisplayNames([language], { type: "language" }).of(language) ?? language;
  return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
}

/**
 * How times and numbers are written: as the browser's user does, if that is in the language that is spoken.
 *
 * @param {string} language
 * @param {readonly string[]} preferred the browser's
 */
export function localeOf(language, preferred) {
  return preferred.find((tag) => tag.toLowerCase().split("-")[0] === language) ?? language;
}

/**
 * The part of the welcome text that is in this language: a line such as `[es]` begins the part for
 * Spanish; what stands before the first such line is for everybody else. Where that is nothing they
 * get the first part that there is: nobody agrees to an empty page.
 *
 * @param {string} text
 * @param {string} language
 * @returns {string[]} its paragraphs
 */
export function welcomeParagraphs(text, language) {
  const [general = "", ...parts] = text.split(/^\[([a-z]{2})\]\s*$/m);
  const texts = parts.filter((_, index) => index % 2 === 1);
  const languages = parts.filter((_, index) => index % 2 === 0);
  const candidates = [texts[languages.indexOf(language)], general, ...texts];
  const part = candidates.find((text) => text?.trim()) ?? "";
  return part
    .split(/\n\s*\n/)
    .map((paragraph) => paragraph.replace(/\s+/g, " ").trim())
    .filter(Boolean);
}

/**
 * What is agreed to with a welcome text, as a digest: that evidence is kept belongs to it.
 *
 * @param {string} text
 * @param {boolean} evidence
 */
export function agreementTo(text, evidence) {
  return digest(text) + (evidence ? "+evidence" : "");
}

/**
 * Whether somebody has agreed to the text, and to evidence if that is kept. As long as the server has not said
 * whether it is, having agreed to the text is enough.
 *
 * @param {string} agreedTo
 * @param {string} text
 * @param {boolean} evidence
 */
export function hasAgreed(agreedTo, text, evidence) {
  const isPlain = !evidence && agreedTo === agreementTo(text, false);
  return isPlain || agreedTo === agreementTo(text, true);
}

/**
 * A short name for a text, which changes when the text does.
 *
 * @param {string} text
 */
export function digest(text) {
  let hash = 5381;
  for (const character of text) hash = (Math.imul(hash, 33) ^ (character.codePointAt(0) ?? 0)) >>> 0;
  return hash.toString(36);
}
