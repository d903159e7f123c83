// @ts-check
/** How large a JPEG says that it is, before anybody decodes it: ITU-T T.81, annex B. */

const START = 0xffd8;
const MARKER = 0xff;
/** Markers without a length: TEM, and RST0 to EOI. */
const isBare = (/** @type {number} */ kind) => kind === 0x01 || (kind >= 0xd0 && kind <= 0xd9);
/** SOF0 to SOF15, but not DHT, JPG and DAC. */
const isFrame = (/** @type {number} */ kind) => kind >= 0xc0 && kind <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(kind);

/**
 * @param {Uint8Array} bytes
 * @returns {{ width: number, height: number } | null} null: it is none
 */
export function sizeOfJpeg(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== START) return null;
  for (let at = 2; at + 9 < bytes.length;) {
    if (view.getUint8(at) !== MARKER) return null;
    const kind = view.getUint8(at + 1);
    if (kind === MARKER) at += 1; // padding
    else if (isBare(kind)) at += 2;
    else if (isFrame(kind)) return { height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    else at += 2 + view.getUint16(at + 2);
  }
  return null;
}
