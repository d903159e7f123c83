// A page for Janus' videocall plugin, over its WebSocket: one user, who calls or is called.
window.videocall = {
  ids: {},
  // Open the camera, and tell Janus one's name.
  async open(url, name) {
    this.devices = await navigator.mediaDevices.getUserMedia({ audio: true, video: true });
    this.socket = new WebSocket(url, "janus-protocol");
    this.socket.onmessage = ({ data }) => this.hear(JSON.parse(data));
    await new Promise((resolve) => (this.socket.onopen = resolve));
    this.ids.session_id = (await this.ask({ janus: "create" })).data.id;
    this.ids.handle_id = (await this.ask({ janus: "attach", plugin: "janus.plugin.videocall" })).data.id;
    this.tell({ request: "register", username: name });
    await new Promise((resolve) => (this.registered = resolve));
  },
  async call(name) {
    const link = this.link();
    await link.setLocalDescription();
    this.tell({ request: "call", username: name }, await this.described(link));
  },
  async hear({ transaction, janus, data, plugindata, jsep }) {
    if (janus === "success") this.asked?.({ transaction, data });
    const said = plugindata?.data;
    if (said?.error) throw new Error(said.error);
    const event = said?.result?.event;
    if (event === "registered") this.registered();
    if (event === "incomingcall") {
      const link = this.link();
      await link.setRemoteDescription(jsep);
      await link.setLocalDescription();
      this.tell({ request: "accept" }, await this.described(link));
    }
    if (event === "accepted" && jsep) await this.pc.setRemoteDescription(jsep);
  },
  link() {
    this.pc = new RTCPeerConnection();
    for (const track of this.devices.getTracks()) this.pc.addTrack(track, this.devices);
    const video = Object.assign(document.createElement("video"), { autoplay: true });
    document.body.append(video);
    this.pc.ontrack = ({ streams: [whole] }) => (video.srcObject = whole);
    return this.pc;
  },
  async described(link) {
    while (link.iceGatheringState !== "complete") {
      await new Promise((resolve) => {
        link.addEventListener("icegatheringstatechange", resolve, { once: true });
      });
    }
    const { type, sdp } = link.localDescription;
    return { type, sdp, trickle: false };
  },
  ask(message) {
    this.send(message);
    return new Promise((resolve) => (this.asked = resolve));
  },
  tell(body, jsep) {
    this.send({ janus: "message", body, ...(jsep && { jsep }) });
  },
  send(message) {
    this.socket.send(JSON.stringify({ ...message, ...this.ids, transaction: "bench" }));
  },
};
