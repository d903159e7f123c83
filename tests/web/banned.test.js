// @ts-check
/** Who is banned: until when, why, the appeal; and whom one has blocked. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { words as en } from "../../web/words/en.js";
import { words as es } from "../../web/words/es.js";
import { plain } from "../../web/words/plain.js";
import { banLeftText, banUntilText, durationText, momentText } from "../../web/words/safety.js";
import { Page } from "./transcript.js";

/** @typedef {import("../../web/wire/visitor.js").Ban} Ban */

/** @type {Ban} */
const BAN = { untilMs: 7_200_000, endsInMs: 3_600_000, reason: "nudity", words: "Not here.", appeal: null };
const APPEAL = { words: "It was not me.", outcome: null, answer: "" };

/** @param {Partial<Ban>} ban */
function banned(ban = {}) {
  const page = Page.inCall();
  page.sent = [];
  page.on({ type: "wire_banned", ban: { ...BAN, ...ban } });
  return page;
}

/** @param {Page} page @param {Ban | null} ban */
const seen = (page, ban) => page.on({ type: "visitor_seen", ban, blocks: [] });

test("a ban ends everything: the call, the devices, what was searched for", () => {
  const page = Page.inCall();
  page.do("report_opened");
  const commands = page.on({ type: "wire_banned", ban: BAN });
  for (const command of ["close_link", "close audio", "close video"]) assert.ok(commands.includes(command), command);
  const { isStarted, partner, search, socket, reportForm, formerRoomId } = page.state;
  assert.deepEqual([isStarted, partner, search, socket, reportForm], [false, null, "none", "closed", null]);
  page.do("report_opened");
  assert.equal(page.state.reportForm, null, `there is no way to report ${formerRoomId}`);
});

test("who only looks at themselves when the ban comes does so no longer", () => {
  const page = new Page();
  page.connect();
  page.do("preview_wanted");
  page.devicesOpened();
  const commands = page.on({ type: "wire_banned", ban: BAN });
  assert.deepEqual(commands, ["close audio", "close video"]);
});

test("a ban that ends is counted down and asked about then; the page comes back by itself", () => {
  const page = banned({ endsInMs: 90_000 });
  const { ban } = page.state;
  assert.ok(ban);
  assert.equal(banLeftText(ban, page.nowMs, en, "en"), "1 minute 30 seconds left. This page comes back by itself.");
  assert.deepEqual(page.waitFor("ban"), { waitedMs: 90_000, commands: ["look_up_visitor"] });
  assert.equal(banLeftText(ban, page.nowMs, en, "en"), "Looking whether it is over…");
  seen(page, { ...BAN, endsInMs: 100 });
  assert.deepEqual(page.waitFor("ban"), { waitedMs: 5_000, commands: ["look_up_visitor"] }, "not at every moment");
  assert.deepEqual(seen(page, null), ["connect"]);
  assert.deepEqual([page.state.ban, page.state.news.map(({ kind }) => kind)], [null, ["ban_over"]]);
  page.connect();
  page.do("start_pressed");
  assert.equal(page.state.isStarted, true);
});

test("a ban for ever is asked about now and then, since it may be lifted", () => {
  const page = banned({ untilMs: null, endsInMs: null });
  assert.ok(page.state.ban);
  assert.equal(banUntilText(page.state.ban, en, "en"), "For ever.");
  assert.equal(banLeftText(page.state.ban, page.nowMs, en, "en"), "");
  assert.deepEqual(page.waitFor("ban"), { waitedMs: 600_000, commands: ["look_up_visitor"] });
  assert.deepEqual(page.waitFor("ban"), { waitedMs: 60_000, commands: ["look_up_visitor"] }, "no answer");
});

