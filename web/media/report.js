// @ts-check
/**
 * How the connecting of a link goes, as the browser tells it: for the server, which makes of it and of
 * what it has seen itself why a link does not come up.
 *
 * @typedef {Omit<import("../wire/messages.js").LinkReport, "type">} Report
 */

/** The ways by TCP have been tried then, and the server still waits. */
const EARLY_MS = 7_000;
const MAX_ERRORS = 16;

/** Watches one RTCPeerConnection until `stop()`. */
export class Reporter {
  #pc;
  #tell;
  #nowMs;
  #beganAtMs;
  /** @type {Set<string>} */
  #types = new Set();
  /** @type {Set<"ipv4" | "ipv6">} */
  #families = new Set();
  /** By code and scheme. @type {Map<string, import("../wire/messages.js").LinkError>} */
  #errors = new Map();
  /** @type {ReturnType<typeof setTimeout>} */
  #timer;
  #isStopped = false;

  /**
   * @param {RTCPeerConnection} pc
   * @param {(report: Report) => void} tell
   * @param {number} earlyMs when to report that it still connects
   * @param {() => number} nowMs
   */
  constructor(pc, tell, earlyMs = EARLY_MS, nowMs = () => performance.now()) {
    this.#pc = pc;
    this.#tell = tell;
    this.#nowMs = nowMs;
    this.#beganAtMs = nowMs();
    this.#timer = setTimeout(() => void this.#report("connecting"), earlyMs);
    pc.addEventListener("icecandidate", ({ candidate }) => this.#note(candidate));
    pc.addEventListener("icecandidateerror", (event) => this.#noteError(event));
    pc.addEventListener("connectionstatechange", () => this.#follow(pc.connectionState));
  }

  stop() {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  /** @param {RTCIceCandidate | null} candidate */
  #note(candidate) {
    const protocol = /** @type {any} */ (candidate)?.relayProtocol || candidate?.protocol;
    if (!candidate?.type || !protocol) return; // the last one, which is empty
    this.#types.add(`${candidate.type}/${protocol}`);
    const family = familyOf(candidate.address ?? "");
    if (family) this.#families.add(family);
  }

  /** @param {RTCPeerConnectionIceErrorEvent} event */
  #noteError({ errorCode, url }) {
    const scheme = schemeOf(url ?? "");
    if (!scheme || this.#errors.size >= MAX_ERRORS) return;
    this.#errors.set(`${errorCode} ${scheme}`, { code: errorCode, scheme });
  }

  /** @param {RTCPeerConnectionState} state */
  #follow(state) {
    if (state !== "connected" && state !== "failed" && state !== "disconnected") return;
    clearTimeout(this.#timer);
    void this.#report(state);
  }

  /** @param {Report["state"]} state */
  async #report(state) {
    const roundTripMs = await this.#roundTripMs();
    if (this.#isStopped) return;
    this.#tell({
      state,
      candidateTypes: [...this.#types],
      families: [...this.#families],
      iceState: this.#pc.iceConnectionState,
      dtlsState: this.#pc.getSenders()[0]?.transport?.state ?? "new",
      errors: [...this.#errors.values()],
      ...(roundTripMs === null ? {} : { roundTripMs }),
      tookMs: Math.round(this.#nowMs() - this.#beganAtMs),
    });
  }

  /** @returns {Promise<number | null>} null also where the browser has no figures, as of a link that is closed */
  async #roundTripMs() {
    try {
      return roundTripOf((await this.#pc.getStats()).values());
    } catch (error) {
      console.info("The link has no figures:", error);
      return null;
    }
  }
}

/**
 * @param {string} address a name of mDNS hides which it is
 * @returns {"ipv4" | "ipv6" | null}
 */
function familyOf(address) {
  if (address.includes(":")) return "ipv6";
  return /^\d+\.\d+\.\d+\.\d+$/.test(address) ? "ipv4" : null;
}

/** @param {string} url such as "turns:example.org:443?transport=tcp" (RFC 7065) */
function schemeOf(url) {
  const [, scheme] = /^(stuns?|turns?):/i.exec(url) ?? [];
  return /** @type {import("../wire/messages.js").LinkError["scheme"] | undefined} */ (
    scheme?.toLowerCase());
}

/** @param {Iterable<Record<string, any>>} reports @returns {number | null} of the quickest path, in ms */
function roundTripOf(reports) {
  const times = [...reports].flatMap(({ type, currentRoundTripTime }) =>
    type === "candidate-pair" && currentRoundTripTime > 0 ? [currentRoundTripTime * 1_000] : []);
  return times.length ? Math.min(...times) : null;
}
