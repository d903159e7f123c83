// @ts-check
/**
 * Opens what was sealed with HPKE (RFC 9180) in base mode: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256,
 * AES-128-GCM, one message, nothing added. With WebCrypto, which browsers have over HTTPS alone.
 */

const KEM = 0x0020;
const KDF = 0x0001;
const AEAD = 0x0001;
const ENCAPSULATED_BYTES = 32;
const KEY_BYTES = 16;
const NONCE_BYTES = 12;

const KEM_SUITE = bytes("KEM", [KEM >> 8, KEM & 255]);
const SUITE = bytes("HPKE", [KEM >> 8, KEM & 255], [KDF >> 8, KDF & 255], [AEAD >> 8, AEAD & 255]);

/**
 * @typedef {object} PrivateKey
 * @property {CryptoKey} key
 * @property {Uint8Array} publicBytes the public half
 */

/** Whether this page may open anything: it may not over plain HTTP. */
export function canOpen() {
  return globalThis.crypto?.subtle !== undefined;
}

/**
 * @param {string} pem PKCS #8, not encrypted
 * @returns {Promise<PrivateKey>} rejects when it is no X25519 key
 */
export async function readPrivateKey(pem) {
  const found = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/.exec(pem);
  if (!found?.[1]) throw new TypeError("this is no private key in PEM");
  const der = fromBase64(found[1].replace(/\s/g, ""));
  const algorithm = { name: "X25519" };
  const exportable = await crypto.subtle.importKey("pkcs8", der, algorithm, true, ["deriveBits"]);
  const { x = "" } = await crypto.subtle.exportKey("jwk", exportable);
  const key = await crypto.subtle.importKey("pkcs8", der, algorithm, false, ["deriveBits"]);
  return { key, publicBytes: fromBase64(x.replaceAll("-", "+").replaceAll("_", "/")) };
}

/**
 * @param {PrivateKey} privateKey
 * @param {Uint8Array} info as it was given to seal
 * @param {Uint8Array} sealed the encapsulated key, and what is encrypted
 * @returns {Promise<Uint8Array>} rejects when the key is another one, or something was changed
 */
export async function open(privateKey, info, sealed) {
  const encapsulated = sealed.slice(0, ENCAPSULATED_BYTES);
  const shared = await decapsulate(privateKey, encapsulated);
  const [key, nonce] = await schedule(shared, info);
  const aes = await crypto.subtle.importKey("raw", key, "AES-GCM", false, ["decrypt"]);
  const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce }, aes, sealed.slice(ENCAPSULATED_BYTES));
  return new Uint8Array(plain);
}

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export function fromBase64(text) {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/**
 * Section 4.1.
 *
 * @param {PrivateKey} privateKey
 * @param {Uint8Array<ArrayBuffer>} encapsulated
 */
async function decapsulate({ key, publicBytes }, encapsulated) {
  const sender = await crypto.subtle.importKey("raw", encapsulated, { name: "X25519" }, false, []);
  const dh = new Uint8Array(await crypto.subtle.deriveBits({ name: "X25519", public: sender }, key, 256));
  const secret = await extract(KEM_SUITE, bytes(), "eae_prk", dh);
  return expand(KEM_SUITE, secret, "shared_secret", bytes(encapsulated, publicBytes), 32);
}

/**
 * Section 5.1, without a shared secret of the two beforehand.
 *
 * @param {Uint8Array<ArrayBuffer>} shared
 * @param {Uint8Array} info
 */
async function schedule(shared, info) {
  const about = bytes(
    [0],
    await extract(SUITE, bytes(), "psk_id_hash", bytes()),
    await extract(SUITE, bytes(), "info_hash", info),
  );
  const secret = await extract(SUITE, shared, "secret", bytes());
  return Promise.all([
    expand(SUITE, secret, "key", about, KEY_BYTES),
    expand(SUITE, secret, "base_nonce", about, NONCE_BYTES),
  ]);
}

/**
 * LabeledExtract of section 4.
 *
 * @param {Uint8Array} suite
 * @param {Uint8Array<ArrayBuffer>} salt
 * @param {string} label
 * @param {Uint8Array} material
 */
function extract(suite, salt, label, material) {
  return hmac(salt, bytes("HPKE-v1", suite, label, material));
}

/**
 * LabeledExpand, up to one block of the hash.
 *
 * @param {Uint8Array} suite
 * @param {Uint8Array<ArrayBuffer>} secret
 * @param {string} label
 * @param {Uint8Array} about
 * @param {number} length
 */
async function expand(suite, secret, label, about, length) {
  const told = bytes([length >> 8, length & 255], "HPKE-v1", suite, label, about, [1]);
  return (await hmac(secret, told)).slice(0, length);
}

/** @param {Uint8Array<ArrayBuffer>} secret @param {Uint8Array<ArrayBuffer>} message */
async function hmac(secret, message) {
  // An empty key is refused; HMAC fills keys with zeros, so these are the same (RFC 2104).
  const filled = secret.length ? secret : new Uint8Array(32);
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", filled, algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, message));
}

/** @param {(string | Uint8Array | number[])[]} parts @returns {Uint8Array<ArrayBuffer>} */
function bytes(...parts) {
  return new Uint8Array(parts.flatMap((part) => [...(typeof part === "string" ? new TextEncoder().encode(part) : part)]));
}
