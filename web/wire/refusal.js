// @ts-check
/**
 * Why the server lets nobody in. A page cannot see the status with which its WebSocket was refused,
 * so it asks for the same address once more, without an upgrade, and gets the same answer.
 *
 * @typedef {object} Refusal
 * @property {"full" | "draining"} why
 * @property {number | null} retryAfterMs null: the server does not say
 */

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
    const why = (await response.json())?.error?.code;
    if (why !== "full" && why !== "draining") return null;
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
