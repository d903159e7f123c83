// A client made with werift, as it comes: VP8 and Opus, NACK, PLI and REMB, no header extensions.
import { MediaStreamTrack, RTCPeerConnection } from "werift";
import { serve } from "./stdio.js";

const connection = new RTCPeerConnection({
  bundlePolicy: "max-bundle",
  iceServers: [],
  iceAdditionalHostAddresses: ["127.0.0.1"],
});
const received = { audio: 0, video: 0, keyframeRequests: 0 };
const sent = {};
for (const kind of ["audio", "video"]) {
  sent[kind] = new MediaStreamTrack({ kind });
  const transceiver = connection.addTransceiver(sent[kind], { direction: "sendrecv" });
  transceiver.onTrack.subscribe((track) => {
    track.onReceiveRtp.subscribe(() => (received[kind] += 1));
  });
  transceiver.sender.onPictureLossIndication.subscribe(() => (received.keyframeRequests += 1));
}

await serve({
  received,
  offer: async () => {
    await connection.setLocalDescription(await connection.createOffer());
    return connection.localDescription.sdp;
  },
  take: (sdp) => connection.setRemoteDescription({ type: "answer", sdp }),
  send: (kind, packet) => sent[kind].writeRtp(packet),
});
