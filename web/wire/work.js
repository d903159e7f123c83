// @ts-check
/**
 * Proofs of work (ALTCHA, version 2 of its challenges), which a server wants of who comes too often. A worker
 * looks for the solution, so that the page goes on meanwhile.
 *
 * @typedef {object} Challenge
 * @property {{ algorithm: string }} parameters
 * @property {string} signature
 */

/** The library's workers, each for some of its algorithms; those for which it needs more are not here. */
const WORKERS = { PBKDF2: "/vendor/altcha/pbkdf2.js", SHA: "/vendor/altcha/sha.js" };
const TIMEOUT_MS = 60_000;

/** Nobody can make a worker of anything but these. @type {{ createScriptURL: (url: string) => any } | null} */
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
  const url = workerFor(challenge);
  worker?.terminate();
  worker = null;
  if (url === null) return tell(null);
  const one = new Worker(trusted(url));
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
 * @param {unknown} challenge
 * @returns {string | null} the address of a worker that can solve it
 */
export function workerFor(challenge) {
  const { algorithm } = /** @type {Partial<Challenge>} */ (challenge ?? {}).parameters ?? {};
  if (/^PBKDF2\/SHA-(256|384|512)$/.test(algorithm ?? "")) return WORKERS.PBKDF2;
  return /^SHA-(256|384|512)$/.test(algorithm ?? "") ? WORKERS.SHA : null;
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

/** The page's policy lets no text become a script's address; these are no texts of anybody's. @param {string} url */
function trusted(url) {
  const { trustedTypes } = /** @type {any} */ (globalThis);
  if (!trustedTypes) return url; // not in every browser
  policy ??= trustedTypes.createPolicy("workers", {
    createScriptURL: (/** @type {string} */ asked) => {
      if (!Object.values(WORKERS).includes(asked)) throw new TypeError(`no worker of ours: ${asked}`);
      return asked;
    },
  });
  return policy?.createScriptURL(url);
}
