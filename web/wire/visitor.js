// @ts-check
/**
 * What the server knows of this visitor, by its cookie and its address: a ban, an appeal, blocks. By HTTP,
 * since who is banned has no socket. docs/protocol.md is its reference.
 *
 * @typedef {import("./messages.js").Reason} Reason
 *
 * @typedef {object} Appeal
 * @property {string} words
 * @property {"granted" | "refused" | null} outcome null: not answered yet
 * @property {string} answer
 *
 * @typedef {object} Ban
 * @property {number | null} untilMs the time of day; null: for ever
 * @property {number | null} endsInMs by the server's clock
 * @property {Reason} reason
 * @property {string} words an operator's
 * @property {Appeal | null} appeal
 *
 * @typedef {object} Block
 * @property {string} id
 * @property {number} atMs the time of day
 *
 * @typedef {{ type: "visitor_seen", ban: Ban | null, blocks: Block[] }
 *   | { type: "appeal_sent", appeal: Appeal } | { type: "appeal_unsent", status: number | null }
 *   | { type: "block_undone", id: string } | { type: "block_kept", id: string }} VisitorEvent
 *
 * @typedef {Record<string, unknown>} Fields
 */
import { reasonOf } from "./messages.js";

const TIMEOUT_MS = 10_000;

/** Asks and tells the server. */
export class Visitor {
  #onEvent;
  #fetch;

  /** @param {(event: VisitorEvent) => void} onEvent @param {typeof fetch} [ask] */
  constructor(onEvent, ask = (url, options) => fetch(url, options)) {
    this.#onEvent = onEvent;
    this.#fetch = ask;
  }

  /** Says nothing when the server does not: whoever wants to know asks again. */
  async lookUp() {
    try {
      const response = await this.#ask("GET", "visitor");
      if (!response.ok) return;
      const { ban, blocks } = fieldsOf(await response.json());
      const nowMs = serverTimeMs(response);
      const known = Array.isArray(blocks) ? blocks.map(readBlock) : [];
      this.#onEvent({ type: "visitor_seen", ban: ban ? readBan(ban, nowMs) : null, blocks: known });
    } catch (error) {
      console.info("The server does not tell what it knows of this visitor:", error);
    }
  }

  /** @param {string} words */
  async appeal(words) {
    try {
      const response = await this.#ask("POST", "visitor/appeals", { words });
      const { ok, status } = response;
      if (!ok) return this.#onEvent({ type: "appeal_unsent", status });
      this.#onEvent({ type: "appeal_sent", appeal: { words, outcome: null, answer: "" } });
    } catch {
      this.#onEvent({ type: "appeal_unsent", status: null });
    }
  }

  /** @param {string} id of a block */
  async unblock(id) {
    try {
      const { ok, status } = await this.#ask("DELETE", `visitor/blocks/${encodeURIComponent(id)}`);
      this.#onEvent({ type: ok || status === 404 ? "block_undone" : "block_kept", id });
    } catch {
      this.#onEvent({ type: "block_kept", id });
    }
  }

  /** @param {string} method @param {string} path @param {unknown} [body] */
  #ask(method, path, body) {
    const headers = { "Content-Type": "application/json" };
    const content = body === undefined ? {} : { body: JSON.stringify(body), headers };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return this.#fetch(path, { method, cache: "no-store", signal, ...content });
  }
}

/**
 * The server's time of day; ours where it does not say, as behind some proxies.
 *
 * @param {Response} response
 */
export function serverTimeMs(response) {
  const saidMs = Date.parse(response.headers.get("Date") ?? "");
  return Number.isNaN(saidMs) ? Date.now() : saidMs;
}

/**
 * @param {unknown} value
 * @param {number} nowMs the server's time of day
 * @returns {Ban}
 */
export function readBan(value, nowMs) {
  const { until, reason, words, appeal } = fieldsOf(value);
  const untilMs = typeof until === "number" ? until * 1000 : null;
  return {
    untilMs,
    endsInMs: untilMs === null ? null : Math.max(0, untilMs - nowMs),
    reason: reasonOf(reason),
    words: textOf(words),
    appeal: appeal ? readAppeal(appeal) : null,
  };
}

/** @param {unknown} value @returns {Appeal} */
function readAppeal(value) {
  const { words, outcome, answer } = fieldsOf(value);
  const known = outcome === "granted" || outcome === "refused" ? outcome : null;
  return { words: textOf(words), outcome: known, answer: textOf(answer) };
}

/** @param {unknown} value @returns {Block} */
function readBlock(value) {
  const { id, at } = fieldsOf(value);
  return { id: textOf(id), atMs: typeof at === "number" ? at * 1000 : 0 };
}

/** @param {unknown} value @returns {Fields} */
function fieldsOf(value) {
  if (typeof value !== "object" || value === null) throw new TypeError("not a JSON object");
  return { ...value };
}

/** @param {unknown} value @returns {string} */
function textOf(value) {
  return typeof value === "string" ? value : "";
}
