// @ts-check
/**
 * Plain figures about how the media travels, from the browser's statistics.
 *
 * @typedef {object} Figures null: not known
 * @property {number | null} rttMs there and back, up to the other end of the link
 * @property {number | null} farRttMs there and back, up to the partner
 * @property {{ sent: number, answered: number } | null} checks of the path, since the last time
 * @property {number | null} packetsIn how many were sent to us since the last time, lost or not
 * @property {number | null} lossIn part of what was sent to us that was lost, 0 to 1
 * @property {number | null} lossOut part of what we sent that was lost, as the partner reports it
 * @property {number | null} pictureLoss the same of our picture alone, of which they report each second
 * @property {number} bytesReceived since the link was opened
 * @property {number | null} receivedBps
 * @property {number | null} sentBps
 * @property {number | null} availableOutBps what congestion control thinks the way out bears
 * @property {boolean} isStrained our machine is too slow for the picture that we send
 * @property {import("./size.js").Size | null} camera how large its pictures are, before they are made smaller
 * @property {number | null} width of the partner's picture, in pixels
 * @property {number | null} height
 * @property {number | null} framesPerS of the partner's picture
 * @property {number | null} lossLately the same as `lossIn`, of the last five seconds
 * @property {number | null} frozen part of the last five seconds in which their picture stood still
 * @property {number | null} concealed part of their sound that was made up in that time
 * @property {number} quality what that comes to, from 1 to 5
 * @property {string | null} protocol "udp", "tcp" or "tls"
 *
 * @typedef {object} Totals what two measurements are compared by
 * @property {number} atMs
 * @property {number} bytesReceived
 * @property {number} bytesSent
 * @property {number} packetsReceived
 * @property {number} packetsLost
 * @property {number | null} pictures of theirs that were decoded
 * @property {number} picturePackets
 * @property {number} stillS for how long none was, though packets came
 * @property {number} frozenS the same as the browser counts it, when it is over
 * @property {number} samples of their sound
 * @property {number} concealed those of them that were made up, but for silence
 * @property {{ pair: string, sent: number, answered: number } | null} checks of the path that is in use;
 *   null: the browser does not count them
 *
 * @typedef {Record<string, any>} Report one of the browser's statistics objects
 */

import { quality } from "./quality.js";

/** Fewer pictures a second are no film; how many were sent is not known. */
const FILM_FPS = 8;

/**
 * @param {Iterable<Report>} reports of an RTCPeerConnection
 * @param {readonly Totals[]} past those of the last five times
 * @returns {{ figures: Figures, totals: Totals }}
 */
export function measure(reports, past) {
  const before = past.at(-1) ?? null;
  const all = [...reports];
  const inbound = all.filter(({ type }) => type === "inbound-rtp");
  const outbound = all.filter(({ type }) => type === "outbound-rtp");
  const remote = all.filter(({ type }) => type === "remote-inbound-rtp");
  const video = inbound.find(({ kind }) => kind === "video");
  const path = selectedPair(all);
  const totals = {
    atMs: Math.max(0, ...all.map(({ timestamp }) => timestamp ?? 0)),
    bytesReceived: sum(inbound, "bytesReceived"),
    bytesSent: sum(outbound, "bytesSent"),
    packetsReceived: sum(inbound, "packetsReceived"),
    packetsLost: sum(inbound, "packetsLost"),
    pictures: video?.["framesDecoded"] ?? null,
    picturePackets: video?.["packetsReceived"] ?? 0,
    stillS: before?.stillS ?? 0,
    frozenS: video?.["totalFreezesDuration"] ?? 0,
    samples: sum(inbound, "totalSamplesReceived"),
    concealed: sum(inbound, "concealedSamples") - sum(inbound, "silentConcealedSamples"),
    checks: checksOf(path),
  };
  if (before && totals.pictures && totals.pictures === before.pictures && totals.picturePackets > before.picturePackets) {
    totals.stillS += (totals.atMs - before.atMs) / 1000;
  }
  const farRttMs = seconds(highest(remote.map(({ roundTripTime }) => roundTripTime)) ?? undefined);
  const { frozen, concealed } = experienced(past[0], totals);
  const framesPerS = video?.["framesPerSecond"] ?? null;
  const [width, height] = [video?.["frameWidth"] ?? null, video?.["frameHeight"] ?? null];
  const figures = {
    rttMs: seconds(path?.["currentRoundTripTime"] ?? remote[0]?.["roundTripTime"]),
    farRttMs,
    lossOut: highest(remote.map(({ fractionLost }) => fractionLost)),
    pictureLoss: remote.find(({ kind }) => kind === "video")?.["fractionLost"] ?? null,
    bytesReceived: totals.bytesReceived,
    availableOutBps: path?.["availableOutgoingBitrate"] ?? null,
    isStrained: outbound.some((report) => report["qualityLimitationReason"] === "cpu"),
    camera: sizeOf(all.find(({ type, kind }) => type === "media-source" && kind === "video")),
    width,
    height,
    framesPerS,
    frozen,
    concealed,
    quality: quality({
      frozen,
      concealed,
      shown: framesPerS ? Math.min(1, framesPerS / FILM_FPS) : null,
      delayMs: farRttMs === null ? null : farRttMs / 2,
      lines: width && height ? Math.min(width, height) : null,
    }),
    protocol: wayOf(all)?.protocol ?? null,
    lossLately: lossSince(past[0], totals).lossIn,
    ...since(before, totals),
  };
  return { figures, totals };
}

