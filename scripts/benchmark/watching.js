// Runs before a page's scripts: gives it a small camera, and notes what getStats says of its link.
{
  const LOOK_EVERY_MS = 200;
  const links = [];
  window.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...options) {
      super(...options);
      links.push(this);
    }
  };
  const camera = { width: { ideal: WIDTH }, height: { ideal: HEIGHT }, frameRate: { ideal: FRAMES_PER_S } };
  const getUserMedia = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = ({ audio, video }) =>
    getUserMedia({ audio, video: video && { ...video, ...camera } });

  const last = (stats, type, kind) => stats.findLast((each) => each.type === type && each.kind === kind) ?? {};
  const look = async () => {
    const stats = [...((await links.at(-1)?.getStats()) ?? new Map()).values()];
    const picture = last(stats, "inbound-rtp", "video");
    const sound = last(stats, "inbound-rtp", "audio");
    const sent = last(stats, "outbound-rtp", "video");
    const transport = stats.find((each) => each.selectedCandidatePairId);
    const pair = stats.find((each) => each.id === transport?.selectedCandidatePairId);
    return {
      at_s: performance.now() / 1e3,
      frames: picture.framesRendered ?? picture.framesDecoded ?? 0,
      width: picture.frameWidth ?? 0,
      freezes: (picture.freezeCount ?? 0) + (picture.pauseCount ?? 0),
      frozen_s: (picture.totalFreezesDuration ?? 0) + (picture.totalPausesDuration ?? 0),
      samples: sound.totalSamplesReceived ?? 0,
      made_up: (sound.concealedSamples ?? 0) - (sound.silentConcealedSamples ?? 0),
      estimate_bps: pair?.availableOutgoingBitrate ?? 0,
      is_strained: sent.qualityLimitationReason === "cpu",
      counts: {
        packets: picture.packetsReceived ?? 0,
        lost: picture.packetsLost ?? 0,
        nacks: picture.nackCount ?? 0,
        repeats: picture.retransmittedPacketsReceived ?? 0,
        keyframes: picture.keyFramesDecoded ?? 0,
        keyframe_requests: picture.pliCount ?? 0,
        sound_packets: sound.packetsReceived ?? 0,
        sound_lost: sound.packetsLost ?? 0,
        sound_repeats: sound.retransmittedPacketsReceived ?? 0,
        sound_spare: sound.fecPacketsReceived ?? 0,
      },
    };
  };
  let seen = [];
  setInterval(async () => seen.push(await look()), LOOK_EVERY_MS);
  window.watching = {
    look,
    now_s: () => performance.now() / 1e3,
    // All that was seen since it was last asked for.
    take: () => seen.splice(0),
    pc: () => links.at(-1),
    stats: async () => [...((await links.at(-1)?.getStats()) ?? new Map()).values()],
  };
}
