// @ts-check
/** One track in words. */
import * as format from "./format.js";

/**
 * @param {import("../wire/types.js").Track} track
 * @returns {[string, string][]} name and value
 */
export function detailsOf(track) {
  const { path } = track;
  const from = path.remoteAddress ?? path.remoteFamily ?? "";
  return [
    ["Codec", track.codec],
    ["SSRC", String(track.ssrc)],
    ...(track.kind === "video" ? [/** @type {[string, string]} */ (["Picture", format.picture(track)])] : []),
    ["Bit rate", format.bitrate(track.bitrateBps)],
    ["Repair", format.bitrate(track.repairBitrateBps)],
    ["Packets/s", format.count(track.packetsPerS)],
    ["Packets", format.count(track.packets)],
    ["Lost", `${format.count(track.lost)} (${format.percent(track.lossRatio)} in the last 10 s)`],
    ["Jitter", format.milliseconds(track.jitterMs)],
    ["Round trip", format.milliseconds(track.roundTripMs)],
    ["Key frames", format.count(track.keyframes)],
    ["NACK, PLI, FIR", [track.nacks, track.plis, track.firs].map(format.count).join(", ")],
    ["Last packet", track.idleS === null ? "none yet" : `${format.duration(track.idleS)} ago`],
    ["Path", [path.protocol, from].filter(Boolean).join(", ")],
    ["DTLS", format.orNothing(track.dtlsVersion)],
    ["SRTP", format.orNothing(track.srtpProfile)],
  ];
}

/** @param {import("../wire/types.js").Track} track */
export function titleOf({ kind, direction, userId }) {
  return `${kind === "video" ? "Video" : "Audio"} ${direction === "up" ? "from" : "to"} ${userId}`;
}
