// A plain RTCPeerConnection, which a test opens and asks.
void (window.guest = {
  async open({ kinds, device, scrambled, bundlePolicy }) {
    this.link = new RTCPeerConnection({ bundlePolicy });
    if (scrambled) this.scramble();
    this.devices = device ? await navigator.mediaDevices.getUserMedia(device) : new MediaStream();
    for (const kind of kinds) {
      const track = this.devices.getTracks().find((one) => one.kind === kind);
      this.link.addTransceiver(track ?? kind, { direction: "sendrecv", streams: [this.devices] });
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
  // Add a section that sends what the device gives.
  send(kind, options) {
    const track = this.devices.getTracks().find((one) => one.kind === kind);
    this.link.addTransceiver(track.clone(), options);
  },
  // The first section of a kind that has not been stopped.
  section(kind) {
    const isIt = ({ receiver, currentDirection }) =>
      receiver.track.kind === kind && currentDirection !== "stopped";
    return this.link.getTransceivers().find(isIt);
  },
  // Stop a section for good.
  stop(kind) {
    this.section(kind).stop();
  },
  // Send and receive nothing in a section; it stays.
  rest(kind) {
    this.section(kind).direction = "inactive";
  },
  sections() {
    return this.link
      .getTransceivers()
      .map(({ mid, receiver, currentDirection }) => `${mid} ${receiver.track.kind} ${currentDirection}`);
  },
  take: (sdp) => guest.link.setRemoteDescription({ type: "answer", sdp }),
  async stats() {
    return [...(await this.link.getStats()).values()];
  },
  close() {
    for (const { track } of this.link.getSenders()) track?.stop();
    for (const track of this.devices.getTracks()) track.stop();
    this.link.close();
  },
})
