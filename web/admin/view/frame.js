// @ts-check
/** What is around the pages: navigation, the state of the line, warnings, news. */
import { find, setAttribute, setText } from "../../view/dom.js";
import { clusterWarningOf, warningOf } from "../model/tiles.js";
import { count } from "../model/format.js";
import { nameOf } from "../model/people.js";

const TITLES = {
  overview: "Overview",
  rooms: "Rooms",
  room: "Room",
  tracks: "Tracks",
  track: "Track",
  users: "Users",
  user: "User",
  audit: "Looks into calls",
  reports: "Reports",
  report: "Report",
  appeals: "Appeals",
  appeal: "Appeal",
  bans: "Bans",
  ban: "Ban",
};
/** Which entry of the navigation a page belongs to. @type {Record<string, string>} */
const PARENTS = { room: "rooms", track: "tracks", user: "users", report: "reports", appeal: "appeals", ban: "bans" };

export class Frame {
  #section = find("frame", HTMLElement);
  #heading = find("heading", HTMLElement);
  #line = find("line", HTMLElement);
  #warning = find("warning", HTMLElement);
  #news = find("news", HTMLElement);
  #drain = find("drain", HTMLButtonElement);

  /** @param {boolean} visible */
  show(visible) {
    this.#section.hidden = !visible;
  }

  /** @param {{ name: string, role: string }} me who has logged in: what it may not do is not shown */
  enter({ name, role }) {
    setText(find("me", HTMLElement), `${name}, ${role}`);
    const roles = ["viewer", "moderator", "admin"];
    document.body.setAttribute("data-may", roles.slice(0, roles.indexOf(role) + 1).join(" "));
  }

  /** @param {import("../model/route.js").Route} route */
  turnTo({ page, id }) {
    const title = id ? `${TITLES[page]} ${id}` : TITLES[page];
    setText(this.#heading, page === "user" ? `${title}, ${nameOf(id)}` : title);
    document.title = `${title} – relay operators`;
    for (const link of document.querySelectorAll("nav a")) {
      const isCurrent = link.getAttribute("data-page") === (PARENTS[page] ?? page);
      if (isCurrent) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    for (const section of document.querySelectorAll("[data-pages]")) {
      const pages = section.getAttribute("data-pages")?.split(" ") ?? [];
      setHidden(section, !pages.includes(page));
    }
  }

  /** Tell who reads by ear, and who goes by keyboard, that this is another page. */
  focus() {
    this.#heading.focus();
  }

  /** @param {import("../wire/types.js").Snapshot} snapshot */
  draw(snapshot) {
    const { totals, nodes = [] } = snapshot;
    const isCluster = nodes.length > 0;
    this.#setLine("live", "Live");
    const warning = [warningOf(totals), clusterWarningOf(snapshot)].filter(Boolean).join(" ");
    setText(this.#warning, warning);
    this.#warning.hidden = warning === "";
    setText(this.#drain, totals.draining ? "Take new users" : "Drain");
    setHidden(this.#drain, isCluster); // there it is one node's, see the panel of nodes
    document.body.toggleAttribute("data-cluster", isCluster);
    setText(find("rooms-count", HTMLElement), count(totals.rooms));
    setText(find("tracks-count", HTMLElement), count(totals.tracks));
    setText(find("users-count", HTMLElement), count(totals.connected));
    setText(find("reports-count", HTMLElement), count(totals.openReports));
    setText(find("appeals-count", HTMLElement), count(totals.openAppeals));
  }

  /** @param {number} retryInMs */
  lose(retryInMs) {
    const seconds = Math.ceil(retryInMs / 1000);
    this.#setLine("lost", `Connection lost; trying again in ${seconds} s. What is shown is old.`);
  }

  connect() {
    this.#setLine("connecting", "Connecting…");
  }

  /** @param {string} text @param {boolean} [isFault] */
  tell(text, isFault = false) {
    setText(this.#news, text);
    setAttribute(this.#news, "data-bad", isFault);
  }

  /** @param {"live" | "lost" | "connecting"} state @param {string} text */
  #setLine(state, text) {
    setAttribute(this.#line, "data-state", state);
    setText(this.#line, text);
  }
}

/** @param {Element} element @param {boolean} hidden */
function setHidden(element, hidden) {
  if (element instanceof HTMLElement && element.hidden !== hidden) element.hidden = hidden;
}
