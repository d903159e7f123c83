// @ts-check
/**
 * The columns of the tables.
 *
 * @typedef {import("../wire/types.js").Room} Room
 * @typedef {import("../wire/types.js").Track} Track
 * @typedef {import("../wire/types.js").User} User
 * @typedef {import("../wire/types.js").AuditEntry} AuditEntry
 * @typedef {import("../wire/types.js").Worker & { id: string }} Worker
 * @typedef {import("../wire/types.js").Node & { id: string }} Node
 * @typedef {import("../wire/types.js").Thresholds} Thresholds
 */
import { FIGURES } from "../wire/types.js";
import { causeOf } from "./failures.js";
import * as format from "./format.js";
import { nameOf, namesOf, shortOf } from "./people.js";
import { hrefOf } from "./route.js";
import { titleOf } from "./track.js";

/** @type {import("./table.js").Column<Room>[]} */
export const ROOMS = [
  { id: "id", title: "Room", text: ({ id }) => shortOf(id), whole: ({ id }) => id, href: ({ id }) => hrefOf("rooms", id) },
  person("first", "First user", ({ users }) => users[0]),
  person("second", "Second user", ({ users }) => users[1]),
  problems(),
  {
    id: "quality",
    title: "Quality",
    isNumber: true,
    text: ({ sides = [] }) => format.orNothing(sides.map(({ quality }) => format.quality(quality)).join(" / ")),
    value: ({ sides = [] }) => leastOf(sides.map(({ quality }) => quality)),
    isBad: ({ sides = [] }) => sides.some(({ grade }) => grade === "poor"),
    isWarm: ({ sides = [] }) => sides.some(({ grade }) => grade === "weak"),
  },
  {
    id: "leg",
    title: "To blame",
    text: ({ sides = [] }) => format.orNothing(sides.some(({ leg }) => leg) ? sides.map(({ leg }) => format.legOf(leg)).join(" / ") : ""),
  },
  number("loss", "Worst loss", ({ lossRatio }) => lossRatio, format.percent),
  number("bitrate", "Bit rate", ({ bitrateBps }) => bitrateBps, format.bitrate),
  { id: "state", title: "State", text: ({ state }) => state.replace("_", " ") },
  number("age", "Age", ({ ageS }) => ageS, format.duration),
  { id: "nodes", title: "Nodes", isOfCluster: true, text: ({ nodes = [] }) => format.orNothing(nodes.join(", ")) },
];

/** @type {import("./table.js").Column<Track>[]} */
export const TRACKS = [
  { id: "id", title: "Track", text: titleOf, whole: ({ id, userId }) => `${id} ${userId}`, href: ({ id }) => hrefOf("tracks", id) },
  problems(),
  { ...number("quality", "Quality", ({ quality }) => quality, format.quality), ...grades() },
  { id: "leg", title: "To blame", text: ({ leg }) => format.legOf(leg) },
  { id: "direction", title: "Way", text: ({ direction }) => direction },
  { id: "codec", title: "Codec", text: ({ codec }) => codec },
  { id: "picture", title: "Picture", isNumber: true, text: format.picture, value: ({ width, height }) => width && height && width * height },
  ...FIGURES.flatMap(figure),
  { id: "link", title: "Link", text: ({ path }) => [path.protocol, path.remoteFamily].filter(Boolean).join(" ") },
  person("user", "User", ({ userId }) => userId),
  node(),
];

/** The tracks of a call stand together. @type {import("./table.js").Grouping<Track>} */
export const BY_CALL = {
  keyOf: ({ roomId }) => roomId ?? "",
  titleOf: (tracks) => {
    const people = [...new Set(tracks.map(({ userId }) => userId))].sort();
    return tracks[0]?.roomId ? `Call of ${namesOf(people)}` : "In no call";
  },
  hrefOf: ([first]) => (first?.roomId ? hrefOf("rooms", first.roomId) : null),
};

