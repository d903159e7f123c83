// @ts-check
/** One track in words. */
import { FIGURES } from "../wire/types.js";
import * as format from "./format.js";
import { nameOf } from "./people.js";

/** Figures that are told in other words. @type {readonly string[]} */
const IN_WORDS = ["width", "height", "fps", "idleS"];

/**
 * @param {import("../wire/types.js").Track} track
 * @returns {[string, string][]} name and value
 */
export function detailsOf(track) {
  const { path } = track;
  const figures = FIGURES.filter(({ name }) => !IN_WORDS.includes(name));
  return [
    ["Codec", track.codec],
    ["SSRC", String(track.ssrc)],
    ...(track.kind === "video" ? [/** @type {[string, string]} */ (["Picture", format.picture(track)])] : []),
    ...figures.map(({ name, title }) => /** @type {[string, string]} */ ([title, format.figure(name, track[name])])),
    ...(track.direction === "up" ? [] : [/** @type {[string, string]} */ (["Quality", qualityOf(track)])]),
    ["Last packet", track.idleS === null ? "none yet" : `${format.duration(track.idleS)} ago`],
    ["Path", [path.protocol, path.remoteFamily, path.remoteAddress].filter(Boolean).join(", ")],
    ["DTLS", format.orNothing(track.dtlsVersion)],
    ["SRTP", format.orNothing(track.srtpProfile)],
    ...(track.worker === null ? [] : [/** @type {[string, string]} */ (["Worker", String(track.worker)])]),
  ];
}

/** @param {import("../wire/types.js").Track} track */
function qualityOf({ quality, leg }) {
  return leg ? `${format.quality(quality)}, ${format.legOf(leg)}` : format.quality(quality);
}

/** @param {import("../wire/types.js").Track} track */
export function titleOf({ kind, direction, userId }) {
  return `${kind === "video" ? "Video" : "Audio"} ${direction === "up" ? "from" : "to"} ${nameOf(userId)}`;
}
