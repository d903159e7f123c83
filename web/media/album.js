// @ts-check
/**
 * Pictures of the chat: ours made small and drawn anew, so that nothing goes along that was in the file
 * besides; theirs taken for anything, looked at before they are decoded, and drawn anew as well.
 * Loaded when the first one is there.
 *
 * @typedef {import("../machine/pictures.js").PictureEvent} PictureEvent
 */
import { sizeOfJpeg } from "./jpeg.js";
import { MAX_PICTURE_PARTS, PART_CHARS } from "../wire/messages.js";

/** Of a file: a camera's largest photographs have half of it. */
const MAX_FILE_BYTES = 40 * 1024 * 1024;
const PART_BYTES = (PART_CHARS / 4) * 3;
const MAX_BYTES = MAX_PICTURE_PARTS * PART_BYTES;
/** Longer side and quality, one try after the other, until it fits. @type {[number, number][]} */
const TRIES = [[1280, 0.82], [1280, 0.65], [1024, 0.6], [800, 0.5], [640, 0.4], [320, 0.3]];
/** Larger ones of theirs are not decoded. */
const MAX_SIDE = 2048;
const SHOWN_QUALITY = 0.9;

export class Album {
  #onEvent;
  /** @type {Set<string>} */
  #urls = new Set();

  /** @param {(event: PictureEvent) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
  }

  /** Make a file fit to be sent. @param {string} roomId @param {File} file */
  async prepare(roomId, file) {
    try {
      const { blob, width, height } = await shrunk(file);
      const parts = partsOf(new Uint8Array(await blob.arrayBuffer()));
      const picture = { url: this.#urlOf(blob), width, height };
      this.#onEvent({ type: "picture_prepared", roomId, parts, picture });
    } catch (error) {
      console.info("This cannot be sent as a picture:", error);
      this.#onEvent({ type: "picture_unusable", roomId });
    }
  }

  /** See whether it is a picture. @param {string} roomId @param {string} id @param {string[]} parts */
  async show(roomId, id, parts) {
    try {
      const { blob, width, height } = await drawnAnew(bytesOf(parts));
      const picture = { url: this.#urlOf(blob), width, height };
      this.#onEvent({ type: "picture_shown", roomId, id, picture });
    } catch (error) {
      console.info("This is no picture:", error);
      this.#onEvent({ type: "picture_unreadable", roomId, id });
    }
  }

  /** Forget all others. @param {Set<string>} urls */
  keep(urls) {
    for (const url of this.#urls) {
      if (urls.has(url)) continue;
      URL.revokeObjectURL(url);
      this.#urls.delete(url);
    }
  }

  /** @param {Blob} blob */
  #urlOf(blob) {
    const url = URL.createObjectURL(blob);
    this.#urls.add(url);
    return url;
  }
}

/** @param {File} file */
async function shrunk(file) {
  if (file.size > MAX_FILE_BYTES) throw new RangeError("it is too large");
  const bitmap = await createImageBitmap(file);
  try {
    for (const [side, quality] of TRIES) {
      const made = await drawn(bitmap, Math.min(side / Math.max(bitmap.width, bitmap.height), 1), quality);
      if (made.blob.size <= MAX_BYTES) return made;
    }
  } finally {
    bitmap.close();
  }
  throw new RangeError("it cannot be made small enough");
}

/** @param {Uint8Array<ArrayBuffer>} bytes */
async function drawnAnew(bytes) {
  const size = sizeOfJpeg(bytes);
  if (!size || size.width < 1 || size.height < 1) throw new TypeError("it is no JPEG");
  if (Math.max(size.width, size.height) > MAX_SIDE) throw new RangeError("it is too large");
  const bitmap = await createImageBitmap(new Blob([bytes], { type: "image/jpeg" }));
  try {
    return await drawn(bitmap, 1, SHOWN_QUALITY);
  } finally {
    bitmap.close();
  }
}

/** @param {ImageBitmap} bitmap @param {number} scale @param {number} quality */
async function drawn(bitmap, scale, quality) {
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  if (!context) throw new Error("there is no canvas");
  context.fillStyle = "#fff"; // a JPEG cannot be seen through
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((/** @type {(blob: Blob | null) => void} */ resolve) => {
    canvas.toBlob(resolve, "image/jpeg", quality);
  });
  if (!blob) throw new Error("the canvas gives nothing");
  return { blob, width: canvas.width, height: canvas.height };
}

/** @param {Uint8Array} bytes @returns {string[]} in base64 */
export function partsOf(bytes) {
  const parts = [];
  for (let at = 0; at < bytes.length; at += PART_BYTES) {
    parts.push(btoa(String.fromCharCode(...bytes.subarray(at, at + PART_BYTES))));
  }
  return parts;
}

/** @param {string[]} parts in base64 @throws {DOMException} when it is none */
export function bytesOf(parts) {
  return Uint8Array.from(parts.map(atob).join(""), (char) => char.charCodeAt(0));
}
