// @ts-check
/**
 * Whether a sender sends, and how large a picture. Nothing is negotiated for it, and no track is exchanged: what
 * the partner sees goes on.
 *
 * @typedef {import("./size.js").Fit} Fit
 */

/**
 * The size is ours to choose. Left to itself Chromium begins with a quarter of it, and needs ten seconds
 * and more for the whole, however much the line bears.
 */
const PREFERENCE = "maintain-resolution";

/**
 * @param {RTCRtpSender} sender
 * @param {boolean} active
 * @param {Fit | null} fit null: it is no picture, or goes out as the camera gives it
 */
export async function encode(sender, active, fit) {
  const parameters = /** @type {RTCRtpSendParameters & { degradationPreference?: string }} */ (
    sender.getParameters());
  const wanted = { active, ...(fit && encodingOf(fit)) };
  if (parameters.encodings.every((encoding) => isLike(encoding, wanted))) return;
  for (const encoding of parameters.encodings) Object.assign(encoding, wanted);
  if (fit) parameters.degradationPreference = PREFERENCE;
  await sender.setParameters(parameters);
}

/** @param {Fit} fit @returns {RTCRtpEncodingParameters} */
function encodingOf({ scale, framesPerS, maxBps }) {
  return {
    scaleResolutionDownBy: scale,
    maxFramerate: framesPerS,
    .../** @type {{ maxBitrate: number }} */ ({ maxBitrate: maxBps ?? undefined }),
  };
}

/** @param {RTCRtpEncodingParameters} encoding @param {RTCRtpEncodingParameters} wanted */
function isLike(encoding, wanted) {
  const entries = /** @type {[keyof RTCRtpEncodingParameters, unknown][]} */ (Object.entries(wanted));
  return entries.every(([name, value]) => encoding[name] === value);
}
