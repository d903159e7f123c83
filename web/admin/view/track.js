// @ts-check
/** One track's page. */
import { find, make, setAttribute, setText } from "../../view/dom.js";
import { bitrate, count, milliseconds, overBudget, percent, problemList } from "../model/format.js";
import { hrefOf } from "../model/route.js";
import { columnsOf, TRACK_POINTS } from "../model/series.js";
import { nameOf } from "../model/people.js";
import { detailsOf, titleOf } from "../model/track.js";
import { Chart } from "./chart.js";

const GAP_S = 4;
const SPAN = { spanS: TRACK_POINTS };

/** @type {import("./chart.js").Options[]} */
const CHARTS = [
  {
    title: "Bit rate", format: bitrate, least: 50_000, ...SPAN,
    lines: [
      { name: "bitrateBps", title: "Media", colour: 1 },
      { name: "repairBitrateBps", title: "Repair", colour: 3 },
    ],
  },
  { title: "Loss", format: percent, least: 0.02, ...SPAN, lines: [{ name: "lossRatio", title: "On this way", colour: 3 }] },
  {
    title: "Delay", format: milliseconds, least: 20, ...SPAN,
    lines: [
      { name: "jitterMs", title: "Jitter", colour: 1 },
      { name: "roundTripMs", title: "Round trip", colour: 2 },
    ],
  },
  { title: "Frames per second", format: count, least: 10, ...SPAN, lines: [{ name: "fps", title: "Frames", colour: 1 }] },
];

export class TrackView {
  #gone = find("track-gone", HTMLElement);
  #title = find("track-title", HTMLElement);
  #problems = find("track-problems", HTMLElement);
  #budget = find("track-budget", HTMLElement);
  #details = find("track-details", HTMLElement);
  #links = find("track-links", HTMLElement);
  #frames;
  #charts = CHARTS.map((options) => {
    const host = make("div");
    find("track-charts", HTMLElement).append(host);
    return { host, chart: new Chart(host, options), names: options.lines.map(({ name }) => name) };
  });
  #shown = "";

  constructor() {
    this.#frames = this.#charts.at(-1)?.host ?? null;
  }

  /** @param {import("../wire/types.js").Track} track @param {readonly import("../model/series.js").Point[]} points */
  draw(track, points) {
    this.#gone.hidden = true;
    setText(this.#title, titleOf(track));
    setText(this.#problems, track.problems.length ? `Problems: ${problemList(track.problems)}` : "No problem.");
    setAttribute(this.#problems, "data-bad", track.problems.length > 0);
    this.#budget.hidden = track.overBudget.length === 0;
    setText(this.#budget, overBudget(track.overBudget));
    this.#drawDetails(track);
    this.#drawLinks(track);
    if (this.#frames) this.#frames.hidden = track.kind !== "video";
    for (const { chart, names } of this.#charts) chart.draw(columnsOf(points, names, GAP_S));
  }

  /** There is no such track. */
  miss() {
    this.#gone.hidden = false;
  }

  /** Show nothing of the last track. */
  clear() {
    this.#gone.hidden = this.#budget.hidden = true;
    for (const element of [this.#title, this.#problems]) setText(element, "");
    for (const element of [this.#details, this.#links]) element.replaceChildren();
    this.#shown = "";
  }

  /** @param {import("../wire/types.js").Track} track */
  #drawDetails(track) {
    const rows = detailsOf(track);
    if (this.#details.children.length !== rows.length) {
      this.#details.replaceChildren(...rows.map(([name]) => make("div", {}, make("dt", {}, name), make("dd"))));
    }
    rows.forEach(([, value], index) => {
      const shown = this.#details.children[index]?.lastElementChild;
      if (shown) setText(shown, value);
    });
  }

  /** @param {import("../wire/types.js").Track} track */
  #drawLinks({ userId, roomId, counterpartId }) {
    const links = [
      make("a", { href: hrefOf("users", userId) }, `User ${userId}, ${nameOf(userId)}`),
      ...(roomId ? [make("a", { href: hrefOf("rooms", roomId) }, `Room ${roomId}`)] : []),
      ...(counterpartId ? [make("a", { href: hrefOf("tracks", counterpartId) }, "The same media on the partner's side")] : []),
    ];
    const shown = [userId, roomId, counterpartId].join(" ");
    if (this.#shown === shown) return; // so that the focus stays
    this.#shown = shown;
    this.#links.replaceChildren(...links.map((link) => make("li", {}, link)));
  }
}
