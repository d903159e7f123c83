// @ts-check
/** How loud the microphone is, while the user looks at it. */

const FLOOR_DB = -60;

/** Measures one track at a time. */
export class Meter {
  #onLevel;
  /** @type {AudioContext | null} */
  #context = null;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  #frame = 0;

  /** @param {(level: number) => void} onLevel 0 (silence) to 1, some times a second */
  constructor(onLevel) {
    this.#onLevel = onLevel;
    // Some browsers let a page listen only after the user has touched it.
    document.addEventListener("pointerdown", () => {
      if (this.#context?.state === "suspended") this.#context.resume().catch(() => {});
    });
  }

  /** @param {MediaStreamTrack | null} track null: nothing is measured any more */
  follow(track) {
    if (track === this.#track) return;
    this.#stop();
    this.#track = track;
    if (track) this.#start(track);
    else this.#onLevel(0);
  }

  /** @param {MediaStreamTrack} track */
  #start(track) {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 1024;
    context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    this.#context = context;
    if (context.state === "suspended") context.resume().catch(() => {});
    const samples = new Float32Array(analyser.fftSize);
    const look = () => {
      analyser.getFloatTimeDomainData(samples);
      this.#onLevel(track.enabled ? levelOf(samples) : 0);
      this.#frame = requestAnimationFrame(look);
    };
    look();
  }

  #stop() {
    cancelAnimationFrame(this.#frame);
    this.#context?.close().catch(() => {});
    this.#context = null;
  }
}

/**
 * On a scale of decibels, as ears hear.
 *
 * @param {Float32Array} samples -1 to 1
 * @returns {number} 0 to 1
 */
export function levelOf(samples) {
  const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
  const db = 10 * Math.log10(power + 1e-12);
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}
