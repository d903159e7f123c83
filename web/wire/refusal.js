// @ts-check
/**
 * Why the server does not let the page in. A page cannot see the status with which its WebSocket was refused,
 * so it asks for the same address once more, without an upgrade, and gets the same answer.
 *
 * @typedef {"full" | "draining" | "too_many"} Told why, where there is nothing to be done but to wait
 *
 * @typedef {{ why: Told, retryAfterMs: number | null }
 *   | { why: "work_wanted", retryAfterMs: number | null, challenge: unknown }
 *   | { why: "banned", ban: import("./visitor.js").Ban }} Refusal `retryAfterMs` is null when the server
 *   does not say
 */
import { readBan, serverTimeMs } from "./visitor.js";

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
    if (![403, 429, 503].includes(response.status)) return null;
    return readRefusal(response, (await response.json())?.error);
  } catch {
    return null; // not reached, or no answer of the server's
  }
}

/** @param {Response} response @param {any} error @returns {Refusal | null} */
function readRefusal(response, error) {
  const saidMs = retryAfterMs(response.headers.get("Retry-After"));
  switch (`${response.status} ${error?.code}`) {
    case "503 full": return { why: "full", retryAfterMs: saidMs };
    case "503 draining": return { why: "draining", retryAfterMs: saidMs };
    case "429 too_many": return { why: "too_many", retryAfterMs: saidMs };
    case "429 work_wanted":
      return { why: "work_wanted", retryAfterMs: saidMs, challenge: error.challenge };
    case "403 banned": return { why: "banned", ban: readBan(error.ban, serverTimeMs(response)) };
    default: return null;
  }
}

/** @param {string | null} header in s; a date (RFC 9110, section 10.2.3) would be another clock's */
function retryAfterMs(header) {
  if (!header || !/^\d+$/.test(header)) return null;
  return Math.min(LONGEST_RETRY_AFTER_S, Math.max(1, Number(header))) * 1000;
}
