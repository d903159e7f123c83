// @ts-check
/**
 * How long the partner's picture waits before it is shown: while much is lost, for as long as a repeat may take.
 * By itself a browser waits longer only when it has stood still. The sound keeps step.
 *
 * @typedef {Record<string, any>} Report one of the browser's statistics objects
 */

/** Requests for each packet that came: about the part that is lost. */
const FROM_LOSS = 0.05;
const WEIGHT = 0.2;
/** Besides the round trip: to notice that something is missing, and for some of it to be asked for twice. */
const NOTICE_MS = 200;
const LONGEST_MS = 500;
/** After the last loss: each change is seen. */
const KEPT_MS = 30_000;

export class Buffer {
  #asked = 0;
  #came = 0;
  #loss = 0;
  #untilMs = -Infinity;

  /**
   * @param {RTCRtpReceiver | undefined} receiver of the picture
   * @param {Report[]} reports of the link, about once a second
   * @param {number | null} farRttMs there and back, up to the partner
   * @param {number} nowMs
   */
  follow(receiver, reports, farRttMs, nowMs) {
    if (!receiver || !("jitterBufferTarget" in receiver)) return;
    const video = reports.find(({ type, kind }) => type === "inbound-rtp" && kind === "video");
    const [asked, came] = [video?.["nackCount"] ?? 0, video?.["packetsReceived"] ?? 0];
    const lost = came > this.#came ? (asked - this.#asked) / (came - this.#came) : 0;
    [this.#asked, this.#came] = [asked, came];
    this.#loss += WEIGHT * (Math.min(1, Math.max(0, lost)) - this.#loss);
    if (this.#loss >= FROM_LOSS) this.#untilMs = nowMs + KEPT_MS;
    const waitsMs = Math.min(LONGEST_MS, NOTICE_MS + Math.round(farRttMs ?? 0));
    if (nowMs >= this.#untilMs) receiver.jitterBufferTarget = null;
    else if (waitsMs > (receiver.jitterBufferTarget ?? 0)) receiver.jitterBufferTarget = waitsMs;
  }
}
