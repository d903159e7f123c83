// @ts-check
/** @param {number} value @param {number} digits after the point @param {string} [locale] */
export function decimal(value, digits, locale) {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale, options).format(value);
}
