// @ts-check
/** The operators' desk: reports one by one, appeals and bans, and what is decided about them. */
import { find, setText } from "../view/dom.js";
import { APPEALS, BANS, bansOf, decisionLine, endOf, may, nextOf, REPORTS, sideRows, whom } from "./model/cases.js";
import { hrefOf } from "./model/route.js";
import { BanDialog } from "./view/ban.js";
import { CardView } from "./view/card.js";
import { confirmed } from "./view/confirm.js";
import { EvidenceView } from "./view/evidence.js";
import { drawFacts, drawLines, drawWords } from "./view/facts.js";
import { Table } from "./view/table.js";
import { get, order } from "./wire/api.js";

const EVERY_MS = 3000;
const LIMIT = 200;

/**
 * @typedef {import("./wire/types.js").Report} Report
 * @typedef {import("./model/route.js").Route} Route
 */

export class Desk {
  #tell;
  #onLoggedOut;
  #me = { name: "", role: "viewer" };
  /** @type {Route} */
  #route = { page: "overview", id: "" };
  /** @type {Report[]} */
  #queue = [];
  /** The report that is this operator's at present. */
  #taken = "";
  /** What is said once the next page is shown. */
  #news = "";
  #askedAtMs = -Infinity;
  #card = new CardView();
  #evidence;
  #ban = new BanDialog();
  /** @type {Table<Report>} */
  #reports = new Table(find("reports-table", HTMLElement), { caption: "Reports", columns: REPORTS, empty: "No report is open." });
  /** @type {Table<import("./wire/types.js").Appeal>} */
  #appeals = new Table(find("appeals-table", HTMLElement), { caption: "Appeals", columns: APPEALS, empty: "No appeal is open." });
  /** @type {Table<import("./wire/types.js").Ban>} */
  #bans = new Table(find("bans-table", HTMLElement), { caption: "Bans", columns: BANS, empty: "Nobody is banned." });

  /**
   * @param {(text: string, isFault?: boolean) => void} tell how it went
   * @param {() => void} onLoggedOut
   * @param {() => void} onLooked when evidence was looked at
   */
  constructor(tell, onLoggedOut, onLooked) {
    this.#evidence = new EvidenceView(onLooked);
    this.#tell = tell;
    this.#onLoggedOut = onLoggedOut;
    /** @type {Record<string, () => unknown>} */
    const buttons = {
      "first-report": () => this.#next(),
      "next-report": () => this.#next(),
      "do-dismiss": () => this.#decide({ outcome: "dismissed" }),
      "do-warn": () => this.#decide({ outcome: "warned" }),
      "do-ban": () => this.#banReported(),
      "do-grant": () => this.#answer("granted"),
      "do-refuse": () => this.#answer("refused"),
      "next-appeal": () => this.#nextAppeal(),
      "lift-ban": () => this.#lift(),
    };
    for (const [id, act] of Object.entries(buttons)) find(id, HTMLButtonElement).onclick = act;
    for (const id of ["reports-every", "bans-every", "appeals-every"]) find(id, HTMLInputElement).onchange = () => this.#list();
  }

  /** @param {{ name: string, role: string }} me who has logged in */
  enter(me) {
    this.#me = me;
  }

  /** Another page is shown. @param {Route} route */
  turnTo(route) {
    if (this.#taken && this.#taken !== route.id) void order("DELETE", `reports/${encodeURIComponent(this.#taken)}/take`);
    this.#taken = "";
    this.#route = route;
    this.#card.clear();
    this.#evidence.clear();
    find("appeal", HTMLElement).hidden = find("the-ban", HTMLElement).hidden = true;
    this.#tell(this.#news);
    this.#news = "";
    this.#askedAtMs = performance.now();
    if (route.page === "report") void this.#openReport(route.id);
    else if (route.page === "appeal") void this.#openAppeal(route.id);
    else if (route.page === "ban") void this.#openBan(route.id);
    else void this.#list();
  }

  /** @param {number} nowMs */
  tick(nowMs) {
    if (nowMs - this.#askedAtMs < EVERY_MS) return;
    this.#askedAtMs = nowMs;
    void this.#list();
  }

  /** Ban somebody who is connected. @param {string} user */
  async banUser(user) {
    const terms = await this.#ban.ask({ asksReason: true });
    if (terms) this.#told(await order("POST", "bans", { ...terms, user }), `User ${user} was banned.`);
  }

  async #list() {
    const { page } = this.#route;
    if (page === "reports") await this.#listReports();
    if (page === "appeals") {
      const { status, body } = await get(`appeals?limit=${LIMIT}${every("appeals")}`);
      if (status === 200) this.#appeals.draw(body.appeals);
    }
    if (page === "bans") {
      const { status, body } = await get(`bans?limit=${LIMIT}${every("bans")}`);
      if (status === 200) this.#bans.draw(body.bans);
    }
  }

  async #listReports() {
    const { status, body, fault } = await get(`reports?limit=${LIMIT}${every("reports")}`);
    if (status !== 200) return this.#tell(fault, true);
    this.#reports.draw(body.reports);
    const more = body.more ? ` The first ${LIMIT} are shown.` : "";
    setText(find("reports-shown", HTMLElement), body.total === null ? more : `${body.total} open.${more}`);
  }

  // reports