/** @param {Totals | undefined} before @param {Totals} now @returns {Pick<Figures, "frozen" | "concealed">} */
function experienced(before, now) {
  const passedS = before ? (now.atMs - before.atMs) / 1000 : 0;
  if (!before || passedS <= 0) return { frozen: null, concealed: null };
  const stoodS = Math.max(now.frozenS - before.frozenS, now.stillS - before.stillS);
  const samples = now.samples - before.samples;
  return {
    frozen: now.pictures === null ? null : share(stoodS / passedS),
    concealed: samples > 0 ? share((now.concealed - before.concealed) / samples) : null,
  };
}

/** @param {number} part */
function share(part) {
  return Math.min(1, Math.max(0, part));
}

/**
 * @param {Totals | null} before
 * @param {Totals} now
 * @returns {Pick<Figures, "checks" | "packetsIn" | "lossIn" | "receivedBps" | "sentBps">}
 */
function since(before, now) {
  const passedS = before ? (now.atMs - before.atMs) / 1000 : 0;
  if (!before || passedS <= 0) {
    return { checks: null, packetsIn: null, lossIn: null, receivedBps: null, sentBps: null };
  }
  return {
    checks: checksSince(before.checks, now.checks),
    ...lossSince(before, now),
    receivedBps: Math.max(0, ((now.bytesReceived - before.bytesReceived) * 8) / passedS),
    sentBps: Math.max(0, ((now.bytesSent - before.bytesSent) * 8) / passedS),
  };
}

/** @param {Totals | undefined} before @param {Totals} now @returns {Pick<Figures, "packetsIn" | "lossIn">} */
function lossSince(before, now) {
  if (!before) return { packetsIn: null, lossIn: null };
  const lost = Math.max(0, now.packetsLost - before.packetsLost);
  const packetsIn = lost + Math.max(0, now.packetsReceived - before.packetsReceived);
  return { packetsIn, lossIn: packetsIn > 0 ? lost / packetsIn : null };
}

/**
 * Chromium counts those after the first answer as consent, too; older ones as that only.
 *
 * @param {Report | undefined} path
 * @returns {Totals["checks"]}
 */
function checksOf(path) {
  const sent = Math.max(path?.["requestsSent"] ?? 0, path?.["consentRequestsSent"] ?? 0);
  return path && sent > 0 ? { pair: path["id"], sent, answered: path["responsesReceived"] ?? 0 } : null;
}

/** @param {Totals["checks"]} before @param {Totals["checks"]} now @returns {Figures["checks"]} */
function checksSince(before, now) {
  if (!before || !now || before.pair !== now.pair) return null;
  return { sent: now.sent - before.sent, answered: now.answered - before.answered };
}

/** @param {Report[]} all */
function selectedPair(all) {
  const transport = all.find(({ type }) => type === "transport");
  const id = transport?.["selectedCandidatePairId"];
  const pairs = all.filter(({ type }) => type === "candidate-pair");
  // Firefox has no transport report, and marks the pair itself.
  return pairs.find((pair) => pair["id"] === id) ?? pairs.find(({ selected }) => selected);
}

/**
 * What the media goes over on our side.
 *
 * @param {Iterable<Report>} reports
 * @returns {{ protocol: string, isRelayed: boolean } | null} `isRelayed`: by a TURN server, whose own
 *   protocol it is then
 */
export function wayOf(reports) {
  const all = [...reports];
  const path = selectedPair(all);
  const candidate = all.find(({ id }) => path && id === path["localCandidateId"]);
  const isRelayed = candidate?.["candidateType"] === "relay";
  const protocol = (isRelayed ? candidate["relayProtocol"] : null) ?? candidate?.["protocol"];
  return typeof protocol === "string" ? { protocol, isRelayed } : null;
}

/** @param {Report | undefined} source @returns {Figures["camera"]} */
function sizeOf(source) {
  const { width, height } = source ?? {};
  return width && height ? { width, height } : null;
}

/**
 * How many packets of sound, keyframes and pictures have come.
 *
 * @param {Iterable<Report>} reports of receivers
 */
export function countOf(reports) {
  const count = { audio: 0, video: 0, pictures: 0 };
  for (const report of reports) {
    if (report["type"] !== "inbound-rtp") continue;
    const pictures = report["framesDecoded"] ?? 0;
    count.pictures += pictures;
    if (report["kind"] === "audio") count.audio += report["packetsReceived"] ?? 0;
    else count.video += report["keyFramesDecoded"] ?? pictures;
  }
  return count;
}

/** @param {Report[]} reports @param {string} name */
function sum(reports, name) {
  return reports.reduce((total, report) => total + (report[name] ?? 0), 0);
}

/** @param {(number | undefined)[]} values @returns {number | null} */
export function highest(values) {
  const known = values.filter((value) => value !== undefined);
  return known.length ? Math.max(.../** @type {number[]} */ (known)) : null;
}

/** @param {number | undefined} value in s @returns {number | null} in ms */
function seconds(value) {
  return value === undefined ? null : value * 1000;
}