/** @type {import("./table.js").Column<User>[]} */
export const USERS = [
  person("id", "User", ({ id }) => id),
  { id: "state", title: "State", text: ({ state }) => state.replace("_", " ") },
  room(),
  node(),
  number("age", "Connected for", ({ ageS }) => ageS, format.duration),
  { ...number("quality", "Sees and hears", ({ quality = null }) => quality, format.quality), ...grades() },
  { id: "leg", title: "To blame", text: ({ leg = null }) => format.legOf(leg) },
  {
    id: "cause",
    title: "Link failed",
    text: ({ linkCause }) => (linkCause ? causeOf(linkCause).title : ""),
    value: ({ linkCause }) => linkCause ?? null,
    isBad: ({ linkCause }) => Boolean(linkCause),
  },
  number("interrupted", "Interrupted for", ({ interruptedAgeS }) => interruptedAgeS, format.duration),
  {
    id: "budget",
    title: "Over its budget",
    text: ({ overBudget }) => overBudget.join(", "),
    value: ({ overBudget }) => overBudget.join(", ") || null,
    isBad: ({ overBudget }) => overBudget.length > 0,
  },
];

/**
 * Of the media processes; what is bad, or nearly so, is as the server says.
 *
 * @param {Thresholds} thresholds
 * @returns {import("./table.js").Column<Worker>[]}
 */
export function workers(thresholds) {
  return [
    node(),
    number("index", "Worker", ({ index }) => index, String),
    { id: "state", title: "State", text: ({ up }) => (up ? "up" : "down"), isBad: ({ up }) => !up },
    { ...number("cpu", "CPU", ({ cpuRatio }) => cpuRatio, format.percent), ...limits("cpuRatio", thresholds) },
    { ...number("lag", "Loop lag", ({ loopLagMs }) => loopLagMs, format.milliseconds), ...limits("loopLagMs", thresholds) },
    { ...number("restarts", "Restarts", ({ restarts }) => restarts, format.count), isWarm: ({ restarts }) => restarts > 0 },
    number("links", "Links", ({ links }) => links, format.count),
    number("packets", "Packets/s", ({ packetsPerS }) => packetsPerS, format.count),
    number("dropped", "Dropped", ({ packetsDropped }) => packetsDropped, format.count),
    number("age", "Since", ({ ageS }) => ageS, format.duration),
    number("port", "UDP port", ({ udpPort }) => udpPort, String),
    number("process", "Process", ({ processId }) => processId, (id) => format.orNothing(id?.toString())),
  ];
}

/**
 * Of the nodes of a cluster.
 *
 * @param {Thresholds} thresholds
 * @returns {import("./table.js").Column<Node>[]}
 */
export function nodes(thresholds) {
  const cpu = (/** @type {Node} */ { totals }) => totals && Math.max(totals.cpuRatio, totals.workerCpuRatio);
  const total = (/** @type {string} */ id, /** @type {string} */ title, /** @type {"connected" | "waiting" | "rooms" | "workers" | "bitrateBps" | "uptimeS"} */ name) =>
    number(id, title, (/** @type {Node} */ { totals }) => totals && totals[name], (value) => format.figure(name, value));
  return [
    { id: "name", title: "Node", text: ({ name, here }) => (here ? `${name} (asked)` : name) },
    { id: "state", title: "State", text: stateOf, isBad: ({ totals }) => !totals?.ready && !totals?.draining, isWarm: ({ totals }) => totals?.draining === true },
    total("users", "Users", "connected"),
    total("waiting", "Waiting", "waiting"),
    total("rooms", "Rooms", "rooms"),
    {
      ...number("cpu", "CPU", cpu, (ratio) => format.figure("cpuRatio", ratio)),
      isBad: (row) => (cpu(row) ?? 0) >= thresholds.cpuRatio.bad,
      isWarm: (row) => (cpu(row) ?? 0) >= thresholds.cpuRatio.warm,
    },
    total("bandwidth", "Bandwidth", "bitrateBps"),
    total("workers", "Workers", "workers"),
    { id: "version", title: "Version", text: ({ version }) => format.orNothing(version) },
    total("uptime", "Up for", "uptimeS"),
    number("lease", "Lease", ({ leaseS }) => leaseS, format.duration),
  ];
}

/** @param {Node} node */
function stateOf({ totals }) {
  if (!totals) return "does not answer";
  return totals.ready ? "ready" : totals.reasons.join(", ").replaceAll("_", " ");
}

/**
 * @param {"cpuRatio" | "loopLagMs"} name
 * @param {Thresholds} thresholds
 * @returns {Pick<import("./table.js").Column<Worker>, "isBad" | "isWarm">}
 */
