// @ts-check
/** The link, on a connection and a clock that are moved by hand. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Peer } from "../../web/media/peer.js";

/** @typedef {import("../../web/media/devices.js").Kind} Kind */

/** @param {Kind} kind @param {boolean} active */
function fakeTransceiver(kind, active) {
  const sender = {
    /** @type {unknown} */ track: null,
    changes: 0,
    /** @type {{ state: string, onstatechange?: () => void } | null} */ transport: { state: "connected" },
    encodings: [{ active }],
    getParameters: () => ({ encodings: sender.encodings.map((encoding) => ({ ...encoding })) }),
    /** @type {string | undefined} */ preference: undefined,
    setParameters: async (/** @type {any} */ { encodings, degradationPreference }) => {
      sender.encodings = encodings;
      sender.preference = degradationPreference;
      sender.changes += 1;
    },
    replaceTrack: async (/** @type {unknown} */ track) => { sender.track = track; },
  };
  const report = { type: "inbound-rtp", kind, packetsReceived: 0, keyFramesDecoded: 0, framesDecoded: 0 };
  const other = { type: "codec", kind, packetsReceived: 999, keyFramesDecoded: 999, framesDecoded: 999 };
  const receiver = { track: { kind }, getStats: async () => new Map([["r", { ...report }], ["o", other]]) };
  return { direction: "recvonly", sender, receiver, report };
}

class FakeConnection extends EventTarget {
  /** @type {ReturnType<typeof fakeTransceiver>[]} */
  transceivers = [];
  /** @type {any} */ localDescription = null;
  /** @type {any} */ remoteDescription = null;
  /** @type {unknown[]} */ candidates = [];
  connectionState = "new";
  iceConnectionState = "new";
  bytesReceived = 0;
  atMs = 0;
  offers = 0;
  isRestarting = false;
  isClosed = false;
  /** @type {((event: any) => void) | undefined} */ ontrack;
  /** @type {((event: any) => void) | undefined} */ onicecandidate;
  /** @type {(() => void) | undefined} */ onconnectionstatechange;
  /** @type {(() => void) | undefined} */ oniceconnectionstatechange;

  /** @param {object} configuration */
  constructor(configuration) {
    super();
    this.configuration = configuration;
  }

  /** @param {any} what @param {{ sendEncodings: { active: boolean }[] }} options */
  addTransceiver(what, { sendEncodings: [encoding] }) {
    const made = fakeTransceiver(what.kind ?? what, encoding?.active ?? true);
    made.direction = "sendrecv";
    made.sender.track = what.kind ? what : null;
    this.transceivers.push(made);
  }

  async createOffer() {
    this.offers += 1;
    return { type: "offer", sdp: `${this.isRestarting ? "restarting " : ""}offer ${this.offers}` };
  }

  async createAnswer() {
    return { type: "answer", sdp: this.transceivers.map(({ direction }) => direction).join(" ") };
  }

  /** @param {any} description */
  async setLocalDescription(description) {
    this.localDescription = description;
  }

  /** @param {any} description */
  async setRemoteDescription(description) {
    if (description.sdp === "bad") throw new Error("it is bad");
    this.remoteDescription = description;
    if (description.type === "offer") {
      this.transceivers = [fakeTransceiver("audio", true), fakeTransceiver("video", true)];
    }
  }

  /** @param {unknown} candidate */
  async addIceCandidate(candidate) {
    this.candidates.push(candidate);
  }

  async getStats() {
    const { bytesReceived, atMs: timestamp } = this;
    return new Map([["i", { type: "inbound-rtp", kind: "video", bytesReceived, timestamp }]]);
  }

  getTransceivers() { return this.transceivers; }
  getSenders() { return this.transceivers.map(({ sender }) => sender); }
  getReceivers() { return this.transceivers.map(({ receiver }) => receiver); }
  getConfiguration() { return this.configuration; }
  setConfiguration(/** @type {object} */ configuration) { this.configuration = configuration; }
  restartIce() { this.isRestarting = true; }
  close() { this.isClosed = true; }

  /** @param {string} state */
  become(state) {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }
}

const TRACKS = /** @type {any} */ ({ audio: { kind: "audio" }, video: { kind: "video" } });

/** Everything that Peer takes of the browser. */
class Bench {
  nowMs = 1_000_000;
  /** @type {{ atMs: number, everyMs: number | null, callback: () => void }[]} */
  timers = [];
  /** @type {any[]} */
  events = [];
  /** @type {FakeConnection} */
  connection = new FakeConnection({});

