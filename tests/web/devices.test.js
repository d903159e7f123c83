// @ts-check
import assert from "node:assert/strict";
import { test } from "node:test";
import { CAMERA, MICROPHONE, Page, track } from "./transcript.js";

const CAMERAS = /** @type {const} */ ([
  { kind: "video", id: "camera", label: "Front" },
  { kind: "video", id: "camera 2", label: "Back" },
]);

for (const problem of /** @type {const} */ (["refused", "missing", "busy", "unsupported"])) {
  test(`both ${problem}: says what to do; Try again asks again, Start goes on with text only`, () => {
    const page = new Page();
    page.connect();
    page.do("start_pressed");
    page.failed("audio", problem);
    assert.deepEqual(page.failed("video", problem), []);
    assert.equal(page.state.wanted, false);
    assert.match(page.says, /[cC]amera.* \| .+ Or go on without\.$/);
    assert.deepEqual(page.do("start_pressed"), ["open_link", "make_offer"]);
    page.do("stop_pressed");
    assert.deepEqual(page.do("retry_pressed"), ["open audio and video"]);
  });
}

test("no camera: the call goes on with sound only, and the partner is told", () => {
  const page = new Page();
  page.connect();
  page.do("preview_wanted");
  page.opened("audio", MICROPHONE);
  page.failed("video", "missing");
  assert.equal(
    page.says,
    "No camera found | Connect one, and it will be used at once. Or go on without.",
  );
  assert.deepEqual(page.do("start_pressed"), ["open_link", "make_offer"]);
  page.offerMade();
  page.meet();
  assert.deepEqual(page.sent.at(-1), { type: "media_state", audio: true, video: false });
});

test("a device that is refused after Stop is not mentioned", () => {
  const page = new Page();
  page.do("start_pressed");
  page.do("stop_pressed");
  page.failed("audio", "refused");
  page.failed("video", "refused");
  assert.match(page.says, /^Meet someone new/);
});

test("a camera that is connected while it is missed is taken at once, also in the call", () => {
  const page = new Page();
  page.connect();
  page.do("preview_wanted");
  page.opened("audio", MICROPHONE);
  page.failed("video", "missing");
  page.do("start_pressed");
  page.offerMade();
  page.meet();
  assert.deepEqual(page.on({ type: "devices_listed", devices: [CAMERAS[0]] }), ["open video"]);
  assert.deepEqual(page.opened("video", CAMERA), ["send camera", "> media_state"]);
});

test("a camera that is pulled out is replaced; the call goes on", () => {
  const page = Page.inCall();
  assert.deepEqual(page.on({ type: "device_lost", kind: "video" }), [
    "send no video", "close video", "open video",
  ]);
  assert.match(page.says, /^Connected/);
  assert.deepEqual(page.opened("video", track("other")), ["send other"]);
  assert.match(page.says, /^A device was lost; another one is used now\. \| Connected/);
});

test("a camera that is pulled out and cannot be replaced: the call goes on without", () => {
  const page = Page.inCall();
  page.on({ type: "device_lost", kind: "video" });
  assert.deepEqual(page.failed("video", "missing"), ["send no video", "> media_state"]);
  assert.match(page.says, /^Your camera was lost\. The call goes on without it\. \| Connected/);
  assert.equal(page.state.devices.video.problem, "lost");
  assert.deepEqual(page.on({ type: "devices_listed", devices: [CAMERAS[1]] }), ["open video"]);
});

test("a device that another program takes is told of as off, and as on when it is back", () => {
  const page = Page.inCall();
  const silenced = (/** @type {boolean} */ isSilenced) =>
    page.on({ type: "device_silenced", kind: "audio", isSilenced });
  assert.deepEqual(silenced(true), ["> media_state"]);
  assert.deepEqual(page.sent.at(-1), { type: "media_state", audio: false, video: true });
  assert.deepEqual(silenced(false), ["> media_state"]);
});

