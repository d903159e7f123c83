// @ts-check
/** Puts the dashboard together: what the server tells goes to the page that is shown. */
import { find, setText } from "../view/dom.js";
import { AUDIT, BY_CALL, ROOMS, TRACKS, USERS } from "./model/columns.js";
import { overBudget } from "./model/format.js";
import { LIMIT, parse, streamQuery } from "./model/route.js";
import { append, merge, pointOf, TrackHistory } from "./model/series.js";
import { Desk } from "./desk.js";
import { Keys } from "./keys.js";
import { may } from "./model/cases.js";
import { Orders } from "./orders.js";
import { Frame } from "./view/frame.js";
import { List } from "./view/list.js";
import { LoginView } from "./view/login.js";
import { Overview } from "./view/overview.js";
import { PictureView } from "./view/picture.js";
import { Table } from "./view/table.js";
import { TrackView } from "./view/track.js";
import { ask, get } from "./wire/api.js";
import { Live } from "./wire/live.js";

const MAX_USERS = 500;
const USERS_EVERY_MS = 3000;
const ENDED = "Your session has ended: it was over, or the server was started anew. Log in again.";

let route = parse(location.hash);
/** Why this operator may not look into calls. */
let noTaps = "";
/** @type {import("./wire/types.js").Thresholds} */
let thresholds;
/** @type {import("./wire/types.js").Snapshot | null} */
let snapshot = null;
/** @type {readonly import("./model/series.js").Point[]} */
let points = [];
const tracks = new TrackHistory();
let usersAskedAtMs = -Infinity;
/** The track that is shown. @type {import("./wire/types.js").Track | null} */
let track = null;
/** The track that is not asked for: it is already, or is not there and will not come back, as an id is given once. */
let unasked = "";

const frame = new Frame();
const login = new LoginView(enter);
const overview = new Overview((node, wanted) => void orders.drain(wanted, node));
const trackView = new TrackView();
const picture = new PictureView(drawAudit);
const live = new Live({ onSnapshot: take, onLost: lose, onLoggedOut: () => leave(ENDED) });
const desk = new Desk((text, isFault) => frame.tell(text, isFault), () => leave(ENDED), drawAudit);
new Keys();
const orders = new Orders((text, isFault) => frame.tell(text, isFault), () => leave(ENDED));
/** @type {List<import("./wire/types.js").Room>} */
const rooms = new List("rooms", {
  caption: "Rooms", columns: ROOMS, limit: LIMIT, sort: { column: "problems", isDown: false }, onChange: watch,
});
/** @type {List<import("./wire/types.js").Track>} */
const allTracks = new List("tracks", {
  caption: "Tracks", columns: TRACKS, limit: LIMIT, sort: { column: "loss", isDown: true }, onChange: watch, grouping: BY_CALL,
});
/** @type {List<import("./wire/types.js").User>} */
const users = new List("users", {
  caption: "Users", columns: USERS, limit: MAX_USERS, sort: { column: "age", isDown: true }, onChange: watch,
});
/** @type {Table<import("./wire/types.js").Track>} */
const members = new Table(find("members-table", HTMLElement), {
  caption: "Tracks", columns: TRACKS, empty: "There are no tracks here, or no longer.",
});
/** @type {Table<import("./wire/types.js").AuditEntry & { id: string }>} */
const audit = new Table(find("audit-table", HTMLElement), {
  caption: "Looks into calls", columns: AUDIT, empty: "Nobody has looked into a call.",
});

find("logout", HTMLButtonElement).onclick = async () => {
  live.close(); // or the server cuts it off, which looks like a fault
  const { fault } = await ask("POST", "logout");
  leave(fault || "You have logged out.");
};
find("drain", HTMLButtonElement).onclick = () => orders.drain(snapshot?.totals.draining !== true);
find("end-room", HTMLButtonElement).onclick = () => orders.endRoom(roomId() ?? "");
find("disconnect", HTMLButtonElement).onclick = () => orders.disconnect(userId() ?? "");
find("ban-user", HTMLButtonElement).onclick = () => desk.banUser(userId() ?? "");
addEventListener("hashchange", () => {
  turn();
  frame.focus();
});
await enter();

/** Show the dashboard to who is logged in, and the login to others. */
async function enter() {
  const { status, body, fault } = await ask("GET", "session");
  if (status !== 200) return leave(fault);
  if (!body.loggedIn) return leave("");
  frame.enter(body);
  desk.enter(body);
  noTaps = body.tapsAllowed ? "" : "Looking into calls is switched off on this server (--allow-taps).";
  if (!may(body.role, "admin")) noTaps = "Looking into calls needs the role admin.";
  const answer = await get("thresholds");
  if (answer.fault) return leave(answer.fault);
  thresholds = answer.body;
  login.hide();
  frame.show(true);
  frame.connect();
  turn();
  await drawAudit();
}