  /** @param {(bench: Bench) => Promise<void>} story */
  static async tell(story) {
    const bench = new Bench();
    const start = (/** @type {boolean} */ isRepeated) =>
      (/** @type {() => void} */ callback, /** @type {number} */ delayMs) => {
        const timer = { atMs: bench.nowMs + delayMs, everyMs: isRepeated ? delayMs : null, callback };
        bench.timers.push(timer);
        return timer;
      };
    const clear = (/** @type {any} */ timer) => {
      bench.timers = bench.timers.filter((other) => other !== timer);
    };
    const fakes = /** @type {any} */ ({
      setTimeout: start(false), clearTimeout: clear, setInterval: start(true), clearInterval: clear,
      performance: { now: () => bench.nowMs },
      MediaStream: class {
        /** @type {unknown[]} */ tracks = [];
        addTrack(/** @type {unknown} */ track) { this.tracks.push(track); }
        getTracks() { return this.tracks; }
      },
      RTCPeerConnection: class extends FakeConnection {
        constructor(/** @type {object} */ configuration) {
          super(configuration);
          bench.connection = this;
        }
      },
    });
    const own = Object.getOwnPropertyDescriptors(globalThis);
    for (const name of Object.keys(fakes)) {
      Object.defineProperty(globalThis, name, { value: fakes[name], configurable: true, writable: true });
    }
    try {
      await story(bench);
    } finally {
      for (const name of Object.keys(fakes)) {
        const before = /** @type {any} */ (own)[name];
        if (before) Object.defineProperty(globalThis, name, before);
        else delete (/** @type {any} */ (globalThis)[name]);
      }
    }
  }

  /** @param {Peer | null} former */
  open(former = null) {
    const onEvent = (/** @type {unknown} */ event) => this.events.push(event);
    return new Peer({ iceServers: [], tracks: TRACKS, onEvent, former });
  }

  /** With its sections, and what it has said so far forgotten. */
  async opened() {
    const peer = this.open();
    peer.offer();
    await this.done();
    this.events = [];
    this.timers = []; // the report's
    return peer;
  }

  /** Wait until all is done that does not wait for the clock. */
  done() {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** @param {number} ms */
  async pass(ms) {
    const endMs = this.nowMs + ms;
    for (;;) {
      const [next] = this.timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs);
      if (!next) break;
      this.nowMs = next.atMs;
      if (next.everyMs === null) this.timers = this.timers.filter((timer) => timer !== next);
      else next.atMs += next.everyMs;
      next.callback();
      await this.done();
    }
    this.nowMs = endMs;
  }

  /** @param {number} index @returns {ReturnType<typeof fakeTransceiver>} */
  section(index) {
    return /** @type {ReturnType<typeof fakeTransceiver>} */ (this.connection.transceivers[index]);
  }

  get active() {
    return this.connection.transceivers.map(({ sender }) => sender.encodings[0]?.active);
  }

  get arrived() {
    return this.events.flatMap(({ type, kind }) => (type === "media_arrived" ? [kind] : []));
  }
}

test("an offer has a section for each kind, once, which sends nothing yet", () => Bench.tell(async (bench) => {
  const peer = bench.open();
  peer.offer();
  await bench.done();
  peer.offer();
  await bench.done();
  const { connection } = bench;
  assert.deepEqual(connection.configuration, { iceServers: [], bundlePolicy: "max-bundle" });
  assert.deepEqual(connection.transceivers.map(({ sender }) => sender.track), [TRACKS.audio, TRACKS.video]);
  assert.deepEqual(bench.active, [false, false]);
  assert.deepEqual(bench.events, ["offer 1", "offer 2"].map((sdp) =>
    ({ type: "link_described", description: { type: "offer", sdp } })));
}));

test("a restart is an offer with new paths", () => Bench.tell(async (bench) => {
  const peer = await bench.opened();
  peer.restart();
  await bench.done();
  assert.equal(bench.events[0].description.sdp, "restarting offer 2");
}));

test("other servers are used from the next restart on", (t) => Bench.tell(async (bench) => {
  const warn = t.mock.method(console, "warn", () => {});
  const peer = await bench.opened();
  const iceServers = [{ urls: "turn:here.example" }];
  peer.useServers(iceServers);
  assert.deepEqual(bench.connection.configuration, { iceServers, bundlePolicy: "max-bundle" });
  assert.deepEqual(bench.events, []);
  const { connection } = bench;
  Object.assign(connection, { setConfiguration: undefined });
  peer.useServers(iceServers);
  assert.deepEqual(bench.events, [{ type: "link_failed" }], "a browser that cannot");
  assert.equal(warn.mock.callCount(), 1);
}));