test("muting keeps the microphone open; the partner is told", () => {
  const page = Page.inCall();
  assert.deepEqual(page.do("microphone_toggled"), ["mute", "> media_state"]);
  assert.deepEqual(page.do("microphone_toggled"), ["unmute", "> media_state"]);
  assert.deepEqual(page.sent, [
    { type: "media_state", audio: false, video: true },
    { type: "media_state", audio: true, video: true },
  ]);
});

test("a camera that is switched off is closed, and opened when it is switched on", () => {
  const page = Page.inCall();
  assert.deepEqual(page.do("camera_toggled"), ["close video", "send no video", "> media_state"]);
  assert.deepEqual(page.do("camera_toggled"), ["open video"]);
  assert.deepEqual(page.opened("video", CAMERA), ["send camera", "> media_state"]);
});

test("a camera that is switched off while it opens is closed when it comes", () => {
  const page = Page.inCall();
  page.do("camera_toggled");
  page.do("camera_toggled");
  page.do("camera_toggled");
  assert.deepEqual(page.opened("video", CAMERA), ["close video", "send no video"]);
});

test("a camera that is switched off while the first call waits for it does not hold that up", () => {
  const page = new Page();
  page.connect();
  page.do("start_pressed");
  page.opened("audio", MICROPHONE);
  page.do("camera_toggled");
  assert.deepEqual(page.opened("video", CAMERA), ["close video", "open_link", "make_offer"]);
});

test("a camera in whose place another one is opened counts as on, whatever is told meanwhile", () => {
  const page = Page.inCall();
  page.on({ type: "device_lost", kind: "video" });
  page.do("microphone_toggled");
  assert.deepEqual(page.sent, [{ type: "media_state", audio: false, video: true }]);
  page.failed("video", "missing");
  assert.deepEqual(page.sent.at(-1), { type: "media_state", audio: false, video: false });
});

test("pressing a camera that had a problem tries it again", () => {
  const page = Page.inCall();
  page.do("camera_toggled");
  page.do("camera_toggled");
  page.failed("video", "busy");
  assert.match(page.says, /^Your camera was lost/);
  assert.deepEqual(page.do("camera_toggled"), ["open video"]);
});

test("a camera that fails while the server is away does not end what was wanted", () => {
  const page = Page.inCall();
  page.do("camera_toggled");
  page.on({ type: "wire_lost", retryAtMs: 9_000 });
  page.do("camera_toggled");
  page.failed("video", "busy");
  assert.equal(page.state.wanted, true);
  assert.deepEqual(page.connect(), ["open_link", "make_offer"]);
});

test("who is muted before the call is muted in it", () => {
  const page = new Page();
  page.connect();
  page.do("preview_wanted");
  page.devicesOpened();
  assert.deepEqual(page.do("microphone_toggled"), ["mute"]);
  page.do("start_pressed");
  page.offerMade();
  page.meet();
  assert.deepEqual(page.sent.at(-1), { type: "media_state", audio: false, video: true });
});

test("switching goes to the next camera, and round again", () => {
  const page = Page.inCall();
  assert.deepEqual(page.do("camera_switched"), []);
  page.on({ type: "devices_listed", devices: [...CAMERAS] });
  assert.deepEqual(page.do("camera_switched"), ["remember", "close video", "open video"]);
  assert.equal(page.state.settings.cameraId, "camera 2");
  page.opened("video", track("camera 2"));
  page.do("camera_switched");
  assert.equal(page.state.settings.cameraId, "camera");
});

test("another microphone is remembered, and sent instead of the old one", () => {
  const page = Page.inCall();
  const chosen = page.on({ type: "device_chosen", kind: "audio", id: "usb" });
  assert.deepEqual(chosen, ["remember", "close audio", "open audio"]);
  assert.deepEqual(page.opened("audio", track("usb")), ["unmute", "send usb"]);
  assert.equal(page.state.settings.microphoneId, "usb");
});
