// @ts-check
/**
 * What shows of the page outside of it: the tab's title, a discreet sound when somebody is found
 * while nobody looks, and a screen that stays on during a call.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../words/words.js").Words} Words
 */

import { tell } from "./telling.js";

const NOTES_HZ = [523.25, 659.25];
const NOTE_S = 0.16;
const LOUDNESS = 0.08;

/** Follows the state. */
export class Presence {
  #met = 0;
  #isFresh = false;
  /** @type {WakeLockSentinel | null} */
  #lock = null;
  #isLocking = false;

  /** @param {State} state @param {Words} words */
  follow(state, words) {
    if (state.partnersMet > this.#met && state.isHidden) {
      this.#isFresh = true;
      chime();
      if (state.trysts.telling === "all") tell(words.titleFound, "favicon.svg");
    }
    if (!state.isHidden || !state.partner) this.#isFresh = false;
    this.#met = state.partnersMet;
    const title = titleOf(state, words, this.#isFresh);
    if (document.title !== title) document.title = title;
    void this.#keepAwake(state.isStarted && !state.isHidden);
  }

  /** @param {boolean} wanted */
  async #keepAwake(wanted) {
    if (!("wakeLock" in navigator) || this.#isLocking) return;
    if (!wanted) {
      await this.#lock?.release();
      this.#lock = null;
    } else if (!this.#lock || this.#lock.released) {
      this.#isLocking = true;
      // A browser that saves its battery may refuse.
      this.#lock = await navigator.wakeLock.request("screen").catch(() => null);
      this.#isLocking = false;
    }
  }
}

/** @param {State} state @param {Words} words @param {boolean} isFresh */
function titleOf(state, words, isFresh) {
  const count = state.unread ? `(${state.unread}) ` : "";
  if (isFresh) return `${count}● ${words.titleFound}`;
  const isSearching = state.search !== "none" && !state.partner;
  return count + (isSearching ? words.titleSearching : words.title);
}

/** Two soft notes. */
function chime() {
  const context = new AudioContext();
  const gain = context.createGain();
  gain.gain.value = LOUDNESS;
  gain.connect(context.destination);
  for (const [index, hertz] of NOTES_HZ.entries()) {
    const note = context.createOscillator();
    note.frequency.value = hertz;
    note.connect(gain);
    note.start(context.currentTime + index * NOTE_S);
    note.stop(context.currentTime + (index + 1) * NOTE_S);
    if (index === NOTES_HZ.length - 1) note.onended = () => context.close();
  }
}
