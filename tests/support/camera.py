"""A sender as a browser is one: real VP8, repeats of what got lost, key frames on demand."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial

import numpy as np
from aiortc.codecs.vpx import Vp8Encoder, VpxPayloadDescriptor, vp8_depayload
from av import VideoFrame
from numpy.typing import NDArray

from relay.bots.picture import FRAMES_PER_S, Stamp, draw
from relay.media.negotiation.sdp import TRANSPORT_CC, MediaTerms, Terms
from relay.media.packets import vp8
from relay.transport_cc import read
from tests.support.packets import Rtcp, red, rtp, rtx
from tests.support.weather import Timeline

PIECE_BYTES = 50
"""Of a frame in one packet; generated pictures are small, and frames are to have several."""
PACING_S = 0.001
"""Between the packets of a frame."""
REPEAT_S = 0.05
"""A packet is repeated once in this time at most."""
OPUS_S = 0.02

Send = Callable[[bytes], None]


@dataclass
class Numbers:
    """A camera's next numbers, just before they wrap unless told otherwise."""

    video: int = 65_500
    repair: int = 65_530
    audio: int = 65_450
    transport: int = 65_400


@dataclass
class Sent:
    """One packet of a frame."""

    frame: int
    payload: bytes
    rtp_ts: int
    marker: bool
    repeated_at: float = field(default=float("-inf"))


