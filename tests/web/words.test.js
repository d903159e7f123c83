// @ts-check
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { actionOf, KEYS } from "../../web/browser/keys.js";
import { readSettings } from "../../web/browser/memory.js";
import { DEFAULTS } from "../../web/machine/state.js";
import { levelOf } from "../../web/media/meter.js";
import { splitAddresses } from "../../web/view/addresses.js";
import {
  LANGUAGES, agreementTo, chooseLanguage, digest, hasAgreed, localeOf, welcomeParagraphs,
} from "../../web/words/words.js";

test("the language is the chosen one, else the browser's first that is there, else English", () => {
  assert.equal(chooseLanguage("", ["fr-FR", "es-MX", "en"]), "es");
  assert.equal(chooseLanguage("en", ["es"]), "en");
  assert.equal(chooseLanguage("", ["fr", "constructor"]), "en");
  assert.equal(chooseLanguage("xx", []), "en");
});

test("times are written as the browser's user does, if that is in the language that is spoken", () => {
  assert.equal(localeOf("en", ["es-MX", "en-GB", "en-US"]), "en-GB");
  assert.equal(localeOf("es", ["en-GB"]), "es");
});

/** @param {unknown} words @param {string} path @returns {[string, string][]} */
function leaves(words, path = "") {
  if (typeof words === "object" && words !== null) {
    return Object.entries(words).flatMap(([name, value]) => leaves(value, `${path}.${name}`));
  }
  return [[path, String(typeof words === "function" ? words(3) : words)]];
}

const ENGLISH = leaves(LANGUAGES["en"]).map(([path]) => path);

for (const [name, words] of Object.entries(LANGUAGES)) {
  test(`${name}: every word is there, no other one is, and none is empty`, () => {
    const paths = leaves(words).map(([path]) => path);
    assert.deepEqual(ENGLISH.filter((path) => !paths.includes(path)), [], "missing");
    assert.deepEqual(paths.filter((path) => !ENGLISH.includes(path)), [], "not known");
    assert.deepEqual(leaves(words).filter(([, text]) => !text.trim()), []);
  });
}

test("every file of words is in use, and our own rules are there in its language", () => {
  const files = readdirSync(new URL("../../web/words/", import.meta.url));
  const languages = files.flatMap((file) => file.match(/^([a-z]{2})\.js$/)?.[1] ?? []);
  assert.deepEqual(languages, Object.keys(LANGUAGES).sort());
  const rules = readFileSync(new URL("../../web/welcome.txt", import.meta.url), "utf8");
  const english = welcomeParagraphs(rules, "en");
  assert.deepEqual(languages.filter((language) => language !== "en"
    && welcomeParagraphs(rules, language)[0] === english[0]), []);
});

test("every word that the page asks for is there", () => {
  const html = readFileSync(new URL("../../web/index.html", import.meta.url), "utf8");
  const asked = [...html.matchAll(/data-(?:text|label|title|placeholder)="([^"]+)"/g)];
  assert.ok(asked.length > 30);
  const known = new Set(leaves(LANGUAGES["en"]).map(([path]) => path.slice(1)));
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
