// @ts-check
/** The page's styles hold from right to left as well. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { test } from "node:test";

const WEB = new URL("../../web/", import.meta.url);
/** What says left or right and means the beginning or the end of a line. */
const PHYSICAL = /(?:^|[\s;{-])(?:left|right)\s*:|(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)|(?:text-align|float|clear)\s*:\s*(?:left|right)|(?:top|bottom)-(?:left|right)-radius/;

for (const folder of ["style/", "admin/style/"]) {
  for (const name of readdirSync(new URL(folder, WEB))) {
    test(`${folder}${name} says start and end, not left and right`, () => {
      const lines = readFileSync(new URL(folder + name, WEB), "utf8").split("\n");
      assert.deepEqual(lines.filter((line) => PHYSICAL.test(line)), []);
    });
  }
}

test("what says left and right is found", () => {
  for (const line of ["  left: 0;", "p { right:0 }", "margin-left: 1px;", "text-align: right;", "border-top-left-radius: 2px"]) {
    assert.match(line, PHYSICAL);
  }
  for (const line of ["inset-inline-start: 0;", "margin-inline-end: 1px;", "text-align: start;"]) {
    assert.doesNotMatch(line, PHYSICAL);
  }
});
