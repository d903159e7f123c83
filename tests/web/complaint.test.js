// @ts-check
/** Reporting and blocking: always the one who was meant. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { words as en } from "../../web/words/en.js";
import { newsText, reportedText } from "../../web/words/safety.js";
import { inAllLanguages } from "./languages.js";
import { Page } from "./transcript.js";

const THREAT = /** @type {const} */ ({ type: "report_pressed", reason: "threat", words: "" });

/** @param {Page} page @param {string} roomId */
const mean = (page, roomId) => page.on({ type: "report_meant", roomId });
/** @param {Page} page */
const news = (page) => page.state.news.map((item) => newsText(item, en, "en"));

test("a report leaves the partner at once and looks for the next one", () => {
  const page = Page.inCall();
  page.do("report_opened");
  assert.equal(reportedText(page.state, en), en.report.aboutPresent);
  const words = "  said so \ud800";
  const commands = page.on({ type: "report_pressed", reason: "hate", words });
  assert.deepEqual(commands, ["> report", "part", "> next_partner"]);
  assert.deepEqual(page.sent, [
    { type: "report", reason: "hate", words: "said so ", roomId: "room 1" },
    { type: "next_partner", interests: [] },
  ]);
  assert.deepEqual([page.state.partner, page.state.reportForm], [null, null]);
  assert.equal(page.state.linked, true);
  assert.equal(page.state.formerRoomId, null, "nobody is reported twice");
  page.hear({ type: "report_received", reportId: "7", roomId: "room 1", isStored: true });
  assert.deepEqual(news(page), ["Your report has arrived. You will not meet this person again."]);
  assert.equal(page.waitFor("news").waitedMs, 10_000);
  assert.deepEqual(page.state.news, []);
});

test("a block does the same and says nothing of reasons", () => {
  const page = Page.inCall();
  page.do("report_opened");
  assert.deepEqual(page.do("block_pressed"), ["> block", "part", "> next_partner"]);
  assert.deepEqual(page.sent[0], { type: "block", roomId: "room 1" });
  page.hear({ type: "blocked", blockId: "7", roomId: "room 1" });
  assert.deepEqual(news(page), ["Blocked. You will not meet this person again."]);
});

test("in direct mode the link goes with the one who is reported", () => {
  const page = Page.inCall("direct");
  page.do("report_opened");
  assert.deepEqual(page.on(THREAT), ["> report", "close_link", "> next_partner"]);
});

test("who has gone can be reported for a minute, and who has come meanwhile is not", () => {
  for (const leave of /** @type {(() => (page: Page) => void)[]} */ ([
    () => (page) => page.do("next_pressed"),
    () => (page) => page.hear({ type: "partner_left" }),
    () => (page) => page.hear({ type: "partner_disconnected" }),
  ])) {
    const page = Page.inCall();
    leave()(page);
    page.do("report_opened");
    assert.equal(reportedText(page.state, en), en.report.aboutFormer);
    page.meet();
    page.sent = [];
    assert.deepEqual(page.on(THREAT), ["> report"]);
    assert.deepEqual(page.sent, [{ type: "report", reason: "threat", roomId: "room 1" }]);
    assert.equal(page.state.partner?.roomId, "room 2", "nobody else is left");
    assert.equal(page.state.formerRoomId, null);
  }
});

test("the form holds on to the one for whom it was opened", () => {
  const page = Page.inCall();
  page.do("report_opened");
  page.hear({ type: "partner_left" });
  assert.equal(reportedText(page.state, en), en.report.aboutFormer);
  page.meet();
  page.arrive();
  assert.equal(reportedText(page.state, en), en.report.aboutFormer);
  assert.deepEqual(page.on(THREAT), ["> report"]);
  assert.deepEqual(page.sent.at(-1), { type: "report", reason: "threat", roomId: "room 1" });
  assert.equal(page.state.partner?.roomId, "room 2");
});

test("in the next call it is this person or the one before", () => {
  const page = Page.inCall();
  page.do("next_pressed");
  page.meet();
  page.do("report_opened");
  assert.deepEqual(page.state.reportForm, { roomId: "room 2", presentId: "room 2", formerId: "room 1" });
  mean(page, "room 1");
  assert.equal(reportedText(page.state, en), en.report.aboutFormer);
  mean(page, "room 7");
  assert.equal(page.state.reportForm?.roomId, "room 1", "nobody has ever been there");
  page.sent = [];
  assert.deepEqual(page.on(THREAT), ["> report"]);
  assert.deepEqual(page.sent, [{ type: "report", reason: "threat", roomId: "room 1" }]);
  assert.equal(page.state.partner?.roomId, "room 2");
  page.do("report_opened");
  assert.deepEqual(page.state.reportForm, { roomId: "room 2", presentId: "room 2", formerId: null });
});

test("after a minute the one before can be reported no longer", () => {
  const page = Page.inCall();
  page.do("next_pressed");
  assert.equal(page.waitFor("former").waitedMs, 60_000);
  page.do("report_opened");
  assert.equal(page.state.reportForm, null);
  assert.deepEqual(page.on(THREAT), []);
});

