// @ts-check
/** Small changes to the page's elements, made only where something differs. */

/**
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function find(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new TypeError(`index.html has no ${kind.name} #${id}`);
  return element;
}

/** @param {Element} element @param {string} text */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** @param {Element} element @param {string} name @param {string | boolean} value */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, String(value));
}

/**
 * A name for screen readers that shows when pointed at.
 *
 * @param {HTMLElement} element
 * @param {string} text
 */
export function setLabel(element, text) {
  setAttribute(element, "aria-label", text);
  if (element instanceof HTMLButtonElement) element.title = text;
}

/**
 * A button that does nothing for now. Not disabled: that would take the keyboard's focus away.
 *
 * @param {HTMLButtonElement} button
 * @param {boolean} isOff
 */
export function setOff(button, isOff) {
  setAttribute(button, "aria-disabled", isOff);
}

/** @param {Element} element @param {string} icon */
export function setIcon(element, icon) {
  const use = element.querySelector("use");
  if (use) setAttribute(use, "href", `#i-${icon}`);
}

/**
 * @param {string} tag
 * @param {Record<string, string>} attributes
 * @param {(Node | string)[]} children
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** @param {string} name */
export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  svg.append(use);
  return svg;
}

/** Load a style that is not needed at first, once. @param {string} href */
export function addStyle(href) {
  if (document.querySelector(`link[href="${href}"]`)) return;
  document.head.append(make("link", { rel: "stylesheet", href }));
}
