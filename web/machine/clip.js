// @ts-check
/** Halves of characters, as cutting leaves them; the server takes none. */
const LONE_SURROGATES = /\p{Surrogate}/gu;

/**
 * What a person has written, as the server takes it.
 *
 * @param {string} text
 * @param {number} maxChars
 */
export function clip(text, maxChars) {
  return text.trim().slice(0, maxChars).replace(LONE_SURROGATES, "");
}
