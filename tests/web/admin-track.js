// @ts-check
/** @typedef {import("../../web/admin/wire/types.js").Track} Track */

const PATH = { protocol: "udp", localFamily: "ipv4", remoteFamily: "ipv4", localAddress: null, remoteAddress: null };

/** @param {string} id @param {Partial<Track>} [changed] @returns {Track} */
export function track(id, changed) {
  return {
    id, linkId: "l", userId: "ann", roomId: "r1", direction: "up", kind: "video", codec: "vp8", ssrc: 7,
    counterpartId: null, problems: [], width: 640, height: 480, fps: 30, bitrateBps: 1e6,
    repairBitrateBps: 0, packetsPerS: 100, lossRatio: 0, jitterMs: 3, roundTripMs: 40, packets: 1000,
    bytes: 1e6, repairPackets: 0, lost: 0, keyframes: 2, nacks: 0, plis: 1, firs: 0,
    waitsForKeyframe: false, idleS: 0.01, path: PATH,
    dtlsVersion: "DTLSv1.2", srtpProfile: "SRTP_AEAD_AES_128_GCM", ...changed,
  };
}
