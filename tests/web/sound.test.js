// @ts-check
/** Our sound: what of it can be asked for again, and that it is guarded while much is lost. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Sound, ordered, repeatable } from "../../web/media/sound.js";

const CHROMIUM = [
  "v=0", "m=audio 9 UDP/TLS/RTP/SAVPF 111 63 9", "a=rtpmap:111 opus/48000/2", "a=rtcp-fb:111 transport-cc",
  "a=fmtp:111 minptime=10;useinbandfec=1", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111",
  "m=video 9 UDP/TLS/RTP/SAVPF 96", "a=rtcp-fb:96 transport-cc", "",
].join("\r\n");
const FIREFOX = [
  "v=0", "m=audio 9 UDP/TLS/RTP/SAVPF 109 9", "a=rtpmap:109 opus/48000/2", "a=fmtp:109 useinbandfec=1",
  "m=video 9 UDP/TLS/RTP/SAVPF 120", "a=rtcp-fb:120 transport-cc", "",
].join("\r\n");
const ANSWER = CHROMIUM.replace("111 63 9", "111 63");

test("Opus can be asked for again, once", () => {
  const offer = repeatable(CHROMIUM);
  assert.equal(offer.split("a=rtcp-fb:111 transport-cc\r\na=rtcp-fb:111 nack\r\na=fmtp:111").length, 2);
  assert.equal(repeatable(offer), offer);
  assert.equal(repeatable(FIREFOX), FIREFOX, "it gives no feedback about sound");
  assert.equal(repeatable("offer 1"), "offer 1");
});

test("the first format is the one that is sent", () => {
  assert.ok(ordered(ANSWER, true).includes("SAVPF 63 111\r\n"));
  assert.equal(ordered(ordered(ANSWER, true), false), ANSWER);
  assert.ok(ordered(CHROMIUM, true).includes("SAVPF 63 111 9\r\n"));
  assert.equal(ordered(FIREFOX, true), FIREFOX);
  assert.equal(ordered("", true), "");
});

class Connection {
  signalingState = "stable";
  /** @type {string[]} */
  local = [];
  /** @type {string[]} */
  remote = [];
  /** @type {string | null} */
  refuses = null;

  async createOffer() {
    return { sdp: CHROMIUM };
  }

  /** @param {{ type: string, sdp?: string }} description */
  async setLocalDescription({ type, sdp = type }) {
    if (this.refuses && sdp.includes(this.refuses)) throw new Error("it is refused");
    this.signalingState = type === "rollback" ? "stable" : "have-local-offer";
    this.local.push(sdp);
  }

  /** @param {{ sdp: string }} description */
  async setRemoteDescription({ sdp }) {
    if (this.refuses && sdp.includes(this.refuses)) throw new Error("it is refused");
    this.signalingState = "stable";
    this.remote.push(sdp);
  }
}

/** A link that is up, and a clock. */
class Bench {
  connection = new Connection();
  sound = new Sound(/** @type {any} */ (this.connection));
  nowMs = 0;
  sent = 0;
  repeated = 0;

  static async linked(answer = ANSWER) {
    const bench = new Bench();
    await bench.sound.offer();
    await bench.sound.take(answer);
    return bench;
  }

  /** @param {number} seconds @param {{ lost?: number, again?: number, bears?: number | null, queueS?: number }} [line] */
  async pass(seconds, { lost = 0, again = 0, bears = 500_000, queueS = 0 } = {}) {
    for (let second = 0; second < seconds; second += 1) {
      this.nowMs += 1000;
      this.sent += 50;
      this.repeated += again;
      await this.sound.follow([
        { type: "outbound-rtp", kind: "audio", packetsSent: this.sent, retransmittedPacketsSent: this.repeated },
        { type: "outbound-rtp", kind: "video", packetsSent: 1, retransmittedPacketsSent: 900 },
        { type: "remote-inbound-rtp", kind: "audio", fractionLost: 0, roundTripTime: 0.06 + queueS },
        { type: "remote-inbound-rtp", kind: "video", fractionLost: lost },
        bears === null ? { type: "transport" } : { type: "candidate-pair", availableOutgoingBitrate: bears },
      ], this.nowMs);
    }
  }

  get isGuarded() {
    return this.connection.remote.at(-1)?.includes("SAVPF 63 111") ?? false;
  }
}

test("a clean line is left alone", async () => {
  const bench = await Bench.linked();
  await bench.pass(60, { lost: 0.01, again: 1 });
  assert.equal(bench.connection.remote.length, 1);
});

for (const line of [{ lost: 0.05 }, { again: 3 }, { lost: 0.3, bears: null }]) {
  test(`sound is guarded while much is lost, and for a while: ${JSON.stringify(line)}`, async () => {
    const bench = await Bench.linked();
    await bench.pass(3, line);
    assert.ok(bench.isGuarded);
    assert.equal(bench.connection.remote.length, 2, "told once");
    assert.equal(bench.connection.signalingState, "stable");
    await bench.pass(29);
    assert.ok(bench.isGuarded);
    await bench.pass(2);
    assert.ok(!bench.isGuarded);
  });
}

test("a line that is too narrow is spared it, and not taken for wide at once", async () => {
  const bench = await Bench.linked();
  await bench.pass(1);
  await bench.pass(3, { lost: 0.2, bears: 80_000, queueS: 0.3 });
  await bench.pass(3, { lost: 0.2, bears: 80_000 });
  assert.equal(bench.connection.remote.length, 1);
  await bench.pass(30, { lost: 0.2, bears: 80_000 });
  assert.ok(bench.isGuarded, "the estimate is low for the losses alone");
  await bench.pass(1, { lost: 0.2, bears: 80_000, queueS: 0.3 });
  assert.ok(!bench.isGuarded);
});

test("who has no RED is told nothing", async () => {
  const bench = await Bench.linked(FIREFOX);
  await bench.pass(3, { lost: 0.2 });
  assert.equal(bench.connection.remote.length, 1);
});

test("an answer that is to come is waited for, and ordered as the sound is", async () => {
  const bench = await Bench.linked();
  await bench.sound.offer();
  await bench.pass(2, { lost: 0.2 });
  assert.equal(bench.connection.remote.length, 1);
  await bench.sound.take(ANSWER);
  await bench.pass(1);
  assert.ok(bench.isGuarded);
  await bench.sound.offer();
  await bench.sound.take(ANSWER);
  assert.ok(bench.isGuarded);
});

test("after an offer of the other side's its answer holds no longer", async () => {
  const bench = await Bench.linked();
  bench.sound.forget();
  await bench.pass(3, { lost: 0.2 });
  assert.equal(bench.connection.remote.length, 1);
});

test("a browser that takes no other offer than its own offers that", async () => {
  const bench = new Bench();
  bench.connection.refuses = " nack";
  await bench.sound.offer();
  assert.deepEqual(bench.connection.local, [CHROMIUM]);
});

test("a browser that does not take the answer anew goes on as before", async () => {
  const bench = await Bench.linked();
  bench.connection.refuses = "63 111\r\n";
  await bench.pass(2, { lost: 0.2 });
  assert.equal(bench.connection.signalingState, "stable");
  assert.equal(bench.connection.remote.length, 1);
});
