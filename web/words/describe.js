// @ts-check
/**
 * What the page says in each state.
 *
 * @typedef {import("../machine/types.js").State} State
 * @typedef {import("../machine/types.js").Partner} Partner
 * @typedef {import("./words.js").Words} Words
 *
 * @typedef {"call" | "busy" | "idle" | "problem"} Mood
 *
 * @typedef {object} Description
 * @property {Mood} mood
 * @property {string} headline
 * @property {string} detail
 * @property {string} ticker what changes every second, and would tire a screen reader
 * @property {string} notice what went wrong last; may be empty
 */
import { languagesOf } from "../machine/search.js";
import { isRetrying, isUsed, retryDueMs } from "../machine/state.js";
import { isVeiled } from "../machine/veil.js";

/**
 * @param {State} state
 * @param {number} nowMs the clock that the state's times belong to
 * @param {Words} words
 * @returns {Description}
 */
export function describe(state, nowMs, words) {
  const [mood, headline, detail] = situation(state, words);
  const ticker = tickerText(state, nowMs, words);
  return { mood, headline, detail, ticker, notice: noticeText(state, words) };
}

/**
 * @param {State} state
 * @param {Words} words
 * @returns {[Mood, string, string]}
 */
function situation(state, words) {
  if (!state.isStarted) return ["idle", words.meetSomeone, words.tagline];
  if (state.socket === "lost") {
    const goesOn = state.partner?.hasCome && !state.line.isInterrupted;
    return ["problem", lossText(state, words), goesOn ? words.callGoesOn : ""];
  }
  if (!state.hasBegun && state.mode === "voice") {
    return ["busy", words.waitingForMicrophone, words.allowMicrophone];
  }
  if (!state.hasBegun) return ["busy", words.waitingForDevices, words.allowDevices];
  if (state.isWorking) return ["busy", words.oneMoment, words.proving];
  if (state.socket === "connecting") return ["busy", words.connecting, words.reachingServer];
  if (state.isTextOnly) return inText(state, words);
  if (state.line.isInterrupted) return ["problem", words.interrupted, words.mending];
  if (state.partner) return company(state.partner, words);
  if (state.isResting) return ["idle", words.resting, words.pressNext];
  if (state.search === "none" && state.mode !== "text") {
    const isWaiting = isRetrying(state) && retryDueMs(state) !== null;
    return ["busy", words.connecting, isWaiting ? "" : words.openingLink];
  }
  if (state.trysts.sought) return ["busy", words.tryst.waiting[state.trysts.sought.role], words.tryst.nobodyElse];
  if (state.isSlowed) return ["busy", words.searching, words.slowed];
  return ["busy", words.searching, searchText(state, words)];
}

/** Whom one meets by now. @param {State} state @param {Words} words */
function searchText(state, words) {
  if (state.online === 1) return words.nobodyOnline;
  if (state.looking === 0) return words.nobodyLooking;
  const hasLanguages = languagesOf(state).length > 0;
  if (state.scope === "alike" && state.settings.interests.length) return words.searchingInterests;
  if (state.scope !== "any" && hasLanguages) return words.searchingLanguage;
  return hasLanguages ? words.searchingAnybody : "";
}

/**
 * Why there is no connection.
 *
 * @param {State} state
 * @param {Words} words
 */
export function lossText({ refusal }, words) {
  return refusal ? words.refusals[refusal] : words.connectionLost;
}

/**
 * While the person does with text.
 *
 * @param {State} state
 * @param {Words} words
 * @returns {[Mood, string, string]}
 */
function inText({ partner, isResting, cause, trysts: { sought } }, words) {
  if (partner?.isInterrupted) return company(partner, words);
  const detail = withCause(words.noVideo, cause, words);
  if (partner) return ["idle", words.textOnly, detail]; // not "call": these words stay
  if (isResting) return ["idle", words.resting, words.pressNext];
  return ["busy", sought ? words.tryst.waiting[sought.role] : words.searching, detail];
}