test("paths that have failed can be sought anew, a handshake that has cannot", () => Bench.tell(async (bench) => {
  await bench.opened();
  bench.connection.become("failed");
  const { transport } = bench.section(0).sender;
  assert.ok(transport);
  transport.state = "failed";
  bench.connection.become("failed");
  assert.deepEqual(bench.events, [{ type: "link_broken" }, { type: "link_failed" }]);
}));

test("a path is told of before the link is up, and which way it is after", () => Bench.tell(async (bench) => {
  await bench.opened();
  const { connection } = bench;
  for (const state of ["checking", "connected"]) {
    connection.iceConnectionState = state;
    connection.oniceconnectionstatechange?.();
  }
  connection.getStats = async () => /** @type {any} */ (new Map([
    { type: "candidate-pair", id: "p", selected: true, localCandidateId: "l" },
    { type: "local-candidate", id: "l", candidateType: "host", protocol: "udp" },
  ].map((report) => [report.id, report])));
  connection.become("connected");
  await bench.done();
  assert.deepEqual(bench.events, [
    { type: "path_found" }, { type: "link_restored" },
    { type: "way_found", protocol: "udp", isRelayed: false },
  ]);
}));

test("an offer is answered in both directions, with our tracks", () => Bench.tell(async (bench) => {
  const peer = bench.open();
  peer.takeCandidate(/** @type {any} */ ("early"));
  peer.takeOffer("theirs");
  peer.takeCandidate(/** @type {any} */ ("late"));
  peer.takeCandidate(null);
  await bench.done();
  const { connection } = bench;
  assert.deepEqual(connection.remoteDescription, { type: "offer", sdp: "theirs" });
  assert.deepEqual(connection.candidates, ["early", "late"]);
  assert.deepEqual(connection.transceivers.map(({ sender }) => sender.track), [TRACKS.audio, TRACKS.video]);
  assert.deepEqual(bench.active, [false, false]);
  assert.deepEqual(bench.events, [
    { type: "link_described", description: { type: "answer", sdp: "sendrecv sendrecv" } },
  ]);
}));

test("candidates that come before the answer are taken with it, once", () => Bench.tell(async (bench) => {
  const peer = await bench.opened();
  peer.takeCandidate(/** @type {any} */ ("early"));
  await bench.done();
  assert.deepEqual(bench.connection.candidates, []);
  peer.takeAnswer("theirs");
  peer.takeAnswer("again");
  await bench.done();
  assert.deepEqual(bench.connection.candidates, ["early"]);
  assert.deepEqual(bench.connection.remoteDescription, { type: "answer", sdp: "again" });
}));

test("our candidates are told, and that there are no more", () => Bench.tell(async (bench) => {
  bench.open();
  bench.connection.onicecandidate?.({ candidate: { toJSON: () => "one" } });
  bench.connection.onicecandidate?.({ candidate: null });
  assert.deepEqual(bench.events, ["one", null].map((candidate) => ({ type: "candidate_found", candidate })));
}));

test("a track is exchanged, also before there is a section for it", () => Bench.tell(async (bench) => {
  const peer = bench.open();
  const [early, late] = /** @type {any[]} */ ([{ kind: "video", id: "early" }, { kind: "audio", id: "late" }]);
  peer.useTrack("video", early);
  peer.offer();
  await bench.done();
  peer.useTrack("audio", late);
  await bench.done();
  assert.deepEqual([bench.section(0).sender.track, bench.section(1).sender.track], [late, early]);
}));

test("it sends while there is a partner, and no picture while that is paused", () => Bench.tell(async (bench) => {
  const peer = await bench.opened();
  const after = async (/** @type {() => void} */ step) => {
    step();
    await bench.done();
    return bench.active;
  };
  assert.deepEqual(await after(() => peer.meet()), [true, true]);
  assert.deepEqual(await after(() => peer.pauseVideo(true)), [true, false]);
  assert.deepEqual(await after(() => peer.part()), [false, false]);
  assert.deepEqual(await after(() => peer.meet()), [true, false]);
  assert.deepEqual(await after(() => peer.pauseVideo(false)), [true, true]);
  assert.deepEqual([bench.section(0).sender.changes, bench.section(1).sender.changes], [3, 3]);
}));

