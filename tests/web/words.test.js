// @ts-check
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { actionOf, KEYS } from "../../web/browser/keys.js";
import { readSettings } from "../../web/browser/memory.js";
import { DEFAULTS } from "../../web/machine/state.js";
import { levelOf } from "../../web/media/meter.js";
import { splitAddresses } from "../../web/view/addresses.js";
import { counting } from "../../web/words/plural.js";
import {
  LANGUAGES, agreementTo, chooseLanguage, digest, hasAgreed, loadWords, localeOf, nameOf, welcomeParagraphs,
} from "../../web/words/words.js";
import { inAllLanguages } from "./languages.js";

test("the language is the chosen one, else the browser's first that is there, else English", () => {
  assert.equal(chooseLanguage("", ["xx-FR", "es-MX", "en"]), "es");
  assert.equal(chooseLanguage("", ["zh-Hant-TW", "en"]), "zh");
  assert.equal(chooseLanguage("en", ["es"]), "en");
  assert.equal(chooseLanguage("", ["xx", "constructor"]), "en");
  assert.equal(chooseLanguage("xx", []), "en");
});

test("times are written as the browser's user does, if that is in the language that is spoken", () => {
  assert.equal(localeOf("en", ["es-MX", "en-GB", "en-US"]), "en-GB");
  assert.equal(localeOf("es", ["en-GB"]), "es");
});

test("a language has its own name, as it is written there", () => {
  assert.deepEqual(["en", "es", "uk"].map(nameOf), ["English", "Español", "Українська"]);
});

test("the words of a language are loaded, and English where they cannot be had", async (context) => {
  context.mock.method(console, "warn", () => {});
  assert.equal((await loadWords("es")).words.start, "Empezar");
  const load = async (/** @type {string} */ language) => {
    if (language !== "en") throw new TypeError("Failed to fetch");
    return import("../../web/words/en.js");
  };
  const { words, language } = await loadWords("es", load);
  assert.deepEqual([words.start, language], ["Start", "en"]);
  await assert.rejects(loadWords("es", async () => { throw new TypeError("Failed to fetch"); }));
});

test("what is said of a number has the form that the language has for it", () => {
  const forms = { one: "# письмо", few: "# письма", many: "# писем", other: "# письма" };
  assert.deepEqual([1, 2, 5, 21].map((count) => counting("ru")(count, forms)),
    ["1 письмо", "2 письма", "5 писем", "21 письмо"]);
  assert.equal(counting("en")(1, { other: "#" }), "1");
  assert.equal(counting("de")(12345, { other: "# Wörter" }), "12.345 Wörter");
});

/**
 * Every word by its path; a function is one that says something of what it is given.
 *
 * @param {unknown} words
 * @param {string} path
 * @returns {[string, string | Function][]}
 */
function leaves(words, path = "") {
  if (typeof words === "object" && words !== null) {
    return Object.entries(words).flatMap(([name, value]) => leaves(value, path ? `${path}.${name}` : name));
  }
  return [[path, typeof words === "function" ? words : String(words)]];
}

/** @param {string | Function} word @param {string} path @returns {string[]} what it says of some numbers */
function said(word, path) {
  if (typeof word === "string") return [word];
  return [0, 1, 2, 3, 5, 11, 100, 1_000_000].map((count) => {
    const text = word(...Array(word.length).fill(count));
    assert.ok(text.includes("#") === false, `${path}: ${text}`);
    return text;
  });
}

