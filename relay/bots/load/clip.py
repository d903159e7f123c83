"""What all users send: a few seconds of moving picture (VP8) and tone (Opus), encoded once."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from aiortc.codecs import get_encoder
from aiortc.codecs.vpx import VpxPayloadDescriptor
from aiortc.rtcrtpparameters import RTCRtpCodecParameters
from av import AudioFrame, VideoFrame

VIDEO_HZ, AUDIO_HZ = 90_000, 48_000
WIDTH, HEIGHT, FRAMES_PER_S = 640, 480, 30
BITRATE_BPS = 1_200_000
SECONDS = 4.0

_SETTLING_FRAMES = 30
"""The encoder needs about as many until its frames have the size that they keep."""
_MAX_PAYLOAD_BYTES = 1100
_SOUND_SAMPLES = AUDIO_HZ // 50
_TONE_HZ = 440


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture or 20 ms of sound; ``at_s`` counts from the clip's begin."""

    at_s: float
    is_video: bool
    payloads: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """Frames in order of time, the first a key frame; it may be repeated for ever."""

    duration_s: float
    frames: tuple[Frame, ...]

    @property
    def bitrate_bps(self) -> float:
        """Of the payloads."""
        return 8 * sum(len(p) for f in self.frames for p in f.payloads) / self.duration_s

    @property
    def packets_per_s(self) -> float:
        """Of one user."""
        return sum(len(frame.payloads) for frame in self.frames) / self.duration_s


def encode(
    seconds: float = SECONDS, bitrate_bps: int = BITRATE_BPS, *, settled: bool = True
) -> Clip:
    """Make the clip; takes a core about a third of its duration.

    :param settled: leave out how the encoder begins, with frames of other sizes.
    """
    left_out = _SETTLING_FRAMES if settled else 0
    frames = [*_pictures(seconds, bitrate_bps, left_out), *_sounds(seconds)]
    return Clip(seconds, tuple(sorted(frames, key=lambda frame: frame.at_s)))


def begins_keyframe(payload: bytes) -> bool:
    """Whether a VP8 payload is the begin of a key frame (RFC 7741 sections 4.2 and 4.3)."""
    try:
        descriptor, data = VpxPayloadDescriptor.parse(payload)
    except ValueError:
        return False
    is_begin = descriptor.partition_start == 1 and descriptor.partition_id == 0
    return is_begin and len(data) > 0 and not data[0] & 1


def _pictures(seconds: float, bitrate_bps: int, left_out: int) -> Iterator[Frame]:
    encoder = get_encoder(RTCRtpCodecParameters("video/VP8", VIDEO_HZ, payloadType=96))
    encoder.target_bitrate = bitrate_bps  # type: ignore[attr-defined] # of all its video encoders
    grain = np.random.default_rng(7).integers(0, 48, (HEIGHT, 2 * WIDTH), dtype=np.uint8)
    for number in range(left_out + round(seconds * FRAMES_PER_S)):
        picture = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        picture[:HEIGHT] = 60 + np.roll(grain, number * 5, axis=1)[:, :WIDTH]
        bar = number * 7 % (WIDTH - 100)
        picture[100:200, bar : bar + 100] = 220
        frame = VideoFrame.from_ndarray(picture, format="yuv420p")
        frame.pts, frame.time_base = number * VIDEO_HZ // FRAMES_PER_S, Fraction(1, VIDEO_HZ)
        index = number - left_out
        payloads, _ = encoder.encode(frame, force_keyframe=number == 0 or index == 0)
        if index >= 0:
            yield Frame(index / FRAMES_PER_S, is_video=True, payloads=_split(payloads))


def _split(payloads: Sequence[bytes]) -> tuple[bytes, ...]:
    """A frame's payloads in the size that browsers choose."""
    parsed = [VpxPayloadDescriptor.parse(payload) for payload in payloads]
    descriptor, data = parsed[0][0], b"".join(part for _, part in parsed)
    room = _MAX_PAYLOAD_BYTES - len(bytes(descriptor))
    split = []
    for at in range(0, len(data), room):
        descriptor.partition_start = int(at == 0)
        split.append(bytes(descriptor) + data[at : at + room])
    return tuple(split)


def _sounds(seconds: float) -> Iterator[Frame]:
    codec = RTCRtpCodecParameters("audio/opus", AUDIO_HZ, channels=2, payloadType=111)
    encoder = get_encoder(codec)
    for number in range(round(seconds * 50)):
        samples = np.arange(number * _SOUND_SAMPLES, (number + 1) * _SOUND_SAMPLES)
        tone = (8000 * np.sin(samples * 2 * math.pi * _TONE_HZ / AUDIO_HZ)).astype(np.int16)
        sound = AudioFrame.from_ndarray(np.repeat(tone, 2).reshape(1, -1), layout="stereo")
        sound.sample_rate, sound.pts = AUDIO_HZ, number * _SOUND_SAMPLES
        sound.time_base = Fraction(1, AUDIO_HZ)
        payloads, _ = encoder.encode(sound)
        yield Frame(number / 50, is_video=False, payloads=tuple(payloads))
