// @ts-check
/**
 * One line of the chat: a text, a picture, or the mark where somebody new begins.
 *
 * @typedef {import("../machine/types.js").ChatLine} ChatLine
 * @typedef {import("../words/words.js").Words} Words
 */
import { splitAddresses } from "./addresses.js";
import { make, setAttribute, setText } from "./dom.js";

const CAN_TRANSLATE = "Translator" in globalThis && "LanguageDetector" in globalThis;
/** More empty lines in a row say nothing. */
const MANY_BREAKS = /\n{3,}/g;

/**
 * @param {ChatLine} line
 * @param {Words} words
 * @param {{ isCovered: boolean, openAddress: (href: string) => void,
 *   translate: (id: string) => void }} how a picture is covered until it is asked for
 */
export function makeLine(line, words, { isCovered, openAddress, translate }) {
  if (line.isMark) return make("p", { class: "mark" }, make("span", {}, words.newPartner));
  const { id, mine, text, picture } = line;
  const who = make("span", { class: "who" }, `${mine ? words.you : words.partner}: `);
  const said = picture
    ? shown(picture, mine, isCovered && !mine, words)
    : make("span", { class: "text", dir: "auto" }, ...pieces(text.replace(MANY_BREAKS, "\n\n"), openAddress));
  const now = new Date();
  const time = now.toLocaleTimeString(undefined, { hour: "2-digit", minute: "2-digit" });
  const meta = make("span", { class: "meta" }, make("time", { datetime: now.toISOString() }, time));
  if (mine) meta.append(make("span", { class: "tick", role: "img" }));
  const made = make("p", { class: mine ? "line mine" : "line" }, who, said, meta);
  if (CAN_TRANSLATE && !mine && !picture) made.append(translateButton(words, () => translate(id)));
  return made;
}

/** @param {string} text @param {(href: string) => void} openAddress */
function pieces(text, openAddress) {
  return splitAddresses(text).map(({ text: piece, href }) => {
    if (!href) return piece;
    const rel = "noopener noreferrer nofollow";
    const attributes = { href, rel, target: "_blank", referrerpolicy: "no-referrer" };
    const link = make("a", attributes, piece);
    link.onclick = (click) => {
      click.preventDefault();
      openAddress(href);
    };
    return link;
  });
}

/**
 * @param {import("../machine/pictures.js").Picture} picture
 * @param {boolean} mine
 * @param {boolean} isCovered
 * @param {Words} words
 */
function shown({ url, width, height }, mine, isCovered, words) {
  const size = { width: String(width), height: String(height) };
  const image = make("img", { src: url, alt: mine ? words.pictures.mine : words.pictures.theirs, ...size });
  const frame = make("span", { class: "picture" }, image);
  if (!isCovered) return frame;
  image.hidden = true;
  const show = make("button", { type: "button" }, words.pictures.show);
  show.onclick = () => {
    image.hidden = false;
    show.remove();
  };
  frame.append(show);
  return frame;
}

/** @param {Words} words @param {() => void} onPress */
function translateButton(words, onPress) {
  const button = make("button", { type: "button", class: "translate" }, words.translation.translate);
  button.onclick = onPress;
  return button;
}

/** What the browser has made of a line. @param {HTMLElement} made @param {ChatLine} line @param {Words} words */
export function drawTranslation(made, { translation }, words) {
  if (!translation) return;
  const { status, text } = translation;
  const button = made.querySelector(".translate");
  if (button) button.toggleAttribute("hidden", status !== "failed");
  const place = made.querySelector(".translation")
    ?? made.appendChild(make("span", { class: "translation", dir: "auto", role: "status" }));
  setAttribute(place, "data-status", status);
  setText(place, status === "done" ? text : words.translation[status]);
}
