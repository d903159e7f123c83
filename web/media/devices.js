// @ts-check
/**
 * The camera and the microphone.
 *
 * @typedef {import("./size.js").Size} Size
 * @typedef {"audio" | "video"} Kind
 * @typedef {"refused" | "missing" | "busy" | "unsupported" | "lost"} DeviceProblem
 * @typedef {{ kind: Kind | "output", id: string, label: string }} DeviceInfo
 *
 * @typedef {{ type: "device_opened", kind: Kind, track: MediaStreamTrack }
 *   | { type: "device_failed", kind: Kind, problem: DeviceProblem }
 *   | { type: "device_lost", kind: Kind }
 *   | { type: "device_silenced", kind: Kind, isSilenced: boolean }
 *   | { type: "devices_listed", devices: DeviceInfo[] }} DeviceEvent
 */

/** What is wanted of each; none of it has to be. @type {Record<Kind, MediaTrackConstraints>} */
const WANTED = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: {
    frameRate: { ideal: 30, max: 30 },
    facingMode: "user",
  },
};

/** @type {Record<string, DeviceProblem>} */
const PROBLEMS = {
  NotAllowedError: "refused",
  SecurityError: "refused",
  NotFoundError: "missing",
  OverconstrainedError: "missing",
  NotReadableError: "busy",
  AbortError: "busy",
};

/** @type {Record<string, DeviceInfo["kind"]>} */
const KINDS = { audioinput: "audio", videoinput: "video", audiooutput: "output" };

/** Opens and closes camera and microphone, and knows which there are. */
export class Devices {
  #onEvent;
  /** @type {Map<Kind, MediaStreamTrack>} */
  #tracks = new Map();
  #listings = 0;

  /** @param {(event: DeviceEvent) => void} onEvent */
  constructor(onEvent) {
    this.#onEvent = onEvent;
    navigator.mediaDevices?.addEventListener("devicechange", () => this.list());
  }

  /**
   * Open these; the browser may ask the user, once. One event follows for each.
   *
   * @param {Kind[]} kinds
   * @param {Record<Kind, string>} ids which ones are preferred
   * @param {Size} size of the picture
   */
  async open(kinds, ids, size) {
    const outcomes = await this.#get(kinds, ids, size);
    for (const kind of kinds) this.#report(kind, outcomes[kind]);
    await this.list();
  }

  /** @param {Kind} kind */
  close(kind) {
    const track = this.#tracks.get(kind);
    if (!track) return;
    track.onended = track.onmute = track.onunmute = null;
    track.stop();
    this.#tracks.delete(kind);
  }

  /** @param {boolean} enabled whether it gives sound; otherwise silence */
  enableMicrophone(enabled) {
    const track = this.#tracks.get("audio");
    if (track) track.enabled = enabled;
  }

  /** What is behind the person, in browsers that can do that by themselves. @param {boolean} isOn */
  blurBackground(isOn) {
    const track = this.#tracks.get("video");
    if (!track || !canBlurBackground(track)) return;
    // Constraints are replaced as a whole. The type is newer than the checker's.
    const wanted = /** @type {MediaTrackConstraints} */ ({ ...track.getConstraints(), backgroundBlur: isOn });
    track.applyConstraints(wanted).catch((error) => console.info("The background stays as it is:", error));
  }

