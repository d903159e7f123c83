"""Packets become encoded frames: put in order, repaired by retransmissions, the broken left out.

Everything here is pure: packets in, frames out, and the time is the packets' own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from relay.media.packets import vp8
from relay.media.packets.rtp import (
    EXTENSION_HEADER,
    HEADER,
    HEADER_BYTES,
    NUMBER,
)
from relay.plane import TappedPacket
from relay.serial import distance

PATIENCE_S = 0.5
"""How long a missing packet is waited for: it may be late, or be sent again."""
MAX_JUMP = 1024
"""A packet whose number is further away than this begins afresh."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Frame:
    """One encoded picture, or the sound of one packet."""

    rtp_ts: int
    ssrc: int
    """Timestamps of one SSRC belong together."""
    at_s: float
    """When its first packet came, in seconds of the plane's clock."""
    data: bytes
    is_key: bool = True
    size: tuple[int, int] | None = None
    """Width and height, of a picture that can be decoded alone."""


@dataclass(frozen=True, slots=True)
class Payload:
    """What is inside of a packet."""

    number: int
    rtp_ts: int
    ssrc: int
    is_last: bool
    """The marker: of video, the frame's last packet."""
    at_s: float
    data: bytes


def payload_of(packet: TappedPacket) -> Payload | None:
    """Take a packet apart (RFC 3550 section 5.1; of a retransmission RFC 4588 section 4).

    :returns: None when its header lies, or when it is a retransmission of nothing, as those are
        that only probe the bandwidth.
    """
    data = packet.data
    if len(data) < HEADER_BYTES:
        return None
    first, second, number, rtp_ts, ssrc = HEADER.unpack_from(data)
    at = payload_begins_at(data)
    end = len(data) - (data[-1] if first & 0x20 else 0)
    if packet.is_repair:
        if at + NUMBER.size > end:
            return None
        (number,) = NUMBER.unpack_from(data, at)
        at += NUMBER.size
    if at > end:
        return None
    return Payload(number, rtp_ts, ssrc, bool(second & 0x80), packet.at_s, data[at:end])


def payload_begins_at(data: bytes) -> int:
    """Where a packet's payload begins: behind CSRCs and header extensions."""
    at = HEADER_BYTES + 4 * (data[0] & 0x0F)
    if data[0] & 0x10 and at + EXTENSION_HEADER.size <= len(data):
        at += EXTENSION_HEADER.size + 4 * EXTENSION_HEADER.unpack_from(data, at)[1]
    return at


class InOrder(Generic[_T]):
    """Puts numbered things in order, and tells where one is missing for good."""

    def __init__(self) -> None:
        self._next = -1
        self._held: dict[int, tuple[float, _T]] = {}  # by number, in the order of arrival

    def add(self, number: int, item: _T, now: float, *, is_repair: bool = False) -> list[_T | None]:
        """Take one thing.

        :param number: modulo 2^16; ``now`` in seconds.
        :param is_repair: it cannot begin afresh, being about something earlier.
        :returns: what is in order now; None stands for one or more that are missing.
        """
        ahead = distance(self._next, number, 16)
        if self._next < 0 or abs(ahead) > MAX_JUMP:
            if is_repair:
                return self.overdue(now)
            before = self.rest()
            if self._next >= 0:
                before.append(None)
            self._next = (number + 1) & 0xFFFF
            return [*before, item]
        if ahead >= 0:  # else it is late, or came twice
            self._held.setdefault(number, (now, item))
        return self.overdue(now)

    def overdue(self, now: float) -> list[_T | None]:
        """What is in order, with the gaps that have been waited at for long enough."""
        found: list[_T | None] = []
        while self._held:
            if self._next in self._held:
                found.append(self._held.pop(self._next)[1])
                self._next = (self._next + 1) & 0xFFFF
            elif now - next(iter(self._held.values()))[0] >= PATIENCE_S:
                found.append(None)
                self._next = min(self._held, key=lambda number: (number - self._next) & 0xFFFF)
            else:
                break
        return found

    def rest(self) -> list[_T | None]:
        """What is held, with its gaps."""
        return self.overdue(float("inf"))


