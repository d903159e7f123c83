"""Media that goes to the server and comes back: RTP as a call has it, without a picture in it.

The relay may change headers and what VP8 has of numbers, but nothing at the end of a payload: there
each packet says which it is.
"""

import secrets
import struct
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median, quantiles

from relay.bots.description import Numbering, Ssrcs

FRAMES_PER_S, PACKETS_OF_FRAME, VIDEO_BYTES = 30, 4, 1000
"""A picture of 0.96 Mbit/s."""
SOUNDS_PER_S, SOUND_BYTES = 50, 80
NUMBERING = Numbering(extension_ids={})

_VIDEO_HZ, _AUDIO_HZ = 90_000, 48_000
_HEADER = struct.Struct("!BBHII")
_STAMP = struct.Struct("!II")
_BEGINS, _GOES_ON = b"\x10", b"\x00"  # the VP8 descriptor, RFC 7741 section 4.2
_KEYFRAME = bytes.fromhex("10 00 00 9d 01 2a 80 02 e0 01")
"""The head of a key frame of 640 x 480 (RFC 6386 section 9.1): of any other the receiver would see
nothing before the first of these."""
_LATEST_S = 0.25
"""Who is so late begins anew, rather than make up for it with a burst."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What came of it, there and back."""

    sent: int
    lost: int
    round_trip_ms: float
    """The median; ``worst_ms`` is what 95 in 100 stay below."""
    worst_ms: float

    @property
    def loss_ratio(self) -> float:
        """Lost of those that were sent, on both ways together."""
        return self.lost / self.sent if self.sent else 0.0


class Probe:
    """Sends, and recognises what comes back.

    What was sent before the first has come back does not count: the server may not have been ready.

    :param send: takes an RTP packet.
    """

    def __init__(self, ssrcs: Ssrcs, send: Callable[[bytes], None]) -> None:
        self._ssrcs, self._send = ssrcs, send
        self._token = secrets.randbits(32)
        self._under_way: dict[int, float] = {}
        self._round_trips_s: list[float] = []
        self._next = self._counts_from = 0
        self._has_come_back = False
        self._began_s: float | None = None
        self._frames = self._sounds = 0
        self._numbers = {"video": 0, "audio": 0}

    def play(self, now_s: float) -> None:
        """Send what is due; to be called every few milliseconds."""
        if self._began_s is None or now_s - self._began_s > _LATEST_S + self._due_s:
            self._began_s = now_s - self._due_s
        elapsed_s = now_s - self._began_s
        while self._frames <= elapsed_s * FRAMES_PER_S:
            for index in range(PACKETS_OF_FRAME):
                head = _BEGINS + _KEYFRAME if index == 0 else _GOES_ON
                ends = index == PACKETS_OF_FRAME - 1
                rtp_ts = self._frames * _VIDEO_HZ // FRAMES_PER_S
                self._put("video", head, VIDEO_BYTES, rtp_ts, now_s, marker=ends)
            self._frames += 1
        while self._sounds <= elapsed_s * SOUNDS_PER_S:
            rtp_ts = self._sounds * _AUDIO_HZ // SOUNDS_PER_S
            self._put("audio", b"\xfc", SOUND_BYTES, rtp_ts, now_s)
            self._sounds += 1

    @property
    def _due_s(self) -> float:
        return self._frames / FRAMES_PER_S

    def _put(
        self, kind: str, head: bytes, size: int, rtp_ts: int, now_s: float, *, marker: bool = False
    ) -> None:
        is_video = kind == "video"
        payload_type = NUMBERING.vp8 if is_video else NUMBERING.opus
        ssrc = self._ssrcs.video if is_video else self._ssrcs.audio
        number = self._numbers[kind]
        self._numbers[kind] = number + 1 & 0xFFFF
        header = _HEADER.pack(0x80, payload_type | 0x80 * marker, number, rtp_ts, ssrc)
        stamp = _STAMP.pack(self._token, self._next)
        self._under_way[self._next] = now_s
        self._next += 1
        self._send(header + head + bytes(size - len(head) - len(stamp)) + stamp)

    def take(self, packet: bytes, now_s: float) -> None:
        """Take a packet that has come."""
        if len(packet) < _HEADER.size + _STAMP.size:
            return
        token, number = _STAMP.unpack_from(packet, len(packet) - _STAMP.size)
        if token != self._token or number not in self._under_way:
            return
        sent_s = self._under_way.pop(number)
        if not self._has_come_back:
            self._has_come_back, self._counts_from = True, self._next
        elif number >= self._counts_from:
            self._round_trips_s.append(now_s - sent_s)

    @property
    def is_complete(self) -> bool:
        """Whether all has come back that counts."""
        return self._has_come_back and not any(n >= self._counts_from for n in self._under_way)

    def measured(self) -> Measured | None:
        """What it comes to; None when nothing has come back."""
        times = self._round_trips_s
        if len(times) < 2:
            return None
        lost = sum(number >= self._counts_from for number in self._under_way)
        return Measured(
            sent=self._next - self._counts_from,
            lost=lost,
            round_trip_ms=1000 * median(times),
            worst_ms=1000 * quantiles(times, n=20, method="inclusive")[-1],
        )
