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
 */
import { FIRST_STEP, fitOf, nextStep } from "../media/size.js";

/** @type {Readonly<Picture>} */
export const UNSIZED = { step: FIRST_STEP, camera: null, fit: null };

/** A partner is there, on a link that may be new: send. @param {Turn} turn */
export function meet(turn) {
  const { width, height } = turn.state.devices.video.track?.getSettings() ?? {};
  turn.state.picture = { ...UNSIZED, camera: width && height ? { width, height } : null };
  fit(turn);
  turn.order({ do: "meet" });
}

/** @param {Turn} turn @param {Figures} figures */
export function measured(turn, { camera, availableOutBps, isStrained }) {
  const { picture, line, partner } = turn.state;
  // What a line bears does not show while it is cut off, or while sound alone is sent.
  if (line.isInterrupted || partner?.isQuiet) return;
  const step = line.isVideoPaused
    ? { ...picture.step, level: null }
    : nextStep(picture.step, availableOutBps, isStrained);
  turn.state.picture = { ...picture, step, camera: camera ?? picture.camera };
  fit(turn);
}

/** @param {Turn} turn */
function fit(turn) {
  const { picture, stage, line } = turn.state;
  if (!picture.camera) return;
  const wish = { isSaving: isSaving(turn.state), isLeast: line.fault !== null };
  const next = fitOf(picture.step, picture.camera, stage, wish);
  if (JSON.stringify(next) === JSON.stringify(picture.fit)) return;
  turn.state.picture = { ...picture, fit: next };
  turn.order({ do: "fit_video", fit: next });
}

/**
 * Whether the person saves data: as they have chosen, else as the browser does.
 *
 * @param {Pick<State, "settings" | "savesData">} state
 */
export function isSaving({ settings, savesData }) {
  return settings.saver === "" ? savesData : settings.saver === "on";
}
