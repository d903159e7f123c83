"""A receiver as a browser is one: puts frames together, asks for what it misses, and decodes."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiortc.codecs.vpx import Vp8Decoder, vp8_depayload
from aiortc.jitterbuffer import JitterFrame

from relay.media.downlink import Downlink
from relay.media.negotiation.sdp import TRANSPORT_CC
from relay.transport_cc import TICKS_PER_S, Feedback, write
from tests.support.packets import Rtp, block, nack, pli, rr
from tests.support.sides import AUDIO, REPAIR, VIDEO

NACK_S = 0.1
"""Between two requests for the same packet, as in libwebrtc before it knows the round trip."""
NACKS = 10
"""Requests for the same packet before it is given up, as in libwebrtc."""
PATIENCE_S = 1.0
"""Without a picture before a key frame is asked for."""
FIRST_PATIENCE_S = 0.2
"""The same before the first picture, as in libwebrtc."""
PLI_S = 0.3
TRANSPORT_S = 0.1
REPORT_S = 1.0


@dataclass
class Missing:
    """A packet that has not come."""

    asked: int = 0
    asked_at: float = float("-inf")


class Count:
    """What came on one SSRC, as a receiver's report has it (RFC 3550 appendix A.3)."""

    def __init__(self) -> None:
        self.packets = 0
        self.first = self.highest = -1

    def take(self, number: int) -> None:
        """Count a packet that came for the first time."""
        if self.highest < 0:
            self.first = self.highest = number + 0x10000
        ahead = ((number - self.highest + 0x8000) & 0xFFFF) - 0x8000
        self.highest = max(self.highest, self.highest + ahead)
        self.packets += 1

    @property
    def lost(self) -> int:
        return max(self.highest - self.first + 1 - self.packets, 0)


