// @ts-check
/**
 * What a table shows, and in which order.
 *
 * @template Row
 * @typedef {object} Column
 * @property {string} id
 * @property {string} title
 * @property {(row: Row) => string} text
 * @property {(row: Row) => number | string | null} [value] to sort by, when the text will not do
 * @property {(row: Row) => string | null} [href] where the text leads
 * @property {(row: Row) => string} [whole] what the text is short for: shown when it is pointed at, found by a search
 * @property {(row: Row) => boolean} [isBad]
 * @property {(row: Row) => boolean} [isWarm] nearly bad
 * @property {boolean} [isNumber] aligned right; sorts with the most first
 * @property {boolean} [isOfCluster] shown where there is one
 */

/**
 * Rows that stand together below a line that says what they are.
 *
 * @template Row
 * @typedef {object} Grouping
 * @property {(row: Row) => string} keyOf
 * @property {(rows: readonly Row[]) => string} titleOf
 * @property {(rows: readonly Row[]) => string | null} hrefOf where that leads
 */

/**
 * The rows that have all words of a text somewhere, in order; rows without a value come last.
 *
 * @template Row
 * @param {readonly Row[]} rows
 * @param {readonly Column<Row>[]} columns
 * @param {import("./route.js").Sort} sort a column that is not there leaves the order as it is
 * @param {string} [text]
 * @returns {Row[]}
 */
export function arrange(rows, columns, sort, text = "") {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const found = rows.filter((row) => hasAll(row, columns, words));
  const column = columns.find(({ id }) => id === sort.column);
  if (!column) return found;
  const value = column.value ?? column.text;
  return found.sort((a, b) => compare(value(a), value(b), sort.isDown));
}

/**
 * Whether a row is what a filter, apart from its text, lets through.
 *
 * @param {object} row
 * @param {import("./route.js").Filter} filter
 */
export function fits(row, { kind, direction, bad }) {
  /** @type {{ kind?: string, direction?: string, problems?: readonly string[] }} */
  const known = row;
  return (
    (!kind || known.kind === kind)
    && (!direction || known.direction === direction)
    && (!bad || (known.problems?.length ?? 0) > 0)
  );
}

/**
 * Rows that belong together, one group after the other: each stands where its first row did.
 *
 * @template Row
 * @param {readonly Row[]} rows
 * @param {(row: Row) => string} keyOf
 * @returns {Map<string, Row[]>}
 */
export function groupsOf(rows, keyOf) {
  /** @type {Map<string, Row[]>} */
  const groups = new Map();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group) group.push(row);
    else groups.set(keyOf(row), [row]);
  }
  return groups;
}

/**
 * The sort after a click on a column's title.
 *
 * @param {import("./route.js").Sort} sort
 * @param {{ id: string, isNumber?: boolean }} column
 * @returns {import("./route.js").Sort}
 */
export function clicked(sort, column) {
  const isDown = sort.column === column.id ? !sort.isDown : column.isNumber === true;
  return { column: column.id, isDown };
}

/**
 * @template Row
 * @param {Row} row
 * @param {readonly Column<Row>[]} columns
 * @param {string[]} words
 */
function hasAll(row, columns, words) {
  if (words.length === 0) return true;
  const texts = columns.flatMap(({ text, whole }) => [text(row), whole?.(row) ?? ""].map((said) => said.toLowerCase()));
  return words.every((word) => texts.some((text) => text.includes(word)));
}

/**
 * @param {number | string | null} a
 * @param {number | string | null} b
 * @param {boolean} isDown
 */
function compare(a, b, isDown) {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  const order = typeof a === "number" && typeof b === "number"
    ? a - b
    : String(a).localeCompare(String(b), "en");
  return isDown ? -order : order;
}