class Camera:
    """What one user sends: pictures that say whose they are and which, and Opus."""

    def __init__(
        self,
        source: int,
        terms: Terms,
        timeline: Timeline,
        send: Callable[[bytes, Sent | None], None],
        numbers: Numbers,
        send_again: Callable[[int], None],
    ) -> None:
        """Have it off.

        :param send: takes an RTP packet, and the piece of a frame that it is, if it is one.
        :param send_again: sends the packet of a picture with this number as it was sent before, for
            who has no RTX.
        """
        self.source = source
        self.video_ssrc, self.repair_ssrc, self.audio_ssrc = (10 * source + n for n in (1, 2, 3))
        self.next_frame = 0
        self.sizes: list[int] = []
        """How many packets each frame has."""
        self.keyframes: list[int] = []
        self.sent: dict[int, Sent] = {}
        """By sequence number."""
        self.payloads: set[bytes] = set()
        """Everything that was sent, as it left the encoders: :func:`bare`."""
        self.spoken: list[bytes] = []
        """The payloads of the Opus packets, in order."""
        self.told: set[int] = set()
        """The transport-wide numbers of which feedback said that they came."""
        self.repeated = 0
        self.sound_asked = 0
        """Packets of sound that were asked for again; they are not sent."""
        self._numbers = numbers
        self._terms, self._timeline, self._send = terms, timeline, send
        self._send_again = send_again
        self._encoder = Vp8Encoder()
        self._owes_keyframe = True

    @property
    def wraps(self) -> bool:
        """Whether the numbers of everything that it sends have wrapped."""
        numbers = self._numbers
        return min(numbers.video, numbers.audio, numbers.transport) > 0x10000

    def roll(self) -> None:
        """Begin, and never stop: whether anybody looks is not for a camera to know.

        No two cameras shoot at the same time.
        """
        now, every = self._timeline.now, self._timeline.every
        self._timeline.at(now + 0.025 * self.source, lambda: every(1 / FRAMES_PER_S, self._shoot))
        self._timeline.at(now + 0.003 * self.source, lambda: every(OPUS_S, self._speak))

    def picture(self, number: int) -> NDArray[np.uint8]:
        """What the frame of this number shows, as yuv420p."""
        return draw(Stamp(self.source, number, number))

    def heed(self, part: Rtcp) -> None:
        """Do what a receiver's feedback asks for."""
        if part.kind == 206 and part.count in (1, 4):
            self._owes_keyframe = True
        elif part.kind == 205 and part.count == 1 and part.media == self.audio_ssrc:
            for at in range(0, len(part.fci), 4):
                _, following = struct.unpack_from("!HH", part.fci, at)
                self.sound_asked += 1 + following.bit_count()
        elif part.kind == 205 and part.count == 1:
            assert part.media == self.video_ssrc
            for at in range(0, len(part.fci), 4):
                number, following = struct.unpack_from("!HH", part.fci, at)
                self._repeat(number)
                for ahead in range(16):
                    if following >> ahead & 1:
                        self._repeat(number + ahead + 1 & 0xFFFF)
        elif part.kind == 205 and part.count == 15:
            told = read(struct.pack("!BBH", 0x8F, 205, len(part.body) // 4) + part.body)
            for number, arrival in enumerate(told.arrivals, told.base):
                if arrival is not None:
                    self.told.add(number & 0xFFFF)
        elif part.kind == 201 and part.count:
            for ssrc, highest in part.blocks:
                assert ssrc in (self.video_ssrc, self.audio_ssrc)
                assert ssrc == self.audio_ssrc or highest & 0xFFFF in self.sent

    def _shoot(self) -> None:
        number = self.next_frame
        self.next_frame += 1
        frame = VideoFrame.from_ndarray(self.picture(number), format="yuv420p")
        frame.pts = number * 90_000 // FRAMES_PER_S
        frame.time_base = Fraction(1, 90_000)
        if self._owes_keyframe:
            self.keyframes.append(number)
        packets, rtp_ts = self._encoder.encode(frame, self._owes_keyframe)
        self._owes_keyframe = False
        payloads = _pieces(packets)
        self.sizes.append(len(payloads))
        for index, payload in enumerate(payloads):
            piece = Sent(number, payload, rtp_ts, index == len(payloads) - 1)
            self.payloads.add(bare(payload))
            self._timeline.at(
                self._timeline.now + index * PACING_S, partial(self._send_piece, piece)
            )

    def _send_piece(self, piece: Sent) -> None:
        number = self._numbers.video & 0xFFFF
        self._numbers.video += 1
        self.sent[number] = piece
        packet = rtp(
            self.video_ssrc,
            number,
            payload_type=self._terms.video.payload_type,
            rtp_ts=piece.rtp_ts,
            marker=piece.marker,
            payload=piece.payload,
            elements=self._transport(self._terms.video),
        )
        self._send(packet, piece)

    def _repeat(self, number: int) -> None:
        piece = self.sent[number]  # or it was asked for something that was never sent
        now = self._timeline.now
        if now - piece.repeated_at < REPEAT_S:
            return
        piece.repeated_at = now
        self.repeated += 1
        if self._terms.video.rtx_payload_type is None:
            self._send_again(number)
            return
        self._numbers.repair += 1
        packet = rtx(
            self.repair_ssrc,
            self._numbers.repair,
            number,
            payload_type=self._terms.video.rtx_payload_type,
            rtp_ts=piece.rtp_ts,
            marker=piece.marker,
            payload=piece.payload,
            elements=self._transport(self._terms.video),
        )
        self._send(packet, None)

    def _speak(self) -> None:
        count = len(self.spoken)
        payload = b"opus of %d, %d " % (self.source, count) + bytes(count % 50)
        self.spoken.append(payload)
        self.payloads.add(bare(payload))
        self._numbers.audio += 1
        terms = self._terms.audio
        payload_type, sent = terms.payload_type, payload
        if terms.prefers_red and terms.red_payload_type is not None and count:
            sent = red(payload, (960, self.spoken[count - 1]), payload_type=payload_type)
            payload_type = terms.red_payload_type
        packet = rtp(
            self.audio_ssrc,
            self._numbers.audio,
            payload_type=payload_type,
            rtp_ts=960 * count,
            payload=sent,
            elements=self._transport(self._terms.audio),
        )
        self._send(packet, None)

    def _transport(self, terms: MediaTerms) -> tuple[tuple[int, bytes], ...] | None:
        """The transport-wide number as a header extension, when this browser sends it."""
        number = terms.extensions.get(TRANSPORT_CC)
        if number is None:
            return None
        self._numbers.transport += 1
        return ((number, (self._numbers.transport & 0xFFFF).to_bytes(2)),)


def bare(payload: bytes) -> bytes:
    """A payload without the descriptor, whose numberings the relay makes its own."""
    return payload[vp8.frame_at(memoryview(payload), 0, len(payload)) :]


def _pieces(packets: list[bytes]) -> list[bytes]:
    """The same frame in smaller packets."""
    descriptor, _ = VpxPayloadDescriptor.parse(packets[0])
    frame = b"".join(map(vp8_depayload, packets))
    found = []
    for at in range(0, len(frame), PIECE_BYTES):
        found.append(bytes(descriptor) + frame[at : at + PIECE_BYTES])
        descriptor.partition_start = 0
    return found
