// @ts-check
import { FIGURES } from "../../web/admin/wire/types.js";

/** @typedef {import("../../web/admin/wire/types.js").Track} Track */

const PATH = { protocol: "udp", localFamily: "ipv4", remoteFamily: "ipv4", localAddress: null, remoteAddress: null };
const NOTHING = /** @type {any} */ (Object.fromEntries(FIGURES.map(({ name }) => [name, 0])));

/** @param {string} id @param {Partial<Track>} [changed] @returns {Track} */
export function track(id, changed) {
  return {
    ...NOTHING,
    id, linkId: "l", userId: "ann", roomId: "r1", direction: "up", kind: "video", codec: "vp8", ssrc: 7,
    counterpartId: null, problems: [], quality: null, grade: null, leg: null, width: 640, height: 480, fps: 30, bitrateBps: 1e6, packetsPerS: 100,
    jitterMs: 3, roundTripMs: 40, packets: 1000, bytes: 1e6, keyframes: 2, plis: 1, waitsForKeyframe: false,
    idleS: 0.01, path: PATH, dtlsVersion: "DTLSv1.2", srtpProfile: "SRTP_AEAD_AES_128_GCM", overBudget: [],
    worker: null,
    node: null,
    ...changed,
  };
}
