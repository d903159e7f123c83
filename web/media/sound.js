// @ts-check
/**
 * Our sound on its way out: what of it is lost can be asked for again, and while much is lost each packet
 * has the one before with it (RED, RFC 2198).
 *
 * The former has to stand in the browser's offer, which it does not by itself. Which format is sent, the order
 * in an answer says; so the browser is given the same one anew, in the other order, and nobody else hears of it.
 *
 * @typedef {Record<string, any>} Report one of the browser's statistics objects
 */

import { highest } from "./figures.js";

/** Part of what we send that is lost, on any of the ways to the partner. */
const FROM_LOSS = 0.04;
/** A narrow line loses what is too much for it, and RED takes 35 kbit/s more. It has a queue; a low estimate alone
 * may come of the losses. */
const NARROW = { bps: 100_000, queueS: 0.2 };
/** For so long after the last loss: what RED repairs is not always told as lost. A narrow line stays so as long. */
const GUARDED_MS = 30_000;

export class Sound {
  #pc;
  /** What the other side has answered to our last offer; empty: nothing that would still hold. */
  #answer = "";
  #guardedUntilMs = -Infinity;
  #narrowUntilMs = -Infinity;
  #leastRoundTripS = Infinity;
  #isGuarded = false;
  #sent = 0;
  #repeated = 0;

  /** @param {RTCPeerConnection} pc */
  constructor(pc) {
    this.#pc = pc;
  }

  /** Make an offer. */
  async offer() {
    const { sdp = "" } = await this.#pc.createOffer();
    try {
      await this.#pc.setLocalDescription({ type: "offer", sdp: repeatable(sdp) });
    } catch (error) {
      console.info("The browser offers its sound as it is:", error);
      await this.#pc.setLocalDescription({ type: "offer", sdp });
    }
  }

  /**
   * Take the answer to our offer.
   *
   * @param {string} sdp
   */
  async take(sdp) {
    await this.#pc.setRemoteDescription({ type: "answer", sdp: ordered(sdp, this.#isGuarded) });
    this.#answer = sdp;
  }

  /** The other side has made an offer, so what it answered before holds no longer. */
  forget() {
    this.#answer = "";
  }

  /**
   * Guard our sound while much is lost.
   *
   * @param {Report[]} reports of the link, about once a second
   * @param {number} nowMs
   */
  async follow(reports, nowMs) {
    if (this.#lossOf(reports) >= FROM_LOSS) this.#guardedUntilMs = nowMs + GUARDED_MS;
    if (this.#isNarrow(reports)) this.#narrowUntilMs = nowMs + GUARDED_MS;
    await this.#guard(nowMs < this.#guardedUntilMs && nowMs >= this.#narrowUntilMs);
  }

  /** @param {Report[]} reports */
  #isNarrow(reports) {
    const roundTripS = highest(reports.map(({ roundTripTime }) => roundTripTime)) ?? 0;
    if (roundTripS > 0) this.#leastRoundTripS = Math.min(this.#leastRoundTripS, roundTripS);
    const bears = highest(reports.map(({ availableOutgoingBitrate }) => availableOutgoingBitrate)) ?? Infinity;
    return bears < NARROW.bps && roundTripS - this.#leastRoundTripS >= NARROW.queueS;
  }

  /** @param {Report[]} reports */
  #lossOf(reports) {
    const sound = reports.filter(({ type, kind }) => type === "outbound-rtp" && kind === "audio");
    const sent = highest(sound.map(({ packetsSent }) => packetsSent)) ?? 0;
    const repeated = highest(sound.map(({ retransmittedPacketsSent }) => retransmittedPacketsSent)) ?? 0;
    const asked = sent > this.#sent ? (repeated - this.#repeated) / (sent - this.#sent) : 0;
    [this.#sent, this.#repeated] = [sent, repeated];
    const remote = reports.filter(({ type }) => type === "remote-inbound-rtp");
    return Math.max(asked, highest(remote.map(({ fractionLost }) => fractionLost)) ?? 0);
  }

  /** @param {boolean} isGuarded */
  async #guard(isGuarded) {
    const answer = ordered(this.#answer, isGuarded);
    const isKnown = isGuarded === this.#isGuarded || answer === ordered(this.#answer, !isGuarded);
    if (isKnown || this.#pc.signalingState !== "stable") return; // while an answer is to come, later
    try {
      await this.offer();
      await this.#pc.setRemoteDescription({ type: "answer", sdp: answer });
      this.#isGuarded = isGuarded;
    } catch (error) {
      console.info("The sound stays as it is:", error);
      if (this.#pc.signalingState !== "stable") await this.#pc.setLocalDescription({ type: "rollback" });
    }
  }
}

/**
 * An offer in which what is lost of Opus can be asked for (RFC 4585), where the browser gives feedback about it
 * at all.
 *
 * @param {string} sdp
 */
export function repeatable(sdp) {
  const opus = /^a=rtpmap:(\d+) opus\/48000/m.exec(sdp)?.[1];
  const line = `a=rtcp-fb:${opus} nack\r\n`;
  return sdp.includes(line) ? sdp : sdp.replace(`a=rtcp-fb:${opus} transport-cc\r\n`, (found) => found + line);
}

/**
 * An answer whose first format of sound is RED, if it has that, or is not.
 *
 * @param {string} sdp
 * @param {boolean} isRedFirst
 */
export function ordered(sdp, isRedFirst) {
  const [, red, opus] = /^a=fmtp:(\d+) (\d+)\/\2/m.exec(sdp) ?? [];
  if (!red || !opus) return sdp;
  const [first, second] = isRedFirst ? [red, opus] : [opus, red];
  return sdp.replace(/^(m=audio \S+ \S+)((?: \d+)+)/m, (_, head, formats) => {
    const others = formats.trim().split(" ").filter((/** @type {string} */ each) => each !== red && each !== opus);
    return [head, first, second, ...others].join(" ");
  });
}
