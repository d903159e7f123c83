// @ts-check
/**
 * Camera and microphone: opened for the preview or the call, refused, muted, lost and replaced.
 * Neither is needed: one can go on with sound only, or with text only.
 *
 * @typedef {import("./turn.js").Turn} Turn
 * @typedef {import("./types.js").State} State
 * @typedef {import("./types.js").Device} Device
 * @typedef {import("../media/devices.js").Kind} Kind
 * @typedef {import("../media/devices.js").DeviceProblem} DeviceProblem
 * @typedef {import("../media/devices.js").DeviceInfo} DeviceInfo
 */
import { isSaving } from "./picture.js";
import { isUsed } from "./state.js";
import { wantedSize } from "../media/size.js";

/** @type {readonly Kind[]} */
const KINDS = ["audio", "video"];

/**
 * Turn them on for oneself to look at.
 *
 * @param {Turn} turn
 */
export function preview(turn) {
  if (!turn.state.settings.agreedTo) return;
  turn.state.isPreviewing = true;
  openWanted(turn);
}

/**
 * Ask again for what could not be had.
 *
 * @param {Turn} turn
 */
export function retry(turn) {
  for (const kind of KINDS) change(turn, kind, { problem: null });
  preview(turn);
}

/**
 * Ask for what is switched on and not open, but not for what was refused.
 *
 * @param {Turn} turn
 */
export function openWanted(turn) {
  const { devices } = turn.state;
  open(turn, KINDS.filter((kind) => {
    const { isWanted, status, problem } = devices[kind];
    return isUsed(turn.state, kind) && isWanted && status === "off" && !problem;
  }));
}

/** The way to talk is another one: what it has no use for is closed. @param {Turn} turn */
export function fit(turn) {
  const { state } = turn;
  for (const kind of KINDS) {
    if (!isUsed(state, kind) && state.devices[kind].status === "on") close(turn, kind);
  }
  if (state.isStarted || state.isPreviewing) openWanted(turn);
}

/** @param {Turn} turn @param {Kind[]} kinds */
function open(turn, kinds) {
  if (kinds.length === 0) return;
  for (const kind of kinds) change(turn, kind, { status: "asking" });
  const { microphoneId, cameraId } = turn.state.settings;
  const size = wantedSize(turn.state.stage, isSaving(turn.state));
  turn.order({ do: "open_devices", kinds, ids: { audio: microphoneId, video: cameraId }, size });
}

/** @param {Turn} turn @param {Kind} kind @param {MediaStreamTrack} track */
export function opened(turn, kind, track) {
  const { devices, isStarted, isPreviewing } = turn.state;
  const { wasLost, isWanted } = devices[kind];
  change(turn, kind, { status: "on", track, problem: null, isSilenced: false, wasLost: false });
  const isFor = (isStarted || isPreviewing) && isUsed(turn.state, kind);
  if (!isFor || (kind === "video" && !isWanted)) return close(turn, kind);
  if (wasLost) turn.notify({ kind: "device_replaced" });
  if (kind === "audio") turn.order({ do: "enable_microphone", enabled: isWanted });
  else if (turn.state.settings.blursBackground) turn.order({ do: "blur_background", isOn: true });
  use(turn, kind);
}

/** @param {Turn} turn @param {Partial<import("./types.js").Settings>} changes */
export function settingChanged(turn, changes) {
  turn.set(changes);
  const { blursBackground } = changes;
  if (blursBackground !== undefined) turn.order({ do: "blur_background", isOn: blursBackground });
}

/** @param {Turn} turn @param {Kind} kind @param {DeviceProblem} problem */
export function failed(turn, kind, problem) {
  const { state } = turn;
  const { wasLost } = state.devices[kind];
  const isFor = state.isStarted || state.isPreviewing;
  const said = wasLost && problem === "missing" ? "lost" : problem;
  change(turn, kind, {
    status: "off",
    track: null,
    problem: isFor ? said : null,
    wasLost: false,
  });
  if (!state.isStarted) return;
  if (state.linked || wasLost) {
    use(turn, kind);
    if (said === "lost") turn.notify({ kind: kind === "audio" ? "microphone_lost" : "camera_lost" });
    else turn.notify({ kind: "device_failed", device: kind, problem: said });
  } else if (!state.hasBegun) {
    // Back to the preview, to say what the matter is, and to ask how to go on.
    Object.assign(state, { isStarted: false, isPreviewing: true, dueMs: {} });
  }
}

/**
 * It was pulled out: take another one, if there is one.
 *
 * @param {Turn} turn
 * @param {Kind} kind
 */
export function lost(turn, kind) {
  if (turn.state.devices[kind].status !== "on") return;
  change(turn, kind, { wasLost: true, track: null });
  use(turn, kind);
  turn.order({ do: "close_device", kind });
  open(turn, [kind]);
}

