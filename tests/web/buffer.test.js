// @ts-check
/** How long the partner's picture waits before it is shown. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Buffer } from "../../web/media/buffer.js";

/** A line on which of 50 packets a second so many are asked for. */
class Line {
  buffer = new Buffer();
  /** @type {any} */
  receiver = { jitterBufferTarget: null };
  #nowMs = 0;
  #report = { type: "inbound-rtp", kind: "video", packetsReceived: 0, nackCount: 0 };

  /** @param {number} seconds @param {number} asked @param {number | null} farRttMs @param {number} came */
  pass(seconds, asked, farRttMs = 160, came = 50) {
    for (let second = 0; second < seconds; second += 1) {
      this.#nowMs += 1_000;
      this.#report.packetsReceived += came;
      this.#report.nackCount += asked;
      this.buffer.follow(this.receiver, [this.#report], farRttMs, this.#nowMs);
    }
    return this.receiver.jitterBufferTarget;
  }
}

test("it waits for a repeat while much is lost, and for half a minute after", () => {
  const line = new Line();
  assert.equal(line.pass(60, 1), null, "what little is lost the browser manages");
  assert.equal(line.pass(5, 6), 360);
  assert.equal(line.pass(30, 0), 360);
  assert.equal(line.pass(5, 0), null);
});

test("the longest round trip of that time counts, and more than half a second nobody waits", () => {
  const line = new Line();
  assert.equal(line.pass(10, 6, null), 200, "a round trip that is not known");
  assert.equal(line.pass(1, 6, 100), 300);
  assert.equal(line.pass(1, 6, 60), 300);
  assert.equal(line.pass(1, 6, 3_000), 500);
});

test("nothing that came, a counter that began anew, or a browser without it, is no harm", () => {
  const line = new Line();
  assert.equal(line.pass(10, 6, 160, 0), null);
  line.buffer.follow(line.receiver, [{ type: "inbound-rtp", kind: "video" }], 160, 99_000);
  line.buffer.follow(line.receiver, [], 160, 99_500);
  assert.equal(line.receiver.jitterBufferTarget, null);
  line.receiver = {};
  assert.equal(line.pass(10, 6), undefined);
  line.buffer.follow(undefined, [], null, 0);
});