/** @param {string} why */
function leave(why) {
  live.close();
  frame.show(false);
  snapshot = track = null;
  login.show(why);
}

/** Turn to the page of the address. */
function turn() {
  route = parse(location.hash);
  track = null;
  unasked = "";
  usersAskedAtMs = -Infinity;
  trackView.clear();
  picture.turnTo(route.id);
  members.draw([]);
  frame.turnTo(route);
  desk.turnTo(route);
  watch();
  draw();
}

function watch() {
  if (!find("frame", HTMLElement).hidden) live.open(streamQuery(route, allTracks.filter, allTracks.sort));
}

/** Take over what the server remembers. */
async function recall() {
  const { body, fault } = await get("history");
  if (fault) return;
  points = merge(points, body.samples.map(pointOf));
  overview.drawCharts(points);
}

/** @param {import("./wire/types.js").Snapshot} told */
function take(told) {
  const wasLost = snapshot === null;
  snapshot = told;
  const point = pointOf(told.totals);
  points = append(points, point);
  for (const each of told.tracks) tracks.add(each, Math.round(point.atS));
  draw();
  if (route.page === "track" && route.id !== unasked) void drawTrack(Math.round(point.atS));
  if (route.page === "users") void drawUsers(performance.now());
  desk.tick(performance.now());
  if (wasLost) void recall();
}

/** @param {number} retryInMs */
function lose(retryInMs) {
  snapshot = null;
  frame.lose(retryInMs);
}

function draw() {
  drawOrders();
  if (!snapshot) return;
  frame.draw(snapshot);
  if (route.page === "overview") overview.draw(snapshot, thresholds);
  if (route.page === "overview") overview.drawCharts(points);
  if (route.page === "rooms") rooms.draw(snapshot.rooms);
  if (route.page === "tracks") allTracks.draw(snapshot.tracks);
  if (route.page === "room") members.draw(snapshot.tracks.filter((each) => each.roomId === route.id));
  if (route.page === "user") members.draw(snapshot.tracks.filter((each) => each.userId === route.id));
  drawBudget();
}

function drawBudget() {
  const own = snapshot?.tracks.find((each) => route.page === "user" && each.userId === route.id);
  const line = find("members-budget", HTMLElement);
  setText(line, overBudget(own?.overBudget ?? []));
  line.hidden = !own?.overBudget.length;
}

function drawOrders() {
  find("end-room", HTMLElement).hidden = roomId() === null;
  find("disconnect", HTMLElement).hidden = find("ban-user", HTMLElement).hidden = userId() === null;
}

/** @param {number} atS */
async function drawTrack(atS) {
  const id = unasked = route.id;
  const { status, body } = await get(`tracks/${encodeURIComponent(id)}`);
  if (route.page !== "track" || route.id !== id) return; // another page is shown by now
  if (status === 404) trackView.miss();
  else unasked = "";
  track = status === 200 ? body : null;
  drawOrders();
  if (!track) return;
  tracks.add(track, atS);
  trackView.draw(track, tracks.of(id));
  picture.draw(track.kind === "video", noTaps || elsewhere(track));
}

/** Why a track cannot be looked into here: its node alone can. @param {import("./wire/types.js").Track} shown */
function elsewhere({ node }) {
  const here = snapshot?.nodes?.find((each) => each.here)?.name;
  return node && here && node !== here ? `It is at node ${node}, which alone can show it: go to the dashboard at its own address.` : "";
}

/** @param {number} nowMs */
async function drawUsers(nowMs) {
  if (nowMs - usersAskedAtMs < USERS_EVERY_MS) return;
  usersAskedAtMs = nowMs;
  const { status, body } = await get(`users?limit=${MAX_USERS}`);
  if (status === 200) users.draw(body.users);
}

async function drawAudit() {
  const { status, body } = await get("audit?limit=200");
  if (status !== 200) return;
  /** @type {import("./wire/types.js").AuditEntry[]} */
  const entries = body.entries.reverse();
  audit.draw(entries.map((entry) => ({ ...entry, id: entry.use + entry.event })));
  find("audit-link", HTMLElement).hidden = entries.length === 0;
}

function roomId() {
  return route.page === "room" ? route.id : track?.roomId ?? null;
}

function userId() {
  return route.page === "user" ? route.id : track?.userId ?? null;
}
