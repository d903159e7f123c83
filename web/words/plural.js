// @ts-check
/**
 * What is said of a number of things, in the form which the language has for that number; `#` is where the
 * number stands. A language has those of the forms "zero", "one", "two", "few" and "many" that its rules ask for
 * (https://cldr.unicode.org/index/cldr-spec/plural-rules), and "other" always.
 *
 * @typedef {{ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>} Forms
 */

/**
 * @param {string} language
 * @returns {(count: number, forms: Forms) => string}
 */
export function counting(language) {
  const rules = new Intl.PluralRules(language);
  const numbers = new Intl.NumberFormat(language);
  return (count, forms) => (forms[rules.select(count)] ?? forms.other).replace("#", numbers.format(count));
}
