// @ts-check
/** Asks the server; what goes wrong becomes an answer, never an exception. */

/**
 * @typedef {object} Answer
 * @property {number} status 0 when the server did not answer
 * @property {any} body from JSON, or a Blob; null when there is none
 * @property {string} fault one sentence for people; empty when all went well
 */

/** From the dashboard's address, so that both may be below a path of their host. */
export const API = "../api/v1/";

const UNREACHABLE = "The server does not answer.";

/**
 * @param {"GET" | "POST" | "DELETE"} method
 * @param {string} path from the dashboard's address
 * @param {object} [content] to send as JSON
 * @returns {Promise<Answer>}
 */
export async function ask(method, path, content) {
  const sent = content && {
    body: JSON.stringify(content),
    headers: { "Content-Type": "application/json" },
  };
  try {
    const response = await fetch(path, { method, cache: "no-store", ...sent });
    const body = await bodyOf(response);
    return { status: response.status, body, fault: response.ok ? "" : faultOf(response, body) };
  } catch {
    return { status: 0, body: null, fault: UNREACHABLE };
  }
}

/** @param {string} path below /api/v1 */
export function get(path) {
  return ask("GET", `${API}${path}`);
}

/**
 * @param {"POST" | "DELETE"} method
 * @param {string} path below /api/v1
 * @param {object} [content]
 */
export function order(method, path, content) {
  return ask(method, `${API}${path}`, content);
}

/**
 * What is no text: the body is its bytes.
 *
 * @param {string} path below /api/v1
 * @returns {Promise<Answer>}
 */
export async function getBytes(path) {
  try {
    const response = await fetch(`${API}${path}`, { cache: "no-store" });
    if (!response.ok) return { status: response.status, body: null, fault: faultOf(response, await bodyOf(response)) };
    return { status: response.status, body: new Uint8Array(await response.arrayBuffer()), fault: "" };
  } catch {
    return { status: 0, body: null, fault: UNREACHABLE };
  }
}

/** @param {string} kind @param {string} id */
export function remove(kind, id) {
  return ask("DELETE", `${API}${kind}/${encodeURIComponent(id)}`);
}

/** @param {Response} response */
async function bodyOf(response) {
  const type = response.headers.get("Content-Type") ?? "";
  if (type.startsWith("image/")) return response.blob();
  return type.startsWith("application/json") ? response.json() : null;
}

/** @param {Response} response @param {any} body */
function faultOf(response, body) {
  const message = body?.error?.message ?? `The server answers ${response.status}.`;
  return message.charAt(0).toUpperCase() + message.slice(1);
}
