// @ts-check
/**
 * Which page is shown, from the address after "#", and what the server has to tell for it.
 *
 * @typedef {"overview" | "rooms" | "room" | "tracks" | "track" | "users" | "user" | "audit"
 *   | "reports" | "report" | "appeals" | "appeal" | "bans" | "ban"} Page
 * @typedef {{ page: Page, id: string }} Route `id` is empty for lists
 *
 * @typedef {object} Filter what a list is narrowed down to
 * @property {string} text
 * @property {"" | "audio" | "video"} kind
 * @property {"" | "up" | "down"} direction
 * @property {boolean} bad
 *
 * @typedef {{ column: string, isDown: boolean }} Sort
 */
import { FIGURES } from "../wire/types.js";

/** How many rooms or tracks the server sends at most. */
export const LIMIT = 200;

/** @type {Record<string, Page>} */
const LISTS = { rooms: "rooms", tracks: "tracks", users: "users", audit: "audit", reports: "reports", appeals: "appeals", bans: "bans" };
/** @type {Record<string, Page>} */
const SINGLES = { rooms: "room", tracks: "track", users: "user", reports: "report", appeals: "appeal", bans: "ban" };
/** Columns by which the server can sort, the most first. @type {Set<string | null>} */
const SERVER_SORTS = new Set(FIGURES.map(({ word }) => word));

/** @type {Filter} */
export const EVERYTHING = Object.freeze({ text: "", kind: "", direction: "", bad: false });

/** @param {string} hash @returns {Route} */
export function parse(hash) {
  const [, list = "", id = ""] = hash.split("/");
  const page = Object.hasOwn(id ? SINGLES : LISTS, list) ? (id ? SINGLES : LISTS)[list] : undefined;
  return page ? { page, id: decode(id) } : { page: "overview", id: "" };
}

/** @param {"rooms" | "tracks" | "users" | "reports" | "appeals" | "bans"} list @param {string} id */
export function hrefOf(list, id) {
  return `#/${list}/${encodeURIComponent(id)}`;
}

/**
 * The query of the stream of events: only what the page shows travels.
 *
 * @param {Route} route
 * @param {Filter} filter of the tracks
 * @param {Sort} sort of the tracks
 */
export function streamQuery({ page, id }, filter, sort) {
  const query = new URLSearchParams({ limit: "20" });
  if (page === "rooms" || page === "room") query.set("limit", String(LIMIT));
  if (page === "room") query.set("room", id);
  if (page === "user") query.set("user", id);
  if (page === "tracks") {
    query.set("limit", String(LIMIT));
    if (filter.kind) query.set("kind", filter.kind);
    if (filter.direction) query.set("direction", filter.direction);
    if (filter.bad) query.set("bad", "true");
    if (sort.isDown && SERVER_SORTS.has(sort.column)) query.set("sort", sort.column);
  }
  return query.toString();
}

/** @param {string} text */
function decode(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // somebody typed a stray %
  }
}