  /** @param {string} id */
  async #openReport(id) {
    const path = `reports/${encodeURIComponent(id)}`;
    let note = "";
    if (may(this.#me.role, "moderator")) {
      const { status, fault } = await order("POST", `${path}/take`);
      if (status === 200) this.#taken = id;
      if (status === 409) note = `${fault}.`;
      if (status === 401) return this.#onLoggedOut();
    } else {
      note = "You may look at reports, and not decide them: that needs the role moderator.";
    }
    const { status, body, fault } = await get(path);
    if (this.#route.page !== "report" || this.#route.id !== id) return; // another page is shown by now
    if (status !== 200) return this.#card.clear(fault);
    const { outcome } = body.report;
    if (outcome !== "open") note = `This report is decided: ${outcome}.`;
    this.#card.draw(body, note);
    this.#evidence.draw(body.evidence);
  }

  /** @param {{ outcome: string, ban?: object }} decision */
  async #decide(decision) {
    const { id } = this.#route;
    const answer = await order("POST", `reports/${encodeURIComponent(id)}/decision`, { ...decision, why: this.#card.why });
    if (this.#route.id !== id) return;
    if (!this.#told(answer, "")) return;
    this.#taken = "";
    this.#news = `Report ${id}: ${decision.outcome}.`;
    await this.#next();
  }

  async #banReported() {
    const terms = await this.#ban.ask({ asksReason: false });
    if (!terms) return;
    const { minutes, scope, words } = terms;
    await this.#decide({ outcome: "banned", ban: { minutes, scope, words } });
  }

  async #next() {
    const { status, body, fault } = await get(`reports?limit=${LIMIT}`);
    if (status !== 200) return this.#tell(fault, true);
    this.#queue = body.reports;
    const next = nextOf(this.#queue, this.#me.name, this.#route.id);
    if (!next) this.#news = `${this.#news} No other report is open.`.trim();
    turnTo(next ? hrefOf("reports", next.id) : "#/reports");
    if (!next && this.#route.page === "reports") this.#tell(this.#news);
  }

  // appeals

  /** @param {string} id */
  async #openAppeal(id) {
    const { status, body, fault } = await get(`appeals/${encodeURIComponent(id)}`);
    if (this.#route.id !== id) return;
    if (status !== 200) return this.#tell(fault, true);
    const { appeal, ban, banned, decisions } = body;
    find("appeal", HTMLElement).hidden = false;
    find("appeal-answer", HTMLTextAreaElement).value = find("appeal-why", HTMLTextAreaElement).value = "";
    drawWords(find("appeal-words", HTMLElement), appeal.words, "Without words.");
    drawFacts(find("appeal-facts", HTMLElement), [
      ["State", appeal.outcome],
      ["Banned for", `${ban.reason}, by ${ban.by}`],
      ["Until", endOf(ban)],
      ["Was told", ban.words || "–"],
    ]);
    drawFacts(find("side-banned", HTMLElement), sideRows(banned));
    drawLines(find("appeal-decisions", HTMLElement), decisions.map(decisionLine));
    const isOpen = appeal.outcome === "open" && may(this.#me.role, "moderator");
    for (const name of ["do-grant", "do-refuse"]) find(name, HTMLButtonElement).disabled = !isOpen;
  }

  /** @param {"granted" | "refused"} outcome */
  async #answer(outcome) {
    const { id } = this.#route;
    const answer = find("appeal-answer", HTMLTextAreaElement).value;
    const why = find("appeal-why", HTMLTextAreaElement).value;
    const done = await order("POST", `appeals/${encodeURIComponent(id)}/answer`, { outcome, answer, why });
    if (!this.#told(done, "")) return;
    this.#news = `Appeal ${id}: ${outcome}.`;
    await this.#nextAppeal();
  }

  async #nextAppeal() {
    const { status, body, fault } = await get(`appeals?limit=${LIMIT}`);
    if (status !== 200) return this.#tell(fault, true);
    /** @type {string[]} */
    const ids = body.appeals.map((/** @type {{ id: string }} */ each) => each.id);
    const next = ids[ids.indexOf(this.#route.id) + 1] ?? ids.find((id) => id !== this.#route.id);
    if (!next) this.#news = `${this.#news} No other appeal is open.`.trim();
    turnTo(next ? hrefOf("appeals", next) : "#/appeals");
  }

  // bans

  /** @param {string} id */
  async #openBan(id) {
    const { status, body, fault } = await get(`bans/${encodeURIComponent(id)}`);
    if (this.#route.id !== id) return;
    if (status !== 200) return this.#tell(fault, true);
    const { ban, banned, appeal, decisions } = body;
    find("the-ban", HTMLElement).hidden = false;
    drawFacts(find("ban-facts", HTMLElement), [
      ["Who", whom(ban.party)],
      ["Reason", `${ban.reason}, by ${ban.by}`],
      ["End", endOf(ban)],
      ["Was told", ban.words || "–"],
      ["Appeal", appeal ? appeal.outcome : "none"],
      ["All its bans", bansOf(banned.bans)],
    ]);
    drawLines(find("ban-decisions", HTMLElement), decisions.map(decisionLine));
    find("lift-ban", HTMLButtonElement).disabled = !ban.holds;
  }

  async #lift() {
    const { id } = this.#route;
    const isSure = await confirmed({ title: "Lift this ban?", text: `Whom ban ${id} keeps out may come in again.`, action: "Lift" });
    if (!isSure) return;
    if (!this.#told(await order("DELETE", `bans/${encodeURIComponent(id)}`), `Ban ${id} was lifted.`)) return;
    if (this.#route.id === id) await this.#openBan(id);
  }

  /** @param {import("./wire/api.js").Answer} answer @param {string} success */
  #told({ status, fault }, success) {
    if (status === 401) this.#onLoggedOut();
    else if (fault || success) this.#tell(fault || success, fault !== "");
    return fault === "";
  }
}

/** @param {string} list */
function every(list) {
  return find(`${list}-every`, HTMLInputElement).checked ? "&every=true" : "";
}

/** @param {string} href */
function turnTo(href) {
  location.hash = href;
}
