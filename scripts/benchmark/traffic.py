"""What users send: full batches of equal packets, and recorded calls with their RTCP.

Media is made as plain values in order of time; ``rtp`` turns it into packets. Times are seconds of
a run.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import NamedTuple

from relay.bots.description import ABS_SEND_TIME, AUDIO_LEVEL, TRANSPORT_CC, Numbering
from relay.bots.load.clip import AUDIO_HZ, FRAMES_PER_S, VIDEO_HZ, Clip, encode
from relay.transport_cc import REFERENCE_TICKS, Feedback, write

AUDIO, VIDEO, RTCP = 0, 1, 2
"""A user's streams."""
CLOCK_RATE_HZ = (AUDIO_HZ, VIDEO_HZ)
BITRATE_BPS = 1_260_000
CLIP_S = 5.0
"""Length of a recorded call."""
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


class Media(NamedTuple):
    """One packet's worth of media."""

    at_s: float
    kind: int
    rtp_ts: int  # counted from the begin of the run
    marker: bool
    payload: bytes


Plan = Callable[[int, int, float], list[Media]]
"""User number, number of users, seconds: what that user sends."""


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


def record(seconds: float) -> Clip:
    """A call, with the large first key frame that calls have once only."""
    return encode(seconds, BITRATE_BPS, settled=False)


def settled(clip: Clip) -> Clip:
    """What comes after that key frame."""
    return Clip(
        clip.duration_s - SETTLING_S,
        tuple(
            replace(frame, at_s=frame.at_s - SETTLING_S)
            for frame in clip.frames
            if frame.at_s >= SETTLING_S
        ),
    )


def calls(clip: Clip) -> Plan:
    """A load of real calls: each user sends the clip, looped; frames begin at different moments."""

    def call(index: int, _: int, seconds: float) -> list[Media]:
        phase_s = (index * _GOLDEN % 1 / 50, index * _GOLDEN % 1 / FRAMES_PER_S)
        return sorted(_looped(clip, phase_s, seconds), key=lambda media: media.at_s)

    return call


def _looped(clip: Clip, phase_s: tuple[float, float], seconds: float) -> Iterator[Media]:
    for loop in range(math.ceil(seconds / clip.duration_s)):
        for frame in clip.frames:
            kind = VIDEO if frame.is_video else AUDIO
            in_call_s = loop * clip.duration_s + frame.at_s
            at_s = in_call_s + phase_s[kind]
            if at_s >= seconds:
                continue
            rtp_ts = round(in_call_s * CLOCK_RATE_HZ[kind])
            for payload in frame.payloads:
                is_last = payload is frame.payloads[-1]
                yield Media(at_s, kind, rtp_ts, kind == VIDEO and is_last, payload)


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
    """Transport-wide feedback: ``count`` packets from number ``base`` on came, 4 ms apart."""
    first = feedback * REFERENCE_TICKS
    arrivals = tuple(first + 16 * number for number in range(1, count + 1))
    return write(Feedback(base, arrivals, feedback), ssrc, about)
