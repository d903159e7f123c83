"""A sender whose picture turns white at the moment at which its sound begins, every two seconds."""

from __future__ import annotations

import asyncio
import functools
import secrets
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

from relay.bots import tone
from tests.support.packets import rtcp, rtp

PERIOD_S, FLASH_S = 2.0, 0.2
FRAMES_PER_S, SOUNDS_PER_S = 20, 50
KEYFRAME_EVERY = 10
VIDEO_HZ, AUDIO_HZ = 90_000, 48_000
WIDTH, HEIGHT = 160, 120
CUT_BYTES = 1000
REPORT_EVERY_S = {"audio": 5, "video": 1}
"""As Chromium sends them: a receiver knows more of one clock than of the other."""
_NTP_EPOCH_S = 2_208_988_800
_LATE_S = 0.5


@functools.cache
def pictures() -> list[bytes]:
    """A period's pictures in VP8: white first, then dark; one in ten is a key frame."""
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    encoder.time_base = Fraction(1, FRAMES_PER_S)
    encoder.options = {"deadline": "realtime", "lag-in-frames": "0", "g": "9999"}
    found = []
    for number in range(int(PERIOD_S * FRAMES_PER_S)):
        pixels = np.full((HEIGHT * 3 // 2, WIDTH), 128, np.uint8)
        pixels[:HEIGHT] = 235 if number < FLASH_S * FRAMES_PER_S else 16
        frame = av.VideoFrame.from_ndarray(pixels, format="yuv420p")
        frame.pts = number
        if number % KEYFRAME_EVERY == 0:
            frame.pict_type = av.video.frame.PictureType.I
        found += [bytes(packet) for packet in encoder.encode(frame)]
    return found


@functools.cache
def sounds() -> list[bytes]:
    """A period's sound in Opus: a tone first, then silence."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = AUDIO_HZ, "mono", "s16"
    encoder.options = {"application": "lowdelay", "vbr": "off"}
    encoder.bit_rate = 32_000
    each = AUDIO_HZ // SOUNDS_PER_S
    found = []
    for number in range(int(PERIOD_S * SOUNDS_PER_S)):
        loud = number < FLASH_S * SOUNDS_PER_S
        samples = tone.make(1000, number * each, each) * loud
        frame = av.AudioFrame.from_ndarray(
            samples.astype(np.int16).reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate, frame.pts = AUDIO_HZ, number * each
        found += [bytes(packet) for packet in encoder.encode(frame)]
    return found[: int(PERIOD_S * SOUNDS_PER_S)]


@dataclass
class Stream:
    """One of a flasher's two streams, and how far it is."""

    kind: str
    ssrc: int
    payload_type: int
    clock_hz: int
    number: int = 0
    rtp_ts: int = 0
    packets: int = 0
    octets: int = 0

    def packet(self, payload: bytes, *, marker: bool = False) -> bytes:
        made = rtp(
            self.ssrc,
            self.number,
            payload_type=self.payload_type,
            rtp_ts=self.rtp_ts,
            payload=payload,
            marker=marker,
        )
        self.number += 1
        self.packets += 1
        self.octets += len(payload)
        return made


class Flasher:
    """Sends for ever, with the pictures and the sounds of one moment at one moment.

    :param send: takes ``audio`` or ``video``, and an RTP packet.
    :param send_rtcp: takes sender reports.
    :param ssrcs: of sound and picture; and so ``payload_types``.
    :param clock_s: how wrong the clock in its sender reports is.
    """

    def __init__(
        self,
        send: Callable[[str, bytes], None],
        send_rtcp: Callable[[bytes], None] = lambda _: None,
        *,
        ssrcs: tuple[int, int],
        payload_types: tuple[int, int],
        clock_s: float = 0.0,
    ) -> None:
        self._send, self._send_rtcp = send, send_rtcp
        self._clock_s = clock_s
        hz = (AUDIO_HZ, VIDEO_HZ)
        self._audio, self._video = (
            Stream(*fields, secrets.randbits(15), secrets.randbits(31))
            for fields in zip(("audio", "video"), ssrcs, payload_types, hz, strict=True)
        )
        self._starts = self._audio.rtp_ts, self._video.rtp_ts

    async def play(self) -> None:
        """Until it is cancelled; what is too late is left out."""
        began_s, began_wall_s = time.monotonic(), time.time()
        for at_s, stream, payload in _timeline():
            late_s = time.monotonic() - began_s - at_s
            if late_s > _LATE_S:
                continue
            await asyncio.sleep(-late_s)
            start = self._starts[stream == "video"]
            each = self._video if stream == "video" else self._audio
            each.rtp_ts = start + round(at_s * each.clock_hz)
            for packet in self._packets(each, payload):
                self._send(stream, packet)
            if at_s % REPORT_EVERY_S[stream] == 0:
                self._report(each, began_wall_s + at_s)

    def _packets(self, stream: Stream, payload: bytes) -> Iterator[bytes]:
        if stream.kind == "audio":
            yield stream.packet(payload)
            return
        parts = [payload[at : at + CUT_BYTES] for at in range(0, len(payload), CUT_BYTES)]
        for index, part in enumerate(parts):
            descriptor = b"\x10" if index == 0 else b"\x00"
            yield stream.packet(descriptor + part, marker=index == len(parts) - 1)

    def _report(self, stream: Stream, wall_s: float) -> None:
        """A sender report about the last packet (RFC 3550 section 6.4.1)."""
        ntp = int((_NTP_EPOCH_S + wall_s + self._clock_s) * 2**32)
        own = (stream.ssrc, ntp, stream.rtp_ts & 0xFFFFFFFF, stream.packets, stream.octets)
        self._send_rtcp(rtcp(200, 0, struct.pack("!IQIII", *own)))


def _timeline() -> Iterator[tuple[float, str, bytes]]:
    """When what is sent, for ever."""
    began_s = 0.0
    while True:
        played = [(began_s + n / FRAMES_PER_S, "video", data) for n, data in enumerate(pictures())]
        played += [(began_s + n / SOUNDS_PER_S, "audio", data) for n, data in enumerate(sounds())]
        yield from sorted(played, key=lambda each: each[0])
        began_s += PERIOD_S
