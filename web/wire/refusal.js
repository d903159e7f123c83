// @ts-check
/**
 * Why the server lets nobody in. A page cannot see the status with which its WebSocket was refused,
 * so it asks for the same address once more, without an upgrade, and gets the same answer.
 *
 * @typedef {typeof WHYS[number]} Why
 *
 * @typedef {object} Refusal
 * @property {Why} why
 * @property {number | null} retryAfterMs null: the server does not say
 */

const WHYS = /** @type {const} */ (["full", "draining"]);
const TIMEOUT_MS = 5_000;
const LONGEST_RETRY_AFTER_S = 300;

/**
 * @param {string} url the WebSocket's
 * @param {typeof fetch} [ask]
 * @returns {Promise<Refusal | null>} null when it was not the server that refused
 */
export async function askWhy(url, ask = fetch) {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const response = await ask(url.replace(/^ws/, "http"), { cache: "no-store", signal });
    if (response.status !== 503) return null;
    const code = (await response.json())?.error?.code;
    const why = WHYS.find((known) => known === code);
    if (why === undefined) return null;
    return { why, retryAfterMs: retryAfterMs(response.headers.get("Retry-After")) };
  } catch {
    return null; // not reached, or no answer of the server's
  }
}

/** @param {string | null} header in s; a date (RFC 9110, section 10.2.3) would be another clock's */
function retryAfterMs(header) {
  if (!header || !/^\d+$/.test(header)) return null;
  return Math.min(LONGEST_RETRY_AFTER_S, Math.max(1, Number(header))) * 1000;
}
