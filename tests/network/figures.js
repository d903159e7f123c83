// Runs before the page's scripts: when a link came up, and how long nothing was heard.
{
  const links = [];
  let pressedAtMs = 0;
  let upAtMs = NaN;
  let count = 0;
  let heardAtMs = NaN;
  let longestMs = 0;
  const Plain = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Plain {
    constructor(...options) {
      super(...options);
      links.push(this);
      this.addEventListener("connectionstatechange", () => {
        if (this.connectionState === "connected" && Number.isNaN(upAtMs)) upAtMs = performance.now();
      });
    }
  };
  const heard = async () => {
    let sum = 0;
    for (const link of links) {
      if (link.connectionState === "closed") continue;
      for (const each of (await link.getStats()).values()) {
        if (each.type === "inbound-rtp" && each.kind === "audio") sum += each.packetsReceived;
      }
    }
    return sum;
  };
  const look = async () => {
    const now = await heard();
    if (now !== count) {
      longestMs = Math.max(longestMs, performance.now() - heardAtMs);
      heardAtMs = performance.now();
      count = now;
    }
    setTimeout(look, 10);
  };
  window.figures = {
    start() {
      pressedAtMs = performance.now();
      upAtMs = NaN;
      document.getElementById("start").click();
    },
    canStart: () => links.every((link) => link.connectionState === "closed")
      && !document.getElementById("start").disabled,
    upMs: () => (Number.isNaN(upAtMs) ? null : upAtMs - pressedAtMs),
    count: heard,
    async listen() {
      count = await heard();
      heardAtMs = performance.now();
      longestMs = 0;
      void look();
    },
    silenceMs: () => Math.max(longestMs, performance.now() - heardAtMs),
  };
}