test("a form that is open for too long says so, and never turns to somebody else", () => {
  const page = Page.inCall();
  page.do("report_opened");
  page.hear({ type: "partner_left" });
  page.meet();
  page.waitFor("former");
  assert.equal(page.state.reportForm, null);
  assert.deepEqual(news(page), ["It is too late to report this person."]);

  const other = Page.inCall();
  other.do("next_pressed");
  other.do("report_opened");
  other.waitFor("former");
  assert.equal(other.state.reportForm, null);
  assert.deepEqual(news(other), ["It is too late to report this person."]);

  const present = Page.inCall();
  present.do("next_pressed");
  present.meet();
  present.arrive();
  present.do("report_opened");
  present.waitFor("former");
  assert.deepEqual(present.state.reportForm, { roomId: "room 2", presentId: "room 2", formerId: null });
});

test("after Stop the last one can still be reported, and nobody is looked for", () => {
  const page = Page.inCall();
  page.do("stop_pressed");
  page.do("report_opened");
  page.sent = [];
  assert.deepEqual(page.on(THREAT), ["> report"]);
  assert.deepEqual(page.sent, [{ type: "report", reason: "threat", roomId: "room 1" }]);
  assert.equal(page.state.isStarted, false);
});

test("with nobody to report there is no form, and a form that is closed reports nobody", () => {
  const page = Page.searching();
  page.do("report_opened");
  assert.equal(page.state.reportForm, null);
  assert.deepEqual([page.on(THREAT), page.do("block_pressed")], [[], []]);
  const other = Page.inCall();
  other.do("report_opened");
  other.do("report_closed");
  assert.deepEqual([other.on(THREAT), other.do("block_pressed")], [[], []]);
  assert.equal(other.state.dueMs.form, undefined);
});

for (const code of ["nobody_to_report", "cannot_report_yourself", "rate_limited"]) {
  test(`a report that is answered with ${code} is said not to have been taken`, () => {
    const page = Page.inCall();
    page.do("stop_pressed");
    page.do("report_opened");
    page.on(THREAT);
    page.error(code);
    assert.deepEqual(news(page), ["The server has not taken your report."]);
    page.error(code);
    assert.equal(page.state.news.length, 1, "once");
  });
}

test("a report of which nobody knows whether it has arrived is said to be one", () => {
  const page = Page.inCall();
  page.on({ type: "message_unsent", message: { type: "report", reason: "hate", roomId: "r" } });
  assert.deepEqual(news(page), ["Your report may not have arrived: the connection was lost."]);
  const other = Page.inCall();
  other.do("report_opened");
  other.on(THREAT);
  other.connect();
  assert.deepEqual(news(other), ["Your report may not have arrived: the connection was lost."]);
  other.connect();
  assert.equal(other.state.news.length, 1, "once");
});

test("whom a former session has met a new one cannot report", () => {
  const page = Page.inCall();
  page.connect();
  assert.deepEqual([page.state.formerRoomId, page.state.dueMs.former], [null, undefined]);
  page.do("report_opened");
  assert.equal(page.state.reportForm, null);
});

test("what came of a report stays until it is closed, and of many the last are there", () => {
  const page = new Page();
  page.connect();
  const outcome = /** @type {const} */ ({ type: "report_outcome", reportId: "7", reason: "spam" });
  page.hear({ ...outcome, atMs: Date.UTC(2026, 11, 1, 12), outcome: "banned" });
  assert.match(news(page)[0] ?? "", /^Your report of 1 December 2026 \(Spam or a bot\): the person was banned\.|^Your report of December 1, 2026 \(Spam or a bot\): the person was banned\./);
  page.hear({ type: "blocked", blockId: "7", roomId: "r" });
  page.waitFor("news");
  assert.deepEqual(page.state.news.map(({ kind }) => kind), ["outcome"]);
  page.on({ type: "news_closed", id: page.state.news[0]?.id ?? 0 });
  assert.deepEqual(page.state.news, []);
  for (let count = 0; count < 9; count++) page.hear({ ...outcome, atMs: 0, outcome: "dismissed" });
  assert.equal(page.state.news.length, 5);
  assert.equal(new Set(page.state.news.map(({ id }) => id)).size, 5);
});

test("a warning stays until somebody has taken notice of it", () => {
  const page = Page.inCall();
  page.hear({ type: "warning", reason: "nudity" });
  page.do("next_pressed");
  assert.equal(page.state.warning, "nudity");
  page.do("warning_taken");
  assert.equal(page.state.warning, null);
});

test("what the server holds back of the chat is said in our words", () => {
  const page = Page.inCall();
  page.on({ type: "chat_entered", text: "buy this" });
  page.error("repeated_text", null, "1");
  assert.equal(page.state.chat[0]?.fate, "refused");
  assert.match(page.says, /^Not sent: you have written that to several people\./);
  page.error("link_held_back", null, "1");
  assert.match(page.says, /^Not sent: addresses can be sent only after you have talked for a while\./);
});

test("who is slowed is told calmly, until it is over", () => {
  const page = Page.searching();
  page.hear({ type: "waiting_for_partner", online: 9, slowedForMs: 4_000 });
  assert.match(page.says, /Looking for someone… \| You have moved on very quickly\./);
  assert.equal(page.wait().waitedMs, 4_000);
  assert.doesNotMatch(page.says, /quickly/);
  page.hear({ type: "waiting_for_partner", online: 9, slowedForMs: 4_000 });
  page.meet();
  page.do("next_pressed");
  page.hear({ type: "waiting_for_partner", online: 9 });
  assert.doesNotMatch(page.says, /quickly/);
});

for (const [name, words] of Object.entries(await inAllLanguages())) {
  test(`${name}: each reason and each outcome has a name of its own`, () => {
    for (const names of [words.reasons, words.outcomes, words.news]) {
      assert.equal(new Set(Object.values(names)).size, Object.values(names).length);
    }
  });
}
