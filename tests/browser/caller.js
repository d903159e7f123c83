// A client that is not the page: it negotiates as a test tells it, and keeps its link.
{
  class Caller {
    constructor() {
      this.heard = [];
      this.link = new RTCPeerConnection();
    }

    picture() {
      return this.devices.getVideoTracks()[0].clone();
    }

    sound() {
      return this.devices.getAudioTracks()[0].clone();
    }

    async connect() {
      const small = { width: { ideal: 320 }, height: { ideal: 240 } };
      this.devices = await navigator.mediaDevices.getUserMedia({ audio: true, video: small });
      this.socket = new WebSocket(location.origin.replace("http", "ws") + "/ws");
      this.socket.onmessage = ({ data }) => {
        const message = JSON.parse(data);
        this.heard.push(message);
        if (message.type === "webrtc_answer") this.answered?.(message.sdp);
      };
      await new Promise((resolve) => (this.socket.onopen = resolve));
    }

    say(message) {
      this.socket.send(JSON.stringify(message));
    }

    // Offers what there is; resolves with the answer when it has been applied.
    async negotiate() {
      await this.link.setLocalDescription();
      const answer = new Promise((resolve) => (this.answered = resolve));
      this.say({ type: "webrtc_offer", sdp: this.link.localDescription.sdp });
      const sdp = await answer;
      await this.link.setRemoteDescription({ type: "answer", sdp });
      return sdp;
    }

    // What has come in over all, by kind, and how the link is.
    async look() {
      const seen = { state: this.link.connectionState, audio: 0, video: 0, sections: [] };
      for (const report of (await this.link.getStats()).values())
        if (report.type === "inbound-rtp")
          seen[report.kind] += report.kind === "video" ? (report.framesDecoded ?? 0) : report.packetsReceived;
      seen.sections = this.link
        .getTransceivers()
        .map(({ mid, receiver, currentDirection }) => `${mid} ${receiver.track.kind} ${currentDirection}`);
      seen.heard = this.heard.map(({ type }) => type);
      seen.media = this.heard.filter(({ type }) => type === "media_state").at(-1) ?? null;
      return seen;
    }
  }
  window.caller = new Caller();
}
