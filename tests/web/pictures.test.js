// @ts-check
/** Pictures, reactions, translations: what the page decides of them. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { sizeOfJpeg } from "../../web/media/jpeg.js";
import { bytesOf, partsOf } from "../../web/media/album.js";
import { findEmoji, GROUPS } from "../../web/words/emoji.js";
import { Page } from "./transcript.js";

const PICTURE = { url: "blob:1", width: 4, height: 3 };
const FILE = /** @type {File} */ ({});

/** Two who have agreed. */
function agreed() {
  const page = Page.inCall();
  page.on({ type: "pictures_wanted" });
  page.hear({ type: "pictures", allowed: true });
  return page;
}

/** @param {Page} page @param {string[]} parts */
function prepared(page, parts) {
  const roomId = page.state.partner?.roomId ?? "";
  return page.on({ type: "picture_prepared", roomId, parts, picture: PICTURE });
}

/** @param {Page} page @param {number} part @param {number} parts */
function comes(page, part, parts, data = "/9j/", id = "p1") {
  return page.hear({ type: "picture_part", id, part, parts, data });
}

test("one asks, the other agrees; only then a file is taken", () => {
  const page = Page.inCall();
  const choose = () => page.on({ type: "picture_chosen", file: FILE, roomId: page.state.partner?.roomId ?? "" });
  assert.deepEqual(choose(), []);
  assert.deepEqual(page.on({ type: "pictures_wanted" }), ["> pictures"]);
  assert.deepEqual(choose(), []);
  assert.deepEqual(page.hear({ type: "pictures", allowed: true }), []);
  assert.deepEqual(choose(), ["prepare_picture"]);
});

test("who does not want to is asked once", () => {
  const page = Page.inCall();
  page.on({ type: "pictures_wanted" });
  assert.deepEqual(page.hear({ type: "pictures", allowed: false }), ["> pictures"]);
  assert.match(page.says, /^Your partner does not want to exchange pictures/);
  assert.deepEqual(page.on({ type: "pictures_wanted" }), []);
  page.hear({ type: "pictures", allowed: true });
  assert.deepEqual(page.on({ type: "pictures_wanted" }), ["> pictures"], "unless they ask themselves");
});

test("who has agreed and ends it, as a page does that is loaded anew, can be asked again", () => {
  const page = agreed();
  assert.deepEqual(page.hear({ type: "pictures", allowed: false }), ["> pictures"]);
  assert.match(page.says, /^No more pictures for now\./);
  assert.deepEqual(page.on({ type: "pictures_wanted" }), ["> pictures"]);
});

test("that a picture is being prepared is said, and that another one was too soon", () => {
  const page = agreed();
  const choose = () => page.on({ type: "picture_chosen", file: FILE, roomId: page.state.partner?.roomId ?? "" });
  choose();
  assert.match(page.says, /^One moment…/);
  prepared(page, ["a"]);
  assert.match(page.says, /^Connected/);
  assert.deepEqual(choose(), []);
  assert.match(page.says, /^That was too quick\./);
});

test("who is asked says yes or no, and is not asked again", () => {
  const page = Page.inCall();
  page.hear({ type: "pictures", allowed: true });
  assert.equal(page.state.partner?.exchange.isAnswered, false);
  assert.deepEqual(page.on({ type: "pictures_answered", isAgreed: false }), ["> pictures"]);
  assert.deepEqual(page.sent.at(-1), { type: "pictures", allowed: false });
  assert.equal(page.state.partner?.exchange.isAnswered, true);
});

test("a picture goes part by part, as the other one has them", () => {
  const page = agreed();
  assert.deepEqual(prepared(page, ["a", "b"]), ["> picture_part"]);
  assert.deepEqual(page.hear({ type: "picture_received", id: "p1", part: 1 }), []);
  assert.deepEqual(page.hear({ type: "picture_received", id: "p1", part: 0 }), ["> picture_part"]);
  assert.deepEqual(page.sent.at(-1), { type: "picture_part", id: "p1", part: 1, parts: 2, data: "b" });
  assert.equal(page.state.chat[0]?.fate, "sent");
  assert.deepEqual(page.hear({ type: "picture_received", id: "p1", part: 1 }), []);
  assert.equal(page.state.chat[0]?.fate, "delivered");
  assert.equal(page.state.outgoing, null);
});

test("one that is refused, or of which nothing is heard for a minute, was not sent", () => {
  for (const end of [
    (/** @type {Page} */ page) => page.hear({ type: "picture_refused", id: "p1" }),
    (/** @type {Page} */ page) => page.error("rate_limited", 1_000, "p1"),
    (/** @type {Page} */ page) => page.error("pictures_not_agreed", null, "p1"),
    (/** @type {Page} */ page) => {
      page.nowMs += 60_000;
      return page.on({ type: "time_passed" });
    },
  ]) {
    const page = agreed();
    prepared(page, ["a", "b"]);
    end(page);
    assert.equal(page.state.chat[0]?.fate, "refused");
    assert.match(page.says, /^Your picture did not arrive/);
    assert.deepEqual(page.on({ type: "chat_repeated", id: "p1" }), []);
    assert.deepEqual(prepared(page, ["a"]), ["> picture_part"], "another one goes");
  }
});

test("a picture that was chosen for one is for nobody else", () => {
  const page = agreed();
  const roomId = page.state.partner?.roomId ?? "";
  page.do("next_pressed");
  page.meet();
  assert.deepEqual(page.on({ type: "picture_chosen", file: FILE, roomId: "before" }), []);
  assert.match(page.says, /^The picture was not sent/);
  assert.deepEqual(page.on({ type: "picture_shown", roomId: "before", id: "p1", picture: PICTURE }), []);
  assert.deepEqual([page.state.chat, page.state.outgoing, page.state.arriving], [[], null, null]);
  assert.ok(roomId);
});

