// @ts-check
/** Text of strangers: what cannot be seen in it is shown by its number. */

/** Controls, what turns the direction of text, and what has no width; joiners are needed in scripts and emoji. */
const UNSEEN = /(?![\n\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]/u;

/**
 * @param {string} text
 * @returns {{ text: string, isUnseen: boolean }[]} its parts in their order
 */
export function visible(text) {
  /** @type {{ text: string, isUnseen: boolean }[]} */
  const parts = [];
  for (const character of text.replace(/\r\n?/g, "\n")) {
    const isUnseen = UNSEEN.test(character);
    const last = parts.at(-1);
    if (isUnseen) parts.push({ text: numberOf(character), isUnseen });
    else if (last && !last.isUnseen) last.text += character;
    else parts.push({ text: character, isUnseen });
  }
  return parts;
}

/** @param {string} text on one line */
export function visibleLine(text) {
  return visible(text.replaceAll("\n", " ")).map((part) => part.text).join("");
}

/** @param {string} character */
function numberOf(character) {
  return `<U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}>`;
}