class Screen:
    """What one user receives."""

    def __init__(
        self, downlink: Downlink, show: Callable[[Any], None], send: Callable[[bytes], None]
    ) -> None:
        """:param show: takes each decoded frame; ``send`` a compound RTCP packet."""
        self._ssrcs = {downlink.outlets[key].ssrc: key for key in (AUDIO, VIDEO, REPAIR)}
        self._ssrcs_of = {key: ssrc for ssrc, key in self._ssrcs.items()}
        self._video_ssrc = downlink.outlets[VIDEO].ssrc
        self._types = {
            AUDIO: downlink.terms.audio.payload_type,
            VIDEO: downlink.terms.video.payload_type,
            REPAIR: downlink.terms.video.rtx_payload_type,
        }
        self._transport_id = downlink.terms.video.extensions[TRANSPORT_CC]
        self._show, self._send = show, send
        self.heard: list[tuple[int, bytes]] = []
        """Audio: number and payload."""
        self.transports: set[int] = set()
        """The transport-wide numbers that came."""
        self.told: set[int] = set()
        """The transport-wide numbers that feedback was given on."""
        self.asked = 0
        self.keyframes_asked = 0
        self._decoder = Vp8Decoder()
        self._packets: dict[int, Rtp] = {}  # by extended number
        self._missing: dict[int, Missing] = {}
        self._next = self._highest = -1
        self._intact = False  # whether a picture was decoded, on which the next one builds
        self._shown_at = self._pli_at = float("-inf")
        self._reported_at = self._transported_at = float("-inf")
        self._counts = {self._ssrcs_of[key]: Count() for key in (AUDIO, VIDEO)}
        self._fresh: list[int] = []  # transport-wide numbers to give feedback on

    # packets

    def take(self, packet: Rtp, now: float) -> None:
        """One packet from the relay."""
        key = self._ssrcs[packet.ssrc]
        assert packet.payload_type == self._types[key]
        payload = packet.payload[2:] if key == REPAIR else packet.payload
        self._note_transport(packet)
        if packet.ssrc in self._counts:
            self._counts[packet.ssrc].take(packet.number)
        if key == AUDIO:
            self.heard.append((packet.number, payload))
            return
        if self._shown_at < 0:
            self._shown_at = now
        (number,) = struct.unpack("!H", packet.payload[:2]) if key == REPAIR else (packet.number,)
        self._collect(number, Rtp(**{**vars(packet), "payload": payload}))
        self._watch(now)

    def _note_transport(self, packet: Rtp) -> None:
        for element, value in packet.elements or ():
            assert element == self._transport_id, "nothing else was sent"
            number = int.from_bytes(value)
            assert number not in self.transports, "a number comes once"
            self.transports.add(number)
            self._fresh.append(number)

    def _collect(self, number: int, packet: Rtp) -> None:
        if self._highest < 0:
            self._next = self._highest = number + 0x10000
        extended = self._highest + ((number - self._highest + 0x8000) & 0xFFFF) - 0x8000
        if extended in self._packets:
            assert self._packets[extended].payload == packet.payload, "a repair is the same packet"
        if extended < self._next:
            if self._intact:
                return  # it was shown or passed over
            self._miss(extended + 1, self._next)  # the first ones came in disorder
            self._next = extended
        self._packets[extended] = packet
        self._miss(self._highest + 1, extended)
        self._missing.pop(extended, None)
        self._highest = max(self._highest, extended)

    def _miss(self, first: int, end: int) -> None:
        self._missing.update({number: Missing() for number in range(first, end)})

    # frames

    def _watch(self, now: float) -> None:
        """Decode what can be decoded."""
        while True:
            start, end = self._next, self._end_of_frame(self._next)
            if end is None or not (self._intact or _is_keyframe(self._packets[start])):
                start, end = self._later_keyframe()
            if end is None:
                return
            self._decode(start, end)
            self._next, self._shown_at, self._intact = end, now, True
            for passed in [number for number in self._packets if number < end]:
                del self._packets[passed]
            for passed in [number for number in self._missing if number < end]:
                del self._missing[passed]

    def _end_of_frame(self, start: int) -> int | None:
        """The number behind the whole frame that begins with ``start``."""
        first = self._packets.get(start)
        if first is None or not first.payload[0] & 0x10:
            return None
        number = start
        while (packet := self._packets.get(number)) and packet.rtp_ts == first.rtp_ts:
            number += 1
            if packet.marker:
                return number
        return None

    def _later_keyframe(self) -> tuple[int, int | None]:
        """A whole key frame needs nothing that was before it."""
        for start in sorted(self._packets):
            end = self._end_of_frame(start)
            if end is not None and _is_keyframe(self._packets[start]):
                return start, end
        return 0, None

    def _decode(self, start: int, end: int) -> None:
        data = b"".join(vp8_depayload(self._packets[n].payload) for n in range(start, end))
        rtp_ts = self._packets[start].rtp_ts
        (frame,) = self._decoder.decode(JitterFrame(data, rtp_ts))
        self._show(frame)

    # feedback

    def tick(self, now: float) -> None:
        """Ask for what is missing and tell what came; to be called every few milliseconds."""
        parts = [self._nack(now), self._pli(now), self._transport_feedback(now)]
        report = self._report(now)
        if report or any(parts):
            self._send((report or rr(7)) + b"".join(parts))

    def _nack(self, now: float) -> bytes:
        due = [n for n, gap in self._missing.items() if now - gap.asked_at >= NACK_S]
        due = [n for n in due if self._missing[n].asked < NACKS][:50]
        for number in due:
            self._missing[number].asked += 1
            self._missing[number].asked_at = now
        self.asked += len(due)
        return nack(7, self._video_ssrc, *((number, 0) for number in due)) if due else b""

    def _pli(self, now: float) -> bytes:
        patience_s = PATIENCE_S if self._intact else FIRST_PATIENCE_S
        if self._shown_at < 0 or now - self._shown_at < patience_s or now - self._pli_at < PLI_S:
            return b""
        self._pli_at = now
        self.keyframes_asked += 1
        return pli(7, self._video_ssrc)

    def _transport_feedback(self, now: float) -> bytes:
        """On one packet each time."""
        if not self._fresh or now - self._transported_at < TRANSPORT_S:
            return b""
        self._transported_at = now
        number, self._fresh = self._fresh[-1], []
        self.told.add(number)
        return write(Feedback(number, (int(now * TICKS_PER_S),)), 7, self._video_ssrc)

    def _report(self, now: float) -> bytes:
        if self._highest < 0 or now - self._reported_at < REPORT_S:
            return b""
        self._reported_at = now
        return rr(
            7,
            *(
                block(ssrc, count.highest, lost=count.lost)
                for ssrc, count in self._counts.items()
                if count.packets
            ),
        )


def _is_keyframe(packet: Rtp) -> bool:
    return bool(packet.payload[0] & 0x10) and vp8_depayload(packet.payload)[0] & 1 == 0