test("whoever counts has a form for each plural that the language's rules ask for", () => {
  for (const language of LANGUAGES) {
    const source = readFileSync(new URL(`../../web/words/${language}.js`, import.meta.url), "utf8");
    const { pluralCategories } = new Intl.PluralRules(language).resolvedOptions();
    const counted = [...source.matchAll(/counted\(\w+, \{([^}]*)\}/g)];
    assert.ok(counted.length > 0, language);
    for (const [whole, forms = ""] of counted) {
      const named = [...forms.matchAll(/(\w+): "/g)].map(([, form]) => form ?? "");
      // "many" of Spanish and its kin is for a million and more; nothing here comes to that.
      const needed = pluralCategories.filter((form) => form !== "many" || !["es", "fr", "it", "pt"].includes(language));
      assert.deepEqual(needed.filter((form) => !named.includes(form)), [], `${language}: ${whole}`);
    }
  }
});

/** @param {string | Function} word */
const kindOf = (word) => (typeof word === "string" ? "text" : `function of ${word.length}`);

const SPOKEN = await inAllLanguages();
const ENGLISH = leaves(SPOKEN["en"]);

for (const [name, words] of Object.entries(SPOKEN)) {
  test(`${name}: every word is there, no other one is, and none is empty`, () => {
    const found = leaves(words);
    assert.deepEqual(found.map(([path, word]) => [path, kindOf(word)]).sort(),
      ENGLISH.map(([path, word]) => [path, kindOf(word)]).sort());
    assert.deepEqual(found.filter(([path, word]) => said(word, path).some((text) => !text.trim())), []);
  });
}

test("every file of words is in use, and our own rules are there in its language", () => {
  const files = readdirSync(new URL("../../web/words/", import.meta.url));
  const languages = files.flatMap((file) => file.match(/^([a-z]{2})\.js$/)?.[1] ?? []);
  assert.deepEqual(languages, [...LANGUAGES].sort());
  const rules = readFileSync(new URL("../../web/welcome.txt", import.meta.url), "utf8");
  const english = welcomeParagraphs(rules, "en");
  assert.deepEqual(languages.filter((language) => language !== "en"
    && welcomeParagraphs(rules, language)[0] === english[0]), []);
});

test("every word that the page asks for is there", () => {
  const html = readFileSync(new URL("../../web/index.html", import.meta.url), "utf8");
  const asked = [...html.matchAll(/data-(?:text|label|title|placeholder)="([^"]+)"/g)];
  assert.ok(asked.length > 30);
  const known = new Set(ENGLISH.map(([path]) => path));
  assert.deepEqual(asked.map(([, path]) => path ?? "").filter((path) => !known.has(path)), []);
});

test("the welcome text is in paragraphs, in the reader's language where there is one", () => {
  const text = "Be kind.\n\nBe\nbrief.\n\n[es]\nSé amable.\n\n[fr]\nSois gentil.\n";
  assert.deepEqual(welcomeParagraphs(text, "en"), ["Be kind.", "Be brief."]);
  assert.deepEqual(welcomeParagraphs(text, "es"), ["Sé amable."]);
  assert.deepEqual(welcomeParagraphs(text, "fr"), ["Sois gentil."]);
  assert.deepEqual(welcomeParagraphs("", "es"), []);
  const spanish = "[es]\nSé amable.\n\n[fr]\n";
  assert.deepEqual(welcomeParagraphs(spanish, "en"), ["Sé amable."]);
  assert.deepEqual(welcomeParagraphs(spanish, "fr"), ["Sé amable."]);
});

test("other rules have another digest", () => {
  assert.notEqual(digest("Be kind."), digest("Be kind!"));
  assert.equal(digest("Be kind."), digest("Be kind."));
});

test("who has agreed to the rules is asked again when evidence is kept, and not when it no longer is", () => {
  const plain = agreementTo("Be kind.", false);
  const whole = agreementTo("Be kind.", true);
  const answers = [plain, whole, "", agreementTo("Be brief.", true)].map((agreedTo) =>
    [false, true].map((evidence) => hasAgreed(agreedTo, "Be kind.", evidence)));
  assert.deepEqual(answers, [[true, false], [true, true], [false, false], [false, false]]);
});

test("addresses are found in chat, and nothing else is", () => {
  const links = (/** @type {string} */ text) =>
    splitAddresses(text).flatMap(({ href }) => (href ? [href] : []));
  assert.deepEqual(links("see https://example.org/a?b=1, or (http://example.net)!"), [
    "https://example.org/a?b=1", "http://example.net/",
  ]);
  assert.deepEqual(links("javascript:alert(1) data:text/html,x ftp://a.b file:///etc"), []);
  assert.deepEqual(links("https://bank.example@evil.example/"), []);
  assert.deepEqual(links("https://"), []);
  assert.deepEqual(links("https://аррӏе.com"), ["https://xn--80ak6aa92e.com/"]);
  for (const text of ["", "a https://b.c d https://e.f", "https://x.y<script>"]) {
    assert.equal(splitAddresses(text).map((piece) => piece.text).join(""), text);
  }
});

const KEY = { key: "m", ctrlKey: false, altKey: false, metaKey: false, repeat: false };
const FREE = { isTyping: false, usesKeys: true };

test("letters are keys, but not while writing, with Ctrl, or when switched off", () => {
  assert.equal(actionOf(KEY, FREE), "microphone");
  assert.equal(actionOf({ ...KEY, key: "M" }, FREE), "microphone");
  assert.equal(actionOf(KEY, { ...FREE, isTyping: true }), null);
  assert.equal(actionOf({ ...KEY, ctrlKey: true }, FREE), null);
  assert.equal(actionOf(KEY, { ...FREE, usesKeys: false }), null);
  assert.equal(actionOf({ ...KEY, key: "x" }, FREE), null);
  assert.equal(actionOf({ ...KEY, key: "constructor" }, FREE), null);
});

test("Esc counts while writing too, but not when it is held down", () => {
  const escape = { ...KEY, key: "Escape" };
  assert.equal(actionOf(escape, { isTyping: true, usesKeys: false }), "next");
  assert.equal(actionOf({ ...escape, repeat: true }, FREE), null);
});

test("no two keys do the same", () => {
  assert.equal(new Set(Object.values(KEYS)).size, Object.keys(KEYS).length);
});

test("of what was remembered, only what fits is taken", () => {
  assert.deepEqual(readSettings("{}"), DEFAULTS);
  assert.deepEqual(readSettings("null"), DEFAULTS);
  const kept = { volume: 7, interests: ["a", 1], searchesOn: "no", cameraId: "c", junk: true };
  assert.deepEqual(readSettings(JSON.stringify(kept)), { ...DEFAULTS, cameraId: "c" });
  assert.throws(() => readSettings("{"), SyntaxError);
});

test("the level is 0 in silence, 1 at full loudness, and grows in between", () => {
  const level = (/** @type {number} */ height) => levelOf(new Float32Array(64).fill(height));
  assert.equal(level(0), 0);
  assert.equal(level(1), 1);
  assert.ok(level(0.01) > 0.3 && level(0.01) < level(0.1));
});
