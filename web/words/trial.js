// @ts-check
/**
 * The test of the connection in words: a sentence, a row for each thing that was tested, and all of it as
 * plain text to be passed on. Nobody's addresses are in it.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/trial.js").Trial} Trial
 * @typedef {import("../machine/trial.js").Finding} Finding
 * @typedef {import("../machine/trial.js").Way} Way
 * @typedef {import("../machine/verdict.js").Condition} Condition
 * @typedef {import("../media/devices.js").Kind} Kind
 * @typedef {import("./words.js").Words} Words
 *
 * @typedef {object} Row
 * @property {string} name
 * @property {string} text
 * @property {"wait" | "now" | "good" | "weak" | "bad" | "none"} mark "none": there is nothing to say of it
 */
import { causeText } from "./describe.js";
import { decimal } from "./number.js";
import { WAYS } from "../machine/trial.js";
import { conditionOf, gradeOf, isFault, verdict } from "../machine/verdict.js";

/** @type {readonly Kind[]} */
const KINDS = ["video", "audio"];

/**
 * @param {State} state
 * @param {Words} words
 * @returns {string} empty when there was no test
 */
export function trialSentence({ trial, devices, failures, cause }, words) {
  if (!trial) return "";
  const line = verdict(trial);
  if (line === "testing") return words.trial.testing;
  if (line === "nothing" && failures > 0 && cause) return causeText(cause, words); // it knows more
  const conditions = KINDS.map((kind) => conditionOf(devices[kind], trial.glimpses[kind]));
  const [video = false, audio = false] = conditions.map(isFault);
  const look = video && audio ? "both" : video ? "video" : audio ? "audio" : null;
  if (look) return words.sentences(words.trial.verdicts[line], words.trial.looks[look]);
  const isWhole = line === "fine" && !conditions.includes("off");
  return isWhole ? words.trial.everything : words.trial.verdicts[line];
}

/**
 * @param {State} state
 * @param {Words} words
 * @param {string} [locale]
 * @returns {Row[]}
 */
export function trialRows({ trial, devices }, words, locale) {
  if (!trial) return [];
  return [
    socketRow(trial, words),
    ...WAYS.map((way) => wayRow(trial, way, words, locale)),
    ...KINDS.map((kind) => {
      const condition = conditionOf(devices[kind], trial.glimpses[kind]);
      return deviceRow(kind, condition, words);
    }),
  ];
}

/**
 * @param {State} state
 * @param {Words} words
 * @param {string} browser as it names itself
 * @param {Date} now
 * @param {string} [locale]
 * @returns {string}
 */
export function trialText(state, words, browser, now, locale) {
  const { trial } = state;
  const rows = trialRows(state, words, locale).map(({ name, text }) => `${name}: ${text}`);
  const details = WAYS.flatMap((way) => trial ? wayDetails(way, trial.findings[way]) : []);
  const head = `${words.trial.title}, ${now.toISOString().slice(0, 19)}Z`;
  return [head, trialSentence(state, words), "", ...rows, "", ...details, browser].join("\n");
}

/** @param {Trial} trial @param {Words} words @returns {Row} */
function socketRow({ pingsMs, step, ending }, { trial: words }) {
  const name = words.rows.socket;
  if (ending === "offline") return { name, text: words.silent, mark: "bad" };
  if (pingsMs.length === 0) {
    return step === "socket"
      ? { name, text: words.outcomes.trying, mark: "now" }
      : { name, text: words.outcomes.untried, mark: "none" };
  }
  const sorted = pingsMs.map((ms) => Math.round(ms)).sort((one, other) => one - other);
  const median = words.answers(sorted[Math.floor(sorted.length / 2)] ?? 0);
  const spread = words.spread(sorted[0] ?? 0, sorted.at(-1) ?? 0);
  const text = sorted.length > 1 ? `${median} (${spread})` : median;
  return { name, text, mark: step === "socket" ? "now" : "good" };
}

/** @param {Trial} trial @param {Way} way @param {Words} words @param {string} [locale] @returns {Row} */
function wayRow(trial, way, { trial: words, comma }, locale) {
  const finding = trial.findings[way];
  const { outcome, tookMs, protocol } = finding;
  const isOver = trial.step === "over";
  const name = way === "turn" && protocol ? `${words.rows.turn} (${protocol.toUpperCase()})` : words.rows[way];
  const plain = words.outcomes[outcome];
  if (outcome === "untried") return { name, text: isOver ? plain : "…", mark: isOver ? "none" : "wait" };
  if (outcome === "trying") return { name, text: plain, mark: "now" };
  if (outcome === "absent") return { name, text: plain, mark: "none" };
  if (outcome !== "through") return { name, text: plain, mark: "bad" };
  const through = tookMs === null ? plain : words.throughIn(decimal(tookMs / 1000, 1, locale));
  const text = [through, ...figures(finding, words, locale)].join(comma);
  const marks = /** @type {const} */ ({ good: "good", weak: "weak", poor: "bad" });
  return { name, text, mark: marks[gradeOf(finding)] };
}

/** @param {Finding} finding @param {Words["trial"]} words @param {string} [locale] @returns {string[]} */
function figures({ rttMs, loss, bps }, words, locale) {
  if (bps === null) return [words.notMeasured];
  if (bps === 0) return [words.nothingBack];
  return [
    ...(rttMs === null ? [] : [words.roundTrip(Math.round(rttMs))]),
    ...(loss === null ? [] : [words.lost(decimal(loss * 100, 1, locale))]),
    words.atLeast(bps < 100_000
      ? decimal(Math.floor(bps / 10_000) / 100, 2, locale)
      : decimal(Math.floor(bps / 100_000) / 10, 1, locale)),
  ];
}

/** @param {Kind} kind @param {Condition} condition @param {Words} words @returns {Row} */
function deviceRow(kind, condition, words) {
  const name = kind === "video" ? words.camera : words.microphone;
  const { conditions } = words.trial;
  const text = Object.hasOwn(conditions, condition)
    ? conditions[/** @type {keyof typeof conditions} */ (condition)]
    : words.problems[kind][/** @type {keyof Words["problems"]["video"]} */ (condition)];
  if (isFault(condition)) return { name, text, mark: "bad" };
  const marks = /** @type {const} */ ({ off: "none", unseen: "none", quiet: "weak" });
  const mark = Object.hasOwn(marks, condition) ? marks[/** @type {keyof typeof marks} */ (condition)] : "good";
  return { name, text, mark };
}

/** For whoever is asked for help. @param {Way} way @param {Finding} finding @returns {string[]} */
function wayDetails(way, { report }) {
  if (!report) return [];
  const { state, iceState, dtlsState, candidateTypes, families, errors } = report;
  const failed = errors.map(({ code, scheme }) => `${scheme} ${code}`);
  const parts = [`${state}, ice ${iceState}, dtls ${dtlsState}`, ...candidateTypes, ...families, ...failed];
  return [`${way}: ${parts.join(", ")}`];
}
