// @ts-check
/** One table; what has not changed is left alone, so that focus and selection stay. */
import { make, setAttribute, setText } from "../../view/dom.js";
import { groupsOf } from "../model/table.js";

/**
 * @template {{ id: string }} Row
 */
export class Table {
  /** @type {readonly import("../model/table.js").Column<Row>[]} */
  #columns;
  #body = make("tbody");
  /** @type {Map<string, HTMLElement>} */
  #rows = new Map();
  /** @type {Map<string, HTMLElement>} */
  #groups = new Map();
  /** @type {HTMLElement[]} */
  #heads;
  #grouping;
  #empty = make("p", { class: "hint" });

  /**
   * @param {HTMLElement} host
   * @param {object} options
   * @param {string} options.caption
   * @param {readonly import("../model/table.js").Column<Row>[]} options.columns
   * @param {string} options.empty said when there is no row
   * @param {(column: import("../model/table.js").Column<Row>) => void} [options.onSort]
   * @param {import("../model/table.js").Grouping<Row>} [options.grouping]
   */
  constructor(host, { caption, columns, empty, onSort, grouping }) {
    this.#columns = columns;
    this.#grouping = grouping;
    this.#heads = columns.map((column) => head(column, onSort));
    this.#empty.textContent = empty;
    const table = make(
      "table", {},
      make("caption", { class: "unseen" }, caption),
      make("thead", {}, make("tr", {}, ...this.#heads)),
      this.#body,
    );
    // What can be scrolled has to be reached by keyboard.
    host.append(make("div", { class: "scroller", tabindex: "0", role: "region", "aria-label": caption }, table), this.#empty);
  }

  /** @param {readonly Row[]} rows @param {import("../model/route.js").Sort} [sort] */
  draw(rows, sort) {
    this.#columns.forEach(({ id }, index) => {
      const order = sort?.isDown ? "descending" : "ascending";
      const element = this.#heads[index];
      if (element) setAttribute(element, "aria-sort", sort?.column === id ? order : "none");
    });
    const shown = this.#grouping ? this.#grouped(rows, this.#grouping) : rows.map((row) => this.#draw(row));
    if (shown.some((row, index) => this.#body.children[index] !== row) || this.#body.children.length > shown.length) {
      this.#arrange(shown);
    }
    this.#forget(new Set(rows.map(({ id }) => id)));
    this.#empty.hidden = rows.length > 0;
  }

  /** @param {readonly Row[]} rows @param {import("../model/table.js").Grouping<Row>} grouping */
  #grouped(rows, { keyOf, titleOf, hrefOf }) {
    const groups = groupsOf(rows, keyOf);
    for (const key of this.#groups.keys()) if (!groups.has(key)) this.#groups.delete(key);
    return [...groups].flatMap(([key, members]) => {
      const line = this.#groups.get(key) ?? this.#makeGroup(key);
      const title = line.querySelector("th > *");
      if (title) setText(title, titleOf(members));
      if (title instanceof HTMLAnchorElement) setAttribute(title, "href", hrefOf(members) ?? "");
      return [line, ...members.map((row) => this.#draw(row))];
    });
  }

  /** @param {string} key empty: there is nothing that it leads to */
  #makeGroup(key) {
    const title = make(key ? "a" : "span");
    const line = make("tr", { class: "group" }, make("th", { colspan: String(this.#columns.length) }, title));
    this.#groups.set(key, line);
    return line;
  }

  /** @param {Row} row */
  #draw(row) {
    const line = this.#rows.get(row.id) ?? this.#make(row.id);
    this.#columns.forEach((column, index) => {
      const cell = line.children[index];
      if (cell) drawCell(cell, column, row);
    });
    return line;
  }

  /** @param {string} id */
  #make(id) {
    const cells = this.#columns.map((column) => make("td", classOf(column)));
    const line = make("tr", { "data-id": id }, ...cells);
    this.#rows.set(id, line);
    return line;
  }

  /** @param {HTMLElement[]} shown */
  #arrange(shown) {
    const focused = document.activeElement;
    const hadFocus = focused instanceof HTMLElement && this.#body.contains(focused);
    this.#body.replaceChildren(...shown);
    if (hadFocus) focused.focus({ preventScroll: true });
  }

  /** @param {Set<string>} kept */
  #forget(kept) {
    for (const id of this.#rows.keys()) if (!kept.has(id)) this.#rows.delete(id);
  }
}

/**
 * @param {Element} cell
 * @param {import("../model/table.js").Column<any>} column
 * @param {unknown} row
 */
function drawCell(cell, column, row) {
  const href = column.href?.(row) ?? null;
  const link = cell.firstElementChild;
  if (href && !link) cell.replaceChildren(make("a", { href }));
  if (!href && link) cell.replaceChildren();
  if (href && cell.firstElementChild) setAttribute(cell.firstElementChild, "href", href);
  setText(cell.firstElementChild ?? cell, column.text(row));
  if (column.whole) setAttribute(cell, "title", column.whole(row));
  if (column.isBad) setAttribute(cell, "data-bad", column.isBad(row));
  if (column.isWarm) setAttribute(cell, "data-warm", column.isWarm(row) && !column.isBad?.(row));
}

/** @param {import("../model/table.js").Column<any>} column */
function classOf({ isNumber, isOfCluster }) {
  if (isOfCluster) return { class: "of-cluster" };
  return isNumber ? { class: "number" } : {};
}

/**
 * @template Row
 * @param {import("../model/table.js").Column<Row>} column
 * @param {((column: import("../model/table.js").Column<Row>) => void) | undefined} onSort
 */
function head(column, onSort) {
  const attributes = { scope: "col", ...classOf(column) };
  if (!onSort) return make("th", attributes, column.title);
  const button = make("button", { type: "button" }, column.title);
  button.addEventListener("click", () => onSort(column));
  return make("th", attributes, button);
}
