// @ts-check
/**
 * The link: one RTCPeerConnection, to the relay or (in `direct` mode) to the partner.
 *
 * What is asked of it is done in order, one thing after the other. Whatever cannot be done ends the
 * link with `link_failed`; after `close()` it says nothing more. One that takes another's place shows
 * nothing before media comes on it: the other's last picture stays until then.
 *
 * @typedef {import("./devices.js").Kind} Kind
 *
 * @typedef {{ type: "link_described", description: { type: "offer" | "answer", sdp: string } }
 *   | { type: "candidate_found", candidate: RTCIceCandidateInit | null }
 *   | { type: "path_found" } | { type: "way_found", protocol: string, isRelayed: boolean }
 *   | { type: "link_interrupted" } | { type: "link_broken" } | { type: "link_restored" }
 *   | { type: "link_failed" } | { type: "link_closed" }
 *   | { type: "link_reported", report: import("./report.js").Report }
 *   | { type: "stream_arrived", stream: MediaStream }
 *   | { type: "media_arrived", kind: Kind }
 *   | ({ type: "figures_measured" } & ReturnType<typeof measure>)} PeerEvent
 */
import { Buffer } from "./buffer.js";
import { kindOf } from "./devices.js";
import { encode } from "./encoding.js";
import { countOf, measure, wayOf } from "./figures.js";
import { Reporter } from "./report.js";
import { Sound } from "./sound.js";

/** How often to look whether the partner's picture and sound are there. */
const LOOK_EVERY_MS = 50;
/** What has not come by then may be switched on at any time. */
const LOOK_OFTEN_FOR_MS = 10_000;
const LOOK_SELDOM_EVERY_MS = 500;
/** So long after a partner came, nothing is left to be decoded of the one before. */
const LEFTOVERS_MS = 500;
const MEASURE_EVERY_MS = 1_000;
/** So many of the last are looked back upon. */
const MEASURES = 5;

/** One link; it sends nothing until `meet()`. */
export class Peer {
  #pc;
  #sound;
  #buffer = new Buffer();
  #onEvent;
  #reporter;
  #limits;
  /** The link in whose place this one is, while its last picture is shown. @type {Peer | null} */
  #former;
  /** @type {Record<Kind, MediaStreamTrack | null>} */
  #tracks;
  #closed = false;
  #paused = true;
  #remote = new MediaStream();
  /** @type {Promise<void>} */
  #work = Promise.resolve();
  /** Candidates that came before the description they belong to. @type {RTCIceCandidateInit[]} */
  #early = [];
  /** What had come when the last partner went; the next one's picture begins with a keyframe. */
  #before = { audio: 0, video: 0 };
  /** Pictures decoded when none of the last partner's were left: for a keyframe counted as theirs. */
  #leftovers = Infinity;
  /** What of the present partner has not come yet. @type {Set<Kind>} */
  #awaited = new Set();
  #metAtMs = 0;
  #isVideoPaused = false;
  /** @type {import("./size.js").Fit | null} */
  #fit = null;
  /** @type {import("./figures.js").Totals[]} */
  #past = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #lookTimer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #measureTimer;

