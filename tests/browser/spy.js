// Runs before the page's scripts, to see what they do, and to do what hardware would.
{
  const links = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) {
      super(...options);
      links.push(this);
    }
  };
  const tracks = [];
  if (navigator.mediaDevices) {
    const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
    navigator.mediaDevices.getUserMedia = async ({ audio, video }) => {
      const stream = await getUserMedia({ audio, video: video && { ...video, ...spy.camera } });
      tracks.push(...stream.getTracks());
      return stream;
    };
  }
  let foundAtMs = NaN;
  window.WebSocket = class extends WebSocket {
    constructor(...options) {
      super(...options);
      this.addEventListener("message", ({ data }) => {
        if (data.includes('"partner_found"')) foundAtMs = performance.now();
      });
    }
  };
  // When the page has changed so that it is so.
  const change = (isSo) =>
    new Promise((resolve) => {
      const observer = new MutationObserver(() => {
        if (!isSo()) return;
        observer.disconnect();
        resolve(performance.now());
      });
      observer.observe(document.body, {
        subtree: true, childList: true, characterData: true, attributes: true,
      });
    });
  // When a frame of a partner's picture is on the screen, after it was not.
  const frame = async () => {
    const { dataset } = document.getElementById("stage");
    if (dataset.picture === "true") await change(() => dataset.picture === "false");
    await change(() => dataset.picture === "true");
    return new Promise((resolve) => {
      document.getElementById("remote").requestVideoFrameCallback((nowMs) => resolve(nowMs));
    });
  };
  let isHeld = false;
  const setParameters = RTCRtpSender.prototype.setParameters;
  RTCRtpSender.prototype.setParameters = function (parameters) {
    if (isHeld) parameters.encodings.forEach((encoding) => Object.assign(encoding, { active: false }));
    return setParameters.call(this, parameters);
  };
  let chimes = 0;
  const createOscillator = AudioContext.prototype.createOscillator;
  AudioContext.prototype.createOscillator = function () {
    chimes += 1;
    return createOscillator.call(this);
  };
  document.addEventListener("securitypolicyviolation", (event) => {
    console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
  });
  const find = (stats, type, kind) => stats.find((s) => s.type === type && s.kind === kind) ?? {};

  window.spy = {
    links,
    tracks,
    camera: { width: { ideal: 320 }, height: { ideal: 240 } }, // cheap to encode
    chimes: () => chimes,

    async look() {
      const video = document.getElementById("remote");
      const stats = [...((await links.at(-1)?.getStats()) ?? new Map()).values()];
      return {
        width: video.videoWidth,
        presented: video.getVideoPlaybackQuality().totalVideoFrames,
        visible: getComputedStyle(video).opacity === "1",
        decoded: find(stats, "inbound-rtp", "video").framesDecoded ?? 0,
        sent: find(stats, "outbound-rtp", "video").framesSent ?? 0,
        audioPackets: find(stats, "inbound-rtp", "audio").packetsReceived ?? 0,
        audioEnergy: find(stats, "inbound-rtp", "audio").totalAudioEnergy ?? 0,
      };
    },

    isSending: () =>
      links.at(-1).getSenders().map((sender) => sender.getParameters().encodings[0]?.active),

    // The page sets parameters as well, for the picture's size: meanwhile they mean nothing.
    async send(active) {
      isHeld = !active;
      for (const sender of links.at(-1).getSenders()) {
        const parameters = sender.getParameters();
        parameters.encodings[0].active = active;
        await sender.setParameters(parameters);
      }
    },

    describeLinks: () =>
      links.map((link) => ({
        state: link.connectionState,
        local: link.localDescription?.sdp ?? "",
        remote: link.remoteDescription?.sdp ?? "",
      })),

    // What the last link goes over: the type of our candidate, its protocol, and the one to a TURN server.
    async way() {
      const stats = [...((await links.at(-1)?.getStats()) ?? new Map()).values()];
      const transport = stats.find((each) => each.selectedCandidatePairId);
      const isPair = transport
        ? (each) => each.id === transport.selectedCandidatePairId
        : (each) => each.type === "candidate-pair" && each.selected; // in Firefox
      const pair = stats.find(isPair);
      const local = stats.find((each) => each.id === pair?.localCandidateId);
      return local ? [local.candidateType, local.protocol, local.relayProtocol ?? null] : null;
    },

    async stats() {
      const reports = await Promise.all(links.map((link) => link.getStats()));
      return reports.flatMap((report) => [...report.values()]);
    },

    hide(hidden) {
      Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
      const state = hidden ? "hidden" : "visible";
      Object.defineProperty(document, "visibilityState", { configurable: true, get: () => state });
      document.dispatchEvent(new Event("visibilitychange"));
    },

    async timeStart() {
      const startedMs = performance.now();
      const headline = document.getElementById("headline");
      const looking = change(() => headline.textContent.startsWith("Looking"));
      document.getElementById("start").click();
      return (await looking) - startedMs;
    },

    async timeNext() {
      const shown = frame();
      const pressedMs = performance.now();
      document.getElementById("next").click();
      const shownMs = await shown;
      return [shownMs - pressedMs, shownMs - foundAtMs];
    },

    unplug(kind) {
      const track = tracks.findLast((known) => known.kind === kind && known.readyState === "live");
      track.stop();
      track.dispatchEvent(new Event("ended"));
    },

    setClock(ms) {
      const now = Date.now.bind(Date);
      Date.now = () => now() + ms;
    },

    sleep(ms) {
      window.spy.setClock(ms);
      const now = performance.now.bind(performance);
      performance.now = () => now() + ms;
    },
  };
}
