// @ts-check
/** People who know each other: invitations, meeting again, and being told when somebody comes. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { MAX_CONTACTS, forgetContact, keepContact, readContacts, recallContacts } from "../../web/browser/contacts.js";
import { readInvitation } from "../../web/browser/invitation.js";
import { generate } from "../../web/vendor/lean-qr/nano.js";
import { Page } from "./transcript.js";

const INVITATION = /** @type {const} */ ({ type: "invitation", code: "mine", guestCode: "theirs", withinMs: 3_600_000 });
const CONTACT = { code: "a", roomId: "r", metAtMs: 1, untilMs: 2 };

/** @param {Page} page */
function searches(page) {
  return page.sent.filter(({ type }) => type.endsWith("_partner")).at(-1);
}

/** @param {Page} page @param {string} code */
function refuse(page, code) {
  return page.hear({ type: "error", code, message: "No.", retryAfterMs: null, id: null });
}

/** @param {Page} page @param {string} [role] */
function invited(page, role = "theirs") {
  page.on({ type: "invited", code: role });
}

test("an invitation is made once, and shown again as long as it is good", () => {
  const page = new Page();
  assert.deepEqual(page.do("invite_pressed"), [], "there is no server yet");
  page.connect();
  assert.deepEqual(page.do("invite_pressed"), ["> invite"]);
  page.hear(INVITATION);
  assert.ok(page.state.trysts.isShown);
  page.do("invitation_closed");
  assert.deepEqual(page.do("invite_pressed"), []);
  assert.ok(page.state.trysts.isShown);
  page.nowMs += 3_600_000;
  page.on({ type: "time_passed" });
  assert.deepEqual([page.state.trysts.isShown, page.state.trysts.invitation], [false, null]);
  assert.deepEqual(page.do("invite_pressed"), ["> invite"]);
});

test("who waits for a guest starts, is said to wait, and gets no stranger", () => {
  const page = new Page();
  page.connect();
  page.do("invite_pressed");
  page.hear(INVITATION);
  assert.deepEqual(page.do("guest_awaited"), ["open audio and video"]);
  page.devicesOpened();
  page.offerMade();
  assert.deepEqual(searches(page), { type: "find_partner", interests: [], code: "mine" });
  page.hear({ type: "waiting_for_partner", online: 1 });
  assert.match(page.says, /^Waiting for your guest… \| You will meet nobody else meanwhile\./);
  page.meetIn("known", { isByCode: true });
  assert.equal(page.state.trysts.sought, null);
  page.hear({ type: "partner_left" });
  assert.equal(page.sent.filter(({ type }) => type.endsWith("_partner")).length, 1, "nobody else comes by itself");
  assert.match(page.says, /^Your partner left\. \| Ready when you are/);
  page.do("next_pressed");
  assert.deepEqual(searches(page), { type: "find_partner", interests: [] });
});

test("who waits may rather meet anybody, and take that back", () => {
  const page = Page.searching();
  page.do("invite_pressed");
  page.hear(INVITATION);
  page.do("guest_awaited");
  assert.deepEqual(searches(page), { type: "find_partner", interests: [], code: "mine" });
  page.do("strangers_pressed");
  assert.deepEqual(searches(page), { type: "find_partner", interests: [] });
  page.do("guest_awaited");
  assert.deepEqual(searches(page), { type: "find_partner", interests: [], code: "mine" });
});

test("a link leads to who has sent it, once", () => {
  const page = new Page();
  invited(page);
  page.connect();
  page.do("start_pressed");
  page.devicesOpened();
  page.offerMade();
  assert.deepEqual(searches(page), { type: "find_partner", interests: [], code: "theirs" });
  page.hear({ type: "waiting_for_partner", online: 1 });
  assert.match(page.says, /^Waiting for the person who invited you…/);
  page.do("stop_pressed");
  assert.equal(page.state.trysts.sought?.code, "theirs", "who stops may start again with it");
  page.do("start_pressed");
  page.devicesOpened();
  page.offerMade();
  assert.deepEqual(page.meetIn("known", { isByCode: true }).filter((each) => each === "forget_link"), ["forget_link"]);
  page.do("stop_pressed");
  page.do("start_pressed");
  page.devicesOpened();
  page.offerMade();
  assert.deepEqual(searches(page), { type: "find_partner", interests: [] });
});