  /**
   * @param {object} options
   * @param {RTCIceServer[]} options.iceServers
   * @param {Record<Kind, MediaStreamTrack | null>} options.tracks what to send
   * @param {(event: PeerEvent) => void} options.onEvent
   * @param {Peer | null} [options.former] one that is dead, and in whose place this one is
   * @param {import("../machine/trial.js").Limits | null} [options.limits]
   */
  constructor({ iceServers, tracks, onEvent, former = null, limits = null }) {
    this.#onEvent = onEvent;
    this.#former = former ? former.#retire() : null;
    this.#limits = limits;
    this.#pc = new RTCPeerConnection({ iceServers, bundlePolicy: "max-bundle", ...limits?.paths });
    this.#sound = new Sound(this.#pc);
    this.#pc.ontrack = (event) => this.#receive(event.track);
    this.#pc.onicecandidate = ({ candidate }) =>
      this.#emit({ type: "candidate_found", candidate: candidate ? candidate.toJSON() : null });
    this.#pc.onconnectionstatechange = () => this.#follow(this.#pc.connectionState);
    this.#pc.oniceconnectionstatechange = () => this.#followPaths(this.#pc.iceConnectionState);
    this.#reporter = new Reporter(this.#pc, (report) => this.#emit({ type: "link_reported", report }),
      limits?.reportAfterMs);
    this.#tracks = { ...tracks };
  }

  /** Make an offer; `link_described` gives it. */
  offer() {
    this.#do(async () => {
      this.#addSections();
      await this.#sound.offer();
      this.#describe();
    });
  }

  /** Offer again, to find new paths; what is sent and received stays. */
  restart() {
    this.#do(async () => this.#pc.restartIce()); // not before: another offer may be under way
    this.offer();
  }

  /**
   * Use these from the next `restart()` on.
   *
   * @param {RTCIceServer[]} iceServers
   */
  useServers(iceServers) {
    try {
      this.#pc.setConfiguration({ ...this.#pc.getConfiguration(), iceServers });
    } catch (error) {
      console.warn("The link cannot use other servers:", error); // Firefox before 119
      this.#emit({ type: "link_failed" });
    }
  }

  /**
   * Take an offer and answer it; `link_described` gives the answer.
   *
   * @param {string} sdp
   */
  takeOffer(sdp) {
    this.#do(async () => {
      await this.#pc.setRemoteDescription({ type: "offer", sdp });
      this.#sound.forget();
      await this.#takeEarly();
      await this.#fillSections();
      await this.#pc.setLocalDescription(await this.#pc.createAnswer());
      this.#describe();
    });
  }

  /**
   * Take the answer to our offer.
   *
   * @param {string} sdp
   */
  takeAnswer(sdp) {
    this.#do(() => this.#sound.take(sdp));
    this.#do(() => this.#takeEarly());
  }

  /**
   * Take a candidate of the other side; it may come before the description.
   *
   * @param {RTCIceCandidateInit | null} candidate null: there are no more
   */
  takeCandidate(candidate) {
    this.#do(async () => {
      if (!candidate) return;
      if (this.#pc.remoteDescription) await this.#pc.addIceCandidate(candidate);
      else this.#early.push(candidate);
    });
  }

  /**
   * Send this instead of what was sent; nothing is negotiated.
   *
   * @param {Kind} kind
   * @param {MediaStreamTrack | null} track
   */
  useTrack(kind, track) {
    this.#tracks[kind] = track;
    this.#do(async () => {
      await this.#transceiver(kind)?.sender.replaceTrack(track);
    });
  }

  /** @param {boolean} paused whether only sound is sent */
  pauseVideo(paused) {
    this.#isVideoPaused = paused;
    this.#shape();
  }

  /** @param {import("./size.js").Fit} fit how large the picture is sent from now on */
  fitVideo(fit) {
    this.#fit = fit;
    this.#shape();
  }

  /** A partner is there: send, and say `media_arrived` when theirs comes. */
  meet() {
    this.#paused = false;
    this.#shape();
    this.#metAtMs = performance.now();
    this.#leftovers = Infinity;
    this.#awaited = new Set(["audio", "video"]);
    this.#lookSoon();
    clearInterval(this.#measureTimer);
    this.#measureTimer = setInterval(() => this.#do(() => this.#measure()), MEASURE_EVERY_MS);
  }

  /** The partner is gone: send nothing until the next one. */
  part() {
    this.#paused = true;
    const before = this.#count(); // at once and not in its turn: the next partner may come any moment
    this.#shape();
    this.#stopTimers();
    this.#takeOver();
    this.#do(async () => {
      this.#before = await before;
    });
  }

  /** End the link. */
  close() {
    this.#fallSilent();
    this.#former?.close();
    this.#pc.close();
  }

  /**
   * Say and send nothing any more; what has come stays to be seen until `close()`.
   *
   * @returns {Peer} the one whose picture is seen: nothing may have come on this one
   */
  #retire() {
    const shown = this.#former ?? this;
    this.#former = null;
    this.#fallSilent();
    for (const sender of this.#pc.getSenders()) void sender.replaceTrack(null);
    if (shown !== this) this.#pc.close();
    return shown;
  }

  #fallSilent() {
    this.#closed = true;
    this.#reporter.stop();
    this.#stopTimers();
  }

  /** Show what comes here. */
  #takeOver() {
    if (!this.#former) return;
    if (this.#remote.getTracks().length) this.#emit({ type: "stream_arrived", stream: this.#remote });
    this.#former.close();
    this.#former = null;
  }

  /** @param {PeerEvent} event */
  #emit(event) {
    if (!this.#closed) this.#onEvent(event);
  }

  /** @param {() => Promise<void>} step */
  #do(step) {
    this.#work = this.#work.then(async () => {
      if (this.#closed) return;
      try {
        await step();
      } catch (error) {
        if (this.#closed) return;
        console.warn("The link failed:", error);
        this.#emit({ type: "link_failed" });
      }
    });
  }

  #describe() {
    const description = this.#pc.localDescription;
    if (description?.type !== "offer" && description?.type !== "answer") return;
    const { type, sdp } = description;
    this.#emit({ type: "link_described", description: { type, sdp } });
  }

  /** Both are always there, so that a device that comes later needs no negotiation. */
  #addSections() {
    if (this.#pc.getTransceivers().length) return;
    for (const kind of /** @type {const} */ (["audio", "video"])) {
      const sendEncodings = [{ active: this.#isActive(kind), ...this.#limits?.encoding }];
      this.#pc.addTransceiver(this.#tracks[kind] ?? kind, { sendEncodings });
    }
  }

  /** The sections of an offer only receive until they are told otherwise. */
  async #fillSections() {
    for (const transceiver of this.#pc.getTransceivers()) {
      transceiver.direction = "sendrecv";
      await transceiver.sender.replaceTrack(this.#tracks[kindOf(transceiver)]);
    }
    this.#shape();
  }

  async #takeEarly() {
    for (const candidate of this.#early.splice(0)) await this.#pc.addIceCandidate(candidate);
  }

  /** @param {MediaStreamTrack} track */
  #receive(track) {
    this.#remote.addTrack(track);
    if (!this.#former) this.#emit({ type: "stream_arrived", stream: this.#remote });
  }

  /** @param {RTCPeerConnectionState} state */
  #follow(state) {
    const transport = this.#pc.getSenders()[0]?.transport;
    if (state === "disconnected") this.#emit({ type: "link_interrupted" });
    if (state === "connected") {
      this.#emit({ type: "link_restored" });
      this.#do(() => this.#findWay());
    }
    if (state === "failed") {
      // Paths can be sought anew; a handshake that has failed cannot be repeated.
      const isHandshake = transport?.state === "failed";
      this.#emit({ type: isHandshake ? "link_failed" : "link_broken" });
    }
    if (!transport) return;
    // The other side's goodbye (close_notify) shows here and not in connectionState.
    transport.onstatechange = () => {
      if (transport.state === "closed") this.#emit({ type: "link_closed" });
    };
  }

  /** @param {RTCIceConnectionState} state */
  #followPaths(state) {
    if (state === "connected" || state === "completed") this.#emit({ type: "path_found" });
  }

  async #findWay() {
    const way = wayOf((await this.#pc.getStats()).values());
    if (way) this.#emit({ type: "way_found", ...way });
  }

  /**
   * Pausing keeps the browser's bandwidth estimate, which falls to the bottom when it sends to
   * nobody, and starts again with a keyframe.
   */
  #shape() {
    for (const transceiver of this.#pc.getTransceivers()) {
      this.#do(() => {
        const kind = kindOf(transceiver);
        return encode(transceiver.sender, this.#isActive(kind), kind === "video" ? this.#fit : null);
      });
    }
  }

  /** @param {Kind} kind */
  #isActive(kind) {
    return !this.#paused && !(kind === "video" && this.#isVideoPaused);
  }

  #lookSoon() {
    clearTimeout(this.#lookTimer);
    const isFresh = performance.now() - this.#metAtMs < LOOK_OFTEN_FOR_MS;
    const delayMs = isFresh ? LOOK_EVERY_MS : LOOK_SELDOM_EVERY_MS;
    this.#lookTimer = setTimeout(() => this.#do(() => this.#look()), delayMs);
  }

  async #look() {
    const count = await this.#count();
    if (this.#paused) return;
    const isNew = {
      audio: count.audio > this.#before.audio,
      video: count.video > this.#before.video || count.pictures > this.#leftovers,
    };
    const isSettled = performance.now() - this.#metAtMs >= LEFTOVERS_MS;
    if (isSettled && this.#leftovers === Infinity) this.#leftovers = count.pictures;
    if (isNew.video || (isNew.audio && isSettled)) this.#takeOver();
    for (const kind of this.#awaited) {
      if (!isNew[kind]) continue;
      this.#awaited.delete(kind);
      this.#emit({ type: "media_arrived", kind });
    }
    if (this.#awaited.size) this.#lookSoon();
  }

  async #count() {
    const reports = await Promise.all(this.#pc.getReceivers().map((receiver) => receiver.getStats()));
    return countOf(reports.flatMap((report) => [...report.values()]));
  }

  async #measure() {
    const reports = [...(await this.#pc.getStats()).values()];
    if (this.#paused) return;
    const nowMs = performance.now();
    await this.#sound.follow(reports, nowMs);
    const { figures, totals } = measure(reports, this.#past);
    this.#past = [...this.#past.slice(1 - MEASURES), totals];
    this.#buffer.follow(this.#transceiver("video")?.receiver, reports, figures.farRttMs, nowMs);
    this.#emit({ type: "figures_measured", figures, totals });
  }

  /** @param {Kind} kind */
  #transceiver(kind) {
    return this.#pc.getTransceivers().find((transceiver) => kindOf(transceiver) === kind);
  }

  #stopTimers() {
    clearTimeout(this.#lookTimer);
    clearInterval(this.#measureTimer);
    this.#past = [];
  }
}
