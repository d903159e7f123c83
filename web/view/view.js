// @ts-check
/**
 * Draws the state, part by part. Nothing outside of `view/` touches the page's elements.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Event} Event
 * @typedef {import("../browser/speech.js").Spoken} Spoken
 */
import { BannedView } from "./banned.js";
import { ChatView } from "./chat.js";
import { ControlsView } from "./controls.js";
import { DialogsView } from "./dialogs.js";
import { find, setAttribute } from "./dom.js";
import { keepFocus, watchFocus } from "./focus.js";
import { offerInstall } from "./install.js";
import { LanguageView } from "./language.js";
import { LobbyView } from "./lobby.js";
import { LooksView } from "./looks.js";
import { ModeView } from "./mode.js";
import { NewsView } from "./news.js";
import { ReactionsView } from "./reactions.js";
import { ReportView } from "./report.js";
import { followRoom } from "./room.js";
import { SelfView } from "./self.js";
import { StageView } from "./stage.js";
import { speak } from "./texts.js";
import { TrialView } from "./trial.js";
import { TrystsView } from "./trysts.js";
import { VeilView } from "./veil.js";
import { WhomView } from "./whom.js";

/** The page, as a picture of the state and a source of the user's events. */
export class View {
  #call = find("call", HTMLElement);
  #start = find("start", HTMLButtonElement);
  #stop = find("stop", HTMLButtonElement);
  #stage;
  #self = new SelfView();
  #controls;
  #dialogs;
  #chat;
  #language;
  #lobby;
  #looks;
  /** @type {import("./swipe.js").SwipeView | null} */
  #swipe = null;
  #trial;
  #reactions;
  #report;
  #veil;
  #mode;
  #whom;
  #news;
  #banned;
  #trysts;
  #onEvent;
  #wasStarted = false;
  /** @type {Spoken | null} */
  #spoken = null;

  /**
   * @param {(event: Event) => void} onEvent
   * @param {() => void} askForRules again, after they could not be had
   */
  constructor(onEvent, askForRules) {
    this.#onEvent = onEvent;
    this.#stage = new StageView(onEvent);
    this.#controls = new ControlsView(onEvent);
    this.#dialogs = new DialogsView(onEvent, askForRules);
    this.#chat = new ChatView(onEvent, (href) => this.#dialogs.askToOpen(href));
    this.#language = new LanguageView(onEvent);
    this.#lobby = new LobbyView(onEvent);
    this.#looks = new LooksView(onEvent);
    this.#trial = new TrialView(onEvent);
    this.#reactions = new ReactionsView(onEvent);
    this.#report = new ReportView(onEvent);
    this.#veil = new VeilView(onEvent);
    this.#mode = new ModeView(onEvent);
    this.#whom = new WhomView(onEvent);
    this.#news = new NewsView(onEvent);
    this.#banned = new BannedView(onEvent);
    followRoom();
    offerInstall();
    watchFocus();
    this.#trysts = new TrystsView(onEvent);
  }

  /** @param {string | null} text what the operator wants people to agree to; null: it did not come */
  welcome(text) {
    this.#dialogs.welcome(text);
  }

  /**
   * @param {State} state
   * @param {number} nowMs
   * @param {Spoken} spoken
   */
  draw(state, nowMs, spoken) {
    if (spoken !== this.#spoken) this.#speak(spoken);
    const { words, language, locale } = spoken;
    this.#call.hidden = !state.isStarted;
    setAttribute(this.#call, "data-chat", state.isChatOpen ? "open" : "closed");
    this.#lobby.draw(state, words);
    this.#dialogs.draw(state, words, language, locale);
    this.#stage.draw(state, nowMs, words, locale);
    this.#self.draw(state);
    this.#looks.draw(state);
    this.#swipe?.draw(state);
    this.#controls.draw(state, words);
    this.#chat.draw(state, words, language);
    this.#reactions.draw(state, words);
    this.#trial.draw(state, words, locale);
    this.#veil.draw(state, words);
    this.#mode.draw(state, words);
    this.#whom.draw(state, words);
    this.#report.draw(state, words);
    this.#news.draw(state, words, locale);
    this.#banned.draw(state, nowMs, words, locale);
    this.#trysts.draw(state, words, locale);
    this.#moveFocus(state.isStarted);
    keepFocus(state.isStarted ? this.#stop : this.#start);
  }

  /**
   * Do what a key is for.
   *
   * @param {import("../browser/keys.js").Action} action
   * @param {State} state
   */
  act(action, state) {
    if (state.ban) return;
    if (action === "help") return this.#dialogs.open("help");
    if (action === "microphone") return this.#onEvent({ type: "microphone_toggled" });
    if (action === "camera") return this.#onEvent({ type: "camera_toggled" });
    if (action === "report") return this.#onEvent({ type: "report_opened" });
    if (!state.isStarted) return;
    switch (action) {
      case "next": return this.#onEvent({ type: "escape_pressed" });
      case "stop": return this.#onEvent({ type: "stop_pressed" });
      case "switch": return this.#onEvent({ type: "camera_switched" });
      case "louder": return this.#controls.changeVolume(1);
      case "quieter": return this.#controls.changeVolume(-1);
      case "pip": return this.#controls.togglePictureInPicture();
      case "full": return this.#controls.toggleFullScreen();
      case "figures": return this.#stage.toggleFigures();
      case "chat": return this.#openChat(state);
      case "search": return this.#onEvent({
        type: "setting_changed",
        change: { searchesOn: !state.settings.searchesOn },
      });
      default: /** @satisfies {never} */ (action);
    }
  }

  /** @param {State} state */
  #openChat({ isChatOpen }) {
    if (!isChatOpen) this.#onEvent({ type: "chat_toggled" });
    this.#chat.focus();
  }

  /**
   * The button that was pressed goes away with its half of the page: do not lose the keyboard.
   *
   * @param {boolean} isStarted
   */
  #moveFocus(isStarted) {
    if (isStarted === this.#wasStarted) return;
    this.#wasStarted = isStarted;
    if (isStarted) void this.#learnToSwipe();
    if (document.querySelector("dialog[open]")) return;
    (isStarted ? this.#stop : this.#start).focus({ preventScroll: true });
  }

  /** What is needed in a call only. */
  async #learnToSwipe() {
    const { SwipeView } = await import("./swipe.js");
    this.#swipe ??= new SwipeView(this.#onEvent);
  }

  /** @param {Spoken} spoken */
  #speak(spoken) {
    this.#spoken = spoken;
    const { words, language } = spoken;
    speak(words, language);
    this.#language.draw(language);
  }
}
