// @ts-check
/** Which button a key stands for: none while somebody writes, or holds another key. */

/**
 * @typedef {object} Pressed
 * @property {string} key
 * @property {boolean} ctrlKey
 * @property {boolean} altKey
 * @property {boolean} metaKey
 * @property {boolean} [repeat] whether it is held down: one press decides one thing
 */

/**
 * @param {Pressed} pressed
 * @param {boolean} isWriting whether the focus is where letters are written
 * @returns {string} the letter; empty for none
 */
export function letterOf({ key, ctrlKey, altKey, metaKey, repeat }, isWriting) {
  if (isWriting || ctrlKey || altKey || metaKey || repeat) return "";
  return /^[a-z]$/i.test(key) ? key.toLowerCase() : "";
}
