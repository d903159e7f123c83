// @ts-check
/** A page without a browser: events in, commands out, and a clock that is set by hand. */
import { step } from "../../web/machine/machine.js";
import { DEFAULTS, initial, nextDueMs } from "../../web/machine/state.js";
import { describe, describeProblem } from "../../web/words/describe.js";
import { words as en } from "../../web/words/en.js";

/** @typedef {import("../../web/machine/types.js").Event} Event */
/** @typedef {import("../../web/machine/types.js").Command} Command */
/** @typedef {import("../../web/machine/types.js").Settings} Settings */
/** @typedef {import("../../web/media/figures.js").Figures} Figures */
/** @typedef {import("../../web/media/devices.js").Kind} Kind */

/** @type {import("../../web/wire/messages.js").Connected} */
export const GREETING = {
  type: "connected",
  iceServers: [],
  mediaMode: "relay",
  resumeToken: "token",
  startBlurred: false,
  evidence: false,
};

export const REMOTE = /** @type {MediaStream} */ ({ id: "remote" });

/** @param {string} id @returns {MediaStreamTrack} */
export function track(id) {
  return /** @type {any} */ ({ id, getSettings: () => ({ deviceId: id }) });
}

export const MICROPHONE = track("microphone");
export const CAMERA = track("camera");

/** @type {Figures} */
export const FINE = {
  rttMs: 20,
  farRttMs: 40,
  checks: null,
  packetsIn: 80,
  lossIn: 0,
  lossLately: 0,
  lossOut: 0,
  bytesReceived: 0,
  receivedBps: 900_000,
  sentBps: 900_000,
  availableOutBps: 1_000_000,
  isStrained: false,
  camera: null,
  width: 640,
  height: 480,
  framesPerS: 30,
  frozen: 0,
  concealed: 0,
  quality: 5,
  protocol: "udp",
};

/** @type {import("../../web/media/figures.js").Totals} */
export const NONE = { atMs: 0, bytesReceived: 0, bytesSent: 0, packetsReceived: 0, packetsLost: 0,
  pictures: null, picturePackets: 0, stillS: 0, frozenS: 0, samples: 0, concealed: 0, checks: null };

export class Page {
  nowMs = 1_000;
  /** @type {import("../../web/wire/messages.js").ClientMessage[]} */
  sent = [];
  /** @type {import("../../web/wire/messages.js").ClientMessage[]} */
  told = [];
  /** @type {Command[]} */
  ordered = [];
  #bytes = 0;
  rooms = 0;
  /** Whether the test after a failure runs; most stories are not about it, and nobody waits for it. */
  isTested = false;

  /** @param {Partial<Settings>} settings */
  constructor(settings = {}) {
    this.state = initial({ ...DEFAULTS, agreedTo: "the rules", ...settings });
  }

  /** @param {Event} event @returns {string[]} the commands, in short */
  on(event) {
    const { state, commands } = this.#step(event);
    this.state = state;
    const others = commands.filter((command) => !this.#isTold(command));
    for (const command of others) if (command.do === "send") this.sent.push(command.message);
    this.ordered.push(...others);
    return others.map(inShort);
  }

  /** Of how well it goes the server is told all the time, which hardly any story is about. @param {Command} command */
  #isTold(command) {
    const isTold = command.do === "send" && command.message.type === "quality_report";
    if (isTold) this.told.push(command.message);
    return isTold;
  }

