// @ts-check
/**
 * What has the keyboard's focus goes away, with a dialog, a half of the page or a button that is no longer
 * needed. Then the keyboard is where the person goes on, and not at the beginning of the page.
 */

/** What had it last, as long as nobody has put it down. @type {Element | null} */
let last = null;

export function watchFocus() {
  document.addEventListener("focusin", ({ target }) => { last = target instanceof Element ? target : null; });
  document.addEventListener("pointerdown", () => { last = null; }, true);
}

/** @param {HTMLElement} goOn where the person goes on */
export function keepFocus(goOn) {
  if (!last || isUsable(last) || document.querySelector("dialog[open]")) return;
  if (document.activeElement === last || document.activeElement === document.body) {
    goOn.focus({ preventScroll: true });
  }
}

/** @param {Element} element */
function isUsable(element) {
  return element.isConnected && element.checkVisibility() && !element.matches(":disabled");
}
