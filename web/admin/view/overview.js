// @ts-check
/** The first page: tiles, the last hour, the workers, the worst calls. */
import { find, make, setAttribute, setText } from "../../view/dom.js";
import { FAILURES, nodes as nodeColumns, ROOMS, workers as workerColumns } from "../model/columns.js";
import { bitrate, count, percent } from "../model/format.js";
import { columnsOf } from "../model/series.js";
import { tilesOf } from "../model/tiles.js";
import { Chart } from "./chart.js";
import { Table } from "./table.js";

const WORST = 5;

/** @type {import("./chart.js").Options[]} */
const CHARTS = [
  {
    title: "People",
    format: count,
    least: 4,
    lines: [
      { name: "connected", title: "Connected", colour: 1 },
      { name: "inCall", title: "In call", colour: 2 },
      { name: "waiting", title: "Waiting", colour: 3 },
    ],
  },
  {
    title: "Bandwidth",
    format: bitrate,
    least: 100_000,
    lines: [{ name: "bitrateBps", title: "Forwarded", colour: 1 }],
  },
  {
    title: "Packets per second",
    format: count,
    least: 100,
    lines: [{ name: "packetsPerS", title: "Forwarded", colour: 1 }],
  },
  {
    title: "CPU, of one core",
    format: percent,
    least: 0.2,
    lines: [
      { name: "cpuRatio", title: "Server", colour: 1 },
      { name: "workerCpuRatio", title: "Busiest worker", colour: 3 },
    ],
  },
  {
    title: "Loss",
    format: percent,
    least: 0.02,
    lines: [
      { name: "lossUpRatio", title: "From users", colour: 1 },
      { name: "lossDownRatio", title: "To users", colour: 3 },
    ],
  },
];

export class Overview {
  #tiles = find("tiles", HTMLElement);
  #charts = CHARTS.map((options) => ({
    chart: new Chart(find("charts", HTMLElement), options),
    names: options.lines.map(({ name }) => name),
  }));
  /** @type {Table<import("../wire/types.js").Room>} */
  #worst = new Table(find("worst", HTMLElement), {
    caption: "Worst calls",
    columns: ROOMS,
    empty: "",
  });

  /** @type {Table<import("../wire/types.js").LinkFailures & { id: string }>} */
  #failures = new Table(find("failures-table", HTMLElement), {
    caption: "Links that failed", columns: FAILURES, empty: "",
  });

  /** Made when there are some. @type {Table<import("../wire/types.js").Worker & { id: string }> | null} */
  #workers = null;
  /** The same. @type {Table<import("../wire/types.js").Node & { id: string }> | null} */
  #nodes = null;
  #chosen = find("node", HTMLSelectElement);
  /** @type {readonly import("../wire/types.js").Node[]} */
  #told = [];

  /** @param {(node: string, wanted: boolean) => void} onDrain a node is to be drained, or no longer */
  constructor(onDrain) {
    find("node-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      onDrain(this.#chosen.value, !this.#isDraining());
    });
    this.#chosen.addEventListener("input", () => this.#drawOrder());
  }

  /**
   * @param {import("../wire/types.js").Snapshot} snapshot
   * @param {import("../wire/types.js").Thresholds} thresholds
   */
  draw({ totals, rooms, workers, failures, nodes = [] }, thresholds) {
    for (const { id, title, value, detail, isBad } of tilesOf(totals, thresholds)) {
      const tile = document.getElementById(`tile-${id}`) ?? this.#make(id, title);
      setAttribute(tile, "data-bad", isBad);
      const [, shown, below] = tile.children;
      if (shown) setText(shown, value);
      if (below) setText(below, detail);
    }
    this.#drawNodes(nodes, thresholds);
    this.#drawWorkers(workers, thresholds);
    find("failures", HTMLElement).hidden = failures.length === 0;
    this.#failures.draw(failures.map((each) => ({ ...each, id: each.cause })));
    const bad = rooms.filter(({ problems }) => problems.length > 0);
    find("worst-calls", HTMLElement).hidden = bad.length === 0;
    this.#worst.draw(bad.slice(0, WORST));
  }

  /** @param {readonly import("../model/series.js").Point[]} points */
  drawCharts(points) {
    for (const { chart, names } of this.#charts) chart.draw(columnsOf(points, names));
  }

  /**
   * @param {readonly import("../wire/types.js").Node[]} nodes
   * @param {import("../wire/types.js").Thresholds} thresholds
   */
  #drawNodes(nodes, thresholds) {
    find("nodes", HTMLElement).hidden = nodes.length === 0;
    if (nodes.length === 0) return;
    this.#nodes ??= new Table(find("nodes-table", HTMLElement), {
      caption: "Nodes", columns: nodeColumns(thresholds), empty: "",
    });
    this.#nodes.draw(nodes.map((node) => ({ ...node, id: node.name })));
    this.#told = nodes;
    const names = nodes.map(({ name }) => name);
    if (names.join(" ") !== [...this.#chosen.options].map(({ value }) => value).join(" ")) {
      const { value } = this.#chosen;
      this.#chosen.replaceChildren(...names.map((name) => make("option", {}, name)));
      if (names.includes(value)) this.#chosen.value = value;
    }
    this.#drawOrder();
  }

  #drawOrder() {
    setText(find("drain-node", HTMLElement), this.#isDraining() ? "Take new users" : "Drain");
  }

  #isDraining() {
    return this.#told.find(({ name }) => name === this.#chosen.value)?.totals?.draining === true;
  }

  /**
   * @param {readonly import("../wire/types.js").Worker[]} workers
   * @param {import("../wire/types.js").Thresholds} thresholds
   */
  #drawWorkers(workers, thresholds) {
    find("workers", HTMLElement).hidden = workers.length === 0;
    if (workers.length === 0) return;
    this.#workers ??= new Table(find("workers-table", HTMLElement), {
      caption: "Workers", columns: workerColumns(thresholds), empty: "",
    });
    this.#workers.draw(workers.map((worker) => ({ ...worker, id: `${worker.node ?? ""} ${worker.index}` })));
  }

  /** @param {string} id @param {string} title */
  #make(id, title) {
    const tile = make("div", { id: `tile-${id}`, class: "tile" }, make("dt", {}, title), make("dd"), make("dd", { class: "hint" }));
    this.#tiles.append(tile);
    return tile;
  }
}
