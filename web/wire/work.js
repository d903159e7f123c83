// @ts-check
/**
 * Proofs of work (ALTCHA, version 2 of its challenges), which a server wants of who comes too often. A worker
 * looks for the solution, so that the page goes on meanwhile.
 *
 * @typedef {object} Challenge
 * @property {{ algorithm: string }} parameters
 * @property {string} signature
 */

/** The library's worker for the only kind of challenge that the server makes. */
const WORKER = "vendor/altcha/pbkdf2.js";
const ALGORITHMS = ["PBKDF2/SHA-256", "PBKDF2/SHA-384", "PBKDF2/SHA-512"];
const TIMEOUT_MS = 60_000;

/** Nobody can make a worker of anything but that. @type {{ createScriptURL: (url: string) => any } | null} */
let policy = null;
/** @type {Worker | null} */
let worker = null;

/**
 * Solve a challenge; one that is being solved is given up.
 *
 * @param {unknown} challenge
 * @param {(proof: string | null) => void} tell what the address takes; null: it cannot be solved here
 */
export function solve(challenge, tell) {
  worker?.terminate();
  worker = null;
  if (!isKnown(challenge)) return tell(null);
  const one = new Worker(trustedWorker());
  worker = one;
  const end = (/** @type {string | null} */ proof) => {
    one.terminate();
    if (worker === one) worker = null;
    tell(proof);
  };
  one.onmessage = ({ data }) => end(data && !data.error ? proofOf(challenge, data) : null);
  one.onerror = () => end(null);
  one.postMessage({ type: "work", challenge, counterStart: 0, counterStep: 1, timeout: TIMEOUT_MS });
}

/**
 * Whether the worker can solve it.
 *
 * @param {unknown} challenge
 */
export function isKnown(challenge) {
  const { algorithm } = /** @type {Partial<Challenge>} */ (challenge ?? {}).parameters ?? {};
  return ALGORITHMS.some((known) => known === algorithm);
}

/**
 * @param {unknown} challenge
 * @param {unknown} solution
 * @returns {string} both, as base64url
 */
export function proofOf(challenge, solution) {
  const { parameters, signature } = /** @type {Challenge} */ (challenge);
  const bytes = new TextEncoder().encode(
    JSON.stringify({ challenge: { parameters, signature }, solution }),
  );
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The page's policy lets no text become a script's address; this one is nobody's text. */
function trustedWorker() {
  const { trustedTypes } = /** @type {any} */ (globalThis);
  if (!trustedTypes) return WORKER; // not in every browser
  policy ??= trustedTypes.createPolicy("workers", { createScriptURL: () => WORKER });
  return policy?.createScriptURL(WORKER);
}