/**
 * Another program, or a phone call, takes what it gives, or gives it back.
 *
 * @param {Turn} turn
 * @param {Kind} kind
 * @param {boolean} isSilenced
 */
export function silenced(turn, kind, isSilenced) {
  change(turn, kind, { isSilenced });
}

/**
 * Whoever was waiting for a device may find it now.
 *
 * @param {Turn} turn
 * @param {DeviceInfo[]} devices
 */
export function listed(turn, devices) {
  const { state } = turn;
  const before = state.found;
  state.found = devices;
  if (!state.isStarted && !state.isPreviewing) return;
  open(turn, KINDS.filter((kind) => {
    const { status, problem, isWanted } = state.devices[kind];
    const isAwaited = isUsed(state, kind) && isWanted && status === "off" && (problem === "missing" || problem === "lost");
    return isAwaited && count(devices, kind) > count(before, kind);
  }));
}

/** @param {DeviceInfo[]} devices @param {Kind} kind */
function count(devices, kind) {
  return devices.filter((device) => device.kind === kind).length;
}

/**
 * Muting is quick: the microphone stays open and gives silence.
 *
 * @param {Turn} turn
 */
export function toggleMicrophone(turn) {
  const { audio } = turn.state.devices;
  const isWanted = audio.status !== "on" || !audio.isWanted;
  change(turn, "audio", { isWanted, problem: null });
  if (audio.status === "on") turn.order({ do: "enable_microphone", enabled: isWanted });
  else openIfUsed(turn, "audio");
}

/**
 * A camera that is switched off is closed, so that its light goes out.
 *
 * @param {Turn} turn
 */
export function toggleCamera(turn) {
  const { video } = turn.state.devices;
  const isOn = video.isWanted && video.status !== "off";
  // Whoever presses a camera that has a problem wants it to be tried again.
  const isWanted = isOn ? false : !video.isWanted || video.problem !== null;
  change(turn, "video", { isWanted, problem: null });
  if (video.status === "on") close(turn, "video");
  else if (isWanted) openIfUsed(turn, "video");
}

/** @param {Turn} turn @param {Kind} kind */
function openIfUsed(turn, kind) {
  const { isStarted, isPreviewing, devices } = turn.state;
  if (!isUsed(turn.state, kind)) return;
  if ((isStarted || isPreviewing) && devices[kind].status === "off") open(turn, [kind]);
}

/**
 * The next one of the cameras that there are.
 *
 * @param {Turn} turn
 */
export function switchCamera(turn) {
  const { found, devices } = turn.state;
  const ids = found.filter(({ kind }) => kind === "video").map(({ id }) => id);
  if (ids.length < 2 || devices.video.status !== "on") return;
  const now = devices.video.track?.getSettings().deviceId ?? "";
  const next = ids[(ids.indexOf(now) + 1) % ids.length];
  if (next !== undefined) choose(turn, "video", next);
}

/** @param {Turn} turn @param {Kind} kind @param {string} id */
export function choose(turn, kind, id) {
  turn.set(kind === "audio" ? { microphoneId: id } : { cameraId: id });
  const { status, isWanted } = turn.state.devices[kind];
  change(turn, kind, { problem: null });
  if (status === "on") {
    turn.order({ do: "close_device", kind });
    open(turn, [kind]);
  } else if (isWanted) {
    openIfUsed(turn, kind);
  }
}

/** @param {Turn} turn */
export function closeAll(turn) {
  turn.state.isPreviewing = false;
  for (const kind of KINDS) {
    if (turn.state.devices[kind].status === "on") close(turn, kind);
  }
}

/** @param {Turn} turn @param {Kind} kind */
function close(turn, kind) {
  change(turn, kind, { status: "off", track: null, isSilenced: false });
  turn.order({ do: "close_device", kind });
  use(turn, kind);
}

/** Send what it gives now. @param {Turn} turn @param {Kind} kind */
function use(turn, kind) {
  const { linked, devices } = turn.state;
  if (linked) turn.order({ do: "use_track", kind, track: devices[kind].track });
}

/** @param {State} state */
export function isAsking({ devices }) {
  return KINDS.some((kind) => devices[kind].status === "asking");
}

/** @param {State} state */
export function hasProblem(state) {
  const { devices } = state;
  return KINDS.some((kind) =>
    isUsed(state, kind) && devices[kind].problem !== null && devices[kind].isWanted);
}

/** @param {Turn} turn @param {Kind} kind @param {Partial<Device>} changes */
function change(turn, kind, changes) {
  const { devices } = turn.state;
  turn.state.devices = { ...devices, [kind]: { ...devices[kind], ...changes } };
}
