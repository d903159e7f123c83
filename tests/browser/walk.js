// @ts-check
/** In the page's place of `main.js`: draws every state without a server, and measures what is on the screen. */
import { Page } from "../tests/web/transcript.js";
import { faults } from "../tests/browser/faults.js";
import { View } from "./view/view.js";
import { agreementTo, loadWords } from "./words/words.js";

/** @type {any[]} */
const events = [];
const view = new View((event) => events.push(event), () => {});
const RULES = "Be kind.\n\nNo nudity, no threats, nobody under 18, and nothing that hurts.\n\n[es]\nSé amable.";
const LONG = "Donaudampfschifffahrtsgesellschaftskapitänsmütze ".repeat(4);

/** A picture for cameras that are none. @param {number} width @param {number} height @param {string} shade */
function picture(width, height, shade) {
  const canvas = Object.assign(document.createElement("canvas"), { width, height });
  const brush = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  const draw = () => {
    brush.fillStyle = shade;
    brush.fillRect(0, 0, width, height);
    brush.fillStyle = "#c9a184";
    brush.beginPath();
    brush.ellipse(width / 2, height * 0.42, height / 6, height / 5, 0, 0, 7);
    brush.ellipse(width / 2, height * 1.05, height / 2.6, height / 2.4, 0, 0, 7);
    brush.fill();
  };
  draw();
  setInterval(draw, 200);
  return /** @type {MediaStreamTrack} */ (canvas.captureStream(5).getVideoTracks()[0]);
}

view.welcome(RULES);
const mine = picture(640, 480, "#3c4a63");
mine.getCapabilities = () => /** @type {any} */ ({ backgroundBlur: [true, false] });
const theirs = new MediaStream([picture(1280, 720, "#5b7f7a")]);

/** @param {(page: Page) => void} [live] @param {object} [settings] */
function called(live = () => {}, settings = {}) {
  const page = Page.inCall("relay", settings);
  live(page);
  return page;
}

/** @param {Page} page */
function talk(page) {
  page.on({ type: "chat_entered", text: "Hi! In Lisbon. And you?" });
  page.hear({ type: "chat_message", id: "1", text: `In Oslo. Look: https://example.org/${"fjord".repeat(12)}` });
  page.hear({ type: "chat_message", id: "2", text: LONG });
  page.hear({ type: "typing", active: true });
  page.on({ type: "text_changed", text: "x".repeat(1_950) });
}

/** @param {Page} page @param {string} cause */
function fail(page, cause) {
  for (let count = 0; count < 3; count++) {
    page.error("media_failed");
    if (page.state.notice) page.state.notice = { kind: "link_failed", cause };
    if (page.state.dueMs.relink) page.waitFor("relink");
    page.offerMade();
  }
}

