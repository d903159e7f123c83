// @ts-check
/**
 * The links of a test of the connection, one at a time, and the picture that is sent on them: the line
 * is tested without camera and microphone.
 *
 * @typedef {import("./peer.js").PeerEvent} PeerEvent
 */
import { Peer } from "./peer.js";
import { Scene } from "./scene.js";

export class Rehearsal {
  #onEvent;
  /** @type {Peer | null} */
  #peer = null;
  /** @type {Scene | null} */
  #scene = null;

  /** @param {(event: PeerEvent) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
  }

  /**
   * Another link in the place of the last one; its offer follows.
   *
   * @param {RTCIceServer[]} iceServers
   * @param {import("../machine/trial.js").Limits} limits
   */
  open(iceServers, limits) {
    this.#peer?.close();
    this.#scene ??= new Scene();
    const tracks = { audio: null, video: this.#scene.track };
    try {
      this.#peer = new Peer({ iceServers, tracks, onEvent: this.#onEvent, limits });
      this.#peer.offer();
    } catch (error) {
      console.warn("The link cannot be opened:", error);
      this.#peer = null;
      this.#onEvent({ type: "link_failed" });
    }
  }

  /** @param {string} sdp */
  takeAnswer(sdp) {
    this.#peer?.takeAnswer(sdp);
  }

  /** Send the picture, and say what comes back of it. */
  measure() {
    this.#peer?.meet();
  }

  close() {
    this.#peer?.close();
    this.#peer = null;
    this.#scene?.end();
    this.#scene = null;
  }
}
