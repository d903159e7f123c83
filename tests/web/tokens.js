// @ts-check
/** Says which pairs of scripts on stdin, `{ name: [one, other] }`, are not the same to a browser. */
import { readFileSync } from "node:fs";
import ts from "typescript";

/** @param {string} text @returns {string[]} */
function tokens(text) {
  const file = ts.createSourceFile("a.js", text, ts.ScriptTarget.Latest, true, ts.ScriptKind.JS);
  /** @param {ts.Node} node @returns {string[]} */
  const leaves = (node) => {
    if (ts.isJSDoc(node)) return [];
    const children = node.getChildren(file);
    return children.length ? children.flatMap(leaves) : [node.getText(file)];
  };
  return leaves(file).filter(Boolean);
}

const pairs = /** @type {Record<string, [string, string]>} */ (JSON.parse(readFileSync(0, "utf8")));
for (const [name, [one, other]] of Object.entries(pairs)) {
  if (JSON.stringify(tokens(one)) !== JSON.stringify(tokens(other))) console.log(name);
}
