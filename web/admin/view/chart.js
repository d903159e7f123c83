// @ts-check
/** One chart, drawn by uPlot, with its figures in words below. */
import { make, setAttribute, setText } from "../../view/dom.js";
import { spanOf } from "../model/series.js";
import uPlot from "../vendor/uPlot.esm.js";

const HEIGHT_PX = 150;

/**
 * @typedef {object} Line
 * @property {string} name of the figure
 * @property {string} title
 * @property {1 | 2 | 3} colour
 *
 * @typedef {object} Options
 * @property {string} title
 * @property {readonly Line[]} lines
 * @property {(value: number) => string} format
 * @property {number} least how high the scale reaches at least
 * @property {number} [spanS] how much time there is at most
 */

export class Chart {
  /** @type {Options} */
  #options;
  #figure;
  #plotted = make("div", { class: "plot", role: "img" });
  /** @type {HTMLElement[]} */
  #values;
  /** @type {uPlot | null} */
  #plot = null;
  /** @type {import("../model/series.js").Columns} */
  #columns = [[]];

  /** @param {HTMLElement} host @param {Options} options */
  constructor(host, options) {
    this.#options = options;
    this.#values = options.lines.map(() => make("b"));
    const legend = options.lines.map(({ title, colour }, index) =>
      make("li", { "data-colour": String(colour) }, title, " ", this.#values[index] ?? ""));
    this.#figure = make(
      "figure", { class: "chart" },
      make("figcaption", {}, options.title),
      this.#plotted,
      make("ul", { class: "legend" }, ...legend),
    );
    host.append(this.#figure);
    new ResizeObserver(() => this.#fit()).observe(this.#plotted);
  }

  /** @param {import("../model/series.js").Columns} columns */
  draw(columns) {
    this.#columns = columns;
    const isVisible = this.#plotted.clientWidth > 0;
    if (isVisible) this.#plot ??= this.#make();
    if (isVisible) this.#plot?.setData(/** @type {uPlot.AlignedData} */ (columns));
    this.#say(null);
  }

  #fit() {
    const width = this.#plotted.clientWidth;
    if (width === 0) return;
    if (this.#plot) this.#plot.setSize({ width, height: HEIGHT_PX });
    else this.draw(this.#columns);
  }

  #make() {
    const { lines, format, least, spanS } = this.#options;
    const ink = () => colour("--ink-soft");
    const grid = { stroke: () => colour("--line"), width: 1 };
    return new uPlot({
      width: this.#plotted.clientWidth,
      height: HEIGHT_PX,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      hooks: { setCursor: [(plot) => this.#say(plot.cursor.idx ?? null)] },
      scales: {
        x: { range: () => this.#span(spanS) },
        y: { range: (_, __, most) => [0, Math.max(most ?? 0, least) * 1.05] },
      },
      axes: [
        { stroke: ink, grid, ticks: grid, values: "{HH}:{mm}", space: 60, size: 30 },
        { stroke: ink, grid, ticks: grid, size: widthOf, values: (_, splits) => splits.map(format) },
      ],
      series: [
        {},
        ...lines.map(({ colour: number, title }) => ({
          label: title,
          stroke: () => colour(`--chart-${number}`),
          width: 2,
          points: { size: 4 }, // shown only while there are few
        })),
      ],
    }, /** @type {uPlot.AlignedData} */ (this.#columns), this.#plotted);
  }

  /** @param {number | undefined} spanS @returns {[number, number]} */
  #span(spanS) {
    const times = this.#columns[0];
    const lastS = times.at(-1) ?? Date.now() / 1000;
    return spanOf(times[0] ?? lastS, lastS, spanS);
  }

  /**
   * Say the figures of one moment, else the last ones.
   *
   * @param {number | null} index
   */
  #say(index) {
    const { title, lines, format } = this.#options;
    const said = lines.map((_, number) => {
      const values = this.#columns[number + 1] ?? [];
      const value = index === null ? values.at(-1) : values[index];
      return value === undefined || value === null ? "–" : format(value);
    });
    said.forEach((text, number) => setText(this.#values[number] ?? this.#figure, text));
    if (index !== null) return;
    const summary = lines.map((line, number) => `${line.title} ${said[number]}`).join(", ");
    setAttribute(this.#plotted, "aria-label", `${title}; now: ${summary}`);
  }
}

/** @param {string} name */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/**
 * As wide as the longest of an axis's labels needs, so that none is clipped.
 *
 * @param {{ ctx: CanvasRenderingContext2D }} plot
 * @param {string[] | null} labels none before there is anything to draw
 * @returns {number} in CSS pixels, with the ticks and the gap beside them
 */
function widthOf(plot, labels) {
  const widths = (labels ?? []).map((label) => plot.ctx.measureText(label).width / devicePixelRatio);
  return Math.ceil(Math.max(30, ...widths)) + 22;
}