test("a picture of theirs is decoded before it is shown, and then is said to have come", () => {
  const page = agreed();
  assert.deepEqual(comes(page, 0, 2), ["> picture_received"]);
  assert.deepEqual(comes(page, 1, 2), ["show_picture"]);
  assert.deepEqual(page.state.chat, []);
  const roomId = page.state.partner?.roomId ?? "";
  assert.deepEqual(page.on({ type: "picture_shown", roomId, id: "p1", picture: PICTURE }), ["> picture_received"]);
  assert.deepEqual(page.sent.at(-1), { type: "picture_received", id: "p1", part: 1 });
  assert.deepEqual(page.state.chat.map(({ picture }) => picture), [PICTURE]);
});

test("what is none, comes unasked, in disorder, or is too much, is refused", () => {
  const page = Page.inCall();
  assert.deepEqual(comes(page, 0, 2), ["> picture_refused"]);
  const other = agreed();
  assert.deepEqual(comes(other, 1, 2), ["> picture_refused"]);
  comes(other, 0, 3);
  assert.deepEqual(comes(other, 2, 3), ["> picture_refused"]);
  assert.deepEqual(comes(other, 0, 17), ["> picture_refused"]);
  assert.deepEqual(comes(other, 0, 2, "A".repeat(12_289)), ["> picture_refused"]);
  comes(other, 0, 1);
  const roomId = other.state.partner?.roomId ?? "";
  assert.deepEqual(other.on({ type: "picture_unreadable", roomId, id: "p1" }), ["> picture_refused"]);
  assert.deepEqual(other.state.chat, []);
});

test("who has had fifty in a call takes no more", () => {
  const page = agreed();
  const roomId = page.state.partner?.roomId ?? "";
  for (let i = 0; i < 50; i++) {
    comes(page, 0, 1, "/9j/", String(i));
    page.on({ type: "picture_shown", roomId, id: String(i), picture: PICTURE });
  }
  assert.deepEqual(comes(page, 0, 1), ["> picture_refused"]);
});

test("whoever takes it back ends what is under way", () => {
  const page = agreed();
  prepared(page, ["a", "b"]);
  assert.deepEqual(page.hear({ type: "pictures", allowed: false }), ["> pictures"]);
  assert.deepEqual([page.state.outgoing, page.state.chat[0]?.fate], [null, "refused"]);
});

test("a few reactions at once, seen by both, and gone with the partner", () => {
  const page = Page.inCall();
  const react = () => page.on({ type: "reaction_pressed", name: "heart" });
  for (let i = 0; i < 4; i++) assert.deepEqual(react(), ["> reaction"]);
  assert.deepEqual(react(), []);
  page.nowMs += 5_000;
  assert.deepEqual(react(), ["> reaction"]);
  for (let i = 0; i < 30; i++) page.hear({ type: "reaction", name: "wow" });
  assert.equal(page.state.reactions.length, 12);
  page.do("next_pressed");
  assert.deepEqual(page.state.reactions, []);
});

test("a line is translated on a press, once, and again if it failed", () => {
  const page = Page.inCall();
  page.hear({ type: "chat_message", text: "hola", id: "x" });
  const want = () => page.on({ type: "translation_wanted", id: "x", language: "en" });
  assert.deepEqual(want(), ["translate"]);
  assert.deepEqual(want(), []);
  page.on({ type: "translated", id: "x", text: null });
  assert.equal(page.state.chat[0]?.translation?.status, "failed");
  assert.deepEqual(want(), ["translate"]);
  page.on({ type: "translated", id: "x", text: "hello" });
  assert.deepEqual(page.state.chat[0]?.translation, { status: "done", text: "hello" });
});

test("how large a picture is stands in its head, or it is none", () => {
  const head = [0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xc2, 0, 11, 8, 0, 3, 0, 4, 1, 0, 0, 0];
  assert.deepEqual(sizeOfJpeg(new Uint8Array(head)), { width: 4, height: 3 });
  for (let length = 0; length < 18; length++) {
    assert.equal(sizeOfJpeg(new Uint8Array(head.slice(0, length))), null);
  }
  assert.equal(sizeOfJpeg(new TextEncoder().encode("<svg onload=alert(1)></svg>")), null);
  assert.equal(sizeOfJpeg(new Uint8Array([0xff, 0xd8, ...Array(5_000).fill(0xff)])), null);
});

test("parts put together are what they were made of", () => {
  const bytes = Uint8Array.from({ length: 20_000 }, (_, index) => index % 251);
  const parts = partsOf(bytes);
  assert.deepEqual(parts.map((part) => part.length), [12_288, 12_288, 2_092]);
  assert.deepEqual(bytesOf(parts), bytes);
});

test("emoji are found in both languages, by the beginnings of words, without accents", () => {
  const signs = (/** @type {string} */ wanted) => findEmoji(wanted).flatMap(({ emojis }) => emojis.map(({ sign }) => sign));
  assert.ok(signs("corazon").includes("❤️"));
  assert.ok(signs("HEART").includes("❤️"));
  assert.deepEqual(signs("café").includes("☕"), true);
  assert.deepEqual(signs("xyzzy"), []);
  const all = GROUPS.flatMap(({ emojis }) => emojis);
  assert.ok(all.length > 150);
  assert.equal(new Set(all.map(({ sign }) => sign)).size, all.length, "each once");
  assert.ok(all.every(({ words }) => words));
});
