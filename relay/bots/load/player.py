"""What one user of a load sends: the clip, over and over; each packet says when it was sent."""

import struct
from collections.abc import Callable

from relay.bots.description import ABS_SEND_TIME, Numbering, Ssrcs
from relay.bots.load.clip import AUDIO_HZ, VIDEO_HZ, Clip, Frame
from relay.bots.load.tally import Tally

_HEADER = struct.Struct("!BBHIIHHB")
_PADDED_VERSION = 0xB0  # with an extension, and padding
_PADDED = bytes([_PADDED_VERSION])
_PROFILE = 0xBEDE  # RFC 8285 section 4.2
_SEND_TIME_BITS = 24
_TICKS_PER_S = 1 << 18  # abs-send-time is 6.18 fixed point
_FIRST_ELEMENT_AT = 16
_PADDING_BYTES = 8  # microseconds of the sender's clock, and the number of these bytes

_SKIP_S = 0.5
"""A user that is later than this begins afresh, rather than make up for it with a burst."""
_KEYFRAME_EVERY_S = 0.3


def send_time(now_s: float) -> int:
    """A time as abs-send-time: 24 bits that come around every 64 s."""
    return int(now_s * _TICKS_PER_S) & ((1 << _SEND_TIME_BITS) - 1)


def padding_of(now_s: float) -> bytes:
    """Padding that says when a packet was sent: its abs-send-time becomes the relay's own."""
    return int(now_s * 1e6).to_bytes(_PADDING_BYTES - 1, "big") + bytes([_PADDING_BYTES])


def latency_s(packet: bytes, now_s: float) -> float | None:
    """How long ago a :class:`Player` has sent a packet, by the same clock; None for another's."""
    if packet[:1] != _PADDED or packet[-1] != _PADDING_BYTES:
        return None
    return now_s - int.from_bytes(packet[-_PADDING_BYTES:-1], "big") / 1e6


def payload_of(packet: bytes) -> bytes:
    """What a packet of a :class:`Player` has between its header and its padding."""
    words = int.from_bytes(packet[14:16], "big")
    return packet[_FIRST_ELEMENT_AT + 4 * words : -_PADDING_BYTES]


class Player:
    """Plays a clip to one user's partner.

    :param send: takes an RTP packet.
    :param epoch_s: RTP timestamps count from here.
    """

    def __init__(
        self,
        clip: Clip,
        ssrcs: Ssrcs,
        numbering: Numbering,
        send: Callable[[bytes], None],
        tally: Tally,
        epoch_s: float,
    ) -> None:
        self._clip = clip
        self._send = send
        self._tally = tally
        self._epoch_s = epoch_s
        self._began_at: float | None = None
        self._next = 0
        self._restarted_at = 0.0
        self._element = numbering.extension_ids[ABS_SEND_TIME] << 4 | 2
        self._ssrcs = (ssrcs.audio, ssrcs.video)
        self._payload_types = (numbering.opus, numbering.vp8)
        self._numbers = [0, 0]

    @property
    def is_playing(self) -> bool:
        """Whether anything is sent."""
        return self._began_at is not None

    def start(self, now_s: float) -> None:
        """Play from the first frame on, which is a key frame."""
        self._began_at, self._next, self._restarted_at = now_s, 0, now_s

    def stop(self) -> None:
        """Send nothing more."""
        self._began_at = None

    def asked_for_keyframe(self, now_s: float) -> None:
        """Begin with the key frame again, if that was not done just now."""
        if self.is_playing and now_s - self._restarted_at >= _KEYFRAME_EVERY_S:
            self.start(now_s)

    def play(self, now_s: float) -> None:
        """Send all that is due."""
        frames = self._clip.frames
        while self._began_at is not None:
            frame = frames[self._next]
            late_s = now_s - self._began_at - frame.at_s
            if late_s < 0:
                return
            if late_s > _SKIP_S:
                self._tally.skipped += 1
                self.start(now_s)
                continue
            self._tally.times["late"].add(late_s)
            self._play(frame, self._began_at + frame.at_s, now_s)
            self._next += 1
            if self._next == len(frames):
                self._next = 0
                self._began_at += self._clip.duration_s

    def _play(self, frame: Frame, due_s: float, now_s: float) -> None:
        kind = int(frame.is_video)
        clock_hz = VIDEO_HZ if frame.is_video else AUDIO_HZ
        rtp_ts = round((due_s - self._epoch_s) * clock_hz) & 0xFFFFFFFF
        stamp, padding = send_time(now_s).to_bytes(3, "big"), padding_of(now_s)
        ends = len(frame.payloads) - 1
        for index, payload in enumerate(frame.payloads):
            marker = 0x80 if frame.is_video and index == ends else 0
            header = _HEADER.pack(
                _PADDED_VERSION,
                self._payload_types[kind] | marker,
                self._numbers[kind],
                rtp_ts,
                self._ssrcs[kind],
                _PROFILE,
                1,
                self._element,
            )
            self._numbers[kind] = (self._numbers[kind] + 1) & 0xFFFF
            self._send(header + stamp + payload + padding)
        self._tally.sent += len(frame.payloads)
