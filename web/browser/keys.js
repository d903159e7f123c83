// @ts-check
/**
 * Which key does what.
 *
 * @typedef {"next" | "stop" | "microphone" | "camera" | "switch" | "louder" | "quieter" | "pip"
 *   | "full" | "chat" | "figures" | "search" | "report" | "help"} Action
 */

/** @type {Readonly<Record<string, Action>>} */
export const KEYS = {
  Escape: "next",
  q: "stop",
  m: "microphone",
  c: "camera",
  s: "switch",
  ArrowUp: "louder",
  ArrowDown: "quieter",
  p: "pip",
  f: "full",
  "/": "chat",
  i: "figures",
  a: "search",
  r: "report",
  "?": "help",
};

/**
 * @param {{ key: string, ctrlKey: boolean, altKey: boolean, metaKey: boolean, repeat: boolean }} event
 * @param {object} situation
 * @param {boolean} situation.isTyping the key belongs to a field
 * @param {boolean} situation.usesKeys whether single keys are commands at all
 * @returns {Action | null}
 */
export function actionOf(event, { isTyping, usesKeys }) {
  if (event.ctrlKey || event.altKey || event.metaKey) return null;
  const name = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const action = Object.hasOwn(KEYS, name) ? KEYS[name] : undefined;
  if (!action) return null;
  if (action === "louder" || action === "quieter") return isTyping || !usesKeys ? null : action;
  if (event.repeat) return null;
  if (action === "next") return action; // needs no letter, and is wanted while writing
  return isTyping || !usesKeys ? null : action;
}

/**
 * @param {(action: Action) => void} onAction
 * @param {() => boolean} usesKeys
 */
export function listenToKeys(onAction, usesKeys) {
  document.addEventListener("keydown", (event) => {
    if (event.isComposing || document.querySelector("dialog[open]")) return;
    const { target } = event;
    const isTyping = target instanceof Element && ownsKeys(target, event.key);
    const action = actionOf(event, { isTyping, usesKeys: usesKeys() });
    if (!action) return;
    event.preventDefault();
    onAction(action);
  });
}

/** @param {Element} element @param {string} key */
function ownsKeys(element, key) {
  if (element.matches("input:not([type=range], [type=checkbox]), select, textarea")) return true;
  return key.startsWith("Arrow") && element.matches("#self, #log, input[type=range]");
}
