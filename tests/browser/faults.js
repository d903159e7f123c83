// @ts-check
/**
 * What is wrong with what is on the screen: controls that are outside, cut, covered or too small, words that
 * are cut or lie over others.
 */

const CONTROLS = "button, a[href], select, input, textarea, summary, [tabindex='0']";
/** Of what lies over the rest for a moment, and may cover it. */
const OVERLAYS = ".figures, .emoji, #reaction-list, .ask, .extras[data-open='true'], .news > div";
/** What stays while the rest scrolls under it. */
const STICKY = "#start";
const THUMB_PX = 44;
/** Less than this is rounding. */
const SLACK_PX = 1.5;

/** @typedef {{ element: Element, what: string, box: DOMRect, layer: Element | null, full?: DOMRect }} Thing */

/** @param {boolean} isTouch whether thumbs press @returns {string[]} */
export function faults(isTouch) {
  const root = [...document.querySelectorAll("dialog[open]")].at(-1) ?? document.body;
  const controls = [...root.querySelectorAll(CONTROLS)].filter(isShown).filter((each) => !isInLine(each));
  const texts = textsIn(root);
  const things = [...controls.map(asThing), ...texts];
  if (root === document.body) things.push(...[...root.querySelectorAll("#self")].filter(isShown).map(asThing));
  return [
    ...controls.flatMap((control) => ofControl(control, isTouch)),
    ...new Set(texts.flatMap(ofText)),
    ...overlaps(things),
    ...(document.documentElement.scrollWidth > innerWidth ? ["the page is wider than the window"] : []),
  ];
}

/** @param {Element} element */
function isShown(element) {
  if (!element.checkVisibility({ checkOpacity: true, checkVisibilityCSS: true })) return false;
  const { width, height } = element.getBoundingClientRect();
  const isForReaders = (width <= 1 && height <= 1) || isClipped(element);
  return width > 0 && height > 0 && !isForReaders;
}

/** A link in a sentence is text. @param {Element} element */
function isInLine(element) {
  return element.localName === "a" && getComputedStyle(element).display === "inline";
}

/** @param {Element} element */
function isClipped(element) {
  for (let each = /** @type {Element | null} */ (element); each; each = each.parentElement) {
    if (getComputedStyle(each).clipPath.startsWith("inset(50%")) return true;
  }
  return false;
}

/** @param {Element} element */
function nameOf(element) {
  const name = element.id || element.getAttribute("aria-label") || element.textContent?.trim().slice(0, 30);
  return `${element.localName} "${name}"`;
}

/** @param {Element} element @returns {Thing} */
function asThing(element) {
  const box = visibleBox(element.getBoundingClientRect(), element);
  return { element, what: nameOf(element), box, layer: layerOf(element) };
}

/** @param {Element} root @returns {Thing[]} */
function textsIn(root) {
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const found = [];
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement;
    if (!element || !node.nodeValue?.trim() || element.closest("select, svg, textarea, option")) continue;
    if (root === document.body && element.closest("dialog")) continue;
    if (!isShown(element)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    const what = `"${node.nodeValue.trim().slice(0, 40)}"`;
    for (const full of range.getClientRects()) {
      found.push({ element, what, full, box: visibleBox(full, element, element), layer: layerOf(element) });
    }
  }
  return found;
}

/** @param {Element} element */
function layerOf(element) {
  return element.closest(`${OVERLAYS}, ${STICKY}`);
}

/** What is left of a box inside all that cuts it. @param {DOMRect} box @param {Element} element @param {Element | null} around */
function visibleBox(box, element, around = element.parentElement) {
  let { left, top, right, bottom } = box;
  for (let each = around; each && each !== document.body; each = each.parentElement) {
    const { overflowX, overflowY } = getComputedStyle(each);
    if (overflowX === "visible" && overflowY === "visible") continue;
    const edge = each.getBoundingClientRect();
    left = Math.max(left, edge.left);
    right = Math.min(right, edge.right);
    top = Math.max(top, edge.top);
    bottom = Math.min(bottom, edge.bottom);
  }
  return new DOMRect(left, top, Math.max(0, right - left), Math.max(0, bottom - top));
}

/** Its nearest box that scrolls up and down. @param {Element} element */
function scrollerOf(element) {
  for (let each = element.parentElement; each; each = each.parentElement) {
    const { overflowY } = getComputedStyle(each);
    if (["auto", "scroll"].includes(overflowY) && each.scrollHeight > each.clientHeight) return each;
  }
  return null;
}

