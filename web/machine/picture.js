// @ts-check
/**
 * How large our picture is sent: as soon as a partner is there by what browsers begin with, from the first
 * second on by what the line bears.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("./types.js").State} State
 * @typedef {import("../media/figures.js").Figures} Figures
 * @typedef {import("../media/size.js").Fit} Fit
 * @typedef {import("../media/size.js").Size} Size
 *
 * @typedef {object} Picture
 * @property {import("../media/size.js").Step} step
 * @property {Size | null} camera null: not known
 * @property {Fit | null} fit that the link was told; null: none
 * @property {import("../media/dip.js").Dip} dip
 */
import { NO_DIP, hopedBps, nextDip } from "../media/dip.js";
import { FIRST_STEP, fitOf, nextStep } from "../media/size.js";

/** @type {Readonly<Picture>} */
export const UNSIZED = { step: FIRST_STEP, camera: null, fit: null, dip: NO_DIP };

/** A partner is there, on a link that may be new: send. @param {Turn} turn */
export function meet(turn) {
  const { width, height } = turn.state.devices.video.track?.getSettings() ?? {};
  turn.state.picture = { ...UNSIZED, camera: width && height ? { width, height } : null };
  fit(turn);
  turn.order({ do: "meet" });
}

/** @param {Turn} turn @param {Figures} figures */
export function measured(turn, { camera, availableOutBps, isStrained, pictureLoss }) {
  const { picture, line, partner } = turn.state;
  // What a line bears does not show while it is cut off, or while sound alone is sent.
  if (line.isInterrupted || partner?.isQuiet) return;
  const { step: { highest } } = picture;
  const isSmall = !line.isVideoPaused && scaleAt(turn.state, picture.step) > scaleAt(turn.state, { ...picture.step, level: highest });
  const dip = nextDip(picture.dip, pictureLoss, availableOutBps, isSmall);
  const step = line.isVideoPaused
    ? { ...picture.step, level: null }
    : nextStep(picture.step, hopedBps(dip), isStrained);
  turn.state.picture = { ...picture, step, dip, camera: camera ?? picture.camera };
  fit(turn);
}

/** @param {Turn} turn */
function fit(turn) {
  const { picture } = turn.state;
  const wanted = fitAt(turn.state, picture.step);
  if (!wanted) return;
  const next = { ...wanted, maxBps: wanted.maxBps ?? picture.dip.maxBps };
  if (JSON.stringify(next) === JSON.stringify(picture.fit)) return;
  turn.state.picture = { ...picture, fit: next };
  turn.order({ do: "fit_video", fit: next });
}

/** @param {State} state @param {import("../media/size.js").Step} step */
function scaleAt(state, step) {
  return fitAt(state, step)?.scale ?? 1;
}

/** @param {State} state @param {import("../media/size.js").Step} step @returns {Fit | null} null: no camera is known */
function fitAt(state, step) {
  const { picture, stage, line } = state;
  return picture.camera && fitOf(step, picture.camera, stage, { isSaving: isSaving(state), isLeast: line.fault !== null });
}

/**
 * Whether the person saves data: as they have chosen, else as the browser does.
 *
 * @param {Pick<State, "settings" | "savesData">} state
 */
export function isSaving({ settings, savesData }) {
  return settings.saver === "" ? savesData : settings.saver === "on";
}
