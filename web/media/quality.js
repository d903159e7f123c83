// @ts-check
/**
 * How well the partner is seen and heard, in one figure from 1 to 5. The server has the same for operators
 * (`relay/quality.py`, where it is explained); `tests/quality.json` holds both to one table.
 *
 * @typedef {"good" | "weak" | "poor"} Grade
 *
 * @typedef {object} Experience shares are from 0 to 1; null: there is none, or who knows
 * @property {number | null} concealed of the sound, what was made up
 * @property {number | null} frozen of the time, when the picture stood still
 * @property {number | null} shown of the pictures
 * @property {number | null} delayMs from one to the other
 * @property {number | null} lines of the picture's short side
 */

/** @param {Experience} got */
export function quality({ concealed, frozen, shown, delayMs, lines }) {
  let left = Math.exp(-7 * (concealed ?? 0) - 8 * (frozen ?? 0) - Math.max(0, (delayMs ?? 0) - 150) / 700);
  left *= Math.sqrt(shown ?? 1);
  if (lines) left *= Math.max(0.8, 1 - 0.07 * Math.max(0, Math.log2(360 / lines)));
  return 1 + 4 * left;
}

/** @param {number} figure @returns {Grade} */
export function gradeOf(figure) {
  const told = Math.round(figure * 10) / 10;
  return told >= 4 ? "good" : told >= 2.5 ? "weak" : "poor";
}