test("an appeal is sent once, said to have arrived, and its answer waited for", () => {
  const page = banned();
  assert.deepEqual(page.on({ type: "appeal_pressed", text: "  " }), []);
  assert.deepEqual(page.on({ type: "appeal_pressed", text: " It was not me. " }), ["appeal"]);
  assert.deepEqual(page.ordered.at(-1), { do: "appeal", words: "It was not me." });
  assert.deepEqual(page.on({ type: "appeal_pressed", text: "again" }), [], "it is under way");
  page.on({ type: "appeal_sent", appeal: APPEAL });
  assert.deepEqual([page.state.ban?.appeal, page.state.appealing], [APPEAL, "none"]);
  assert.deepEqual(page.on({ type: "appeal_pressed", text: "again" }), [], "there is one");
  assert.deepEqual(page.waitFor("ban"), { waitedMs: 60_000, commands: ["look_up_visitor"] });
  const answered = { ...APPEAL, outcome: /** @type {const} */ ("refused"), answer: "It was." };
  seen(page, { ...BAN, appeal: answered });
  assert.deepEqual(page.state.ban?.appeal, answered);
  assert.equal(page.waitFor("ban").waitedMs, 600_000);
});

test("an appeal that did not arrive can be sent again", () => {
  const page = banned();
  page.on({ type: "appeal_pressed", text: "x" });
  assert.deepEqual(page.on({ type: "appeal_unsent", status: null }), []);
  assert.equal(page.state.appealing, "failed");
  assert.deepEqual(page.on({ type: "appeal_pressed", text: "x" }), ["appeal"]);
  assert.deepEqual(page.on({ type: "appeal_unsent", status: 409 }), ["look_up_visitor"], "there is one already");
  assert.deepEqual(page.on({ type: "appeal_unsent", status: 404 }), ["look_up_visitor"], "there is no ban");
});

test("whoever is let in is not banned", () => {
  const page = banned();
  page.connect();
  assert.deepEqual([page.state.ban, page.state.dueMs.ban], [null, undefined]);
  assert.deepEqual(seen(page, BAN), [], "that was before");
  assert.equal(page.state.ban, null);
});

test("blocks are looked at with the settings, and undone", () => {
  const page = Page.inCall();
  assert.deepEqual(page.do("settings_opened"), ["look_up_visitor"]);
  const blocks = [{ id: "1", atMs: 0 }, { id: "2", atMs: 1 }];
  page.on({ type: "visitor_seen", ban: null, blocks });
  assert.deepEqual(page.on({ type: "unblock_pressed", id: "1" }), ["unblock"]);
  page.on({ type: "block_kept", id: "1" });
  assert.deepEqual([page.state.blocks, page.state.blocksProblem], [blocks, true]);
  page.on({ type: "unblock_pressed", id: "1" });
  assert.equal(page.state.blocksProblem, false);
  page.on({ type: "block_undone", id: "1" });
  assert.deepEqual(page.state.blocks, [{ id: "2", atMs: 1 }]);
});

test("how long is said in the two largest units, in the reader's language", () => {
  assert.equal(durationText(1, "en"), "1 second");
  assert.equal(durationText(90_061_000, "en"), "1 day 1 hour");
  assert.equal(durationText(3_600_000, "es"), "1 hora");
  assert.equal(durationText(7_322_000, "es"), "2 horas 2 minutos");
  assert.match(momentText(0, "en"), /19(69|70)/);
  assert.equal(momentText(1e20, "en"), "?", "a time that no clock has");
  const ban = { ...BAN, untilMs: 0, endsAtMs: 0 };
  assert.match(banUntilText(ban, es, "es"), /^Hasta el .*19(69|70)/);
});

test("of what people write nothing is lost, hidden or turned round", () => {
  assert.equal(plain("<b>&amp;</b>"), "<b>&amp;</b>");
  assert.equal(plain("a\u0000\u0007\u001b[31mb\u0085c\u007f"), "a[31mbc");
  assert.equal(plain("one\r\ntwo\rthree\u2028four\tfive"), "one\ntwo\nthree\nfour\tfive");
  assert.equal(plain("\u202egpj.exe\u2066\u061c"), "⟦U+202E⟧gpj.exe⟦U+2066⟧⟦U+061C⟧");
  assert.equal(plain("שלום ‏"), "שלום ⟦U+200F⟧");
});
