// @ts-check
/**
 * Draws the ways to people whom one knows: to invite somebody, to meet somebody again, to be told when somebody
 * comes. Their windows and lists are loaded when there is something in them.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../words/words.js").Words} Words
 */
import { find, setAttribute, setLabel, setText } from "./dom.js";
import { meetable } from "../machine/tryst.js";

export class TrystsView {
  #invite = [find("invite", HTMLButtonElement), find("invite-now", HTMLButtonElement)];
  #rather = [find("lobby-rather", HTMLButtonElement), find("rather", HTMLButtonElement)];
  #tell = find("tell-me", HTMLButtonElement);
  #again = find("again", HTMLButtonElement);
  #last = [find("again-last", HTMLButtonElement), find("lobby-again-last", HTMLButtonElement)];
  /** @type {Promise<import("./invitation.js").InvitationView> | null} */
  #invitation = null;
  /** @type {Promise<import("./contacts.js").ContactsView> | null} */
  #contacts = null;
  #onEvent;

  /** @param {(event: Event) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    for (const button of this.#invite) button.onclick = () => onEvent({ type: "invite_pressed" });
    for (const button of this.#rather) button.onclick = () => onEvent({ type: "strangers_pressed" });
    for (const button of [this.#again, ...this.#last]) {
      button.onclick = () => onEvent({ type: "again_pressed" });
    }
    this.#tell.onclick = () => onEvent({ type: "tell_pressed" });
  }

  /** @param {State} state @param {Words} words @param {string} locale */
  draw(state, words, locale) {
    const { trysts, isStarted, search, partner, server } = state;
    const isSearching = isStarted && search !== "none" && !partner;
    const isHost = trysts.sought?.role === "host";
    const label = trysts.invitation ? words.tryst.showLink : words.tryst.invite;
    for (const button of this.#invite) setText(button, label);
    for (const button of this.#invite) setAttribute(button, "aria-disabled", server === null);
    const [, inviteNow] = this.#invite;
    if (inviteNow) inviteNow.hidden = !isSearching || (trysts.sought !== null && !isHost);
    const [lobbyRather, rather] = this.#rather;
    if (lobbyRather) lobbyRather.hidden = trysts.sought === null;
    if (rather) rather.hidden = !isSearching || trysts.sought === null;
    this.#drawTell(isSearching, trysts.telling, words);
    this.#drawAgain(state, words);
    void this.#drawParts(state, words, locale);
  }

  /** @param {boolean} isSearching @param {import("../machine/tryst.js").Trysts["telling"]} telling @param {Words} words */
  #drawTell(isSearching, telling, words) {
    this.#tell.hidden = !isSearching;
    setText(this.#tell, words.tryst.tell[telling]);
    setAttribute(this.#tell, "aria-pressed", telling === "all" || telling === "sound");
  }

  /** @param {State} state @param {Words} words */
  #drawAgain(state, words) {
    const roomId = meetable(state);
    const isWished = roomId !== null && roomId === state.trysts.wished;
    const present = state.isStarted && state.partner !== null;
    setAttribute(this.#again, "aria-disabled", roomId === null);
    setAttribute(this.#again, "aria-pressed", isWished);
    setLabel(this.#again, isWished ? words.tryst.wished : words.tryst.again);
    for (const button of this.#last) {
      button.hidden = roomId === null || present;
      setText(button, isWished ? words.tryst.wished : words.tryst.againLast);
      setAttribute(button, "aria-pressed", isWished);
    }
  }

  async #loadInvitation() {
    const [{ InvitationView }, { generate }] = await Promise.all([
      import("./invitation.js"),
      import("../vendor/lean-qr/nano.js"),
    ]);
    return new InvitationView(this.#onEvent, generate);
  }

  /** @param {State} state @param {Words} words @param {string} locale */
  async #drawParts({ trysts, isStarted }, words, locale) {
    try {
      if (trysts.isShown || this.#invitation) {
        this.#invitation ??= this.#loadInvitation();
        (await this.#invitation).draw(trysts, words);
      }
      if (trysts.contacts.length > 0 || this.#contacts) {
        this.#contacts ??= import("./contacts.js").then((part) => new part.ContactsView(this.#onEvent));
        if (!isStarted) (await this.#contacts).draw(trysts.contacts, words, locale);
      }
    } catch (error) {
      console.warn("A part of the page did not come:", error);
      this.#invitation = this.#contacts = null;
    }
  }
}
