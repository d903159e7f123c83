// @ts-check
/** How the page's modules hang together. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const WEB = new URL("../../web/", import.meta.url);
const NEED = /^(?:import|export)\b[^;]*?"(\..+\.js)";$/gm;

/** @param {URL} module @param {Set<string>} known @returns {Set<string>} what it needs, by URL */
function needsOf(module, known = new Set()) {
  for (const [, path] of readFileSync(module, "utf8").matchAll(NEED)) {
    const needed = new URL(path ?? "", module);
    if (known.has(needed.href)) continue;
    known.add(needed.href);
    needsOf(needed, known);
  }
  return known;
}

test("no module needs itself, whatever lies between", () => {
  const names = readdirSync(WEB, { encoding: "utf8", recursive: true });
  const ours = names.filter((name) => name.endsWith(".js") && !name.includes("vendor"));
  assert.ok(ours.length > 50);
  assert.deepEqual(ours.filter((name) => {
    const module = new URL(name, WEB);
    return needsOf(module).has(module.href);
  }), []);
});

test("no module is asked for twice: the server puts them all into the page", () => {
  const html = readFileSync(new URL("index.html", WEB), "utf8");
  assert.doesNotMatch(html, /modulepreload/);
});