for (const [code, words] of Object.entries({
  code_unknown: "This invitation is not valid. Ask for a new one.",
  code_over: "This invitation is over. Ask for a new one.",
  code_used: "This invitation has been used already. Ask for a new one.",
})) {
  test(`an invitation that is of no use (${code}) is said to be, and nobody else is met in place of them`, () => {
    const page = Page.searching();
    page.do("stop_pressed");
    invited(page);
    page.do("start_pressed");
    page.devicesOpened();
    page.offerMade();
    assert.deepEqual(refuse(page, code), ["forget_link"]);
    assert.ok(page.says.startsWith(`${words} | Ready when you are`), page.says);
    page.do("next_pressed");
    assert.deepEqual(searches(page), { type: "find_partner", interests: [] });
  });
}

test("a code goes with the search to another session and another server", () => {
  const page = Page.searching();
  page.do("invite_pressed");
  page.hear(INVITATION);
  page.do("guest_awaited");
  page.connect();
  page.offerMade();
  assert.deepEqual(searches(page), { type: "find_partner", interests: [], code: "mine" });
});

test("two who both want to meet again are kept; of one alone nothing is heard", () => {
  const page = Page.inCall();
  const roomId = page.state.partner?.roomId ?? "";
  assert.deepEqual(page.do("again_pressed"), ["> meet_again"]);
  assert.deepEqual(page.do("again_pressed"), [], "once is enough");
  assert.deepEqual(page.sent.at(-1), { type: "meet_again", roomId });
  const kept = page.hear({ type: "meet_again", roomId, code: "again", withinMs: 60_000 });
  assert.deepEqual(kept, ["keep_contact"]);
  assert.deepEqual(page.ordered.at(-1), { do: "keep_contact", code: "again", roomId, withinMs: 60_000 });
  assert.equal(page.state.news.at(-1)?.kind, "again");
});

test("it may be wanted for a minute after they have gone", () => {
  const page = Page.inCall();
  const roomId = page.state.partner?.roomId ?? "";
  page.hear({ type: "partner_left" });
  assert.deepEqual(page.do("again_pressed"), ["> meet_again"]);
  assert.deepEqual(page.sent.at(-1), { type: "meet_again", roomId });
  const other = Page.inCall();
  other.hear({ type: "partner_left" });
  other.nowMs += 60_000;
  other.on({ type: "time_passed" });
  assert.deepEqual(other.do("again_pressed"), []);
});

test("who is kept is looked for, and kept on when they were met", () => {
  const page = new Page();
  page.on({ type: "contacts_kept", contacts: [CONTACT] });
  page.connect();
  assert.deepEqual(page.on({ type: "contact_sought", code: "made up" }), []);
  page.on({ type: "contact_sought", code: "a" });
  page.devicesOpened();
  page.offerMade();
  assert.deepEqual(searches(page), { type: "find_partner", interests: [], code: "a" });
  const met = page.meetIn("known", { isByCode: true });
  assert.ok(met.includes("keep_contact"));
  const command = page.ordered.find((each) => each.do === "keep_contact");
  assert.deepEqual(command, { do: "keep_contact", code: "a", roomId: page.state.partner?.roomId, withinMs: null });
});

test("a code of somebody kept that is of no use is forgotten, and so is who is reported or blocked", () => {
  const page = Page.searching();
  page.on({ type: "contacts_kept", contacts: [CONTACT] });
  page.on({ type: "contact_sought", code: "a" });
  assert.deepEqual(refuse(page, "code_over"), ["forget_contact"]);
  for (const event of /** @type {const} */ ([{ type: "block_pressed" }, { type: "report_pressed", reason: "spam", words: "" }])) {
    const call = Page.inCall();
    const roomId = call.state.partner?.roomId ?? "";
    call.on({ type: "contacts_kept", contacts: [CONTACT, { ...CONTACT, code: "b", roomId }] });
    call.do("report_opened");
    call.on(event);
    assert.deepEqual(call.ordered.filter((each) => each.do === "forget_contact"), [{ do: "forget_contact", code: "b" }]);
    assert.equal(call.state.isResting, false, "somebody else is looked for");
  }
});

test("leave to tell is asked for on the press alone, and without it there is a sound", () => {
  const page = Page.searching();
  assert.deepEqual(page.do("tell_pressed"), ["ask_to_tell"]);
  assert.deepEqual(page.do("tell_pressed"), [], "the browser is asking");
  page.on({ type: "tell_answered", isAllowed: false });
  assert.equal(page.state.trysts.telling, "sound");
  page.do("tell_pressed");
  assert.equal(page.state.trysts.telling, "no");
  page.do("tell_pressed");
  page.on({ type: "tell_answered", isAllowed: true });
  assert.equal(page.state.trysts.telling, "all");
});