class Vp8Frames:
    """Puts VP8 frames together (RFC 7741): whole ones only, and none before a key frame."""

    def __init__(self) -> None:
        self.waits_for_keyframe = True
        """At the beginning, and when something was lost."""
        self._parts: list[bytes] = []
        self._begun: Payload | None = None

    def add(self, payload: Payload | None) -> Frame | None:
        """Take the next payload in order, or that one is missing; returns a frame when it is whole.

        What is encoded after a lost frame refers to it, so nothing is shown until a key frame.
        """
        if payload is None:
            self._give_up()
            return None
        if not payload.data:
            return None
        view, end = memoryview(payload.data), len(payload.data)
        if self._begun is None or payload.rtp_ts != self._begun.rtp_ts:
            if self._begun is not None or not vp8.starts_frame(view, 0, end):
                self._give_up()  # the former frame has no end, or this one no beginning
            if not vp8.starts_frame(view, 0, end):
                return None
            self._begun = payload
        self._parts.append(payload.data[vp8.frame_at(view, 0, end) :])
        return self._finish() if payload.is_last else None

    def _give_up(self) -> None:
        self._parts.clear()
        self._begun = None
        self.waits_for_keyframe = True

    def _finish(self) -> Frame | None:
        begun, data = self._begun, b"".join(self._parts)
        self._parts.clear()
        self._begun = None
        if begun is None:
            return None
        view, end = memoryview(begun.data), len(begun.data)
        size = vp8.size(view, 0, end) if vp8.is_keyframe_start(view, 0, end) else None
        if size is not None:
            self.waits_for_keyframe = False
        if self.waits_for_keyframe:
            return None
        return Frame(begun.rtp_ts, begun.ssrc, begun.at_s, data, size is not None, size)


class OpusFrames:
    """Every Opus packet is a frame (RFC 7587 section 4.2), whatever is missing before it."""

    waits_for_keyframe = False

    def add(self, payload: Payload | None) -> Frame | None:
        """Take the next payload in order."""
        if payload is None or not payload.data:
            return None
        return Frame(payload.rtp_ts, payload.ssrc, payload.at_s, payload.data)


class Depacketizer:
    """Makes frames of one kind of media that one user sends, or receives."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._ssrc: int | None = None
        self._begin()

    def _begin(self) -> None:
        self._order: InOrder[Payload] = InOrder()
        self._frames = Vp8Frames() if self._kind == "video" else OpusFrames()

    @property
    def waits_for_keyframe(self) -> bool:
        """Whether nothing will come before the sender's next key frame."""
        return self._frames.waits_for_keyframe

    def add(self, packet: TappedPacket) -> list[Frame]:
        """Take one packet; returns the frames that are whole now."""
        payload = payload_of(packet)
        if payload is None:
            return []
        found: list[Frame] = []
        if not packet.is_repair and payload.ssrc != self._ssrc:  # another camera
            found = self.rest()
            self._ssrc = payload.ssrc
            self._begin()
        elif packet.is_repair and self._ssrc is not None:
            payload = replace(payload, ssrc=self._ssrc)
        ready = self._order.add(payload.number, payload, packet.at_s, is_repair=packet.is_repair)
        return found + self._whole(ready)

    def overdue(self, now: float) -> list[Frame]:
        """The frames that need not wait any longer; ``now`` in seconds of the plane's clock."""
        return self._whole(self._order.overdue(now))

    def rest(self) -> list[Frame]:
        """The frames that are left at the end."""
        return self._whole(self._order.rest())

    def _whole(self, payloads: list[Payload | None]) -> list[Frame]:
        frames = (self._frames.add(payload) for payload in payloads)
        return [frame for frame in frames if frame is not None]
