// @ts-check
/** Oneself, small, in a corner of the stage; moved with the pointer or the arrow keys. */
import { find, setAttribute } from "./dom.js";
import { Player } from "./player.js";

/** @typedef {import("../machine/types.js").State} State */

export class SelfView {
  #self = find("self", HTMLElement);
  #picture = new Player(find("local", HTMLVideoElement));
  #preview = find("preview", HTMLVideoElement);
  #stage = find("stage", HTMLElement);
  #startX = 0;
  #startY = 0;

  constructor() {
    this.#self.onpointerdown = (event) => this.#grab(event);
    this.#self.onpointermove = (event) => this.#drag(event);
    this.#self.onpointerup = (event) => this.#drop(event);
    this.#self.onpointercancel = () => this.#release();
    this.#self.onkeydown = (event) => this.#step(event);
  }

  /** @param {State} state */
  draw({ devices: { audio, video }, isStarted, settings }) {
    this.#picture.show(isStarted ? video.track : null);
    setAttribute(this.#self, "data-camera", video.status === "on" ? "on" : "off");
    setAttribute(this.#self, "data-muted", !audio.isWanted || audio.status !== "on");
    const isBehind = video.track?.getSettings().facingMode === "environment";
    for (const element of [this.#self, this.#preview]) {
      setAttribute(element, "data-mirrored", settings.mirrors && !isBehind);
    }
  }

  /** @param {PointerEvent} event */
  #grab(event) {
    this.#self.setPointerCapture(event.pointerId);
    this.#startX = event.clientX;
    this.#startY = event.clientY;
    this.#self.dataset["dragging"] = "true";
  }

  /** @param {PointerEvent} event */
  #drag(event) {
    if (this.#self.dataset["dragging"] !== "true") return;
    const x = event.clientX - this.#startX;
    const y = event.clientY - this.#startY;
    this.#self.style.translate = `${x}px ${y}px`;
  }

  /** @param {PointerEvent} event */
  #drop(event) {
    if (this.#self.dataset["dragging"] !== "true") return;
    this.#release();
    const [x, y] = middleOf(this.#stage);
    this.#move(event.clientY < y ? "top" : "bottom", event.clientX > x ? "right" : "left");
  }

  #release() {
    this.#self.dataset["dragging"] = "false";
    this.#self.style.translate = "";
  }

  /** @param {KeyboardEvent} event */
  #step(event) {
    const [x, y] = middleOf(this.#self);
    const [middleX, middleY] = middleOf(this.#stage);
    const isTop = y < middleY;
    const isRight = x > middleX;
    /** @type {Record<string, ["top" | "bottom", "left" | "right"]>} */
    const moves = {
      ArrowUp: ["top", isRight ? "right" : "left"],
      ArrowDown: ["bottom", isRight ? "right" : "left"],
      ArrowLeft: [isTop ? "top" : "bottom", "left"],
      ArrowRight: [isTop ? "top" : "bottom", "right"],
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    this.#move(...move);
  }

  /** @param {"top" | "bottom"} block @param {"left" | "right"} side */
  #move(block, side) {
    const isEnd = (side === "right") === isLeftToRight();
    this.#self.dataset["corner"] = `${block}-${isEnd ? "end" : "start"}`;
  }
}

/** @param {Element} element @returns {[number, number]} */
function middleOf(element) {
  const { left, top, width, height } = element.getBoundingClientRect();
  return [left + width / 2, top + height / 2];
}

function isLeftToRight() {
  return document.documentElement.dir !== "rtl";
}
