// @ts-check
/**
 * Has the browser itself translate, where it can: on this machine, nothing is sent anywhere
 * (Translator and Language Detector APIs, W3C draft). Loaded when it is first asked for.
 *
 * @typedef {{ detect(text: string): Promise<{ detectedLanguage: string, confidence: number }[]> }} Detector
 * @typedef {{ translate(text: string): Promise<string> }} Translator
 * @typedef {{ create(): Promise<Detector> }} Detectors
 * @typedef {{ create(pair: { sourceLanguage: string, targetLanguage: string }): Promise<Translator> }} Translators
 */

/**
 * @param {string} text
 * @param {string} language that is to come out
 * @returns {Promise<string | null>} null: the browser cannot
 */
export async function translate(text, language) {
  const { LanguageDetector: detectors, Translator: translators } =
    /** @type {{ LanguageDetector?: Detectors, Translator?: Translators }} */ (globalThis);
  if (!detectors || !translators) return null;
  try {
    const [found] = await (await detectors.create()).detect(text);
    const sourceLanguage = found?.detectedLanguage ?? "und";
    if (sourceLanguage === language) return text;
    const translator = await translators.create({ sourceLanguage, targetLanguage: language });
    return await translator.translate(text);
  } catch (error) {
    console.info("The browser cannot translate this:", error);
    return null;
  }
}
