// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "./transcript.js";

/** @param {Page} page @param {string} text */
const write = (page, text) => {
  page.do("key_struck");
  return page.on({ type: "text_changed", text });
};

/** @param {Page} page @param {string} text */
const enter = (page, text) => {
  page.do("key_struck");
  return page.on({ type: "chat_entered", text });
};

/** The present partner goes and another one comes, in no time. @param {Page} page */
const change = (page) => {
  page.hear({ type: "partner_left" });
  page.meet();
  page.sent = [];
};

const LEAVINGS = {
  "partner_left": (/** @type {Page} */ page) => page.hear({ type: "partner_left" }),
  "partner_disconnected": (/** @type {Page} */ page) => page.hear({ type: "partner_disconnected" }),
  "Next": (/** @type {Page} */ page) => page.do("next_pressed"),
  "a lost connection": (/** @type {Page} */ page) => page.on({ type: "wire_lost", retryAtMs: 9, isResumable: false }),
  "a failed link": (/** @type {Page} */ page) => page.do("link_closed"),
};

for (const [name, leave] of Object.entries(LEAVINGS)) {
  test(`words begun for one partner are set aside: ${name}`, () => {
    const page = Page.inCall();
    write(page, "I live in Lis");
    leave(page);
    assert.equal(page.state.draft, "");
    assert.equal(page.state.begun, "I live in Lis");
  });
}

test("what is still written when somebody else is there is not sent, and said", () => {
  const page = Page.inCall();
  write(page, "I live in Lis");
  change(page);
  assert.deepEqual(write(page, "bon"), []);
  page.nowMs += 1_400;
  assert.deepEqual(enter(page, "bon"), []);
  assert.match(page.says, /^Not sent: this is somebody else\./);
  page.nowMs += 1_400;
  assert.deepEqual(enter(page, "bon"), []);
  assert.equal(page.state.draft, "bon");
  assert.deepEqual(page.sent, []);
});

test("after a rest, or a click, it is meant for whoever is there", () => {
  for (const become of [
    (/** @type {Page} */ page) => assert.equal(page.wait().waitedMs, 1_500),
    (/** @type {Page} */ page) => page.do("field_pressed"),
  ]) {
    const page = Page.inCall();
    write(page, "I live in Lis");
    change(page);
    become(page);
    assert.deepEqual(enter(page, "Hello!"), ["> chat_message"]);
    assert.equal(page.state.draft, "");
  }
});

test("keys that are struck while nobody is there count, too", () => {
  const page = Page.inCall();
  page.hear({ type: "partner_left" });
  page.do("key_struck");
  page.nowMs += 1_000;
  page.meet();
  assert.deepEqual(enter(page, "bon"), []);
});

test("whoever has sent their words, or rested, when somebody else comes is not held up", () => {
  const page = Page.inCall();
  write(page, "bye");
  enter(page, "bye");
  change(page);
  assert.deepEqual(enter(page, "hello"), ["> chat_message"]);
  write(page, "who are");
  page.nowMs += 2_000;
  change(page);
  assert.deepEqual(enter(page, "hello"), ["> chat_message"]);
});

test("what was set aside is taken up again on purpose, or thrown away", () => {
  const page = Page.inCall();
  write(page, "I live in Lis");
  page.hear({ type: "partner_left" });
  page.do("begun_taken");
  assert.equal(page.state.begun, "I live in Lis");
  page.meet();
  write(page, "by the way,");
  page.do("begun_taken");
  assert.deepEqual([page.state.draft, page.state.begun], ["I live in Lis by the way,", ""]);
  assert.deepEqual(enter(page, page.state.draft), ["> chat_message"]);
  write(page, "more");
  change(page);
  page.do("begun_dropped");
  assert.deepEqual([page.state.draft, page.state.begun], ["", ""]);
});

test("an empty field does not push out what was set aside; Stop forgets it", () => {
  const page = Page.inCall();
  write(page, "I live in Lis");
  change(page);
  change(page);
  assert.equal(page.state.begun, "I live in Lis");
  write(page, "and");
  page.do("stop_pressed");
  assert.deepEqual([page.state.draft, page.state.begun], ["", ""]);
});

test("text that comes without a key, and keys that follow it, count", () => {
  const page = Page.inCall();
  page.on({ type: "text_changed", text: "from the clipboard" });
  change(page);
  assert.deepEqual(enter(page, "x"), []);
  page.nowMs += 1_000;
  page.do("key_struck");
  assert.equal(page.wait().waitedMs, 1_500);
});

test("a click ends the wait for a rest", () => {
  const page = Page.inCall();
  write(page, "I live in Lis");
  change(page);
  page.do("field_pressed");
  page.arrive();
  assert.throws(() => page.wait(), /nothing is due/);
});

test("whoever goes takes the wait for a rest with them", () => {
  const page = Page.inCall();
  write(page, "I live in Lis");
  change(page);
  page.hear({ type: "partner_left" });
  page.hear({ type: "waiting_for_partner", online: 2 });
  assert.throws(() => page.wait(), /nothing is due/);
});