test("an invitation outlives the page, and its end", () => {
  const page = new Page();
  page.connect();
  page.do("invite_pressed");
  assert.deepEqual(page.hear(INVITATION), ["keep_invitation"]);
  const next = new Page();
  next.on({ type: "invitation_kept", invitation: { ...INVITATION, withinMs: 60_000 } });
  next.connect();
  assert.deepEqual(next.do("invite_pressed"), [], "the same is shown");
  assert.equal(next.state.trysts.invitation?.guestCode, "theirs");
  next.nowMs += 60_000;
  assert.deepEqual(next.on({ type: "time_passed" }), ["forget_invitation"]);
  assert.equal(next.state.trysts.invitation, null);
});

test("an invitation that the server makes later is asked for again, as long as somebody waits for it", () => {
  const page = new Page();
  page.connect();
  page.do("invite_pressed");
  page.hear({ type: "error", code: "rate_limited", message: "", retryAfterMs: 1_700, id: null });
  assert.deepEqual(page.do("invite_pressed"), [], "it is being waited for");
  assert.deepEqual(page.wait(), { waitedMs: 1_700, commands: ["> invite"] });
  page.hear({ type: "error", code: "rate_limited", message: "", retryAfterMs: null, id: null });
  page.do("invitation_closed");
  assert.deepEqual(page.wait(), { waitedMs: 5_000, commands: [] });
});

test("of an invitation that was kept, only what is one and not over is taken", () => {
  const kept = { code: "a", guestCode: "b", untilMs: 20 };
  assert.deepEqual(readInvitation(JSON.stringify(kept), 5), { code: "a", guestCode: "b", withinMs: 15 });
  for (const other of [null, 7, {}, { ...kept, code: 1 }, { ...kept, untilMs: "x" }, { ...kept, untilMs: 5 }]) {
    assert.equal(readInvitation(JSON.stringify(other), 5), null);
  }
});

test("contacts are bounded, end, can be forgotten, and do without storage", () => {
  for (let i = 0; i < MAX_CONTACTS + 3; i++) keepContact({ code: `c${i}`, roomId: "r", withinMs: 1_000 }, 5_000);
  const codes = () => recallContacts(5_000).map(({ code }) => code);
  assert.deepEqual([codes().length, codes()[0]], [MAX_CONTACTS, "c10"]);
  keepContact({ code: "c4", roomId: "s", withinMs: null }, 5_500);
  assert.deepEqual(recallContacts(5_500)[0], { code: "c4", roomId: "s", metAtMs: 5_500, untilMs: 6_000 });
  keepContact({ code: "who", roomId: "s", withinMs: null }, 5_500);
  assert.equal(recallContacts(5_500)[0]?.code, "c4", "nobody whose end is not known");
  assert.deepEqual(recallContacts(6_000), []);
  keepContact({ code: "x", roomId: "r", withinMs: 1_000 }, Date.now());
  assert.deepEqual(forgetContact("x"), []);
});

test("what is kept and is no contact is left out", () => {
  assert.deepEqual(readContacts('{"a": 1}'), []);
  assert.deepEqual(readContacts(JSON.stringify([null, 7, { code: 1 }, { ...CONTACT, metAtMs: "x" }, { ...CONTACT, metAtMs: 1e300 }, CONTACT])), [CONTACT]);
  assert.equal(readContacts(JSON.stringify(Array(99).fill(CONTACT))).length, MAX_CONTACTS);
});

test("the library for QR codes is the one that its README names, unchanged, and makes one", () => {
  const folder = new URL("../../web/vendor/lean-qr/", import.meta.url);
  const [, file = "", digest] = readFileSync(new URL("README.md", folder), "utf8")
    .match(/^\| `(\S+)` \| `\S+` \| `(\w{64})` \|$/m) ?? [];
  assert.equal(createHash("sha256").update(readFileSync(new URL(file, folder))).digest("hex"), digest);
  const dots = generate(`https://chat.example.org/with/${"A".repeat(40)}`);
  assert.ok(dots.size >= 29 && dots.size <= 45);
  for (const [x, y] of /** @type {const} */ ([[0, 0], [dots.size - 1, 0], [0, dots.size - 1]])) assert.ok(dots.get(x, y));
});
