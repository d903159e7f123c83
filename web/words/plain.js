// @ts-check
/**
 * What other people have written, as it can be shown: without control characters, and with what changes the
 * direction of text as a sign that one sees, so that nothing reads as what it is not.
 */

/** All but tab and new line; what is left of them is for machines. */
const CONTROLS = /[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/g;
/** Unicode Bidirectional Algorithm (UAX 9), section 2: explicit formatting characters and marks. */
const DIRECTIONS = /[\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/g;

/** @param {string} text */
export function plain(text) {
  return text
    .replace(/\r\n?|[\u2028\u2029]/g, "\n")
    .replace(CONTROLS, "")
    .replace(DIRECTIONS, (sign) => `⟦U+${(sign.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟧`);
}