  /** @param {Event} event */
  #step(event) {
    const result = step(this.state, event, this.nowMs);
    if (this.isTested || !result.state.trial?.isAutomatic) return result;
    const { state } = step(result.state, { type: "trial_closed" }, this.nowMs);
    const isOfTest = (/** @type {Command} */ command) =>
      command.do === "glance" || (command.do === "send" && command.message.type === "ping");
    return { state, commands: result.commands.filter((command) => !isOfTest(command)) };
  }

  /** @param {"start_pressed" | "next_pressed" | "stop_pressed" | "escape_pressed"
   *   | "microphone_toggled" | "camera_toggled" | "camera_switched" | "chat_toggled"
   *   | "preview_wanted" | "retry_pressed" | "page_hidden" | "page_shown" | "page_left"
   *   | "page_back" | "network_changed" | "link_failed" | "link_broken" | "link_closed"
   *   | "link_interrupted" | "link_restored" | "path_found" | "wire_connecting" | "wire_alive"
   *   | "key_struck" | "field_pressed" | "begun_taken" | "begun_dropped" | "try_now_pressed" | "text_chosen"
   *   | "show_pressed" | "report_opened" | "report_closed" | "block_pressed" | "warning_taken"
   *   | "settings_opened" | "wire_working" | "return_pressed" | "return_declined" | "trial_pressed" | "trial_opened" | "trial_closed"} type */
  do(type) {
    return this.on(/** @type {Event} */ ({ type }));
  }

  /** @param {import("../../web/wire/messages.js").ServerMessage} message */
  hear(message) {
    return this.on({ type: "message", message });
  }

  /** Let the time of the next deadline come, of those that most stories are about. */
  wait() {
    const { former, form, news, ban, ...others } = this.state.dueMs;
    const dueMs = nextDueMs({ ...this.state, dueMs: others });
    return this.#waitUntil(dueMs);
  }

  /** @param {keyof import("../../web/machine/types.js").DueMs} name */
  waitFor(name) {
    return this.#waitUntil(this.state.dueMs[name] ?? null);
  }

  /** @param {number | null} dueMs */
  #waitUntil(dueMs) {
    if (dueMs === null) throw new Error("nothing is due");
    const waitedMs = dueMs - this.nowMs;
    this.nowMs = dueMs;
    return { waitedMs, commands: this.on({ type: "time_passed" }) };
  }

  /**
   * Seconds go by, each with figures of the line, and with deadlines that are due.
   *
   * @param {number} seconds
   * @param {Partial<Figures>} figures
   * @param {boolean} arrives whether anything comes of the partner
   */
  measure(seconds, figures = {}, arrives = true) {
    const commands = [];
    for (let second = 0; second < seconds; second++) {
      this.nowMs += 1_000;
      if (arrives) this.#bytes += 1_000;
      const measured = { ...FINE, bytesReceived: this.#bytes, ...figures };
      commands.push(...this.on({ type: "figures_measured", figures: measured, totals: NONE }));
      const dueMs = nextDueMs(this.state);
      if (dueMs !== null && dueMs <= this.nowMs) commands.push(...this.on({ type: "time_passed" }));
    }
    return commands;
  }

  /** The words for the user, as one line. */
  get says() {
    const problem = this.state.isStarted ? null : describeProblem(this.state, en);
    if (problem) return `${problem.headline} | ${problem.detail}`;
    const { notice, headline, detail, ticker } = describe(this.state, this.nowMs, en);
    return [notice, headline, detail, ticker].filter(Boolean).join(" | ");
  }

  /** @param {"relay" | "direct"} mediaMode */
  connect(mediaMode = "relay") {
    return this.hear({ ...GREETING, mediaMode });
  }

  /** The socket is lost, and nobody is told. */
  away() {
    return this.on({ type: "wire_away" });
  }

  /** It is lost for longer, and the person is told. @param {boolean} isResumable */
  lost(isResumable = true) {
    return this.on({ type: "wire_lost", retryAtMs: this.nowMs + 3_000, isResumable });
  }

  /** The session goes on. @param {string} state @param {RTCIceServer[]} iceServers */
  resumed(state = "in_call", iceServers = []) {
    return this.on({ type: "wire_resumed", state, roomId: "room", server: { ...GREETING, iceServers } });
  }

  /** @param {string} code @param {number | null} retryAfterMs @param {string | null} id */
  error(code, retryAfterMs = null, id = null) {
    return this.hear({ type: "error", code, message: `It says ${code}.`, retryAfterMs, id });
  }

  /** The browser gives what was asked for. */
  devicesOpened() {
    return [...this.opened("audio", MICROPHONE), ...this.opened("video", CAMERA)];
  }

  /** @param {Kind} kind @param {MediaStreamTrack} given */
  opened(kind, given) {
    return this.on({ type: "device_opened", kind, track: given });
  }

  /** @param {Kind} kind @param {import("../../web/media/devices.js").DeviceProblem} problem */
  failed(kind, problem) {
    return this.on({ type: "device_failed", kind, problem });
  }

  /** @param {boolean} isInitiator @param {string[]} sharedInterests */
  meet(isInitiator = false, sharedInterests = []) {
    return this.meetIn(`room ${this.rooms += 1}`, { isInitiator, sharedInterests });
  }

  /** @param {string} roomId @param {Partial<import("../../web/wire/messages.js").PartnerFound>} message */
  meetIn(roomId, message = {}) {
    const plain = { isInitiator: false, sharedInterests: [], blurred: false };
    return this.hear({ type: "partner_found", roomId, ...plain, ...message });
  }

  arrive() {
    this.on({ type: "media_arrived", kind: "audio" });
    return this.on({ type: "media_arrived", kind: "video" });
  }

  offerMade() {
    return this.on({ type: "link_described", description: { type: "offer", sdp: "mine" } });
  }

  /** @param {"relay" | "direct"} mediaMode @param {Partial<Settings>} settings */
  static searching(mediaMode = "relay", settings = {}) {
    const page = new Page(settings);
    page.connect(mediaMode);
    page.do("start_pressed");
    page.devicesOpened();
    if (mediaMode === "relay") {
      page.offerMade();
      page.hear({ type: "webrtc_answer", sdp: "the relay's" });
      page.on({ type: "stream_arrived", stream: REMOTE });
      page.do("link_restored");
    }
    page.hear({ type: "waiting_for_partner", online: 3 });
    return page;
  }

  /** @param {"relay" | "direct"} mediaMode @param {Partial<Settings>} settings */
  static inCall(mediaMode = "relay", settings = {}) {
    const page = Page.searching(mediaMode, settings);
    page.meet();
    page.arrive();
    page.sent = [];
    return page;
  }
}

/** @param {Command} command */
function inShort(command) {
  switch (command.do) {
    case "send": return `> ${command.message.type}`;
    case "open_devices": return `open ${command.kinds.join(" and ")}`;
    case "close_device": return `close ${command.kind}`;
    case "use_track": return `send ${command.track ? command.track.id : `no ${command.kind}`}`;
    case "enable_microphone": return command.enabled ? "unmute" : "mute";
    case "pause_video": return command.paused ? "pause video" : "resume video";
    default: return command.do;
  }
}
