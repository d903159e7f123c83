// A plain RTCPeerConnection, which a test opens and asks.
void (window.guest = {
  async open({ kinds, device, scrambled }) {
    this.link = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    if (scrambled) this.scramble();
    const stream = new MediaStream();
    if (device) {
      const taken = await navigator.mediaDevices.getUserMedia(device);
      taken.getTracks().forEach((track) => stream.addTrack(track));
    }
    for (const kind of kinds) {
      const track = stream.getTracks().find((one) => one.kind === kind);
      this.link.addTransceiver(track ?? kind, { direction: "sendrecv", streams: [stream] });
    }
    this.video = Object.assign(document.createElement("video"), { autoplay: true });
    document.body.append(this.video);
    this.link.addEventListener("track", ({ streams: [whole] }) => {
      this.video.srcObject = whole;
    });
  },
  // Whole frames become noise, which depends on their length so that it can be undone: half of
  // them look like key frames, whether they are or not.
  scramble() {
    const code = `onrtctransform = ({ transformer: { readable, writable } }) => {
      const scramble = (frame, controller) => {
        const bytes = new Uint8Array(frame.data);
        const key = bytes.length % 251;
        bytes.forEach((byte, at) => (bytes[at] = byte ^ (at * 37 + key)));
        frame.data = bytes.buffer;
        controller.enqueue(frame);
      };
      readable.pipeThrough(new TransformStream({ transform: scramble })).pipeTo(writable);
    };`;
    const program = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    const worker = new Worker(program);
    const add = RTCPeerConnection.prototype.addTransceiver;
    this.link.addTransceiver = (...options) => {
      const transceiver = add.apply(this.link, options);
      transceiver.sender.transform = new RTCRtpScriptTransform(worker, {});
      transceiver.receiver.transform = new RTCRtpScriptTransform(worker, {});
      return transceiver;
    };
  },
  async offer() {
    await this.link.setLocalDescription();
    while (this.link.iceGatheringState !== "complete") {
      await new Promise((resolve) => {
        this.link.addEventListener("icegatheringstatechange", resolve, { once: true });
      });
    }
    return this.link.localDescription.sdp;
  },
  agreedExtensions(kind) {
    const sender = this.link.getSenders().find(({ track }) => track?.kind === kind);
    return sender.getParameters().headerExtensions.map(({ uri }) => uri);
  },
  // Stop a transceiver for good, and add one that sends the same.
  stopAndAdd(kind) {
    const old = this.link
      .getTransceivers()
      .find(({ receiver, currentDirection }) =>
        receiver.track.kind === kind && currentDirection !== "stopped");
    const { track } = old.sender;
    const copy = track.clone();
    old.stop();
    const streams = [new MediaStream([copy])];
    this.link.addTransceiver(copy, { direction: "sendrecv", streams });
  },
  take: (sdp) => guest.link.setRemoteDescription({ type: "answer", sdp }),
  async stats() {
    return [...(await this.link.getStats()).values()];
  },
  close() {
    this.link.getSenders().forEach(({ track }) => track?.stop());
    this.link.close();
  },
})
