// @ts-check
/** @param {number} value @param {number} digits after the point @param {string} [locale] */
export function decimal(value, digits, locale) {
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(locale, options).format(value);
}

/** @param {number} ratio @param {string} [locale] as a percentage */
export function share(ratio, locale) {
  const options = { minimumFractionDigits: 1, maximumFractionDigits: 1 };
  return new Intl.NumberFormat(locale, { style: "percent", ...options }).format(ratio);
}
