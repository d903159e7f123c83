// @ts-check
/**
 * A picture to test a line with: it needs no camera, shows nobody, and changes so much that it fills
 * the line as far as it may.
 */

const WIDTH = 320;
const HEIGHT = 240;
const FRAMES_PER_S = 15;
/** In pixels; smaller ones would be smoothed away. */
const SQUARE = 5;

/** One picture, which moves until `end()`. */
export class Scene {
  #canvas = Object.assign(document.createElement("canvas"), { width: WIDTH, height: HEIGHT });
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

  #draw() {
    const brush = this.#canvas.getContext("2d");
    if (!brush) return;
    for (let x = 0; x < WIDTH; x += SQUARE) {
      for (let y = 0; y < HEIGHT; y += SQUARE) {
        brush.fillStyle = `hsl(${Math.random() * 360} 50% ${20 + Math.random() * 60}%)`;
        brush.fillRect(x, y, SQUARE, SQUARE);
      }
    }
  }
}
