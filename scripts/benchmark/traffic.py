"""What users send: full batches of equal packets, and recorded calls with their RTCP.

Media is made as plain values in order of time; ``rtp`` turns it into packets. Times are seconds of
a run.
"""

from __future__ import annotations

import fractions
import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import av
import numpy as np
from aiortc.codecs import get_encoder
from aiortc.codecs.vpx import Vp8Encoder, VpxPayloadDescriptor
from aiortc.rtcrtpparameters import RTCRtpCodecParameters

from relay.bots.description import ABS_SEND_TIME, AUDIO_LEVEL, TRANSPORT_CC, Numbering

AUDIO, VIDEO, RTCP = 0, 1, 2
"""A user's streams."""
CLOCK_RATE_HZ = (48000, 90000)
FRAMES_PER_S = 30
MAX_PAYLOAD_BYTES = 1100
SETTLING_S = 1.0
"""How long a recording's encoder takes until its frames have the size that they keep."""

FLOW_PACKETS_PER_S = 200
FLOW_BURST = 5
"""Packets of a full-batch flow that are sent at once, as those of a frame are."""
BATCH = 64
"""Datagrams that arrive together in the full-batch load."""
BATCH_PACKET_BYTES = 1000
KEYFRAME = b"\x10\x00" + bytes(20)
"""A VP8 payload descriptor (RFC 7741) with S, and the begin of a key frame (P = 0)."""
SILENCE = b"\xf8\xff\xfe"

FEEDBACK_INTERVAL_S = 0.05
"""Of transport-wide feedback, as Chromium sends it at 1.2 Mbit/s."""
REPORT_INTERVAL_S = (5.0, 1.0)
"""Of sender reports for audio and video, as Chromium sends them."""

_GOLDEN = (math.sqrt(5) - 1) / 2  # multiples of it spread phases evenly, however many users
_HEADER = struct.Struct("!BBHII")
_EXTENSION = struct.Struct("!HH")
_REPORT = struct.Struct("!BBHIIIIII")
_BLOCK = struct.Struct("!IIIIII")
_FEEDBACK = struct.Struct("!BBHIIHHI")


class Media(NamedTuple):
    """One packet's worth of media."""

    at_s: float
    kind: int
    rtp_ts: int  # counted from the begin of the run
    marker: bool
    payload: bytes


@dataclass(slots=True)
class Clip:
    """A recorded call: each frame's time, kind, RTP timestamp and payloads. It may be looped."""

    duration_s: float
    frames: list[tuple[float, int, int, list[bytes]]] = field(default_factory=list)

    def settled(self) -> Clip:
        """What comes after the first key frame, a burst that calls have once only."""
        return Clip(
            self.duration_s - SETTLING_S,
            [
                (at_s - SETTLING_S, kind, rtp_ts, payloads)
                for at_s, kind, rtp_ts, payloads in self.frames
                if at_s >= SETTLING_S
            ],
        )

    @property
    def packets_per_s(self) -> float:
        """What one user sends."""
        return sum(len(payloads) for *_, payloads in self.frames) / self.duration_s


def batches(index: int, users: int, seconds: float) -> list[Media]:
    """One user's part of a load in which ``BATCH`` packets arrive at a time, evenly spaced.

    A user sends five packets of 1,000 bytes every 25 ms; about 13 users do so at the same moment.
    """
    groups = max(round(users * FLOW_BURST / BATCH), 1)
    interval_s = FLOW_BURST / FLOW_PACKETS_PER_S
    phase_s = index % groups * interval_s / groups
    room = bytes(BATCH_PACKET_BYTES - 24 - 2)  # a header with its extension, a descriptor
    frame = [(b"\x10\x01" if part == 0 else b"\x00\x01") + room for part in range(FLOW_BURST)]
    return [
        Media(phase_s + number * interval_s, VIDEO, round(number * interval_s * 90000), last, part)
        for number in range(math.ceil((seconds - phase_s) / interval_s))
        for part, last in zip(frame, [False] * (FLOW_BURST - 1) + [True], strict=True)
    ]


def call(clip: Clip, index: int, seconds: float) -> list[Media]:
    """One user's part of real calls: the clip, looped; users' frames begin at different moments."""
    phase_s = (index * _GOLDEN % 1 / 50, index * _GOLDEN % 1 / FRAMES_PER_S)
    return sorted(_looped(clip, phase_s, seconds), key=lambda media: media.at_s)


def _looped(clip: Clip, phase_s: tuple[float, float], seconds: float) -> Iterator[Media]:
    for loop in range(math.ceil(seconds / clip.duration_s)):
        began_s = loop * clip.duration_s
        for in_loop_s, kind, rtp_ts, payloads in clip.frames:
            at_s = began_s + in_loop_s + phase_s[kind]
            if at_s >= seconds:
                continue
            ts = rtp_ts + round(began_s * CLOCK_RATE_HZ[kind])
            for payload in payloads:
                yield Media(at_s, kind, ts, kind == VIDEO and payload is payloads[-1], payload)


