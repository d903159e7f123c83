// @ts-check
/** Finds web addresses in chat. */

const ADDRESS = /\bhttps?:\/\/[^\s<>"'`]+/gi;
const TRAILING = /[.,:;!?)\]}…]+$/;

/**
 * @param {string} text
 * @returns {{ text: string, href: string | null }[]} the whole text, in pieces
 */
export function splitAddresses(text) {
  const pieces = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const shown = match[0].replace(TRAILING, "");
    const href = addressOf(shown);
    if (!href) continue;
    if (match.index > end) pieces.push({ text: text.slice(end, match.index), href: null });
    pieces.push({ text: shown, href });
    end = match.index + shown.length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), href: null });
  return pieces;
}

/**
 * @param {string} text
 * @returns {string | null} as a browser goes there: a name that only looks like another one shows
 */
function addressOf(text) {
  try {
    const url = new URL(text);
    const isPlain = (url.protocol === "http:" || url.protocol === "https:") && !url.username;
    return isPlain ? url.href : null;
  } catch {
    return null;
  }
}