/** Every state, by its name: how it comes about. @type {Record<string, () => Page>} */
const STATES = {
  welcome: () => new Page({ agreedTo: "" }),
  lobby: () => lobby(),
  "lobby, many interests": () =>
    lobby({ interests: [...Array(10).keys()].map((index) => `${index} ${LONG.slice(0, 30)}`) }),
  "lobby, refused": () => {
    const page = new Page();
    page.connect();
    page.do("preview_wanted");
    page.failed("audio", "refused");
    page.failed("video", "refused");
    return page;
  },
  "lobby, no server": () => {
    const page = lobby();
    page.lost();
    return page;
  },
  "lobby, devices": () => lobby(),
  "lobby, invited": () => {
    const page = lobby();
    page.on({ type: "invited", code: "x" });
    return page;
  },
  "lobby, contacts": () => {
    const page = lobby();
    page.on({ type: "contacts_kept", contacts: [1, 2].map((at) => ({
      code: `${at}`, roomId: `${at}`, metAtMs: at, untilMs: 9e12,
    })) });
    return page;
  },
  devices: () => {
    const page = new Page();
    page.connect();
    page.do("start_pressed");
    return page;
  },
  connecting: () => {
    const page = new Page();
    page.do("start_pressed");
    page.devicesOpened();
    return page;
  },
  searching: () => Page.searching("relay", { interests: ["cats"] }),
  "searching, slowed": () => {
    const page = Page.searching();
    page.hear({ type: "waiting_for_partner", online: 1_234, slowedForMs: 9_000 });
    return page;
  },
  found: () => {
    const page = Page.searching();
    page.meet();
    return page;
  },
  call: () => called(),
  "call, first words": () => {
    const page = Page.searching();
    page.meet(false, ["music", "cats", LONG.slice(0, 32)]);
    page.arrive();
    return page;
  },
  "call, talking": () => called((page) => { page.measure(2); talk(page); }),
  "call, chat closed": () => called((page) => {
    page.do("chat_toggled");
    page.hear({ type: "chat_message", id: "1", text: "Hello?" });
  }),
  "call, figures": () => called((page) => page.measure(3)),
  "call, more": () => called(),
  "call, swiped": () => called((page) => page.do("swiped")),
  "call, muted": () => called((page) => page.hear({ type: "media_state", audio: false, video: false })),
  "call, both off": () => called((page) => {
    page.do("microphone_toggled");
    page.do("camera_toggled");
    page.hear({ type: "media_state", audio: false, video: true });
  }),
  "call, blurred": () => {
    const page = Page.searching("relay", { blur: "both" });
    page.meetIn("room", { blurred: true });
    page.arrive();
    return page;
  },
  "call, their connection": () => called((page) => page.measure(6, {}, false)),
  "call, interrupted": () => called((page) => page.do("link_interrupted")),
  "call, server lost": () => called((page) => page.lost()),
  "call, poor line": () => called((page) => {
    page.state.line = { ...page.state.line, fault: "unknown" };
  }),
  "call, asked for a mode": () => called((page) => page.hear({ type: "mode_asked", mode: "voice" })),
  "call, has asked": () => called((page) => page.on({ type: "mode_wanted", mode: "text" })),
  voice: () => called((page) => page.hear({ type: "mode_changed", mode: "voice" })),
  text: () => called((page) => {
    page.hear({ type: "mode_changed", mode: "text" });
    talk(page);
  }),
  "call, pictures asked": () => called((page) => page.hear({ type: "pictures", allowed: true })),
  "call, pictures agreed": () => called((page) => {
    talk(page);
    page.hear({ type: "pictures", allowed: true });
    page.on({ type: "pictures_wanted" });
  }),
  "call, emoji": () => called(talk),
  "call, reactions": () => called(talk),
  left: () => {
    const page = called(talk, { searchesOn: false });
    page.hear({ type: "partner_left" });
    return page;
  },
  "left, searching": () => {
    const page = called(talk);
    page.hear({ type: "partner_left" });
    page.hear({ type: "waiting_for_partner", online: 2 });
    return page;
  },
  invitation: () => {
    const page = lobby();
    page.do("invite_pressed");
    page.hear({ type: "invitation", code: "x".repeat(40), guestCode: "x".repeat(40), withinMs: 3_600_000 });
    return page;
  },
  "searching, invited": () => {
    const page = Page.searching();
    page.on({ type: "invited", code: "x" });
    return page;
  },
  "server lost": () => {
    const page = Page.searching();
    page.lost();
    return page;
  },
  "server full": () => {
    const page = Page.searching();
    page.on({ type: "wire_refused", retryAtMs: page.nowMs + 9_000, refusal: "too_many", isResumable: false });
    return page;
  },
  "no video": () => {
    const page = Page.searching();
    fail(page, "server_unreachable");
    return page;
  },
  "text only": () => {
    const page = Page.searching();
    fail(page, "server_unreachable");
    page.do("text_chosen");
    page.hear({ type: "waiting_for_partner", online: 3 });
    page.meet();
    return page;
  },
  news: () => called((page) => {
    page.hear({ type: "report_outcome", outcome: "dismissed", reason: "nudity", atMs: 1_764_600_000_000 });
    page.hear({ type: "report_received" });
  }),
  warning: () => called((page) => page.hear({ type: "warning", reason: "violence" })),
  report: () => called((page) => page.do("report_opened")),
  settings: () => called(),
  help: () => lobby(),
  banned: () => {
    const page = new Page();
    page.on({ type: "wire_banned", ban: /** @type {any} */ ({
      until: 1_764_900_000_000, reason: "violence", words: LONG, appeal: null, endsAtMs: page.nowMs + 9e7,
    }) });
    return page;
  },
};

