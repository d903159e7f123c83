// A client made with node-datachannel (libdatachannel): RTP as it comes, no header extensions.
import datachannel from "node-datachannel";
import { serve } from "./stdio.js";

const connection = new datachannel.PeerConnection("client", {
  iceServers: [],
  bindAddress: "127.0.0.1",
  disableAutoNegotiation: true,
});
const received = { audio: 0, video: 0, keyframeRequests: 0 };
const audio = new datachannel.Audio("0", "SendRecv");
audio.addOpusCodec(111);
audio.addSSRC(1, "client");
const video = new datachannel.Video("1", "SendRecv");
video.addVP8Codec(96);
video.addSSRC(2, "client");
const tracks = { audio: connection.addTrack(audio), video: connection.addTrack(video) };
for (const [kind, track] of Object.entries(tracks)) {
  track.setMediaHandler(new datachannel.RtcpReceivingSession());
  track.onMessage((packet) => {
    if (packet[1] < 192 || packet[1] > 223) received[kind] += 1;
  });
}

await serve({
  received,
  offer: () =>
    new Promise((resolve) => {
      connection.onGatheringStateChange((state) => {
        if (state === "complete") resolve(connection.localDescription().sdp);
      });
      connection.setLocalDescription("offer");
    }),
  take: (sdp) => connection.setRemoteDescription(sdp, "answer"),
  send: (kind, packet) => tracks[kind].isOpen() && tracks[kind].sendMessageBinary(packet),
});