  /**
   * Say which devices there are; without permission, some have no name. Of two answers the one to the later
   * question counts, whichever comes first.
   */
  async list() {
    const listing = ++this.#listings;
    const all = (await navigator.mediaDevices?.enumerateDevices().catch(() => [])) ?? [];
    if (listing !== this.#listings) return;
    const devices = all.flatMap(({ kind, deviceId, label }) => {
      const ours = KINDS[kind];
      return ours && deviceId ? [{ kind: ours, id: deviceId, label }] : [];
    });
    this.#onEvent({ type: "devices_listed", devices });
  }

  /** @returns {Promise<boolean>} whether both may be opened without asking the user */
  static async areAllowed() {
    try {
      const names = /** @type {PermissionName[]} */ (["camera", "microphone"]);
      const query = names.map((name) => navigator.permissions.query({ name }));
      return (await Promise.all(query)).every(({ state }) => state === "granted");
    } catch {
      return false; // a browser that does not say
    }
  }

  /**
   * Both together, so that the user is asked once; one by one when that does not work.
   *
   * @param {Kind[]} kinds
   * @param {Record<Kind, string>} ids
   * @param {Size} size
   * @returns {Promise<Partial<Record<Kind, MediaStreamTrack | DeviceProblem>>>}
   */
  async #get(kinds, ids, size) {
    const together = await getTracks(kinds, ids, size);
    if (typeof together === "object") return together;
    /** @type {Partial<Record<Kind, MediaStreamTrack | DeviceProblem>>} */
    const outcomes = {};
    for (const kind of kinds) {
      let alone = kinds.length > 1 ? await getTracks([kind], ids, size) : together;
      // The one that was chosen once may be gone.
      if (alone === "missing" && ids[kind]) {
        alone = await getTracks([kind], { audio: "", video: "" }, size);
      }
      outcomes[kind] = typeof alone === "object" ? alone[kind] ?? "missing" : alone;
    }
    return outcomes;
  }

  /** @param {Kind} kind @param {MediaStreamTrack | DeviceProblem | undefined} outcome */
  #report(kind, outcome) {
    if (outcome === undefined || typeof outcome === "string") {
      this.#onEvent({ type: "device_failed", kind, problem: outcome ?? "missing" });
      return;
    }
    this.close(kind);
    this.#tracks.set(kind, outcome);
    outcome.onended = () => this.#onEvent({ type: "device_lost", kind });
    outcome.onmute = () => this.#onEvent({ type: "device_silenced", kind, isSilenced: true });
    outcome.onunmute = () => this.#onEvent({ type: "device_silenced", kind, isSilenced: false });
    this.#onEvent({ type: "device_opened", kind, track: outcome });
    if (outcome.muted) this.#onEvent({ type: "device_silenced", kind, isSilenced: true });
  }
}

/**
 * @param {Kind[]} kinds
 * @param {Record<Kind, string>} ids
 * @param {Size} size
 * @returns {Promise<Partial<Record<Kind, MediaStreamTrack>> | DeviceProblem>}
 */
async function getTracks(kinds, ids, size) {
  if (!navigator.mediaDevices) return "unsupported";
  const wanted = kinds.map((kind) => [kind, constraints(kind, ids[kind], size)]);
  try {
    const stream = await navigator.mediaDevices.getUserMedia(Object.fromEntries(wanted));
    return Object.fromEntries(stream.getTracks().map((track) => [track.kind, track]));
  } catch (error) {
    return PROBLEMS[error instanceof Error ? error.name : ""] ?? "busy";
  }
}

/** @param {Kind} kind @param {string} id @param {Size} size @returns {MediaTrackConstraints} */
function constraints(kind, id, { width, height }) {
  const ideal = kind === "video" ? { width: { ideal: width }, height: { ideal: height } } : {};
  const wanted = { ...WANTED[kind], ...ideal };
  if (!id) return wanted;
  const { facingMode: _, ...rest } = wanted;
  return { ...rest, deviceId: { exact: id } };
}

/** Whether the browser can blur what is behind a person, and need not. @param {MediaStreamTrack} track */
export function canBlurBackground(track) {
  const { backgroundBlur = [] } = /** @type {{ backgroundBlur?: boolean[] }} */ (track.getCapabilities?.() ?? {});
  return backgroundBlur.includes(true) && backgroundBlur.includes(false);
}

/** @param {RTCRtpTransceiver} transceiver @returns {Kind} */
export function kindOf({ receiver }) {
  return receiver.track.kind === "audio" ? "audio" : "video";
}
