// @ts-check
/** A piece of evidence, opened with the operators' private key, in this browser alone. */
import { fromBase64, open } from "./hpke.js";

const MAGIC = "RELAYEV1";
const HEAD_BYTES = 16;
const NEWLINE = 10;

/**
 * @typedef {object} Picture
 * @property {number} at in seconds since 1970
 * @property {number} width
 * @property {number} height
 * @property {boolean} [inRoom] whether it went to the other one of the two
 * @property {string} webp in base64url
 *
 * @typedef {object} Side
 * @property {Picture[]} pictures
 *
 * @typedef {object} Opened
 * @property {Side} reporter
 * @property {Side} reported
 * @property {{ at: number, from: "reporter" | "reported", text: string }[]} chat
 */

/**
 * @param {Uint8Array} piece as the server tells it
 * @param {import("./hpke.js").PrivateKey} key
 * @returns {Promise<Opened>} rejects with one sentence for people
 */
export async function openPiece(piece, key) {
  const sealed = withoutPlace(piece);
  const head = sealed.slice(0, HEAD_BYTES);
  if (!new TextDecoder("latin1").decode(head).startsWith(MAGIC)) throw new TypeError("This is no sealed evidence.");
  const id = new Uint8Array(await crypto.subtle.digest("SHA-256", /** @type {BufferSource} */ (key.publicBytes)));
  if (head.slice(MAGIC.length).some((byte, index) => byte !== id[index])) {
    throw new TypeError("This is sealed for another key.");
  }
  const plain = await open(key, head, sealed.slice(HEAD_BYTES)).catch(() => {
    throw new TypeError("This was changed after it had been sealed, or is cut short.");
  });
  return checked(JSON.parse(new TextDecoder().decode(plain)));
}

/** @param {Picture} picture */
export function blobOf({ webp }) {
  return new Blob([fromBase64(webp.replaceAll("-", "+").replaceAll("_", "/"))], { type: "image/webp" });
}

/**
 * Before what is sealed there can be a line of JSON, which tells its place in the chain.
 *
 * @param {Uint8Array} piece
 */
function withoutPlace(piece) {
  return piece[0] === "{".charCodeAt(0) ? piece.slice(piece.indexOf(NEWLINE) + 1) : piece;
}

/** @param {any} told @returns {Opened} */
function checked(told) {
  const side = (/** @type {any} */ one) => ({ pictures: Array.isArray(one?.pictures) ? one.pictures : [] });
  return {
    reporter: side(told?.reporter),
    reported: side(told?.reported),
    chat: Array.isArray(told?.chat) ? told.chat : [],
  };
}