/** @param {Element} control @param {boolean} isTouch @returns {string[]} */
function ofControl(control, isTouch) {
  const what = nameOf(control);
  if (scrollerOf(control)) control.scrollIntoView({ block: "nearest", inline: "nearest" });
  const box = control.getBoundingClientRect();
  const found = [];
  const isOutside = box.left < -SLACK_PX || box.right > innerWidth + SLACK_PX
    || box.top < -SLACK_PX || box.bottom > innerHeight + SLACK_PX;
  const isTall = box.height > innerHeight || (scrollerOf(control)?.clientHeight ?? Infinity) < box.height;
  if (isOutside && !isTall) found.push(`${what} is outside: ${inShort(box)}`);
  const isWidget = control.matches("button, a, select, input, textarea, summary");
  const press = pressable(control);
  if (isTouch && isWidget && (press.width < THUMB_PX - 0.5 || press.height < THUMB_PX - 0.5)) {
    found.push(`${what} is ${Math.round(press.width)} x ${Math.round(press.height)} px`);
  }
  const seen = visibleBox(box, control);
  const isCut = seen.width < box.width - SLACK_PX || seen.height < box.height - SLACK_PX;
  if (isCut && !isTall) found.push(`${what} is cut: ${inShort(seen)} of ${inShort(box)}`);
  if (isWidget && !isCovering(control, seen)) found.push(`${what} is covered`);
  return found;
}

/** What is pressed: a switch is pressed by its label, too. @param {Element} control */
function pressable(control) {
  const label = control instanceof HTMLInputElement && control.closest("label");
  return label && control.type !== "text" ? label.getBoundingClientRect() : control.getBoundingClientRect();
}

/** Whether a press in its middle is its own. @param {Element} control @param {DOMRect} box */
function isCovering(control, { left, top, width, height }) {
  if (width < 1 || height < 1) return true; // told as cut
  const hit = document.elementFromPoint(left + width / 2, top + height / 2);
  if (hit?.closest(OVERLAYS) && !control.closest(OVERLAYS)) return true;
  return hit !== null && (control.contains(hit) || hit.contains(control) && hit.localName === "label"
    || Boolean(hit.closest("label")?.contains(control)));
}

/** @param {Thing} text @returns {string[]} */
function ofText({ element, what, full }) {
  const replaced = element.closest("#next");
  if (!full || (replaced && isReplaced(replaced, full))) return [];
  const found = [];
  for (let each = /** @type {Element | null} */ (element); each && each !== document.body; each = each.parentElement) {
    const { overflowX, overflowY, textOverflow, webkitLineClamp } = getComputedStyle(each);
    const around = each.getBoundingClientRect();
    const isWritten = textOverflow === "ellipsis" || webkitLineClamp !== "none"; // what people wrote themselves
    if (isWritten) return found;
    const isWide = full.left < around.left - SLACK_PX || full.right > around.right + SLACK_PX;
    const isHigh = full.top < around.top - SLACK_PX || full.bottom > around.bottom + SLACK_PX;
    if (isWide && overflowX !== "visible") found.push(`${what} is cut at the side by ${nameOf(each)}`);
    if (isHigh && ["hidden", "clip"].includes(overflowY)) found.push(`${what} is cut by ${nameOf(each)}`);
    if (overflowY === "auto" || overflowY === "scroll") return found; // it scrolls
  }
  if (full.left < -SLACK_PX || full.right > innerWidth + SLACK_PX) found.push(`${what} is outside`);
  else if (full.top < -SLACK_PX || full.bottom > innerHeight + SLACK_PX) found.push(`${what} is above or below`);
  return found;
}

/** Where there is no room for Next's word it is out of sight, below its symbol. @param {Element} button @param {DOMRect} word */
function isReplaced(button, word) {
  return word.top >= button.getBoundingClientRect().bottom - SLACK_PX;
}

/** @param {Thing[]} things @returns {string[]} */
function overlaps(things) {
  const found = [];
  for (const [index, one] of things.entries()) {
    for (const other of things.slice(index + 1)) {
      const isSame = one.element === other.element || related(one.element, other.element);
      if (one.layer !== other.layer || isSame) continue;
      const width = Math.min(one.box.right, other.box.right) - Math.max(one.box.left, other.box.left);
      const height = Math.min(one.box.bottom, other.box.bottom) - Math.max(one.box.top, other.box.top);
      if (width > 2 && height > 2) found.push(`${one.what} lies over ${other.what}`);
    }
  }
  return [...new Set(found)];
}

/** @param {Element} one @param {Element} other */
function related(one, other) {
  return one.contains(other) || other.contains(one) || one.closest("label")?.contains(other)
    || other.closest("label")?.contains(one);
}

/** @param {DOMRect} box */
function inShort({ left, top, right, bottom }) {
  return `${Math.round(left)},${Math.round(top)} to ${Math.round(right)},${Math.round(bottom)}`;
}
