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
    assert.equal(page.state.isStarted, false);
    assert.match(page.says, /[cC]amera.* \| .+ Or go on without it\.$/);
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
    "No camera found | Connect one, and it will be used right away. Or go on without it.",
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
  assert.match(page.says, /^Your camera is busy\. Another program/);
  assert.deepEqual(page.do("camera_toggled"), ["open video"]);
  page.failed("video", "refused");
  assert.match(page.says, /^No access to your camera\. Allow it/);
});

test("a camera that fails while the server is away does not end what was wanted", () => {
  const page = Page.inCall();
  page.do("camera_toggled");
  page.on({ type: "wire_lost", retryAtMs: 9_000, isResumable: false });
  page.do("camera_toggled");
  page.failed("video", "busy");
  assert.equal(page.state.isStarted, true);
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

test("before the rules are agreed to nothing is opened", () => {
  assert.deepEqual(new Page({ agreedTo: "" }).do("preview_wanted"), []);
});

test("what is switched off is not asked for, and what is chosen is", () => {
  const page = new Page({ cameraId: "c", microphoneId: "m" });
  assert.deepEqual(page.do("camera_toggled"), []);
  assert.deepEqual(page.do("preview_wanted"), ["open audio"]);
  page.opened("audio", MICROPHONE);
  assert.deepEqual(page.do("camera_toggled"), ["open video"]);
  assert.deepEqual(page.ordered.flatMap((command) =>
    command.do === "open_devices" ? [command.ids] : []), Array(2).fill({ audio: "m", video: "c" }));
});

test("another microphone of one who is muted is muted", () => {
  const page = Page.inCall();
  page.do("microphone_toggled");
  page.on({ type: "device_chosen", kind: "audio", id: "usb" });
  assert.deepEqual(page.opened("audio", track("usb")), ["mute", "send usb"]);
});

test("what is opened anew gives again, has no problem, and is told of as replaced once", () => {
  const page = Page.inCall();
  page.on({ type: "device_silenced", kind: "video", isSilenced: true });
  page.on({ type: "device_lost", kind: "video" });
  page.opened("video", track("other"));
  assert.deepEqual(page.sent.at(-1), { type: "media_state", audio: true, video: true });
  page.wait();
  page.on({ type: "device_chosen", kind: "video", id: "camera" });
  page.opened("video", CAMERA);
  assert.match(page.says, /^Connected/);
  const { isSilenced, wasLost, problem } = page.state.devices.video;
  assert.deepEqual([isSilenced, wasLost, problem], [false, false, null]);
});

test("a camera that is switched off is forgotten, with all that was the matter with it", () => {
  const page = Page.inCall();
  page.on({ type: "device_silenced", kind: "video", isSilenced: true });
  page.do("camera_toggled");
  assert.deepEqual(page.state.devices.video, {
    isWanted: false, status: "off", problem: null, isSilenced: false, wasLost: false, track: null,
  });
  page.do("camera_toggled");
  page.on({ type: "device_lost", kind: "audio" });
  page.do("stop_pressed");
  page.opened("audio", MICROPHONE);
  assert.equal(page.state.devices.audio.wasLost, false);
});

test("a device that was lost and is busy is busy; what failed has no track, and is not replaced", () => {
  const page = Page.inCall();
  page.on({ type: "device_lost", kind: "audio" });
  page.failed("audio", "busy");
  assert.match(page.says, /^Your microphone is busy\./);
  assert.equal(page.state.devices.audio.problem, "busy");
  page.do("microphone_toggled");
  page.opened("audio", MICROPHONE);
  assert.doesNotMatch(page.says, /^A device was lost/);
  page.on({ type: "device_chosen", kind: "audio", id: "usb" });
  page.failed("audio", "missing");
  assert.deepEqual(
    [page.state.devices.audio.track, page.state.devices.audio.problem], [null, "missing"],
  );
});

test("a camera that fails while one searches is told of, and the search goes on", () => {
  const page = Page.searching();
  page.do("camera_toggled");
  page.do("camera_toggled");
  assert.deepEqual(page.failed("video", "busy"), ["send no video"]);
  assert.match(page.says, /^Your camera is busy\..* \| Looking for someone/);
});

test("back in the preview nothing is due any more", () => {
  const page = new Page();
  page.connect();
  page.do("start_pressed");
  page.hear({ type: "error", code: "rate_limited", message: "x", retryAfterMs: null, id: null });
  page.failed("audio", "refused");
  assert.throws(() => page.wait(), /nothing is due/);
  page.do("start_pressed");
  assert.equal(page.state.notice, null);
});

test("one that is lost while nothing is open, or is being opened, is no news", () => {
  const page = new Page();
  assert.deepEqual(page.on({ type: "device_lost", kind: "video" }), []);
  page.do("preview_wanted");
  assert.deepEqual(page.on({ type: "device_lost", kind: "video" }), []);
});

test("what is connected is taken only by whoever misses it, and only when there is one more", () => {
  const listed = (/** @type {Page} */ page, /** @type {number} */ count) =>
    page.on({ type: "devices_listed", devices: CAMERAS.slice(0, count) });
  const page = new Page();
  page.do("preview_wanted");
  page.opened("audio", MICROPHONE);
  page.failed("video", "missing");
  assert.deepEqual(listed(page, 1), ["open video"]);
  assert.deepEqual(listed(page, 2), [], "it is being opened");
  page.failed("video", "missing");
  assert.deepEqual(listed(page, 2), [], "it is no news");
  assert.deepEqual(listed(page, 1), []);
  page.do("start_pressed");
  page.do("stop_pressed");
  assert.deepEqual(listed(page, 2), [], "nobody wants it");
  page.do("retry_pressed");
  page.failed("video", "refused");
  listed(page, 1);
  assert.deepEqual(listed(page, 2), [], "it was refused");
});

test("a microphone that had a problem is tried again when it is pressed", () => {
  const page = new Page();
  page.do("preview_wanted");
  page.failed("audio", "busy");
  assert.deepEqual(page.do("microphone_toggled"), ["open audio"]);
  assert.deepEqual(
    [page.state.devices.audio.isWanted, page.state.devices.audio.problem], [true, null],
  );
  assert.deepEqual(page.do("microphone_toggled"), [], "it is being opened");
  page.failed("audio", "busy");
  assert.deepEqual(page.do("microphone_toggled"), ["open audio"]);
});

test("a camera that had a problem is switched on by a press, and off by another one", () => {
  const page = new Page();
  page.do("preview_wanted");
  page.failed("video", "busy");
  page.do("camera_toggled");
  assert.equal(page.state.devices.video.problem, null);
  page.do("camera_toggled");
  assert.equal(page.state.devices.video.isWanted, false);
  page.opened("video", CAMERA);
  assert.equal(page.state.devices.video.status, "off");
});

test("where nothing is looked at, nothing is opened", () => {
  const page = Page.inCall();
  page.do("stop_pressed");
  for (const type of /** @type {const} */ (["camera_toggled", "microphone_toggled"])) {
    assert.deepEqual(page.do(type), []);
    assert.deepEqual(page.do(type), []);
  }
  assert.deepEqual(page.on({ type: "device_chosen", kind: "video", id: "x" }), ["remember"]);
});

test("one camera is not switched, nor one that is off", () => {
  const page = Page.inCall();
  page.on({ type: "devices_listed", devices: [CAMERAS[0]] });
  assert.deepEqual(page.do("camera_switched"), []);
  page.on({ type: "devices_listed", devices: [...CAMERAS] });
  page.do("camera_toggled");
  assert.deepEqual(page.do("camera_switched"), []);
});

test("a choice is made at once where the device is wanted, and forgives the one before", () => {
  const page = new Page();
  page.do("preview_wanted");
  page.opened("audio", MICROPHONE);
  page.failed("video", "busy");
  const choose = () => page.on({ type: "device_chosen", kind: "video", id: "x" });
  assert.deepEqual(choose(), ["remember", "open video"]);
  assert.equal(page.state.devices.video.problem, null);
  page.opened("video", CAMERA);
  page.do("camera_toggled");
  assert.deepEqual(choose(), ["remember"]);
});

test("who starts in spite of a problem goes on when the other device fails, too", () => {
  const page = new Page();
  page.do("preview_wanted");
  page.failed("audio", "refused");
  page.do("start_pressed");
  page.failed("video", "refused");
  assert.equal(page.state.isStarted, true);
});

test("who starts again and is refused what was there before is asked how to go on", () => {
  const page = Page.inCall();
  page.do("stop_pressed");
  page.do("start_pressed");
  page.failed("audio", "refused");
  assert.equal(page.state.isStarted, false);
});

test("a problem with what is switched off is none to start in spite of", () => {
  const page = new Page();
  page.do("preview_wanted");
  page.do("camera_toggled");
  page.failed("video", "busy");
  page.do("start_pressed");
  page.failed("audio", "busy");
  assert.equal(page.state.isStarted, false);
});

test("a camera that is switched off and on while it opens is on; off is what it is when it fails", () => {
  const page = new Page();
  page.do("preview_wanted");
  page.do("camera_toggled");
  page.do("camera_toggled");
  assert.equal(page.state.devices.video.isWanted, true);
  page.do("camera_toggled");
  page.failed("video", "missing");
  assert.deepEqual(page.on({ type: "devices_listed", devices: [...CAMERAS] }), []);
});

test("a camera that was missed and is being opened is switched off by a press", () => {
  const page = new Page();
  page.do("preview_wanted");
  page.failed("video", "missing");
  page.on({ type: "devices_listed", devices: [CAMERAS[0]] });
  page.do("camera_toggled");
  assert.equal(page.state.devices.video.isWanted, false);
});

test("what is opened is no problem any more", () => {
  const page = new Page();
  page.do("preview_wanted");
  page.failed("video", "missing");
  page.on({ type: "devices_listed", devices: [CAMERAS[0]] });
  page.opened("video", CAMERA);
  assert.equal(page.state.devices.video.problem, null);
});

test("a device that is lost for good while the server is away is told of, too", () => {
  const page = Page.inCall();
  page.on({ type: "wire_lost", retryAtMs: 9_000, isResumable: false });
  page.on({ type: "device_lost", kind: "video" });
  page.failed("video", "missing");
  assert.match(page.says, /^Your camera was lost/);
});

test("what is behind the person is blurred on every camera, as long as they want that", () => {
  const page = Page.searching();
  const change = (/** @type {boolean} */ blursBackground) =>
    page.on({ type: "setting_changed", change: { blursBackground } });
  assert.deepEqual(change(true), ["remember", "blur_background"]);
  page.do("camera_toggled");
  page.do("camera_toggled");
  assert.deepEqual(page.opened("video", CAMERA), ["blur_background", "send camera"]);
  change(false);
  assert.deepEqual(page.ordered.at(-1), { do: "blur_background", isOn: false });
});