test("a picture is sent as it fits, whoever comes; sound is left alone, and what is so already", () => Bench.tell(async (bench) => {
  const peer = await bench.opened();
  const [sound, picture] = [bench.section(0).sender, bench.section(1).sender];
  peer.fitVideo({ scale: 2, framesPerS: 15, maxBps: null });
  peer.meet();
  await bench.done();
  const whole = { active: true, scaleResolutionDownBy: 2, maxFramerate: 15, maxBitrate: undefined };
  assert.deepEqual([sound.encodings, picture.encodings], [[{ active: true }], [whole]]);
  assert.deepEqual([sound.preference, picture.preference], [undefined, "maintain-resolution"]);
  const changes = picture.changes;
  peer.fitVideo({ scale: 2, framesPerS: 15, maxBps: null });
  peer.meet();
  await bench.done();
  assert.equal(picture.changes, changes);
  peer.fitVideo({ scale: 1.5, framesPerS: 8, maxBps: 300_000 });
  peer.part();
  await bench.done();
  assert.deepEqual(picture.encodings, [
    { active: false, scaleResolutionDownBy: 1.5, maxFramerate: 8, maxBitrate: 300_000 },
  ]);
  assert.deepEqual([picture.track, bench.connection.offers], [TRACKS.video, 1], "nothing else is touched");
}));

test("what cannot be done ends the link; a link that is closed says and does nothing", (t) => Bench.tell(async (bench) => {
  const warn = t.mock.method(console, "warn", () => {});
  const peer = await bench.opened();
  peer.takeAnswer("bad");
  await bench.done();
  assert.deepEqual(bench.events, [{ type: "link_failed" }]);
  assert.equal(warn.mock.callCount(), 1);
  peer.meet();
  peer.takeAnswer("bad");
  peer.offer();
  peer.close();
  bench.connection.become("failed");
  await bench.done();
  assert.equal(bench.events.length, 1);
  assert.equal(warn.mock.callCount(), 1);
  assert.equal(bench.connection.isClosed, true);
  assert.equal(bench.connection.offers, 1);
  assert.deepEqual(bench.timers, []);
}));

test("a step that fails while the link is closed is not worth a word", (t) => Bench.tell(async (bench) => {
  const warn = t.mock.method(console, "warn", () => {});
  const peer = await bench.opened();
  bench.connection.setRemoteDescription = async () => {
    peer.close();
    throw new Error("it is closed");
  };
  peer.takeAnswer("theirs");
  await bench.done();
  assert.equal(warn.mock.callCount(), 0);
}));

test("how the link is, is told; the other side's goodbye, too", () => Bench.tell(async (bench) => {
  const early = bench.open();
  bench.connection.become("connecting");
  assert.deepEqual(bench.events, []);
  early.close();
  await bench.opened();
  for (const state of ["connected", "disconnected", "failed"]) bench.connection.become(state);
  assert.deepEqual(bench.events.map(({ type }) => type), [
    "link_restored", "link_interrupted", "link_broken",
  ]);
  const transport = /** @type {any} */ (bench.section(0).sender.transport);
  transport.onstatechange();
  assert.equal(bench.events.length, 3);
  transport.state = "closed";
  transport.onstatechange();
  assert.deepEqual(bench.events.slice(3), [{ type: "link_closed" }]);
}));

test("all tracks that come are in one stream", () => Bench.tell(async (bench) => {
  bench.open();
  bench.connection.ontrack?.({ track: "sound" });
  bench.connection.ontrack?.({ track: "picture" });
  assert.deepEqual(bench.events.map(({ type }) => type), ["stream_arrived", "stream_arrived"]);
  assert.equal(bench.events[0].stream, bench.events[1].stream);
  assert.deepEqual(bench.events[1].stream.tracks, ["sound", "picture"]);
}));

test("what is seen stays until media comes, though its link's place is taken twice", () => Bench.tell(async (bench) => {
  const first = await bench.opened();
  const { connection: seen } = bench;
  const second = bench.open(first);
  const { connection: without } = bench;
  assert.equal(seen.isClosed, false);
  const third = bench.open(second);
  assert.deepEqual([seen.isClosed, without.isClosed], [false, true]);
  bench.connection.ontrack?.({ track: "picture" });
  assert.deepEqual(bench.events, [], "nothing has come on it yet");
  third.part();
  assert.equal(seen.isClosed, true);
  assert.deepEqual(bench.events.map(({ type }) => type), ["stream_arrived"]);
}));

