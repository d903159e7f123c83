// @ts-check
/**
 * Plays one track in an element of its own.
 *
 * Browsers hold an element back until each of its tracks has come, so a picture and a sound in one
 * would wait for each other. And the system may pause what plays, for a phone call or when picture in
 * picture is closed; nobody here ever does. So whatever stands still is played again at the next
 * chance.
 */

/** Whoever has paused it may not be done yet. */
const AGAIN_MS = 500;
/** Which of them lets a page play sound differs from browser to browser. */
const TOUCHES = ["pointerdown", "click", "keydown"];

export class Player {
  #element;
  /** @type {MediaStreamTrack | null} */
  #track = null;
  /** Whether the browser plays nothing before the user has touched the page. */
  isBlocked = false;

  /** @param {HTMLMediaElement} element */
  constructor(element) {
    this.#element = element;
    element.addEventListener("loadedmetadata", this.play);
    element.addEventListener("pause", () => setTimeout(this.play, AGAIN_MS));
    for (const touch of TOUCHES) document.addEventListener(touch, this.play, true);
    document.addEventListener("visibilitychange", this.play);
  }

  /** @param {MediaStreamTrack | null} track null: nothing is played any more */
  show(track) {
    if (track === this.#track) return;
    this.#track?.removeEventListener("unmute", this.play);
    this.#attach(track);
    this.#track = track;
    this.isBlocked = false;
    track?.addEventListener("unmute", this.play);
    this.play();
  }

  /**
   * What is shown last stays until something comes on another track, if the stream is the same.
   *
   * @param {MediaStreamTrack | null} track
   */
  #attach(track) {
    const stream = this.#element.srcObject;
    if (!track || !this.#track || !(stream instanceof MediaStream)) {
      this.#element.srcObject = track && new MediaStream([track]);
      return;
    }
    stream.removeTrack(this.#track);
    stream.addTrack(track);
  }

  /** Play on, if it stands still. */
  play = () => {
    if (this.#track?.readyState !== "live" || !this.#element.paused) return;
    this.#element.play().then(
      () => { this.isBlocked = false; },
      (error) => { this.isBlocked = error.name === "NotAllowedError"; },
    );
  };
}
