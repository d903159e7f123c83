// @ts-check
/** Pictures that are blurred at first. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { isVeiled } from "../../web/machine/veil.js";
import { words as en } from "../../web/words/en.js";
import { veilText } from "../../web/words/safety.js";
import { GREETING, Page } from "./transcript.js";

/** @param {Page} page */
const says = (page) => veilText(page.state, en);
/** @param {Page} page */
const veiled = (page) => Boolean(page.state.partner && isVeiled(page.state.partner.veil));

/** @param {string} blur @param {boolean} partnerBlurs */
function met(blur, partnerBlurs) {
  const page = Page.searching("relay", { blur });
  page.sent = [];
  page.meetIn("r", { blurred: partnerBlurs });
  page.arrive();
  return page;
}

test("the search says whether this page blurs", () => {
  for (const [blur, blurred] of [["", undefined], ["off", undefined], ["both", true], ["brief", true]]) {
    const page = Page.inCall("relay", { blur: String(blur) });
    page.do("next_pressed");
    const [asked] = page.sent.filter(({ type }) => type === "next_partner");
    assert.equal(/** @type {any} */ (asked).blurred, blurred);
  }
});

test("nothing is blurred, and nothing said, where nobody wants it", () => {
  const page = met("", false);
  assert.equal(veiled(page), false);
  assert.deepEqual(page.sent, [{ type: "media_state", audio: true, video: true }]);
});

test("who does not blur says at once to who does that they are ready", () => {
  const page = met("off", true);
  assert.equal(veiled(page), false);
  assert.equal(page.sent.filter(({ type }) => type === "shown").length, 1);
  assert.deepEqual(page.do("show_pressed"), []);
});

test("both have to press Show, in whichever order", () => {
  const page = met("both", true);
  assert.deepEqual(says(page), { text: en.veil.both, button: "Show" });
  assert.deepEqual(page.do("show_pressed"), ["> shown"]);
  assert.equal(veiled(page), true);
  assert.deepEqual(says(page), { text: en.veil.waiting, button: "" });
  assert.deepEqual(page.do("show_pressed"), [], "once");
  page.hear({ type: "shown" });
  assert.equal(veiled(page), false);

  const other = met("both", true);
  other.hear({ type: "shown" });
  assert.equal(veiled(other), true);
  assert.deepEqual(says(other), { text: en.veil.onlyYou, button: "Show" });
  other.do("show_pressed");
  assert.equal(veiled(other), false);
});

test("where the partner's page takes no part one's own Show is enough", () => {
  const page = met("both", false);
  assert.equal(veiled(page), true);
  page.do("show_pressed");
  assert.equal(veiled(page), false);
});

test("for a moment: from the first picture on, and Show ends it sooner", () => {
  const page = Page.searching("relay", { blur: "brief" });
  page.meetIn("r", { blurred: true });
  assert.equal(page.state.dueMs.veil, undefined, "there is nothing to see yet");
  page.arrive();
  assert.equal(veiled(page), true);
  page.nowMs += 1_000;
  page.on({ type: "media_arrived", kind: "video" });
  const { waitedMs, commands } = page.wait();
  assert.deepEqual([waitedMs, commands], [2_000, ["> shown"]]);
  assert.equal(veiled(page), false, "whatever the partner does");
  const other = met("brief", false);
  assert.deepEqual(other.do("show_pressed"), ["> shown"]);
  assert.equal(veiled(other), false);
  assert.equal(other.state.dueMs.veil, undefined);
});

test("the next one is blurred anew, as the setting is then", () => {
  const page = met("both", false);
  page.do("show_pressed");
  page.on({ type: "setting_changed", change: { blur: "off" } });
  assert.equal(veiled(page), false);
  page.do("next_pressed");
  page.meet();
  assert.equal(veiled(page), false);
  page.on({ type: "setting_changed", change: { blur: "both" } });
  assert.equal(veiled(page), false, "whom one sees already is not hidden again");
  page.do("next_pressed");
  page.meet();
  assert.equal(veiled(page), true);
});

test("the server's advice holds as long as the person has chosen nothing", () => {
  for (const [blur, isBlurred] of /** @type {const} */ ([["", true], ["off", false], ["nonsense", true]])) {
    const page = new Page({ blur });
    page.hear({ ...GREETING, startBlurred: true });
    page.do("start_pressed");
    page.devicesOpened();
    page.offerMade();
    page.meet();
    assert.equal(veiled(page), isBlurred, blur);
  }
});

test("a picture that is taken for nudity is blurred, with the reason, until it is wanted all the same", () => {
  const page = Page.inCall();
  page.hear({ type: "partner_blurred", why: "nudity" });
  assert.equal(veiled(page), true);
  assert.match(says(page)?.text ?? "", /takes it for this: Nudity or sex\. It may be wrong\./);
  assert.equal(says(page)?.button, "Show anyway");
  assert.deepEqual(page.do("show_pressed"), [], "the partner is told nothing");
  assert.equal(veiled(page), false);
  page.hear({ type: "partner_blurred", why: "nudity" });
  assert.equal(veiled(page), false, "nobody is asked twice");
  page.do("next_pressed");
  page.meet();
  page.hear({ type: "partner_blurred", why: "nudity" });
  assert.equal(veiled(page), true);
});

test("Show anyway is Show, too, and does not stand in for the partner's", () => {
  const page = met("both", true);
  page.hear({ type: "partner_blurred", why: "nudity" });
  assert.deepEqual(page.do("show_pressed"), ["> shown"]);
  assert.equal(veiled(page), true);
  page.hear({ type: "shown" });
  assert.equal(veiled(page), false);
});

test("the time that is over shows nothing that the server has blurred meanwhile", () => {
  const page = met("brief", true);
  page.hear({ type: "partner_blurred", why: "nudity" });
  page.waitFor("veil");
  assert.equal(veiled(page), true);
});

test("what belongs to nobody is ignored", () => {
  const page = Page.searching();
  assert.deepEqual(page.hear({ type: "shown" }), []);
  assert.deepEqual(page.hear({ type: "partner_blurred", why: "nudity" }), []);
  assert.deepEqual(page.do("show_pressed"), []);
  assert.equal(says(page), null);
});

test("who returns after a reload begins blurred, and their own Show is enough", () => {
  const page = new Page({ blur: "both" });
  const kept = { sharedInterests: [], media: { audio: true, video: true }, lastChatId: 1 };
  page.on({ type: "conversation_kept", kept });
  page.resumed();
  page.do("return_pressed");
  assert.deepEqual([page.state.partner?.roomId, veiled(page)], ["room", true]);
  page.do("show_pressed");
  assert.equal(veiled(page), false);
});
