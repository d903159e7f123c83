// @ts-check
/** The page and docs/protocol.md: what is in one is in the other. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parse } from "../../web/wire/messages.js";
import { Page } from "./transcript.js";

const PROTOCOL = readFileSync(new URL("../../docs/protocol.md", import.meta.url), "utf8");
const MESSAGES = readFileSync(new URL("../../web/wire/messages.js", import.meta.url), "utf8");

/** @param {string} title @returns {string[][]} the rows of the first table below it, by cell */
function tableOf(title) {
  const [, below = ""] = PROTOCOL.split(`\n## ${title}\n`);
  const [, table = ""] = below.split(/^\|[-| ]+\|\n/m);
  const rows = table.split("\n\n")[0]?.split("\n").filter((row) => row.startsWith("|")) ?? [];
  assert.ok(rows.length > 3, title);
  return rows.map((row) => row.split("|").slice(1, -1).map((cell) => cell.trim()));
}

/** @param {string} title @returns {string[]} */
function namesOf(title) {
  return tableOf(title).map(([name = ""]) => name.replaceAll("`", ""));
}

/** @param {string} type such as "array of strings" @returns {unknown} */
function exampleOf(type) {
  if (type.startsWith('`"')) return type.match(/"(.+?)"/)?.[1];
  if (type.startsWith("array")) return [];
  if (type === "object") return {};
  if (type === "as above") return "relay";
  if (type.includes("#states")) return "in_call";
  const examples = { string: "x", number: 1, boolean: true, RTCIceCandidateInit: { candidate: "x" } };
  const [, example] = Object.entries(examples).find(([name]) => type.startsWith(name)) ?? [];
  assert.notEqual(example, undefined, `no example of ${type}`);
  return example;
}

/** @param {string} cell such as "`text`: string, `id?`: string" */
function fieldsOf(cell) {
  const fields = cell.matchAll(/`(\w+)\??`: (.+?)(?=, `\w+\??`: |$)/g);
  return Object.fromEntries([...fields].map(([, name, type]) => [name, exampleOf(type ?? "")]));
}

for (const [name = "", fields = ""] of tableOf("Messages of the server")) {
  const type = name.replaceAll("`", "");
  test(`${type} of the server is read, and dealt with in a call`, () => {
    const message = parse(JSON.stringify({ type, ...fieldsOf(fields) }));
    assert.ok(message, `web/wire/messages.js does not know ${type}`);
    Page.inCall().hear(message);
  });
}

test("no message goes either way that the protocol does not have", () => {
  const known = [...namesOf("Messages of the server"), ...namesOf("Messages of the client")];
  const ours = [...MESSAGES.matchAll(/\{ type: "(\w+)"/g)].map(([, type]) => type ?? "");
  assert.deepEqual(ours.filter((type) => !known.includes(type)), []);
  const unsaid = namesOf("Messages of the client").filter((type) => !ours.includes(type));
  assert.deepEqual(unsaid, [], "what a client may say, and the page has no words for");
});

for (const code of namesOf("Errors")) {
  test(`the error ${code} is said, unless it only says that two messages crossed`, () => {
    const page = Page.inCall();
    page.hear({ type: "error", code, message: `It is ${code}.`, retryAfterMs: null, id: null });
    const said = {
      wrong_state: /^Connected/,
      pictures_not_agreed: /^Connected/,
      bad_sdp: /^Video connection failed/,
      media_failed: /^Video connection failed/,
      repeated_text: /^Not sent: you have written that to several people/,
      rate_limited: /^That was too quick\. Wait a moment\. \| Connected/,
      link_held_back: /^Not sent: addresses can be sent only after/,
    };
    const other = new RegExp(`^The server says: It is ${code}\\. \\| Connected`);
    assert.match(page.says, Object.hasOwn(said, code) ? said[/** @type {"bad_sdp"} */ (code)] : other);
  });
}