def rtp(
    media: Media, ssrc: int, number: int, ts_base: int, transport_number: int, numbering: Numbering
) -> bytes:
    """The packet, with the header extensions that a browser sends (MID apart).

    :param ts_base: the RTP timestamp at the begin of the run.
    """
    ids = numbering.extension_ids
    extension = bytes((ids[ABS_SEND_TIME] << 4 | 2,))
    extension += (int(media.at_s * 262144) & 0xFFFFFF).to_bytes(3, "big")
    extension += bytes((ids[TRANSPORT_CC] << 4 | 1,)) + (transport_number & 0xFFFF).to_bytes(
        2, "big"
    )
    if media.kind == AUDIO:
        extension += bytes((ids[AUDIO_LEVEL] << 4, 30))
    extension += bytes(-len(extension) % 4)
    payload_type = numbering.vp8 if media.kind == VIDEO else numbering.opus
    header = _HEADER.pack(
        0x90,
        payload_type | (0x80 if media.marker else 0),
        number & 0xFFFF,
        (ts_base + media.rtp_ts) & 0xFFFFFFFF,
        ssrc,
    )
    return header + _EXTENSION.pack(0xBEDE, len(extension) // 4) + extension + media.payload


def sender_report(ssrc: int, at_s: float, rtp_ts: int, packets: int, about: int) -> bytes:
    """SR with one report block on stream ``about``, and a CNAME (RFC 3550 sections 6.4, 6.5)."""
    ntp = int((at_s + 3.9e9) * 2**32) & 0xFFFF_FFFF_FFFF_FFFF
    report = _REPORT.pack(
        0x81, 200, 12, ssrc, ntp >> 32, ntp & 0xFFFFFFFF, rtp_ts & 0xFFFFFFFF, packets, 900
    )
    block = _BLOCK.pack(about, 0, packets, 20, 0, 0)
    return report + block + struct.pack("!BBHIBB", 0x81, 202, 3, ssrc, 1, 6) + b"bench\0"


def transport_feedback(ssrc: int, about: int, base: int, count: int, feedback: int) -> bytes:
    """Transport-wide feedback: ``count`` packets from number ``base`` on came, 4 ms apart.

    (draft-holmer-rmcat-transport-wide-cc-extensions-01, section 3.1.)
    """
    body = struct.pack("!H", 0x2000 | count) + bytes([16] * count)  # run of "small delta"
    body += bytes(-len(body) % 4)
    time_and_count = (feedback & 0xFFFFFF) << 8 | feedback & 0xFF
    words = (_FEEDBACK.size + len(body)) // 4 - 1
    return (
        _FEEDBACK.pack(0x8F, 205, words, ssrc, about, base & 0xFFFF, count, time_and_count) + body
    )


def record(seconds: float, bitrate_bps: int = 1_260_000) -> Clip:
    """Encode a moving 640x480 picture at 30 frames/s (VP8) and a tone (Opus)."""
    clip = Clip(seconds)
    clip.frames += _pictures(seconds, bitrate_bps)
    clip.frames += _sounds(seconds)
    clip.frames.sort(key=lambda frame: frame[0])
    return clip


def _pictures(seconds: float, bitrate_bps: int) -> Iterator[tuple[float, int, int, list[bytes]]]:
    encoder = Vp8Encoder()
    encoder.target_bitrate = bitrate_bps
    grain = np.random.default_rng(7).integers(0, 48, (480, 1280), dtype=np.uint8)
    for index in range(round(seconds * FRAMES_PER_S)):
        picture = np.full((720, 640), 128, dtype=np.uint8)
        picture[:480] = 60 + np.roll(grain, index * 5, axis=1)[:, :640]
        picture[100:200, (index * 7) % 500 : (index * 7) % 500 + 100] = 220
        frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = index * 3000, fractions.Fraction(1, 90000)
        payloads, rtp_ts = encoder.encode(frame, force_keyframe=index == 0)
        yield index / FRAMES_PER_S, VIDEO, rtp_ts, _split(payloads)


def _split(payloads: Sequence[bytes]) -> list[bytes]:
    """A frame's payloads in the size that browsers choose."""
    parsed = [VpxPayloadDescriptor.parse(payload) for payload in payloads]
    descriptor, data = parsed[0][0], b"".join(part for _, part in parsed)
    room = MAX_PAYLOAD_BYTES - len(bytes(descriptor))
    split = []
    for at in range(0, len(data), room):
        descriptor.partition_start = int(at == 0)
        split.append(bytes(descriptor) + data[at : at + room])
    return split


def _sounds(seconds: float) -> Iterator[tuple[float, int, int, list[bytes]]]:
    encoder = get_encoder(RTCRtpCodecParameters("audio/opus", 48000, channels=2, payloadType=111))
    for index in range(round(seconds * 50)):
        samples = np.arange(index * 960, (index + 1) * 960)
        tone = (8000 * np.sin(samples * 2 * math.pi * 440 / 48000)).astype(np.int16)
        sound = av.AudioFrame.from_ndarray(np.repeat(tone, 2).reshape(1, -1), layout="stereo")
        sound.sample_rate, sound.pts = 48000, index * 960
        sound.time_base = fractions.Fraction(1, 48000)
        payloads, rtp_ts = encoder.encode(sound)
        yield index / 50, AUDIO, rtp_ts, payloads