/** @param {object} [settings] */
function lobby(settings) {
  const page = new Page(settings);
  page.connect();
  page.do("preview_wanted");
  page.devicesOpened();
  return page;
}

/** What a state needs besides, as somebody has pressed it. @type {Record<string, () => unknown>} */
const PRESSED = {
  "call, emoji": async () => {
    press("#attach");
    await until(() => document.querySelector(".emoji:not([hidden]) .emoji-list button"));
  },
  "call, reactions": () => press("#react"),
  invitation: () => until(() => document.querySelector("#invitation[open] svg path")),
  "lobby, contacts": () => until(() => document.querySelector("#contacts:not([hidden]) li")),
  settings: () => press('[data-opens="settings"]'),
  help: () => press('[data-opens="help"]'),
  "call, figures": () => press("#quality"),
  "lobby, devices": () => {
    one("#devices").toggleAttribute("open", true);
    one("#install").hidden = false;
  },
  "call, more": () => { if (getComputedStyle(one("#more")).display !== "none") press("#more"); },
};

/** @param {string} selector @returns {HTMLElement} */
function one(selector) {
  return /** @type {HTMLElement} */ (document.querySelector(selector));
}

/** @param {string} selector */
function press(selector) {
  one(selector).click();
}

/** Only what can be real in a browser. @param {Page} page */
function made({ state }) {
  const { audio, video } = state.devices;
  return {
    ...state,
    settings: { ...state.settings },
    found: [
      { kind: /** @type {const} */ ("video"), id: "1", label: LONG.slice(0, 60) },
      { kind: /** @type {const} */ ("video"), id: "2", label: "Rear camera" },
      { kind: /** @type {const} */ ("audio"), id: "3", label: LONG.slice(0, 60) },
      { kind: /** @type {const} */ ("output"), id: "4", label: "Speaker" },
    ],
    devices: {
      audio: { ...audio, track: null },
      video: { ...video, track: video.track && mine },
    },
    remoteStream: state.remoteStream && theirs,
  };
}

/** Draw a state as if nothing had been before it. @param {string} name */
async function show(name) {
  for (const dialog of document.querySelectorAll("dialog")) dialog.close();
  for (const open of document.querySelectorAll("[aria-expanded='true']:is(#attach, #react)")) press(`#${open.id}`);
  document.body.click(); // what is open of More closes
  one("#figures").hidden = true;
  one("#devices").removeAttribute("open");
  const build = STATES[name];
  if (!build) throw new Error(`there is no state ${name}`);
  const page = build();
  const state = made(page);
  if (name !== "welcome") state.settings.agreedTo = agreementTo(RULES, false);
  view.draw(state, page.nowMs, spoken);
  await PRESSED[name]?.();
  view.draw(state, page.nowMs, spoken);
  document.getAnimations().forEach((moving) => moving.cancel());
}

/** Walk through those whose names begin so. @param {boolean} isTouch @param {string} of */
async function walk(isTouch, of) {
  const found = [];
  for (const name of Object.keys(STATES).filter((each) => each.startsWith(of))) {
    await show(name);
    found.push(...faults(isTouch).map((fault) => `${name}: ${fault}`));
  }
  return found;
}

/** What is loaded when it is used. @param {() => unknown} isThere */
async function until(isThere) {
  while (!isThere()) await new Promise((resolve) => setTimeout(resolve, 10));
  await Promise.all([...document.querySelectorAll("link[rel=stylesheet]")].map((link) =>
    link.sheet || new Promise((resolve) => link.addEventListener("load", resolve))));
}

const language = new URLSearchParams(location.search).get("language") ?? "en";
const spoken = { ...await loadWords(language), locale: language };
Object.assign(window, { walk, show, states: Object.keys(STATES) });
