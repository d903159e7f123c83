// @ts-check
/**
 * What shows of the page outside of it: the tab's title, a discreet sound when somebody is found
 * while nobody looks, a phone that trembles, and a screen that stays on during a call.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../words/words.js").Words} Words
 */

import { tell } from "./telling.js";

const BUZZ_MS = 60;

/** Follows the state. */
export class Presence {
  #met = 0;
  #isFresh = false;
  /** @type {WakeLockSentinel | null} */
  #lock = null;
  #isLocking = false;

  /** @param {State} state @param {Words} words */
  follow(state, words) {
    if (state.partnersMet > this.#met) {
      buzz();
      this.#isFresh = state.isHidden;
      if (state.isHidden) void chime(state.settings.speakerId);
      if (state.isHidden && state.trysts.telling === "all") tell(words.titleFound, "favicon.svg");
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

/** @param {string} speakerId */
async function chime(speakerId) {
  const { play } = await import("./chime.js");
  await play(speakerId);
}

/** Where there is something that can tremble; browsers complain when nobody has touched the page yet. */
function buzz() {
  if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.(BUZZ_MS);
}
