// @ts-check
/**
 * Looks whether the camera's picture moves and whether the microphone hears anything, for as long as a
 * test takes. Nothing of either is kept.
 *
 * @typedef {import("./devices.js").Kind} Kind
 * @typedef {"black" | "still" | "moving" | "silent" | "quiet" | "heard"} Glimpse the first three of a
 *   picture; "silent": not even noise
 *
 * @typedef {{ type: "device_glimpsed", kind: Kind, glimpse: Glimpse }} GlanceEvent
 */
import { Meter } from "./meter.js";

const LOOK_EVERY_MS = 200;
/** Enough to see noise and movement, and too little to know anybody. */
const WIDTH = 32;
const HEIGHT = 24;
/** Of 255, on average. */
const BLACK = 8;
const STILL = 0.1;
/** On the meter's scale: -45 dB. */
const QUIET = 0.25;

/** The better of two comes later in this list, and is what is told. */
const BETTER = ["black", "still", "moving", "silent", "quiet", "heard"];

/** Looks at one camera and one microphone at a time. */
export class Glance {
  #onEvent;
  #meter = new Meter((level) => {
    if (this.#isLooking) this.#tell("audio", level === 0 ? "silent" : level < QUIET ? "quiet" : "heard");
  });
  #isLooking = false;
  #video = document.createElement("video");
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;
  /** @type {Uint8ClampedArray | null} */
  #last = null;
  /** @type {Partial<Record<Kind, Glimpse>>} */
  #told = {};

  /** @param {(event: GlanceEvent) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    this.#video.muted = true;
    this.#video.playsInline = true;
  }

  /** @param {Record<Kind, MediaStreamTrack | null>} tracks */
  begin({ audio, video }) {
    this.end();
    this.#told = {};
    this.#isLooking = audio !== null;
    this.#meter.follow(audio);
    if (!video) return;
    this.#video.srcObject = new MediaStream([video]);
    this.#video.play().catch((error) => console.info("The picture cannot be looked at:", error));
    this.#timer = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  end() {
    clearInterval(this.#timer);
    this.#isLooking = false;
    this.#meter.follow(null);
    this.#video.srcObject = null;
    this.#last = null;
  }

  #look() {
    if (this.#video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA) return;
    const canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
    const brush = canvas.getContext("2d");
    if (!brush) return;
    brush.drawImage(this.#video, 0, 0, WIDTH, HEIGHT);
    const { data } = brush.getImageData(0, 0, WIDTH, HEIGHT);
    if (this.#last) this.#tell("video", pictureOf(data, this.#last));
    this.#last = data;
  }

  /** @param {Kind} kind @param {Glimpse} glimpse */
  #tell(kind, glimpse) {
    const told = this.#told[kind];
    if (told && BETTER.indexOf(told) >= BETTER.indexOf(glimpse)) return;
    this.#told[kind] = glimpse;
    this.#onEvent({ type: "device_glimpsed", kind, glimpse });
  }
}

/**
 * @param {Uint8ClampedArray} now pixels: red, green, blue and opacity
 * @param {Uint8ClampedArray} before
 * @returns {"black" | "still" | "moving"}
 */
export function pictureOf(now, before) {
  let light = 0;
  let change = 0;
  for (let at = 0; at < now.length; at++) {
    if (at % 4 === 3) continue;
    light += now[at] ?? 0;
    change += Math.abs((now[at] ?? 0) - (before[at] ?? 0));
  }
  const values = (now.length * 3) / 4;
  if (change / values > STILL) return "moving";
  return light / values < BLACK ? "black" : "still";
}
