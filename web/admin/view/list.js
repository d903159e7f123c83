// @ts-check
/** A table that can be narrowed down and sorted. */
import { find, setText } from "../../view/dom.js";
import { EVERYTHING } from "../model/route.js";
import { arrange, clicked, fits } from "../model/table.js";
import { Table } from "./table.js";

/** @template {{ id: string }} Row */
export class List {
  /** @type {import("../model/route.js").Filter} */
  filter = EVERYTHING;
  /** @type {import("../model/route.js").Sort} */
  sort;
  /** @type {Table<Row>} */
  #table;
  /** @type {readonly import("../model/table.js").Column<Row>[]} */
  #columns;
  #count;
  /** @type {readonly Row[]} */
  #rows = [];
  #limit;

  /**
   * @param {string} name of the page; its elements are named after it
   * @param {object} options
   * @param {string} options.caption
   * @param {readonly import("../model/table.js").Column<Row>[]} options.columns
   * @param {import("../model/route.js").Sort} options.sort at first
   * @param {number} options.limit as many as the server sends at most
   * @param {() => void} options.onChange when something else is wanted
   * @param {import("../model/table.js").Grouping<Row>} [options.grouping]
   */
  constructor(name, { caption, columns, sort, limit, onChange, grouping }) {
    this.#columns = columns;
    this.sort = sort;
    this.#limit = limit;
    this.#count = find(`${name}-shown`, HTMLElement);
    const change = () => {
      this.#draw();
      onChange();
    };
    this.#table = new Table(find(`${name}-table`, HTMLElement), {
      caption,
      columns,
      empty: "There is nothing that fits.",
      grouping,
      onSort: (column) => {
        this.sort = clicked(this.sort, column);
        change();
      },
    });
    const form = find(`${name}-filter`, HTMLFormElement);
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", () => {
      this.filter = filterOf(form);
      change();
    });
  }

  /** @param {readonly Row[]} rows all that the server told of */
  draw(rows) {
    this.#rows = rows;
    this.#draw();
  }

  #draw() {
    const fitting = this.#rows.filter((row) => fits(row, this.filter));
    const shown = arrange(fitting, this.#columns, this.sort, this.filter.text);
    this.#table.draw(shown, this.sort);
    const isCut = this.#rows.length >= this.#limit;
    const more = isCut ? ` of the first ${this.#limit}; there are more: narrow them down` : "";
    setText(this.#count, `${shown.length} shown${more}`);
  }
}

/** @param {HTMLFormElement} form @returns {import("../model/route.js").Filter} */
function filterOf(form) {
  const data = new FormData(form);
  const text = (/** @type {string} */ name) => String(data.get(name) ?? "");
  return {
    text: text("text"),
    kind: /** @type {"" | "audio" | "video"} */ (text("kind")),
    direction: /** @type {"" | "up" | "down"} */ (text("direction")),
    bad: data.has("bad"),
  };
}