function limits(name, thresholds) {
  return {
    isBad: (worker) => worker[name] >= thresholds[name].bad,
    isWarm: (worker) => worker[name] >= thresholds[name].warm,
  };
}

/** @type {import("./table.js").Column<import("../wire/types.js").LinkFailures & { id: string }>[]} */
export const FAILURES = [
  { id: "cause", title: "Cause", text: ({ cause }) => causeOf(cause).title },
  number("networks", "Networks, last hour", ({ networks }) => networks, format.count),
  number("count", "Links, since the start", ({ count }) => count, format.count),
  { id: "help", title: "What to do", text: ({ cause }) => causeOf(cause).help },
];

/** @type {Record<string, string>} */
const EVENTS = { tap_started: "began", tap_ended: "ended", evidence_viewed: "viewed" };

/** @type {import("./table.js").Column<AuditEntry & { id: string }>[]} */
export const AUDIT = [
  { id: "at", title: "When", text: ({ at }) => format.moment(at), value: ({ at }) => at },
  { id: "event", title: "Event", text: ({ event }) => EVENTS[event] ?? event },
  { id: "what", title: "What", text: ({ what }) => what.replaceAll("_", " ") },
  { id: "users", title: "Users or report", text: ({ users, report }) => format.orNothing(users ?? report) },
  { id: "operator", title: "Operator", text: ({ operator }) => format.orNothing(operator) },
  { id: "token", title: "Token", text: ({ token }) => token },
  { id: "address", title: "From", text: ({ address }) => format.orNothing(address) },
  number("duration", "Lasted", ({ durationS }) => durationS ?? null, format.duration),
  { id: "why", title: "Ended by", text: ({ why }) => format.orNothing(why?.replaceAll("_", " ")) },
];

/**
 * @template Row
 * @template {number | null} Value
 * @param {string} id
 * @param {string} title
 * @param {(row: Row) => Value} value
 * @param {(value: Value) => string} toText
 * @returns {import("./table.js").Column<Row>}
 */
function number(id, title, value, toText) {
  return { id, title, isNumber: true, value, text: (row) => toText(value(row)) };
}

/**
 * @param {typeof FIGURES[number]} figure
 * @returns {import("./table.js").Column<Track>[]} none when it is no column
 */
function figure({ name, title, word }) {
  if (word === null) return [];
  const value = (/** @type {Track} */ track) => track[name];
  return [{ id: word, title, isNumber: true, value, text: (track) => format.figure(name, track[name]) }];
}

/**
 * @template Row
 * @param {string} id
 * @param {string} title
 * @param {(row: Row) => string} userOf
 * @returns {import("./table.js").Column<Row>}
 */
function person(id, title, userOf) {
  const href = (/** @type {Row} */ row) => hrefOf("users", userOf(row));
  return { id, title, text: (row) => nameOf(userOf(row)), whole: userOf, href };
}

/** @returns {Pick<import("./table.js").Column<any>, "isBad" | "isWarm">} */
function grades() {
  return { isBad: ({ grade }) => grade === "poor", isWarm: ({ grade }) => grade === "weak" };
}

/** @param {readonly (number | null)[]} values @returns {number | null} */
function leastOf(values) {
  const known = values.flatMap((value) => value ?? []);
  return known.length ? Math.min(...known) : null;
}

/** @returns {import("./table.js").Column<any>} */
function problems() {
  return {
    id: "problems",
    title: "Problems",
    text: (row) => format.problemList(row.problems),
    value: (row) => row.problems.length ? format.problemList(row.problems) : null,
    isBad: (row) => row.problems.length > 0,
  };
}

/** @returns {import("./table.js").Column<any>} */
function node() {
  return { id: "node", title: "Node", isOfCluster: true, text: (row) => format.orNothing(row.node) };
}

/** @returns {import("./table.js").Column<any>} */
function room() {
  return {
    id: "room",
    title: "Room",
    text: ({ roomId }) => (roomId ? shortOf(roomId) : format.orNothing("")),
    whole: ({ roomId }) => roomId ?? "",
    value: ({ roomId }) => roomId,
    href: ({ roomId }) => roomId && hrefOf("rooms", roomId),
  };
}