test("sound has arrived with a packet, a picture with a key frame; each is told once", () => Bench.tell(async (bench) => {
  const peer = await bench.opened();
  peer.meet();
  await bench.pass(100);
  assert.deepEqual(bench.arrived, []);
  bench.section(0).report.packetsReceived = 1;
  bench.section(1).report.framesDecoded = 1;
  await bench.pass(50);
  assert.deepEqual(bench.arrived, ["audio"]);
  bench.section(1).report.keyFramesDecoded = 1;
  await bench.pass(50);
  assert.deepEqual(bench.arrived, ["audio", "video"]);
  assert.deepEqual(bench.timers.filter(({ everyMs }) => !everyMs), [], "nothing is looked for");
  bench.section(0).report.packetsReceived = 2;
  await bench.pass(5_000);
  assert.deepEqual(bench.arrived, ["audio", "video"]);
}));

test("what came of the last partner is not taken for the next one's", () => Bench.tell(async (bench) => {
  const peer = await bench.opened();
  peer.meet();
  Object.assign(bench.section(0).report, { packetsReceived: 10 });
  Object.assign(bench.section(1).report, { keyFramesDecoded: 1, framesDecoded: 10 });
  await bench.pass(100);
  bench.events = [];
  peer.part();
  Object.assign(bench.section(0).report, { packetsReceived: 12 }); // too late to count
  await bench.done();
  assert.equal(bench.timers.length, 0);
  peer.meet();
  Object.assign(bench.section(1).report, { framesDecoded: 12 });
  await bench.pass(100);
  assert.deepEqual(bench.arrived, ["audio"]);
}));

test("a key frame that was counted as the last partner's shows by the pictures that follow", () => Bench.tell(async (bench) => {
  const peer = await bench.opened();
  peer.meet();
  bench.section(1).report.framesDecoded = 5; // left over
  await bench.pass(450);
  bench.section(1).report.framesDecoded = 6;
  await bench.pass(100);
  assert.deepEqual(bench.arrived, []);
  bench.section(1).report.framesDecoded = 7;
  await bench.pass(50);
  assert.deepEqual(bench.arrived, ["video"]);
  peer.part();
  await bench.done();
  bench.events = [];
  peer.meet();
  bench.section(1).report.framesDecoded = 9;
  await bench.pass(200);
  assert.deepEqual(bench.arrived, [], "for the next partner that is found out anew");
}));

test("a browser that counts no key frames is taken by its pictures", () => Bench.tell(async (bench) => {
  const peer = await bench.opened();
  const { report } = bench.section(1);
  delete (/** @type {any} */ (report).keyFramesDecoded);
  peer.meet();
  report.framesDecoded = 1;
  await bench.pass(50);
  assert.deepEqual(bench.arrived, ["video"]);
}));

test("what has not come for ten seconds is looked for more seldom", () => Bench.tell(async (bench) => {
  const peer = await bench.opened();
  peer.meet();
  await bench.pass(10_100);
  bench.section(0).report.packetsReceived = 1;
  await bench.pass(300);
  assert.deepEqual(bench.arrived, []);
  await bench.pass(200);
  assert.deepEqual(bench.arrived, ["audio"]);
}));

test("a partner who goes while one looks is not met any more", () => Bench.tell(async (bench) => {
  const peer = await bench.opened();
  peer.meet();
  bench.section(0).report.packetsReceived = 1;
  const { receiver } = bench.section(0);
  const { getStats } = receiver;
  receiver.getStats = () => {
    receiver.getStats = getStats;
    peer.part();
    return getStats();
  };
  await bench.pass(2_000);
  assert.deepEqual(bench.events, []);
  assert.deepEqual(bench.timers, []);
}));

test("figures come once a second, by themselves for each partner", () => Bench.tell(async (bench) => {
  const peer = await bench.opened();
  const measure = async () => {
    bench.connection.atMs += 1_000;
    bench.connection.bytesReceived += 1_000;
    await bench.pass(1_000);
    return bench.events.filter(({ type }) => type === "figures_measured").at(-1)?.figures.receivedBps;
  };
  peer.meet();
  assert.equal(await measure(), null);
  assert.equal(await measure(), 8_000);
  peer.meet();
  assert.equal(bench.timers.length, 2);
  peer.part();
  bench.events = [];
  assert.equal(await measure(), undefined);
  peer.meet();
  assert.equal(await measure(), null);
  bench.events = [];
  const { getStats } = bench.connection;
  bench.connection.getStats = () => {
    peer.part();
    return getStats.call(bench.connection);
  };
  assert.equal(await measure(), undefined);
}));