/** @param {Partner} partner @param {Words} words @returns {[Mood, string, string]} */
function company(partner, words) {
  const { media, veil, hasCome, isInterrupted, isStalled, sharedInterests, mode } = partner;
  if (isInterrupted) return ["problem", words.partnerInterrupted, words.partnerMending];
  if (isStalled) return ["problem", words.partnerReconnecting, words.nothingArrives];
  if (!hasCome) return ["busy", words.found, words.connectingVideo];
  if (mode === "video" && media.video && isVeiled(veil)) return ["call", words.connected, ""]; // what is to be seen says it
  const mood = mode === "text" ? "idle" : "call"; // "call": the words fade
  if (sharedInterests.length) {
    return [mood, words.connected, words.shared(sharedInterests.join(words.comma))];
  }
  if (partner.isForeign) return [mood, words.connected, words.foreign];
  if (mode === "voice" && media.audio) return [mood, words.connected, words.hearOnly];
  const hasMedia = mode === "video" && (media.audio || media.video);
  return [mood, words.connected, hasMedia ? words.seeAndHear : words.textOnly];
}

/** @param {State} state @param {number} nowMs @param {Words} words */
function tickerText(state, nowMs, words) {
  if (isRetrying(state)) {
    const dueMs = retryDueMs(state);
    const isForVideo = state.isTextOnly && state.socket !== "lost";
    if (dueMs === null) return isForVideo ? words.tryingVideo : words.tryingNow;
    const seconds = Math.max(1, secondsFrom(nowMs, dueMs));
    return isForVideo ? words.videoIn(seconds) : words.retryIn(seconds);
  }
  if (state.search === "none" || state.line.isInterrupted) return "";
  const passed = words.forSeconds(
    Math.max(0, Math.floor((nowMs - (state.searchingSinceMs ?? nowMs)) / 1000)),
  );
  const looking = state.trysts.sought ? 0 : state.looking;
  return looking ? `${passed} · ${words.alsoLooking(looking)}` : passed;
}

/** @param {number} fromMs @param {number} toMs */
function secondsFrom(fromMs, toMs) {
  return Math.ceil((toMs - fromMs) / 1000);
}

/** @param {State} state @param {Words} words */
function noticeText({ notice, line, partner }, words) {
  if (notice?.kind === "server_error") return words.serverSays(notice.text);
  if (notice?.kind === "device_failed") {
    const { problems } = words;
    return words.titled(problems[notice.device][notice.problem], problems.whatToDo[notice.problem]);
  }
  if (notice?.kind === "link_failed") {
    return withCause(words.mishaps.link_failed, notice.cause, words);
  }
  if (notice) return words.mishaps[notice.kind];
  // Of an interruption is told elsewhere, and the line is not judged meanwhile.
  const isCutOff = line.isInterrupted || partner?.isInterrupted || partner?.isStalled;
  return line.fault && !isCutOff ? words.tooPoor[line.fault] : "";
}

/**
 * Why there is no link, and what to do.
 *
 * @param {string | null | undefined} cause perhaps one that only newer servers know
 * @param {Words} words
 */
export function causeText(cause, words) {
  return Object.entries(words.causes).find(([name]) => name === cause)?.[1] ?? "";
}

/** @param {string} sentence @param {string | null | undefined} cause @param {Words} words */
function withCause(sentence, cause, words) {
  const why = causeText(cause, words);
  return why ? words.sentences(sentence, why) : sentence;
}

/**
 * What keeps camera or microphone from being used: the matter, and what to do.
 *
 * @param {State} state
 * @param {Words} words
 * @returns {{ headline: string, detail: string } | null}
 */
export function describeProblem(state, words) {
  const { audio, video } = usedDevices(state);
  const problem = video.problem ?? audio.problem;
  if (!problem) return null;
  const isBoth = video.problem === audio.problem;
  const of = isBoth ? "both" : video.problem ? "video" : "audio";
  const detail = words.sentences(words.problems.whatToDo[problem], words.problems.goOn);
  return { headline: words.problems[of][problem], detail };
}

/**
 * What Start will start with.
 *
 * @param {State} state
 * @param {Words} words
 */
export function startLabel(state, words) {
  if (state.mode === "text") return words.startText;
  const { audio, video } = usedDevices(state);
  if (audio.problem && video.problem) return words.startTextOnly;
  if (video.problem) return words.startSoundOnly;
  if (audio.problem) return state.mode === "voice" ? words.startTextOnly : words.startPictureOnly;
  return state.mode === "voice" ? words.startVoice : words.start;
}

/** One that there is no use for has no problem. @param {State} state */
function usedDevices(state) {
  const { audio, video } = state.devices;
  return {
    audio: isUsed(state, "audio") ? audio : { ...audio, problem: null },
    video: isUsed(state, "video") ? video : { ...video, problem: null },
  };
}
