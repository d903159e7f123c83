// @ts-check
/**
 * A picture to test a line with: it needs no camera, shows nobody, and changes so much that it fills
 * the line as far as it may.
 */

const WIDTH = 320;
const HEIGHT = 240;
const FRAMES_PER_S = 15;
/** In pixels; smaller ones would be smoothed away. */
const SQUARE = 4;
/** Pixels are four bytes in one number, of which the first in memory is red; opacity is the last. */
const OPAQUE = 0xff000000;

/** One picture, which moves until `end()`. */
export class Scene {
  #canvas = canvas(WIDTH, HEIGHT);
  #small = canvas(WIDTH / SQUARE, HEIGHT / SQUARE);
  #timer;
  /** @type {MediaStreamTrack | null} */
  track;

  constructor() {
    this.#draw();
    this.track = this.#canvas.captureStream(FRAMES_PER_S).getVideoTracks()[0] ?? null;
    this.#timer = setInterval(() => this.#draw(), 1_000 / FRAMES_PER_S);
  }

  end() {
    clearInterval(this.#timer);
    this.track?.stop();
    this.track = null;
  }

  /** Squares of any colour: drawn small and then enlarged, since that costs next to nothing. */
  #draw() {
    const brush = this.#canvas.getContext("2d");
    const fine = this.#small.getContext("2d");
    if (!brush || !fine) return;
    const picture = fine.createImageData(this.#small.width, this.#small.height);
    const pixels = new Uint32Array(picture.data.buffer);
    for (let at = 0; at < pixels.length; at++) pixels[at] = OPAQUE | (Math.random() * 0x1000000);
    fine.putImageData(picture, 0, 0);
    brush.imageSmoothingEnabled = false;
    brush.drawImage(this.#small, 0, 0, WIDTH, HEIGHT);
  }
}

/** @param {number} width @param {number} height */
function canvas(width, height) {
  return Object.assign(document.createElement("canvas"), { width, height });
}
