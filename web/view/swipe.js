// @ts-check
/**
 * Next by a swipe: who pulls the picture up far enough and lets go meets the next person, unless they take it
 * back within a second.
 *
 * @typedef {import("../machine/types.js").State} State
 */
import { find, setAttribute } from "./dom.js";

/** Of the stage's height. */
const FAR_ENOUGH = 0.22;
const AT_LEAST_PX = 90;
/** A finger that has gone so far means something. */
const BEGUN_PX = 12;
/** What a finger is meant for by itself. */
const OTHERS = "button, a, input, .self, .figures";

export class SwipeView {
  #stage = find("stage", HTMLElement);
  #swiped = find("swiped", HTMLElement);
  /** @type {{ id: number, x: number, y: number } | null} */
  #finger = null;
  #isOff = true;
  #onEvent;

  /** @param {(event: import("../machine/types.js").Event) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    this.#stage.addEventListener("pointerdown", (event) => this.#touch(event));
    this.#stage.addEventListener("pointermove", (event) => this.#pull(event));
    this.#stage.addEventListener("pointerup", (event) => this.#letGo(event));
    this.#stage.addEventListener("pointercancel", () => this.#forget());
    find("undo", HTMLButtonElement).onclick = () => onEvent({ type: "undo_pressed" });
  }

  /** @param {State} state */
  draw({ partner, isResting, dueMs }) {
    this.#swiped.hidden = dueMs.swiped === undefined;
    this.#isOff = (!partner && !isResting) || !this.#swiped.hidden;
    if (this.#isOff) this.#forget();
  }

  /** @param {PointerEvent} event */
  #touch({ pointerType, pointerId, target, clientX, clientY }) {
    const isOthers = target instanceof Element && target.closest(OTHERS);
    const isSecond = this.#finger !== null;
    this.#forget(); // two fingers make it larger
    if (this.#isOff || isSecond || isOthers || pointerType === "mouse") return;
    this.#finger = { id: pointerId, x: clientX, y: clientY };
  }

  /** @param {PointerEvent} event */
  #pull(event) {
    const upPx = this.#upPx(event);
    if (upPx === null) return;
    this.#stage.style.setProperty("--pull", `${-Math.max(0, upPx - BEGUN_PX)}px`);
    setAttribute(this.#stage, "data-pulled", this.#isFarEnough(upPx) ? "enough" : "some");
  }

  /** @param {PointerEvent} event */
  #letGo(event) {
    const upPx = this.#upPx(event);
    this.#forget();
    if (upPx !== null && this.#isFarEnough(upPx)) this.#onEvent({ type: "swiped" });
  }

  /** How far up it is; null: it is another finger, or went to the side. @param {PointerEvent} event */
  #upPx({ pointerId, clientX, clientY }) {
    if (this.#finger?.id !== pointerId) return null;
    const upPx = this.#finger.y - clientY;
    const aside = Math.abs(clientX - this.#finger.x);
    return aside > BEGUN_PX && aside > upPx ? null : upPx;
  }

  /** @param {number} upPx */
  #isFarEnough(upPx) {
    return upPx >= Math.max(AT_LEAST_PX, this.#stage.clientHeight * FAR_ENOUGH);
  }

  #forget() {
    this.#finger = null;
    this.#stage.style.removeProperty("--pull");
    delete this.#stage.dataset["pulled"];
  }
}
