// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { Page } from "./transcript.js";

test("chat goes both ways, trimmed, limited, and only with a partner", () => {
  const page = Page.searching();
  const say = (/** @type {string} */ text) => page.on({ type: "chat_entered", text });
  assert.deepEqual(say("hello?"), []);
  page.meet();
  assert.deepEqual(say("  hello "), ["> chat_message"]);
  assert.deepEqual(say("   "), []);
  assert.deepEqual(page.hear({ type: "chat_message", text: "<b>hi</b>", id: "x" }), [
    "> chat_received",
  ]);
  say("y".repeat(3_000));
  assert.deepEqual(
    page.state.chat.map(({ mine, text }) => [mine, text]),
    [[true, "hello"], [false, "<b>hi</b>"], [true, "y".repeat(2_000)]],
  );
});

test("half a character is not sent", () => {
  const page = Page.inCall();
  page.on({ type: "chat_entered", text: `${"y".repeat(1_999)}🐈` });
  assert.equal(page.state.chat[0]?.text, "y".repeat(1_999));
});

test("a line is marked as delivered when the partner's page has shown it", () => {
  const page = Page.inCall();
  page.on({ type: "chat_entered", text: "hello" });
  page.hear({ type: "chat_message", text: "hi", id: "1" });
  const marks = () => page.state.chat.map(({ fate }) => fate === "delivered");
  assert.deepEqual(marks(), [false, true]);
  page.hear({ type: "chat_received", id: "another" });
  assert.deepEqual(marks(), [false, true]);
  page.hear({ type: "chat_received", id: "1" });
  assert.deepEqual(marks(), [true, true]);
});

test("the chat is bounded", () => {
  const page = Page.inCall();
  for (let i = 0; i < 600; i++) page.hear({ type: "chat_message", text: String(i), id: "x" });
  assert.equal(page.state.chat.length, 500);
  assert.equal(page.state.chat.at(-1)?.text, "599");
});

test("typing is told once, and its end after three seconds, or with an empty field", () => {
  const page = Page.inCall();
  const type = (/** @type {string} */ text) => page.on({ type: "text_changed", text });
  assert.deepEqual(type("h"), ["> typing"]);
  page.nowMs += 1_000;
  assert.deepEqual(type("he"), []);
  assert.deepEqual(page.wait(), { waitedMs: 3_000, commands: ["> typing"] });
  assert.deepEqual(type("hel"), ["> typing"]);
  assert.deepEqual(type(""), ["> typing"]);
  assert.deepEqual(type(" "), []);
  assert.deepEqual(page.sent.map((message) => "active" in message && message.active), [
    true, false, true, false,
  ]);
});

test("what the server keeps back ends the typing all the same", () => {
  const page = Page.inCall();
  page.on({ type: "text_changed", text: "x" });
  page.on({ type: "chat_entered", text: "x.example" });
  const refusal = /** @type {const} */ ({ type: "error", code: "link_held_back", message: "", retryAfterMs: null, id: "1" });
  assert.deepEqual(page.hear(refusal), ["> typing"]);
  assert.deepEqual(page.sent.at(-1), { type: "typing", active: false });
});

test("what is sent ends the typing without a word", () => {
  const page = Page.inCall();
  page.on({ type: "text_changed", text: "hi" });
  assert.deepEqual(page.on({ type: "chat_entered", text: "hi" }), ["> chat_message"]);
  assert.throws(() => page.wait(), /nothing is due/);
});

test("the partner types until they stop, or write, or are silent for long", () => {
  const page = Page.inCall();
  const typing = (/** @type {boolean} */ active) => page.hear({ type: "typing", active });
  const isTyping = () => page.state.partner?.isTyping;
  typing(true);
  assert.equal(isTyping(), true);
  typing(false);
  assert.equal(isTyping(), false);
  typing(true);
  page.hear({ type: "chat_message", text: "hi", id: "1" });
  assert.equal(isTyping(), false);
  typing(true);
  page.wait();
  assert.equal(isTyping(), false);
});

test("lines are unread while the page is hidden or the chat closed", () => {
  const page = Page.inCall();
  const hear = () => page.hear({ type: "chat_message", text: "hi", id: "1" });
  hear();
  assert.equal(page.state.unread, 0);
  page.do("page_hidden");
  hear();
  assert.equal(page.state.unread, 1);
  page.do("page_shown");
  assert.equal(page.state.unread, 0);
  page.do("chat_toggled");
  hear();
  hear();
  page.do("page_hidden");
  page.do("page_shown");
  assert.equal(page.state.unread, 2);
  page.do("chat_toggled");
  assert.equal(page.state.unread, 0);
});

test("what is said, and that it was heard, goes out under its id", () => {
  const page = Page.inCall();
  page.on({ type: "text_changed", text: "hello" });
  page.on({ type: "chat_entered", text: "hello" });
  assert.equal(page.state.draft, "");
  page.hear({ type: "chat_message", text: "hi", id: "x" });
  page.on({ type: "text_changed", text: "h" });
  page.on({ type: "text_changed", text: "" });
  assert.deepEqual(page.sent, [
    { type: "typing", active: true },
    { type: "chat_message", text: "hello", id: "1" },
    { type: "chat_received", id: "x" },
    { type: "typing", active: true },
    { type: "typing", active: false },
  ]);
  page.hear({ type: "chat_received", id: "1" });
  assert.deepEqual(page.state.chat, [
    { id: "1", mine: true, text: "hello", fate: "delivered" },
    { id: "x", mine: false, text: "hi", fate: "delivered" },
  ]);
});

test("without a partner nothing is heard, written or typed", () => {
  const page = Page.searching();
  assert.deepEqual(page.hear({ type: "chat_message", text: "hi", id: "1" }), []);
  assert.deepEqual(page.on({ type: "text_changed", text: "x" }), []);
  assert.deepEqual([page.state.chat, page.state.draft], [[], ""]);
  page.hear({ type: "typing", active: true });
  assert.throws(() => page.wait(), /nothing is due/);
});

test("whoever has emptied the field, or is silent, is not counted as typing later", () => {
  const page = Page.inCall();
  page.on({ type: "text_changed", text: "x" });
  assert.deepEqual(page.on({ type: "text_changed", text: " " }), ["> typing"]);
  page.hear({ type: "typing", active: true });
  page.hear({ type: "typing", active: false });
  assert.throws(() => page.wait(), /nothing is due/);
  page.hear({ type: "typing", active: true });
  page.hear({ type: "chat_message", text: "hi", id: "1" });
  assert.throws(() => page.wait(), /nothing is due/);
  page.hear({ type: "typing", active: true });
  assert.equal(page.wait().waitedMs, 15_000);
});

test("a chat that is opened in a hidden tab is read when the tab is looked at", () => {
  const page = Page.inCall();
  page.do("page_hidden");
  page.hear({ type: "chat_message", text: "hi", id: "1" });
  page.do("chat_toggled");
  page.do("chat_toggled");
  assert.equal(page.state.unread, 1);
});
